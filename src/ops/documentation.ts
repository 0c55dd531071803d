// The tables of the documentation of ops, passes and pipelines. Here they are empty, since each text stands in its record; a build moves
// them all into these.

import { type Documentation, type PassDocumentation, provideDocumentation } from "../ir/index.ts";

const ops: Readonly<Record<string, Documentation>> = {};
const passes: Readonly<Record<string, PassDocumentation>> = {};
const stages: Readonly<Record<string, readonly string[]>> = {};

provideDocumentation(ops, passes, stages);
