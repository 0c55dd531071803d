// The parameters of the function that is compiled: what their types say of the arguments.

import type { ArrayKind } from "./meaning.ts";
import type { LeafKind, Structure } from "./program.ts";
import type { SourceText } from "./text.ts";
import type { Expression, FileTree, FunctionNode, ParameterNode, TypeNode } from "./tree.ts";

const arrays: ReadonlySet<string> = new Set<ArrayKind>(["Float64Array", "Float32Array", "Int32Array"]);

/** Aliases of aliases. */
const deepest = 50;

export class Signatures {
  readonly #source: SourceText;
  readonly #file: FileTree;

  constructor(source: SourceText, file: FileTree) {
    this.#source = source;
    this.#file = file;
  }

  parameter(fn: FunctionNode, p: ParameterNode): Structure {
    if (p.type !== null) return this.#structure(p.type, 0);
    const leaf = p.fallback === null ? null : leafOfConstant(p.fallback);
    if (leaf !== null) return { kind: "leaf", leaf };
    const name = p.pattern.kind === "name" ? `'${p.pattern.name}'` : "a parameter";
    return this.#source.fail(
      "dtype",
      p.at,
      `${name} of '${fn.name}' has no type`,
      "write number, boolean, number[] or Float64Array",
    );
  }

  #structure(type: TypeNode, depth: number): Structure {
    const expected =
      "write number, boolean, number[], Float64Array, Float32Array, Int32Array, a tuple or an object of them";
    if (depth > deepest) return this.#source.fail("dtype", type.at, "the type has no end", expected);
    const leaf = leafOf(type);
    if (leaf !== null) return { kind: "leaf", leaf };
    if (type.kind === "tuple") return { kind: "tuple", items: type.items.map((t) => this.#structure(t, depth + 1)) };
    if (type.kind === "object")
      return { kind: "object", keys: type.keys, items: type.items.map((t) => this.#structure(t, depth + 1)) };
    const alias = type.kind === "name" ? this.#file.types.get(type.name) : undefined;
    if (alias !== undefined) return this.#structure(alias, depth + 1);
    const hint = type.kind === "array-of" ? "pass one flat array, row after row" : expected;
    return this.#source.fail("dtype", type.at, "a parameter cannot have this type", hint);
  }
}

/** What a parameter is whose default is a constant. */
function leafOfConstant(e: Expression): LeafKind | null {
  if (e.kind === "number" || e.kind === "boolean") return e.kind;
  if (e.kind === "unary") return e.operator === "!" ? "boolean" : "number";
  return e.kind === "name" && (e.name === "NaN" || e.name === "Infinity") ? "number" : null;
}

function leafOf(type: TypeNode): LeafKind | null {
  if (type.kind === "array-of")
    return type.element.kind === "name" && type.element.name === "number" ? "number[]" : null;
  if (type.kind !== "name") return null;
  if (type.name === "number" || type.name === "boolean") return type.name;
  return arrays.has(type.name) ? (type.name as LeafKind) : null;
}

/** Names of extents: N, M, K, then numbered. */
export function extentName(i: number): string {
  const letters = "NMKLPQRSTUVWXYZABCDEFGHIJ";
  return i < letters.length ? letters[i] : `N${i}`;
}
