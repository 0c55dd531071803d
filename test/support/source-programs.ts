// Random programs in the subset of TypeScript that is compiled, as text. A program is made by a sequence of choices, where
// 0 is the plainest one and what is missing counts as 0: shorter sequences of smaller numbers are smaller programs.

import fc from "fast-check";

/** Which programs are made. */
export interface Kind {
  /** Only what has a derivative nearly everywhere, with conditions on counters and flags alone. */
  readonly isSmooth: boolean;
}

export interface SourceCase {
  readonly text: string;
}

/** What a program may name at a place. */
interface Names {
  readonly numbers: readonly string[];
  /** Those that may be assigned. */
  readonly variables: readonly string[];
  readonly booleans: readonly string[];
  readonly arrays: readonly { readonly name: string; readonly length: number; readonly isWritable: boolean }[];
  readonly functions: readonly { readonly name: string; readonly arity: number }[];
  /** Labels of loops around, and whether a break or continue has one to go to. */
  readonly labels: readonly string[];
  readonly isInLoop: boolean;
  readonly isInSwitch: boolean;
  readonly result: "number" | "tuple" | "object" | "array";
}

export class Maker {
  readonly #choices: readonly number[];
  readonly #kind: Kind;
  #next = 0;
  #names = 0;
  /** Loops within loops multiply. */
  #loops = 0;

  constructor(choices: readonly number[], kind: Kind) {
    this.#choices = choices;
    this.#kind = kind;
  }

  program(): string {
    const helper = this.#function("helper");
    const result = this.#kind.isSmooth ? "number" : this.#one(["number", "tuple", "object", "array"] as const);
    const names: Names = {
      numbers: ["a", "b"],
      variables: ["a", "b"],
      booleans: ["flag"],
      arrays: [
        { name: "xs", length: 4, isWritable: true },
        { name: "ys", length: 3, isWritable: true },
        ...(this.#kind.isSmooth ? [] : [{ name: "ks", length: 3, isWritable: true }]),
      ],
      functions: [{ name: "helper", arity: 2 }],
      labels: [],
      isInLoop: false,
      isInSwitch: false,
      result,
    };
    const body = this.#block(names, 4, true);
    const ks = this.#kind.isSmooth ? "" : ", ks: Int32Array";
    return `${wrap}${helper}export function main(a: number, b: number, flag: boolean, xs: Float64Array, ys: number[]${ks}) {\n${indent(body)}}\n`;
  }

  #function(name: string): string {
    const names: Names = {
      numbers: ["p", "q"],
      variables: ["p", "q"],
      booleans: [],
      arrays: [],
      functions: [],
      labels: [],
      isInLoop: false,
      isInSwitch: false,
      result: "number",
    };
    const fallback = this.#pick(3) === 2 ? " = 0.5" : "";
    return `function ${name}(p: number, q: number${fallback}): number {\n${indent(this.#block(names, 2, true))}}\n\n`;
  }

  // ---- choices ------------------------------------------------------------------------------------------------------

  #pick(n: number): number {
    return (this.#choices[this.#next++] ?? 0) % n;
  }

  #one<T>(items: readonly T[]): T {
    return items[this.#pick(items.length)];
  }

  #name(base: string): string {
    return `${base}${this.#names++}`;
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  /** A list of statements; the one of a function ends with a return. */
  #block(outer: Names, depth: number, isBody: boolean): string {
    let names = outer;
    let text = "";
    const count = this.#pick(depth + 2);
    for (let i = 0; i < count; i++) {
      const [line, after] = this.#statement(names, depth);
      text += line;
      names = after;
    }
    return isBody ? text + this.#return(names) : text;
  }

  #return(names: Names): string {
    const [x, y] = [this.#number(names, 2), this.#number(names, 1)];
    if (names.result === "tuple") return `return [${x}, ${this.#boolean(names, 1)}, ${y}];\n`;
    if (names.result === "object") return `return { x: ${x}, y: ${y} };\n`;
    if (names.result === "array") return `return [${x}, ${y}];\n`;
    return `return ${x};\n`;
  }

  #statement(names: Names, depth: number): readonly [string, Names] {
    const isFlat = depth <= 0;
    const jumps = this.#kind.isSmooth ? [] : (["return"] as const);
    const kinds = [
      "assign",
      "let",
      "element",
      ...(isFlat ? [] : (["if", "for", "if"] as const)),
      "let-boolean",
      "update",
      ...(isFlat ? [] : (["while", "do", "switch", "for-of", "local", "block", "labelled"] as const)),
      "array",
      "tuple",
      "swap",
      "jump",
      ...jumps,
    ] as const;
    const kind = this.#one(kinds);
    const plain = (text: string): readonly [string, Names] => [text, names];
    switch (kind) {
      case "assign":
        return plain(this.#assign(names));
      case "let": {
        const name = this.#name("v");
        const isConst = this.#pick(3) === 2;
        const text = `${isConst ? "const" : "let"} ${name} = ${this.#number(names, 2)};\n`;
        const variables = isConst ? names.variables : [...names.variables, name];
        return [text, { ...names, numbers: [...names.numbers, name], variables }];
      }
      case "let-boolean": {
        const name = this.#name("t");
        return [`let ${name} = ${this.#boolean(names, 2)};\n`, { ...names, booleans: [...names.booleans, name] }];
      }
      case "element":
        return plain(this.#element(names));
      case "update": {
        const name = names.variables.length === 0 ? null : this.#one(names.variables);
        return plain(name === null ? ";\n" : this.#one([`${name}++;\n`, `--${name};\n`, `${name} -= ${name}--;\n`]));
      }
      case "if":
        return plain(this.#if(names, depth));
      case "for":
        return plain(this.#for(names, depth, ""));
      case "labelled": {
        const label = this.#name("loop");
        return plain(this.#for({ ...names, labels: [...names.labels, label] }, depth, `${label}: `));
      }
      case "while":
        return plain(this.#while(names, depth));
      case "do":
        return plain(this.#do(names, depth));
      case "for-of":
        return plain(this.#forOf(names, depth));
      case "switch":
        return plain(this.#switch(names, depth));
      case "local":
        return this.#local(names, depth);
      case "block":
        return plain(`{\n${indent(this.#block(names, depth - 1, false))}}\n`);
      case "array":
        return this.#array(names);
      case "tuple": {
        const [x, y] = [this.#name("v"), this.#name("v")];
        const [p, q] = [this.#number(names, 1), this.#number(names, 1)];
        const text =
          this.#pick(2) === 0
            ? `let [${x}, ${y}] = [${p}, ${q}];\n`
            : `let { p: ${x}, q: ${y} = 3 } = { p: ${p}, q: ${q} };\n`;
        return [text, { ...names, numbers: [...names.numbers, x, y], variables: [...names.variables, x, y] }];
      }
      case "swap":
        if (names.variables.length === 0) return plain(";\n");
        return plain(
          `[${this.#one(names.variables)}, ${this.#one(names.variables)}] = [${this.#number(names, 1)}, ${this.#number(names, 1)}];\n`,
        );
      case "jump":
        return plain(this.#jump(names));
      case "return":
        return plain(`if (${this.#boolean(names, 1)}) ${this.#return(names)}`);
    }
  }

  #assign(names: Names): string {
    if (names.variables.length === 0) return ";\n";
    const name = this.#one(names.variables);
    const operators = this.#kind.isSmooth
      ? ["=", "+=", "-=", "*="]
      : ["=", "+=", "-=", "*=", "/=", "%=", "|=", "^=", ">>=", ">>>=", "<<=", "&="];
    return `${name} ${this.#one(operators)} ${this.#number(names, 3)};\n`;
  }

  #element(names: Names): string {
    const writable = names.arrays.filter((x) => x.isWritable);
    if (writable.length === 0) return this.#assign(names);
    const array = this.#one(writable);
    const at = `${array.name}[${this.#index(names, array.length)}]`;
    if (this.#kind.isSmooth) return `${at} ${this.#one(["=", "+=", "*="])} ${this.#number(names, 2)};\n`;
    return this.#one([`${at} = ${this.#number(names, 2)};\n`, `${at} += ${this.#number(names, 2)};\n`, `${at}++;\n`]);
  }

  #if(names: Names, depth: number): string {
    const test = this.#boolean(names, 2);
    const then = `if (${test}) {\n${indent(this.#block(names, depth - 1, false))}}`;
    const kind = this.#pick(3);
    if (kind === 0) return `${then}\n`;
    if (kind === 1) return `${then} else {\n${indent(this.#block(names, depth - 1, false))}}\n`;
    return `${then} else ${this.#if(names, depth - 1)}`;
  }

  #for(names: Names, depth: number, label: string): string {
    if (this.#loops >= 4) return `${label}{\n${indent(this.#block(names, depth - 1, false))}}\n`;
    this.#loops++;
    const i = this.#name("i");
    const steps = this.#pick(4) + 1;
    const head = this.#one([
      `let ${i} = 0; ${i} < ${steps}; ${i}++`,
      `let ${i} = ${steps}; ${i} > 0; ${i}--`,
      `let ${i} = 0; ${i} < ${steps * 2}; ${i} += 2`,
      `let ${i} = 0, n${i} = ${steps}; ${i} !== n${i}; ++${i}`,
    ]);
    const inner = { ...names, numbers: [...names.numbers, i], isInLoop: true, isInSwitch: false };
    const text = `${label}for (${head}) {\n${indent(this.#block(inner, depth - 1, false))}}\n`;
    this.#loops--;
    return text;
  }

  #while(names: Names, depth: number): string {
    if (this.#loops >= 4) return "";
    this.#loops++;
    const n = this.#name("n");
    const inner = { ...names, isInLoop: true, isInSwitch: false };
    const steps = this.#pick(4) + 1;
    const also = this.#pick(2) === 1 ? ` && ${this.#boolean(names, 1)}` : "";
    const text =
      this.#pick(2) === 0
        ? `let ${n} = ${steps};\nwhile (${n}-- > 0${also}) {\n${indent(this.#block(inner, depth - 1, false))}}\n`
        : `let ${n} = 0;\nwhile (true) {\n${indent(`if (${n}++ >= ${steps}${also === "" ? "" : ` || !(true${also})`}) break;\n${this.#block(inner, depth - 1, false)}`)}}\n`;
    this.#loops--;
    return text;
  }

  #do(names: Names, depth: number): string {
    if (this.#loops >= 4) return "";
    this.#loops++;
    const n = this.#name("n");
    const inner = { ...names, isInLoop: true, isInSwitch: false };
    const text = `let ${n} = ${this.#pick(4)};\ndo {\n${indent(this.#block(inner, depth - 1, false))}} while (${n}-- > 0 && ${this.#boolean(names, 1)});\n`;
    this.#loops--;
    return text;
  }

  #forOf(names: Names, depth: number): string {
    if (this.#loops >= 4 || names.arrays.length === 0) return "";
    this.#loops++;
    const x = this.#name("x");
    const inner = { ...names, numbers: [...names.numbers, x], isInLoop: true, isInSwitch: false };
    const text = `for (const ${x} of ${this.#one(names.arrays).name}) {\n${indent(this.#block(inner, depth - 1, false))}}\n`;
    this.#loops--;
    return text;
  }

  #switch(names: Names, depth: number): string {
    const inner = { ...names, isInSwitch: true };
    const value = this.#kind.isSmooth
      ? this.#index(names, 4)
      : this.#one([this.#index(names, 4), `Math.floor(${this.#number(names, 1)})`]);
    const count = this.#pick(3) + 1;
    const cases = Array.from({ length: count }, (_, k) => {
      const body = this.#pick(4) === 3 ? "" : `{\n${indent(this.#block(inner, depth - 1, false))}}\n`;
      const end = this.#pick(2) === 0 ? "break;\n" : "";
      return `${k === this.#pick(6) ? "default" : `case ${k}`}:\n${indent(body + end)}`;
    });
    return `switch (${value}) {\n${indent(once(cases).join(""))}}\n`;
  }

  /** A function within, which may change the variables around it. */
  #local(names: Names, depth: number): readonly [string, Names] {
    const name = this.#name("f");
    const x = this.#name("p");
    const inner: Names = {
      ...names,
      numbers: [...names.numbers, x],
      variables: [...names.variables, x],
      isInLoop: false,
      isInSwitch: false,
      labels: [],
      result: "number",
    };
    const text =
      this.#pick(2) === 0
        ? `const ${name} = (${x}: number) => ${this.#number(inner, 2)};\n`
        : `function ${name}(${x}: number): number {\n${indent(this.#block(inner, Math.min(depth - 1, 1), true))}}\n`;
    return [text, { ...names, functions: [...names.functions, { name, arity: 1 }] }];
  }

  #array(names: Names): readonly [string, Names] {
    const name = this.#name("w");
    const length = this.#pick(3) + 2;
    const alias = names.arrays.length === 0 ? null : this.#one(names.arrays);
    const kind = this.#pick(6);
    const add = (text: string, n: number): readonly [string, Names] => [
      text,
      { ...names, arrays: [...names.arrays, { name, length: n, isWritable: true }] },
    ];
    if (kind === 1) return add(`const ${name} = new Float64Array(${length});\n`, length);
    if (kind === 2) return add(`const ${name} = new Array(${length}).fill(${this.#number(names, 1)});\n`, length);
    if (kind === 3 && alias !== null) return add(`const ${name} = ${alias.name}.slice();\n`, alias.length);
    if (kind === 4 && alias !== null) return add(`const ${name} = ${alias.name};\n`, alias.length);
    if (kind === 5) return add(`const ${name} = new Float32Array(${length});\n`, length);
    const items = Array.from({ length }, () => this.#number(names, 1));
    return add(`const ${name} = [${items.join(", ")}];\n`, length);
  }

  #jump(names: Names): string {
    const test = this.#boolean(names, 1);
    const all: string[] = [];
    if (names.isInLoop || names.isInSwitch) all.push("break;");
    if (names.isInLoop)
      all.push("continue;", ...names.labels.flatMap((label) => [`break ${label};`, `continue ${label};`]));
    return all.length === 0 ? ";\n" : `if (${test}) ${this.#one(all)}\n`;
  }

  // ---- expressions --------------------------------------------------------------------------------------------------

  #index(names: Names, length: number): string {
    const counters = names.numbers.filter((n) => n.startsWith("i"));
    if (this.#kind.isSmooth)
      return counters.length === 0 ? `${this.#pick(length)}` : `wrap(${this.#one(counters)}, ${length})`;
    return this.#pick(2) === 0 ? `${this.#pick(length)}` : `wrap(${this.#number(names, 1)}, ${length})`;
  }

  #number(names: Names, depth: number): string {
    const leaves = [
      () => this.#one(names.numbers.length === 0 ? ["1"] : names.numbers),
      () =>
        this.#one(
          this.#kind.isSmooth
            ? ["0.5", "1", "-0.25", "1.25"]
            : ["1", "0.5", "-2", "3", "0", "-0", "1e3", "NaN", "Infinity", "2147483648"],
        ),
      () => {
        if (names.arrays.length === 0) return "2";
        const array = this.#one(names.arrays);
        return `${array.name}[${this.#index(names, array.length)}]`;
      },
      () => (names.arrays.length === 0 ? "4" : `${this.#one(names.arrays).name}.length`),
    ];
    if (depth <= 0) return this.#one(leaves)();
    const x = (): string => this.#number(names, depth - 1);
    const smooth = [
      () => this.#one(leaves)(),
      () => `(${x()} + ${x()})`,
      () => `(${x()} - ${x()})`,
      () => `${x()} * 0.5 * ${x()}`,
      () => `Math.sin(${x()})`,
      () => `Math.tanh(${x()})`,
      () => `(${this.#boolean(names, 1)} ? ${x()} : ${x()})`,
      () => this.#call(names, x),
      () => `${x()} / (1 + Math.exp(-(${x()})))`,
    ];
    if (this.#kind.isSmooth) return this.#one(smooth)();
    const others = [
      () => `-${x().replace(/^-/, "0 - ")}`,
      () => `(${x()} / ${x()})`,
      () => `(${x()} % ${x()})`,
      () => `(${x()} ${this.#one(["|", "&", "^", "<<", ">>", ">>>"])} ${x()})`,
      () => `~~${x().replace(/^-/, "0 + -")}`,
      () =>
        `Math.${this.#one(["floor", "round", "abs", "sqrt", "trunc", "sign", "cbrt", "log", "fround", "clz32"])}(${x()})`,
      () => `Math.${this.#one(["max", "min", "atan2", "pow", "imul"])}(${x()}, ${x()})`,
      () => `((${x()}) ** ${this.#one(["2", "0.5", "-1", "3"])})`,
      () =>
        names.variables.length === 0 ? x() : `(${this.#one(names.variables)} ${this.#one(["=", "+=", "*="])} ${x()})`,
      () => (names.variables.length === 0 ? x() : `${this.#one(names.variables)}${this.#one(["++", "--"])}`),
      () => `(${x()} ${this.#one(["&&", "||"])} ${x()})`,
      () => `(${x()}, ${x()})`,
      () => `Number(${this.#boolean(names, 1)})`,
    ];
    return this.#one([...smooth, ...others])();
  }

  #call(names: Names, x: () => string): string {
    if (names.functions.length === 0) return x();
    const f = this.#one(names.functions);
    return `${f.name}(${Array.from({ length: f.arity }, x).join(", ")})`;
  }

  #boolean(names: Names, depth: number): string {
    const counters = names.numbers.filter((n) => n.startsWith("i"));
    const safe = [
      () => this.#one([...names.booleans, "true", "false"]),
      () =>
        counters.length === 0
          ? "true"
          : `${this.#one(counters)} ${this.#one(["<", ">=", "===", "!=="])} ${this.#pick(3)}`,
    ];
    if (this.#kind.isSmooth)
      return this.#one([...safe, ...(depth > 0 ? [() => `!(${this.#boolean(names, depth - 1)})`] : [])])();
    const x = (): string => this.#number(names, depth - 1);
    const all = [
      ...safe,
      () => `${x()} ${this.#one(["<", ">", "<=", ">=", "===", "!=="])} ${x()}`,
      () => `!(${this.#boolean(names, depth - 1)})`,
      () => `(${this.#boolean(names, depth - 1)} ${this.#one(["&&", "||"])} ${this.#boolean(names, depth - 1)})`,
      () => `Number.${this.#one(["isNaN", "isFinite", "isInteger"])}(${x()})`,
      () => `((${this.#boolean(names, depth - 1)}) === (${this.#boolean(names, depth - 1)}))`,
      () => `Boolean(${x()})`,
    ];
    return this.#one(depth > 0 ? all : safe)();
  }
}

/** A number as an index below n, whatever it is. */
const wrap = `function wrap(i: number, n: number): number {
  const j = Math.trunc(i) % n;
  return j < 0 ? j + n : Number.isNaN(j) ? 0 : j;
}

`;

/** At most one default. */
function once(cases: readonly string[]): readonly string[] {
  let hasDefault = false;
  return cases.filter((c) => {
    if (!c.startsWith("default")) return true;
    const keeps = !hasDefault;
    hasDefault = true;
    return keeps;
  });
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

export function sourceProgram(kind: Kind): fc.Arbitrary<SourceCase> {
  return fc
    .array(fc.nat(4999), { maxLength: 400, size: "max" })
    .map((choices) => ({ text: new Maker(choices, kind).program() }));
}
