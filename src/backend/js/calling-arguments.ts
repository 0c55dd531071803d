// The text that reads the arguments of a call: tuples and objects are taken apart, and each leaf is checked.

import { type DType, dtypes, elementDType, rankedOf } from "../../ir/index.ts";
import type { LeafKind, Structure } from "../backend.ts";
import type { Callee, Checks, Passed } from "./callee.ts";
import { type Needs, scalarTests } from "./calling-helpers.ts";
import type { Names } from "./names.ts";
import { spellStructure } from "./structure-text.ts";

export class ArgumentReader {
  /** The leaves that were read, in order. */
  readonly passed: Passed[] = [];
  readonly #callee: Callee;
  readonly #names: Names;
  readonly #checks: Checks;
  readonly #needs: Needs;

  constructor(callee: Callee, names: Names, checks: Checks, needs: Needs) {
    this.#callee = callee;
    this.#names = names;
    this.#checks = checks;
    this.#needs = needs;
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
    const pass = (text: string, extents: readonly string[] = []): void => {
      this.passed.push({ text, leaf, extents, label });
    };
    if (leaf === "number" || leaf === "boolean") {
      this.#checks.require(scalarTests[dtype](name), JSON.stringify(`${label} is not ${scalarName(dtype)}`));
      pass(dtype === "f32" ? `Math.fround(${name})` : name);
    } else if (leaf === "tensor") {
      const list = rankedOf(type).shape.map((d) => (typeof d === "number" ? d : "null"));
      const text = `$tensor(${name}, ${dtypes[dtype].array.name}, [${list.join(", ")}], ${JSON.stringify(label)})`;
      this.#needs.add("tensor").add("shape");
      this.#checks.line(`const ${name}$ = ${text};`);
      pass(
        `${name}$.data`,
        rankedOf(type).shape.map((_, axis) => `${name}$.shape[${axis}]`),
      );
    } else {
      this.#array(leaf, name, label);
      pass(name, [`${name}.length`]);
    }
  }

  #array(leaf: LeafKind, name: string, label: string): void {
    const isPlain = leaf === "number[]";
    const complaint = JSON.stringify(`${label} is no ${isPlain ? "array of numbers" : leaf}`);
    if (!isPlain) this.#checks.require(`${name} instanceof ${leaf}`, complaint);
    else if (this.#callee.elementChecked.has(this.passed.length))
      this.#checks.require(`Array.isArray(${name})`, complaint);
    else {
      this.#needs.add("numbers").add("position");
      this.#checks.require(`$numbers(${name})`, `${complaint} + $position(${name})`);
    }
  }
}

function scalarName(dtype: DType): string {
  if (dtype === "bool") return "a boolean";
  return dtype === "f64" || dtype === "f32" ? "a number" : `a number of ${dtype}`;
}
