// The pattern functions that canonicalize's rules are written with: one for each op of the project.

import { records } from "../../../src/ops/index.ts";
import { vocabulary } from "../../../src/rewrite/index.ts";

/** `patterns.mul(x, 1)` describes a multiplication by a constant 1 of any dtype and shape. */
export const patterns = vocabulary(records);
