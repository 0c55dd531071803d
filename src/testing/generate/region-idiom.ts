// What a use of an op with regions is.

import type { Value } from "../../ir/index.ts";
import type { Pool } from "./pool.ts";

/** Appends random operations on values of the pool, to which it adds what they give. */
export type Steps = (pool: Pool) => void;

/** What a use with regions gives. */
export type RegionIdiom = (pool: Pool, steps: Steps) => readonly Value[];
