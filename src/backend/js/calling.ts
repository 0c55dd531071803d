// The text that calls generated code by a convention: what arguments have to be, memory for results, how these come back.

import {
  asSymbol,
  type Dim,
  type DType,
  dtypes,
  elementDType,
  type Func,
  fail,
  isScalar,
  productOf,
  rankedOf,
  type Signature,
  type Type,
} from "../../ir/index.ts";
import { type Convention, type LeafKind, leavesOf, type Structure } from "../backend.ts";
import { helperTexts, type Needs, scalarTests } from "./calling-helpers.ts";
import { spellDim } from "./dims.ts";
import { type Names, spellNumber } from "./names.ts";

/** Where checks go, and the lines between them. */
export interface Checks {
  /** `test` has to hold; `complaint` is text of an expression that says what does not. */
  require(test: string, complaint: string, error?: "TypeError" | "RangeError"): void;
  line(text: string): void;
}

/** What of one function says how it is called. */
export interface Callee {
  /** Its name in generated code. */
  readonly inner: string;
  readonly func: Func;
  readonly signature: Signature;
  readonly convention: Convention;
  /** The arguments whose elements it looks at itself, wherever it reads them. */
  readonly seen: ReadonlySet<number>;
}

/** An argument as it is passed on. */
interface Passed {
  readonly text: string;
  readonly leaf: LeafKind;
  /** What its extents are, by axis. */
  readonly extents: readonly string[];
  readonly label: string;
}

/** Whether the generated function is the one to call: numbers go in and come out as they are. */
export function isDirect({ signature, convention }: Callee): boolean {
  const isPlain = (type: Type): boolean => isScalar(type) && ["f64", "bool"].includes(elementDType(type) ?? "");
  return (
    signature.arguments.every(isPlain) &&
    convention.parameters.every((p) => p.structure.kind === "leaf" && p.fallback === undefined) &&
    signature.results.every(isPlain) &&
    isReturned(convention.result)
  );
}

/** Whether several numbers come in an array, one as it is: as generated code gives them. */
function isReturned(result: Structure): boolean {
  if (result.kind === "leaf") return true;
  return result.kind === "tuple" && result.items.length > 1 && result.items.every((item) => item.kind === "leaf");
}

/** Writes the body of a function that is called by the convention. */
export class CallWriter {
  /** Helpers that the text calls. */
  readonly needs: Needs = new Set();
  /** The names of the parameters, in order. */
  readonly parameters: readonly string[];
  readonly #callee: Callee;
  readonly #names: Names;
  readonly #checks: Checks;
  readonly #passed: Passed[] = [];

  constructor(callee: Callee, names: Names, checks: Checks) {
    this.#callee = callee;
    this.#names = names;
    this.#checks = checks;
    this.parameters = callee.convention.parameters.map((p, i) => names.unique(p.name === "" ? `a${i}` : p.name));
  }

  /** The parameters as a function declares them. */
  get declared(): string {
    return this.#callee.convention.parameters
      .map(({ fallback }, i) => {
        const name = this.parameters[i];
        if (fallback === undefined) return name;
        return `${name} = ${typeof fallback === "number" ? spellNumber(fallback) : fallback}`;
      })
      .join(", ");
  }

  /** What the helpers are, as declarations. */
  get helpers(): readonly string[] {
    return [...this.needs].map((name) => helperTexts[name]);
  }

  arguments(): void {
    const { parameters, written } = this.#callee.convention;
    for (const [i, { structure }] of parameters.entries()) {
      const name = this.parameters[i];
      this.#read(structure, name, name);
    }
    for (const i of written) for (const k of this.#passed.keys()) if (k !== i) this.#apart(i, k);
    this.#symbols();
  }

  // ---- arguments ----------------------------------------------------------------------------------------------------

  #read(structure: Structure, name: string, path: string): void {
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
      const part = this.#names.unique(`${name}_${key}`);
      this.#checks.line(`const ${part} = ${name}[${JSON.stringify(key)}];`);
      this.#read(item, part, isTuple ? `${path}[${i}]` : `${path}.${key}`);
    }
  }

  #leaf(leaf: LeafKind, name: string, label: string): void {
    const type = this.#callee.signature.arguments[this.#passed.length];
    const dtype = elementDType(type) ?? "f64";
    const pass = (text: string, extents: readonly string[] = []): void => {
      this.#passed.push({ text, leaf, extents, label });
    };
    if (leaf === "number" || leaf === "boolean") {
      this.#checks.require(scalarTests[dtype](name), JSON.stringify(`${label} is not ${scalarName(dtype)}`));
      pass(dtype === "f32" ? `Math.fround(${name})` : name);
    } else if (leaf === "tensor") {
      const list = rankedOf(type).shape.map((d) => (typeof d === "number" ? d : "null"));
      const text = `$tensor(${name}, ${dtypes[dtype].array.name}, [${list.join(", ")}], ${JSON.stringify(label)})`;
      this.needs.add("tensor").add("shape");
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
    else if (this.#callee.seen.has(this.#passed.length)) this.#checks.require(`Array.isArray(${name})`, complaint);
    else {
      this.needs.add("numbers").add("position");
      this.#checks.require(`$numbers(${name})`, `${complaint} + $position(${name})`);
    }
  }

  /** An array that is written to shares no memory with any other. */
  #apart(i: number, k: number): void {
    const [a, b] = [this.#passed[i], this.#passed[k]];
    const isArray = (p: Passed): boolean => p.extents.length === 1 && p.leaf !== "tensor";
    if (!isArray(a) || !isArray(b) || (a.leaf === "number[]") !== (b.leaf === "number[]")) return;
    if (a.leaf !== "number[]") this.needs.add("apart");
    const test = a.leaf === "number[]" ? `${a.text} !== ${b.text}` : `$apart(${a.text}, ${b.text})`;
    this.#checks.require(
      test,
      JSON.stringify(`${a.label} is written to, and ${b.label} is the same array: pass a copy`),
    );
  }

  /** Each symbol from the first extent that is it; every other extent has to agree, and every constraint to hold. */
  #symbols(): void {
    const { signature } = this.#callee;
    const known = new Map<string, string>();
    const extents = signature.arguments.flatMap((type, i) =>
      isScalar(type) ? [] : rankedOf(type).shape.map((d, axis) => ({ d, at: this.#passed[i].extents[axis] })),
    );
    for (const { d, at } of extents) {
      const name = asSymbol(d);
      if (name === null || known.has(name)) continue;
      known.set(name, at);
      this.#checks.line(`const $${name} = ${at};`);
    }
    const missing = signature.symbols.find((name) => !known.has(name));
    if (missing !== undefined) {
      fail("option", `@${signature.name}: no argument has the extent ${missing} itself, which a module needs`);
    }
    const require = (test: string, what: string): void =>
      this.#checks.require(test, JSON.stringify(`sizes do not fit: expected ${what}`), "RangeError");
    for (const { d, at } of extents) {
      // the tensor's own reading compares extents that are numbers
      if ((typeof d === "number" && at.includes(".shape[")) || known.get(asSymbol(d) ?? "") === at) continue;
      require(`${at} === ${spellExtent(d)}`, `${d} = ${at.replaceAll("$", "")}`);
    }
    for (const { left, relation, right } of signature.constraints) {
      const operator = relation === "==" ? "===" : relation;
      require(`${spellExtent(left)} ${operator} ${spellExtent(right)}`, `${left} ${relation} ${right}`);
    }
  }

  // ---- the call -----------------------------------------------------------------------------------------------------

  /** The call, from memory for its results to the statement that returns them. */
  call(): readonly string[] {
    const { inner, func, signature, convention } = this.#callee;
    const lines: string[] = [];
    const outputs = signature.results.map((type, i) => {
      if (isScalar(type)) return null;
      lines.push(
        `const $out${i} = new ${dtypes[elementDType(type) ?? "f64"].array.name}(${spellExtent(productOf(rankedOf(type).shape))});`,
      );
      return `$out${i}`;
    });
    const passed = [...func.symbols.map((s) => `$${s}`), ...this.#passed.map((p) => p.text), ...outputs.filter(isText)];
    const call = `${inner}(${passed.join(", ")})`;
    const scalars = outputs.filter((o) => o === null).length;
    if (scalars === outputs.length && convention.written.length === 0 && isReturned(convention.result))
      return [`return ${call};`];
    lines.push(scalars === 0 ? `${call};` : `const $r = ${call};`);
    let next = 0;
    const each = outputs.map((o) => o ?? (scalars === 1 ? "$r" : `$r[${next++}]`));
    const own = leavesOf(convention.result).length;
    for (const [n, i] of convention.written.entries()) lines.push(this.#writeBack(this.#passed[i], each[own + n]));
    let k = 0;
    const result = this.#arrange(convention.result, (leaf) => {
      const i = k++;
      return this.#given(leaf, each[i], signature.results[i]);
    });
    return convention.result.kind === "nothing" ? lines : [...lines, `return ${result};`];
  }

  #writeBack({ text, leaf }: Passed, from: string): string {
    if (leaf !== "number[]") return `${text}.set(${from});`;
    this.needs.add("put");
    return `$put(${from}, ${text});`;
  }

  /** A result as JavaScript has it. */
  #given(leaf: LeafKind, text: string, type: Type): string {
    if (leaf === "tensor") return `{ data: ${text}, shape: [${rankedOf(type).shape.map(spellExtent).join(", ")}] }`;
    const [, row] = /^(.*\[\]|.*Array)\[\]$/.exec(leaf) ?? [];
    if (row !== undefined) {
      this.needs.add("put").add("rows");
      return `$rows(${text}, ${rankedOf(type).shape.map(spellExtent).join(", ")}, ${row === "number[]" ? "Array" : row})`;
    }
    if (leaf !== "number[]") return text;
    this.needs.add("put").add("list");
    return `$list(${text})`;
  }

  /** Literals of arrays and objects around what `leaf` gives, from left to right. */
  #arrange(structure: Structure, leaf: (kind: LeafKind) => string): string {
    if (structure.kind === "leaf") return leaf(structure.leaf);
    if (structure.kind === "nothing") return "undefined";
    const items = structure.items.map((item) => this.#arrange(item, leaf));
    if (structure.kind === "tuple") return `[${items.join(", ")}]`;
    // computed keys, since __proto__ as a plain one is none
    return `{ ${items.map((item, i) => `[${JSON.stringify(structure.keys[i])}]: ${item}`).join(", ")} }`;
  }
}

function isText(x: string | null): x is string {
  return x !== null;
}

function scalarName(dtype: DType): string {
  if (dtype === "bool") return "a boolean";
  return dtype === "f64" || dtype === "f32" ? "a number" : `a number of ${dtype}`;
}

function spellExtent(d: Dim): string {
  return spellDim(d, (name) => `$${name}`);
}

/** As TypeScript writes the type. */
export function spellStructure(structure: Structure, leaf: (kind: LeafKind) => string): string {
  if (structure.kind === "leaf") return leaf(structure.leaf);
  if (structure.kind === "nothing") return "undefined";
  const items = structure.items.map((item) => spellStructure(item, leaf));
  if (structure.kind === "tuple") return `[${items.join(", ")}]`;
  const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
  return `{ ${items.map((item, i) => `${key(structure.keys[i])}: ${item}`).join("; ")} }`;
}
