// The parameters of the compiled function: the structure of the arguments, by their types.

import type { ArrayKind } from "../state/abstract-value.ts";
import { spell } from "../state/bind.ts";
import type { LeafKind, Structure } from "../state/program.ts";
import type { SourceText } from "../syntax/text.ts";
import type { Expression, FileTree, FunctionNode, ParameterNode, TypeNode } from "../syntax/tree.ts";

const arrays: ReadonlySet<string> = new Set<ArrayKind>(["Float64Array", "Float32Array", "Int32Array"]);

const expected =
  "write number, boolean, number[], Float64Array, Float32Array, Int32Array, a tuple or an object of them";

/** The deepest nesting of types, aliases included. */
const deepest = 250;
/** The most types that the parameters may be made of. */
const most = 10_000;

export class Signatures {
  readonly #source: SourceText;
  readonly #file: FileTree;
  /** The number of types so far: a few lines of types that hold one another twice expand to very many. */
  #parts = 0;

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
    if (depth > deepest || ++this.#parts > most) {
      const what = depth > deepest ? `types nest deeper than ${deepest}` : `types have more than ${most} parts`;
      this.#source.fail("dtype", type.at, `${what} here, or have no end`, "pass flat arrays");
    }
    const inner = (t: TypeNode): Structure => this.#structure(t, depth + 1);
    switch (type.kind) {
      case "name": {
        // the file's own type of the name hides JavaScript's
        const alias = this.#file.types.get(type.name);
        return alias === undefined ? this.#leaf(leafOf(type.name), type, type.name) : inner(alias);
      }
      case "array-of": {
        const isFlat = isLeaf(inner(type.element), "number");
        return isFlat
          ? this.#leaf("number[]", type, "")
          : this.#refuse(type, "an array of these", "pass one flat array, row after row");
      }
      case "tuple":
        return { kind: "tuple", items: type.items.map(inner) };
      case "object":
        return { kind: "object", keys: type.keys, items: type.items.map(inner) };
      case "all-of":
        return this.#allOf(type, type.parts.map(inner));
      case "other":
        return this.#refuse(type, type.text);
    }
  }

  #leaf(leaf: LeafKind | null, type: TypeNode, text: string): Structure {
    return leaf === null ? this.#refuse(type, text) : { kind: "leaf", leaf };
  }

  #allOf(type: TypeNode, parts: readonly Structure[]): Structure {
    const fields = new Map<string, Structure>();
    for (const part of parts) {
      if (part.kind !== "object") return this.#refuse(type, "all of these at once", "write an object with all fields");
      for (const [i, key] of part.keys.entries()) {
        const before = fields.get(key);
        if (before !== undefined && spell(before) !== spell(part.items[i]))
          this.#source.fail("dtype", type.at, `the field '${key}' has two types`, "write one of them");
        fields.set(key, part.items[i]);
      }
    }
    return { kind: "object", keys: [...fields.keys()], items: [...fields.values()] };
  }

  #refuse(type: TypeNode, what: string, hint = expected): never {
    return this.#source.fail("dtype", type.at, `a parameter cannot be ${what}`, hint);
  }
}

/** The type of a parameter without a type, by its default. */
function leafOfConstant(e: Expression): LeafKind | null {
  if (e.kind === "number" || e.kind === "boolean") return e.kind;
  if (e.kind === "unary") return e.operator === "!" ? "boolean" : "number";
  return e.kind === "name" && (e.name === "NaN" || e.name === "Infinity") ? "number" : null;
}

function leafOf(name: string): LeafKind | null {
  if (name === "number" || name === "boolean") return name;
  return arrays.has(name) ? (name as LeafKind) : null;
}

function isLeaf(structure: Structure, leaf: LeafKind): boolean {
  return structure.kind === "leaf" && structure.leaf === leaf;
}

/** Names of extents: N, M, K, then numbered. */
export function extentName(i: number): string {
  const letters = "NMKLPQRSTUVWXYZABCDEFGHIJ";
  return i < letters.length ? letters[i] : `N${i}`;
}
