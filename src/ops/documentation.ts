// The tables of the documentation of ops, passes and pipelines. Here they are empty, since each text stands in its record; a build moves
// them all into these.

import {
  type OwnDocumentation,
  type PassDocumentation,
  provideDocumentation,
  withAttributeSummaries,
} from "../ir/index.ts";
import { standardOps } from "./records.ts";

const ops: Readonly<Record<string, OwnDocumentation>> = {};
const passes: Readonly<Record<string, PassDocumentation>> = {};
const stages: Readonly<Record<string, readonly string[]>> = {};

provideDocumentation(ops, passes, stages);
for (const op of standardOps.values()) withAttributeSummaries(op);
