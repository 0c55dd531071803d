// Deliberately wrong rules, passes and records, of the kinds that compilers have shipped: what the kit has to find.

import { counting } from "./counting.ts";
import { ofFlow } from "./flow.ts";
import { identities } from "./identities.ts";
import type { Mutant } from "./kit.ts";
import { ofRecords } from "./records.ts";
import { structural } from "./structure.ts";

export type { Mutant } from "./kit.ts";

export const mutants: readonly Mutant[] = [...identities, ...structural, ...ofFlow, ...ofRecords, ...counting];
