// The text that reads the arguments of a call: tuples and objects are taken apart, and each leaf is checked.

import { type DType, elementDType } from "../../../ir/index.ts";
import type { LeafKind, Structure } from "../../backend.ts";
import type { Names } from "../writing/names.ts";
import type { ArrayCalls } from "./arrays.ts";
import type { Callee, Checks, Passed } from "./callee.ts";
import { type Needs, scalarTests } from "./helpers.ts";
import { spellStructure } from "./structure-text.ts";

export class ArgumentReader {
  /** The leaves that were read, in order. */
  readonly passed: Passed[] = [];
  readonly #callee: Callee;
  readonly #names: Names;
  readonly #checks: Checks;
  readonly #needs: Needs;
  readonly #arrays: ArrayCalls | null;

  /** `arrays` is null where no leaf is an array. */
  constructor(callee: Callee, names: Names, checks: Checks, needs: Needs, arrays: ArrayCalls | null) {
    this.#callee = callee;
    this.#names = names;
    this.#checks = checks;
    this.#needs = needs;
    this.#arrays = arrays;
  }

  /** Reads the value of variable `name`, which messages call by its path. */
  read(structure: Structure, name: string, path = name): void {
    const label = `argument '${path}'`;
    if (structure.kind === "leaf") {
      this.#leaf(structure.leaf, name, label);
      return;
    }
    if (structure.kind === "nothing") return;
    const isTuple = structure.kind === "tuple";
    const test = isTuple
      ? `Array.isArray(${name}) && ${name}.length === ${structure.items.length}`
      : `typeof ${name} === "object" && ${name} !== null`;
    this.#checks.require(
      test,
      JSON.stringify(`${label} is no ${isTuple ? "tuple" : "object"} as ${spellStructure(structure, (leaf) => leaf)}`),
    );
    for (const [i, item] of structure.items.entries()) {
      const key = isTuple ? i : structure.keys[i];
      const field = this.#names.unique(`${name}_${key}`);
      this.#checks.line(`const ${field} = ${name}[${JSON.stringify(key)}];`);
      this.read(item, field, isTuple ? `${path}[${i}]` : `${path}.${key}`);
    }
  }

  #leaf(leaf: LeafKind, name: string, label: string): void {
    const type = this.#callee.signature.arguments[this.passed.length];
    const dtype = elementDType(type) ?? "f64";
    if (leaf === "number" || leaf === "boolean") {
      this.#checks.require(scalarTests[dtype](name), JSON.stringify(`${label} is not ${scalarName(dtype)}`));
      this.passed.push({
        text: dtype === "f32" ? `Math.fround(${name})` : name,
        given: name,
        leaf,
        extents: [],
        label,
      });
    } else if (this.#arrays !== null) {
      const index = this.passed.length;
      this.passed.push(this.#arrays.read(leaf, { name, label, index, type }, this.#callee, this.#checks, this.#needs));
    }
  }
}

function scalarName(dtype: DType): string {
  if (dtype === "bool") return "a boolean";
  return dtype === "f64" || dtype === "f32" ? "a number" : `a number of ${dtype}`;
}
