// Conversion between JavaScript's values and arrays of the IR, by structure, for calls that generated code does not accept.

import type { Convention, LeafKind, Parameter, Structure } from "../../compile/index.ts";
import { describe } from "../../frontend/index.ts";
import { counted, type DType, dtypes, fail, isTypedArray, type NdArray, ndscalar } from "../../ir/index.ts";

/** One argument of the module as it was passed, with its name in messages. */
export interface Leaf {
  readonly value: unknown;
  readonly label: string;
  readonly kind: LeafKind;
}

/** The leaves of a call's arguments, in order. */
export function leavesOfArguments(
  name: string,
  parameters: readonly Parameter[],
  args: readonly unknown[],
): readonly Leaf[] {
  const given = args.findLastIndex((arg) => arg !== undefined) + 1;
  if (given > parameters.length)
    fail("argument", `${name}: got ${counted(given, "argument")}, expected ${parameters.length}`, {
      hint: "leave the others out, as in list.map((x) => f(x))",
    });
  const leaves: Leaf[] = [];
  for (const [i, { name: own, structure, fallback }] of parameters.entries()) {
    const label = (path: string): string => `${name}: argument ${own === "" ? `${i}${path}` : `'${own}${path}'`}`;
    const arg = args[i] === undefined ? fallback : args[i];
    if (arg === undefined) fail("argument", `${label("")} is missing, expected ${spell(structure)}`);
    collect(arg, structure, label, "", leaves);
  }
  return leaves;
}

type Label = (path: string) => string;

function collect(x: unknown, structure: Structure, label: Label, path: string, into: Leaf[]): void {
  switch (structure.kind) {
    case "leaf":
      into.push({ value: x, label: label(path), kind: structure.leaf });
      return;
    case "tuple":
      if (!Array.isArray(x)) fail("argument", `${label(path)} is ${describe(x)}, expected ${spell(structure)}`);
      if (x.length !== structure.items.length)
        fail("argument", `${label(path)} has ${counted(x.length, "element")}, expected ${spell(structure)}`);
      for (const [i, item] of structure.items.entries()) collect(x[i], item, label, `${path}[${i}]`, into);
      return;
    case "object":
      if (typeof x !== "object" || x === null)
        fail("argument", `${label(path)} is ${describe(x)}, expected ${spell(structure)}`);
      for (const [i, key] of structure.keys.entries()) {
        const field = (x as Readonly<Record<string, unknown>>)[key];
        if (field === undefined) fail("argument", `${label(path)} has no field '${key}', expected ${spell(structure)}`);
        collect(field, structure.items[i], label, `${path}.${key}`, into);
      }
      return;
    case "nothing":
      return;
  }
}

/** The structure as a type of TypeScript. */
export function spell(structure: Structure): string {
  switch (structure.kind) {
    case "leaf":
      return structure.leaf;
    case "tuple":
      return `[${structure.items.map(spell).join(", ")}]`;
    case "object":
      return `{ ${structure.items.map((item, i) => `${structure.keys[i]}: ${spell(item)}`).join("; ")} }`;
    case "nothing":
      return "void";
  }
}

// ---- leaves ---------------------------------------------------------------------------------------------------------

/** A leaf as an array of the IR. A typed array is not copied, and not written to. */
export function toArray({ value, label, kind }: Leaf, dtype: DType): NdArray {
  if (kind === "number[]") return numbersOf(value, label);
  if (typeof value === kind) return ndscalar(dtype, Number(value));
  if (isTypedArray(value, kind)) return { dtype, shape: [value.length], data: value };
  return fail("argument", `${label} is ${describe(value)}, expected a ${kind}`, { hint: hints[kind] });
}

const hints: Partial<Record<LeafKind, string>> = {
  Float64Array: "pass Float64Array.from(…), or declare it number[]",
  Float32Array: "pass Float32Array.from(…)",
  Int32Array: "pass Int32Array.from(…)",
};

function numbersOf(x: unknown, label: string): NdArray {
  if (!Array.isArray(x)) {
    const hint = ArrayBuffer.isView(x) ? "declare it Float64Array to pass one" : undefined;
    return fail("argument", `${label} is ${describe(x)}, expected an array of numbers`, { hint });
  }
  const data = new dtypes.f64.array(x.length);
  for (let i = 0; i < x.length; i++) {
    const element: unknown = x[i];
    if (typeof element !== "number") fail("argument", `${label} has ${describe(element)} at ${i}, expected a number`);
    data[i] = element;
  }
  return { dtype: "f64", shape: [data.length], data };
}

/** A result as a value of JavaScript, in memory of its own. */
export function fromArray({ data, shape }: NdArray, kind: LeafKind): unknown {
  if (kind === "number") return data[0];
  if (kind === "boolean") return data[0] !== 0;
  if (!kind.endsWith("[][]") && !kind.endsWith("Array[]")) return kind === "number[]" ? Array.from(data) : data.slice();
  const [count, width] = shape;
  return Array.from({ length: count }, (_, i) => {
    const row = data.slice(i * width, (i + 1) * width);
    return kind === "number[][]" ? Array.from(row) : row;
  });
}

/** A value of the structure from its leaves. */
export function arrange(structure: Structure, next: () => unknown): unknown {
  switch (structure.kind) {
    case "leaf":
      return next();
    case "tuple":
      return structure.items.map((item) => arrange(item, next));
    case "object":
      return Object.fromEntries(structure.items.map((item, i) => [structure.keys[i], arrange(item, next)]));
    case "nothing":
      return undefined;
  }
}

// ---- arrays that are written to -------------------------------------------------------------------------------------

/** Fails where an array that is written to is passed twice, or shares memory with another. */
export function requireApart({ written }: Convention, leaves: readonly Leaf[]): void {
  for (const i of written) {
    const other = leaves.findIndex((leaf, k) => k !== i && overlap(leaf.value, leaves[i].value));
    if (other < 0) continue;
    const [what, same] = [leaves[i].label, leaves[other].label.replace(/^.*?: /, "")];
    fail("argument", `${what} is written to, and ${same} is the same array`, { hint: "pass a copy" });
  }
}

/** Whether two arrays share memory. */
function overlap(a: unknown, b: unknown): boolean {
  if (a === b) return typeof a === "object";
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.buffer !== b.buffer) return false;
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}

/** Copies the final contents of arrays that the function writes to into the caller's arrays. */
export function writeBack({ written }: Convention, finals: readonly NdArray[], leaves: readonly Leaf[]): void {
  for (const [k, i] of written.entries()) {
    const into = leaves[i].value as number[];
    const { data } = finals[k];
    for (let j = 0; j < data.length; j++) into[j] = data[j];
  }
}
