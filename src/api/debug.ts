// The public function `debugNaNs`.

import { atBoundary, describe, named } from "../frontend/index.ts";
import { fail, setDebugging } from "../ir/index.ts";

/**
 * From here on, whatever the process computes ends at the first operation that makes a NaN or an infinity of finite numbers,
 * as with `debug: true`: operations on tensors at hand, `backward`, what `jit`, `grad` and their like are called for, what
 * `compile` compiles. All of it runs in the interpreter then, which is slow. `debugNaNs(false)` ends it. What `compile` gave
 * before keeps running as it was compiled.
 *
 * @throws AdjointError code `argument` for what is no boolean; then, from what makes a NaN, code `nan`.
 * @example debugNaNs(); log(tensor([1, -1])) // throws: log gives NaN at [1] from -1
 */
export function debugNaNs(on = true): void {
  atBoundary(named("debugNaNs", debugNaNs), () => {
    if (typeof on !== "boolean") fail("argument", `debugNaNs: got ${describe(on)}, expected true or false`);
    setDebugging(on);
  });
}
