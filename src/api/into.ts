// `f.into(results, ...args)`: results that are written to typed arrays of the caller's.

import { currentTrace, describe, flattenAs, pathsOf, type Tree } from "../frontend/index.ts";
import { counted, dtypes, fail, isTypedArray, type NdArray, type TypedArray } from "../ir/index.ts";

/** One array of the caller's, and what errors call it. */
interface ResultMemory {
  readonly into: unknown;
  readonly label: string;
}

/** A trace has values, which have no elements yet to write. */
export function refuseInTrace(name: string): void {
  if (currentTrace() === null) return;
  fail("scope", `${name}: into is called in a trace, which has no elements yet`, { hint: "call the function itself" });
}

const anything = (_: unknown): _ is unknown => true;

/** The arrays for the leaves of the results, which have to have the structure of what the function returns. */
export function readResults(results: unknown, tree: Tree, entry: string): readonly ResultMemory[] {
  const leaves = flattenAs(results, tree, anything, `@${entry}: into: the results`);
  const paths = tree.kind === "leaf" ? [""] : pathsOf(tree).map((path) => ` ${path}`);
  return leaves.map((into, i) => ({ into, label: `@${entry}: into: result${paths[i]}` }));
}

/** Writes the results, once all of them are known to fit; `args` are the leaves of the arguments. */
export function writeResults(
  memory: readonly ResultMemory[],
  outputs: readonly NdArray[],
  args: readonly unknown[],
): void {
  const arrays = memory.map(({ into, label }, i) => requireArray(into, outputs[i], label));
  for (const [i, array] of arrays.entries()) {
    const { label } = memory[i];
    const same = memory.find((_, k) => k < i && overlap(array, arrays[k]));
    if (same !== undefined)
      fail("argument", `${label} shares memory with another`, { hint: "pass arrays of their own" });
    if (args.some((arg) => overlap(array, arg)))
      fail("argument", `${label} shares memory with an argument`, { hint: "pass a copy of the argument" });
  }
  for (const [i, array] of arrays.entries()) array.set(outputs[i].data);
}

function requireArray(into: unknown, { dtype, data }: NdArray, label: string): TypedArray {
  const { name } = dtypes[dtype].array;
  if (!isTypedArray(into, name))
    return fail("argument", `${label} is ${describe(into)}, expected a ${name} of ${counted(data.length, "element")}`);
  if (into.length === data.length) return into;
  return fail("argument", `${label} has ${counted(into.length, "element")}, expected ${data.length}`);
}

function overlap(a: ArrayBufferView, b: unknown): boolean {
  if (!ArrayBuffer.isView(b) || a.buffer !== b.buffer) return false;
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}
