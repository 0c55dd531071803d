// Between JavaScript's values and arrays of the IR, by structure.

import { describe, Tensor } from "../frontend/index.ts";
import { type DType, dtypes, fail, type TypedArray } from "../ir/index.ts";
import { dtypeOfArray } from "./meaning.ts";
import type { LeafKind, Parameter, Structure } from "./program.ts";

/** The leaves of a call's arguments, in order. */
export function leavesOfArguments(
  name: string,
  parameters: readonly Parameter[],
  args: readonly unknown[],
): readonly unknown[] {
  const given = args.findLastIndex((arg) => arg !== undefined) + 1;
  if (given > parameters.length)
    fail("argument", `${name}: got ${given} arguments, expected ${parameters.length}`, {
      hint: "leave the others out",
    });
  const leaves: unknown[] = [];
  for (const [i, { name: own, structure, fallback }] of parameters.entries()) {
    const label = `${name}: argument ${own === "" ? i : `'${own}'`}`;
    const arg = args[i] === undefined ? fallback : args[i];
    if (arg === undefined) fail("argument", `${label} is missing, expected ${spell(structure)}`);
    collect(arg, structure, label, leaves);
  }
  return leaves;
}

function collect(x: unknown, structure: Structure, label: string, into: unknown[]): void {
  switch (structure.kind) {
    case "leaf":
      into.push(x);
      return;
    case "tuple":
      if (!Array.isArray(x) || x.length !== structure.items.length)
        fail("argument", `${label} is ${describe(x)}, expected ${spell(structure)}`);
      for (const [i, item] of structure.items.entries()) collect(x[i], item, `${label}[${i}]`, into);
      return;
    case "object":
      if (typeof x !== "object" || x === null)
        fail("argument", `${label} is ${describe(x)}, expected ${spell(structure)}`);
      for (const [i, key] of structure.keys.entries()) {
        if (!Object.hasOwn(x, key)) fail("argument", `${label} has no field '${key}', expected ${spell(structure)}`);
        collect((x as Record<string, unknown>)[key], structure.items[i], `${label}.${key}`, into);
      }
      return;
    case "nothing":
      return;
  }
}

/** The leaves that a structure has. */
export function leafKinds(structure: Structure): readonly LeafKind[] {
  if (structure.kind === "leaf") return [structure.leaf];
  return structure.kind === "nothing" ? [] : structure.items.flatMap(leafKinds);
}

/** As TypeScript writes the type. */
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

/** A leaf as compiled functions take it. Typed arrays go in as they are, and are not written to. */
export function toArgument(x: unknown, leaf: LeafKind, label: string): unknown {
  if (leaf === "number[]") return numbersOf(x, label);
  const kind = ArrayBuffer.isView(x) ? (x as TypedArray)[Symbol.toStringTag] : typeof x;
  if (kind === leaf) return x;
  return fail("argument", `${label} is ${describe(x)}, expected a ${leaf}`);
}

function numbersOf(x: unknown, label: string): TypedArray {
  if (!Array.isArray(x))
    return fail("argument", `${label} is ${describe(x)}, expected an array of numbers`, {
      hint: "declare it Float64Array to pass one",
    });
  const data = new dtypes.f64.array(x.length);
  for (let i = 0; i < x.length; i++) {
    const element: unknown = x[i];
    if (typeof element !== "number") fail("argument", `${label} holds ${describe(element)} at ${i}, expected a number`);
    data[i] = element;
  }
  return data;
}

/** A result as JavaScript has it. */
export function fromResult(x: unknown, leaf: LeafKind): unknown {
  if (!(x instanceof Tensor)) return x;
  if (leaf === "number" || leaf === "boolean") return x.item();
  const { data } = x.array("a result");
  return leaf === "number[]" ? Array.from(data) : data;
}

/** Puts leaves together. */
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

/** Whether two arrays share memory. */
export function overlap(a: unknown, b: unknown): boolean {
  if (a === b) return typeof a === "object";
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.buffer !== b.buffer) return false;
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}

export function isFloatLeaf(leaf: LeafKind): boolean {
  const dtype: DType = leaf === "number" ? "f64" : leaf === "boolean" ? "bool" : dtypeOfArray[leaf];
  return dtype === "f64" || dtype === "f32";
}
