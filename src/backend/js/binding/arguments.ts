// The text that reads the arguments of a call of one form: structures are taken apart, and each leaf is checked.

import { type Dim, type DType, dtypes, elementDType, rankedOf, type Signature, type Type } from "../../../ir/index.ts";
import type { CallForm, ValueTree } from "../../backend.ts";
import { type Passed, spellExtent } from "../calling/callee.ts";
import { scalarTests } from "../calling/helpers.ts";
import type { FallbackChecks } from "../calling/native.ts";
import type { Tables } from "./tables.ts";

/** The caller's memory for results, in the order of the results. */
interface ResultMemory {
  readonly memory: readonly string[];
  /** Requires each to be of the size whose text is given, once all symbols are bound. */
  requireSizes(sizes: readonly string[]): void;
}

export class ValueReader {
  /** The arguments as they are passed on, in order. */
  readonly passed: Passed[] = [];
  readonly #signature: Signature;
  readonly #form: CallForm;
  readonly #checks: FallbackChecks;
  readonly #tables: Tables;
  /** Arrays of the caller's among the arguments, which results must not share memory with. */
  readonly #flat: string[] = [];
  #count = 0;

  constructor(signature: Signature, form: CallForm, checks: FallbackChecks, tables: Tables) {
    this.#signature = signature;
    this.#form = form;
    this.#checks = checks;
    this.#tables = tables;
  }

  /** Reads an argument, which is the variable `name`. */
  argument(tree: ValueTree, name: string): void {
    this.#open(tree, name, (leaf) => this.#leaf(leaf));
  }

  /** Reads the array of a captured value. */
  captured(i: number): void {
    this.#held(`$captured[${i}]`, this.#signature.arguments[this.passed.length]);
  }

  /** Reads the structure of typed arrays that results are written to. */
  results(): ResultMemory {
    const { results } = this.#signature;
    const memory: string[] = [];
    this.#open(this.#form.results, "$results", (name) => {
      this.#checks.require(`${name} instanceof ${arrayName(results[memory.length])}`);
      memory.push(name);
    });
    const requireSizes = (sizes: readonly string[]): void => {
      for (const [i, name] of memory.entries()) {
        this.#checks.require(`${name}.length === ${sizes[i]}`);
        for (const other of [...this.#flat, ...memory.slice(0, i)]) this.#checks.require(`$apart(${name}, ${other})`);
      }
    };
    return { memory, requireSizes };
  }

  #open(tree: ValueTree, name: string, leaf: (name: string) => void): void {
    if (tree.kind === "leaf") leaf(name);
    else if (tree.kind === "static") this.#checks.require(`${name} === ${this.#tables.static(tree.value)}`);
    else {
      const isArray = tree.kind === "array";
      this.#checks.require(
        isArray
          ? `Array.isArray(${name}) && ${name}.length === ${tree.items.length}`
          : `$isObject(${name}, ${this.#tables.list(tree.keys)})`,
      );
      for (const [i, item] of tree.items.entries()) {
        const part = this.#fresh();
        this.#checks.line(`const ${part} = ${name}[${JSON.stringify(isArray ? i : tree.keys[i])}];`);
        this.#open(item, part, leaf);
      }
    }
  }

  #leaf(name: string): void {
    const i = this.passed.length;
    const type = this.#signature.arguments[i];
    const dtype = elementDType(type) ?? "f64";
    const kind = this.#form.leaves[i];
    if (kind === "scalar") {
      this.#checks.require(scalarTest(dtype, name));
      this.#pass(dtype === "f32" ? `Math.fround(${name})` : name, []);
    } else if (kind === "numbers") {
      const part = this.#fresh();
      this.#checks.line(`const ${part} = $floats(${name}, ${arrayName(type)});`);
      this.#checks.require(`${part} !== null`);
      this.#pass(part, [`${part}.length`]);
    } else if (kind === "flat") this.#typed(name, type);
    else this.#held(name, type);
  }

  /** A typed array, whose length gives the one extent that may be open. */
  #typed(name: string, type: Type): void {
    const { shape } = rankedOf(type);
    this.#checks.require(`${name} instanceof ${arrayName(type)}`);
    this.#flat.push(name);
    const axis = openAxis(shape);
    const known = shape.reduce<number>((size, d) => size * (typeof d === "number" ? d : 1), 1);
    let open = `${name}.length`;
    if (axis === -1) this.#checks.require(`${open} === ${known}`);
    else if (known !== 1) {
      const part = this.#fresh();
      this.#checks.line(`const ${part} = ${open} / ${known};`);
      this.#checks.require(`Number.isInteger(${part})`);
      open = part;
    }
    this.#pass(
      this.#element(name, type),
      shape.map((d, i) => (i === axis ? open : spellExtent(d))),
    );
  }

  #held(value: string, type: Type): void {
    const { dtype, shape } = rankedOf(type);
    const name = this.#fresh();
    this.#checks.line(`const ${name} = $arrayOf(${value});`);
    const tests = [`${name} !== null`, `${name}.dtype === ${JSON.stringify(dtype)}`];
    tests.push(`${name}.shape.length === ${shape.length}`);
    for (const [axis, d] of shape.entries()) if (typeof d === "number") tests.push(`${name}.shape[${axis}] === ${d}`);
    for (const test of tests) this.#checks.require(test);
    this.#pass(
      this.#element(`${name}.data`, type),
      shape.map((_, axis) => `${name}.shape[${axis}]`),
    );
  }

  /** What is passed on of an array: itself, of rank 0 its element. */
  #element(data: string, type: Type): string {
    if (rankedOf(type).shape.length > 0) return data;
    return elementDType(type) === "bool" ? `(${data}[0] !== 0)` : `${data}[0]`;
  }

  #pass(text: string, extents: readonly string[]): void {
    this.passed.push({ text, given: text, leaf: "tensor", extents, label: "" });
  }

  #fresh(): string {
    return `$v${this.#count++}`;
  }
}

/** The axis whose extent follows from the length of a flat array, -1 where all are known; null where it does not follow. */
export function openAxis(shape: readonly Dim[]): number | null {
  const open = shape.flatMap((d, axis) => (typeof d === "number" ? [] : [axis]));
  if (open.length === 0) return -1;
  return open.length === 1 && shape.every((d) => d !== 0) ? open[0] : null;
}

function arrayName(type: Type): string {
  return dtypes[elementDType(type) ?? "f64"].array.name;
}

/** Integers have no -0, which generated code would take for one. */
function scalarTest(dtype: DType, name: string): string {
  const test = scalarTests[dtype](name);
  return dtype === "f64" || dtype === "f32" || dtype === "bool" ? test : `${test} && !Object.is(${name}, -0)`;
}
