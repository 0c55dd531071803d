// The tables of the documentation of ops and passes. Here they are empty, since each text stands in its record; a build moves
// them all into these.

import { type Documentation, type PassDocumentation, provideDocumentation } from "../ir/index.ts";

const ops: Readonly<Record<string, Documentation>> = {};
const passes: Readonly<Record<string, PassDocumentation>> = {};

provideDocumentation(ops, passes);
