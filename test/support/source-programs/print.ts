// The text of a random program: statements and functions of its tree, with names.

import { arrayAt, at, type Place, printCall, printElement, printNumber, printTest } from "./print-expressions.ts";
import { printLoop } from "./print-loops.ts";
import { Scope } from "./scope.ts";
import type { FunctionTree, Given, Num, ProgramTree, Result, Statement } from "./tree.ts";

type Of<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;

/** A number as an index below n, whatever it is. */
const wrap = `function wrap(i: number, n: number): number {
  const j = Math.trunc(i) % n;
  return j < 0 ? j + n : Number.isNaN(j) ? 0 : j;
}
`;

export function printProgram(tree: ProgramTree): string {
  const file = new Scope(null);
  const work = { size: 0, steps: 0 };
  const place: Place = {
    scope: file,
    work,
    steps: 1,
    result: "number",
    isSmooth: tree.isSmooth,
    breaks: false,
    continues: false,
    labels: [],
  };
  const functions = tree.functions.map((fn) => printFunction(place, { ...fn, style: "declaration" }));
  const main = printMain(place, tree);
  return [wrap, ...(tree.isMainFirst ? [main, ...functions] : [...functions, main])].join("\n");
}

function printMain(outer: Place, { hasArrays, isSmooth, fallback, result, body, given }: ProgramTree): string {
  const scope = new Scope(outer.scope);
  const parameters = ["a: number", `flag: boolean`];
  for (const name of ["b", "a"]) scope.add({ kind: "number", name, isWritable: true, below: null });
  scope.add({ kind: "boolean", name: "flag", isWritable: true });
  if (hasArrays) {
    parameters.push("us: Float64Array", "ns: number[]");
    if (!isSmooth) parameters.push("ks: Int32Array", "zs: Float32Array");
    const array = (name: string, type: string, length: number): string =>
      scope.add({ kind: "array", name, type, length });
    if (!isSmooth) {
      array("zs", "Float32Array", 2);
      array("ks", "Int32Array", 3);
    }
    array("ns", "number[]", 3);
    array("us", "Float64Array", 4);
  }
  parameters.push(fallback === null ? "b: number" : `b = ${fallback}`);
  const place = { ...outer, scope, result, steps: 1 };
  const text = printAll(place, body) + printReturn(place, given);
  return `export function main(${parameters.join(", ")})${hasArrays ? "" : annotation(result)} {\n${indent(text)}}\n`;
}

function annotation(result: Result): string {
  const types: Partial<Record<Result, string>> = {
    number: ": number",
    boolean: ": boolean",
    tuple: ": [number, boolean, number]",
    nothing: ": void",
  };
  return types[result] ?? "";
}

// ---- functions ------------------------------------------------------------------------------------------------------

function printFunction(outer: Place, fn: FunctionTree): string {
  const scope = new Scope(outer.scope);
  const name = outer.scope.fresh(fn.name);
  const arrays = Array.from({ length: fn.arrays }, (_, i) => scope.fresh(fn.name + i + 3));
  const numbers = Array.from({ length: fn.numbers }, (_, i) => scope.fresh(fn.name + i + 1));
  const work = { size: 0, steps: 1 };
  const result = fn.style === "arrow" && fn.result === "nothing" ? "number" : fn.result;
  const place: Place = { ...outer, scope, work, steps: 1, result, breaks: false, continues: false, labels: [] };
  for (const array of arrays) scope.add({ kind: "array", name: array, type: "Float64Array", length: 2 });
  const [most, hasFallback] = [numbers.length - 1, fn.fallback !== null && numbers.length > 0];
  // the fallback sees the parameters before its own
  const declare = (n: string): string => scope.add({ kind: "number", name: n, isWritable: true, below: null });
  for (const n of numbers.slice(0, most)) declare(n);
  const fallback = hasFallback ? ` = ${printNumber(place, fn.fallback as Num)}` : "";
  for (const n of numbers.slice(most)) declare(n);
  const parameters = [...arrays.map((n) => `${n}: Float64Array`), ...numbers.map((n) => `${n}: number`)].join(", ");
  const head = `(${parameters}${fallback})${annotation(result)}`;
  const text = fn.style === "arrow" ? "" : printAll(place, fn.body);
  const last = result === "nothing" ? "" : printReturn(place, fn.given);
  const body = `{\n${indent(text + last)}}`;
  const callable = { numbers: fn.numbers, hasFallback, arrays: fn.arrays, result, ...work };
  outer.scope.add({ kind: "function", name, fn: callable });
  switch (fn.style) {
    case "declaration":
      return `function ${name}${head} ${body}\n`;
    case "block":
      return `const ${name} = ${head} => ${body};\n`;
    case "expression":
      return `const ${name} = function ${head} ${body};\n`;
    case "arrow":
      return `const ${name} = ${head} => ${last.slice("return ".length, -2)};\n`;
  }
}

function printReturn(place: Place, { x, y, test }: Given): string {
  const number = printNumber(place, x);
  switch (place.result) {
    case "number":
      return `return ${number};\n`;
    case "boolean":
      return `return ${printTest(place, test)};\n`;
    case "tuple":
      return `return [${number}, ${printTest(place, test)}, ${printNumber(place, y)}];\n`;
    case "array":
      return `return [${number}, ${printNumber(place, y)}];\n`;
    case "nothing":
      return "return;\n";
    case "object": {
      const kept = place.scope.visible("array").some((e) => e.name === "us") ? ", kept: us.slice()" : "";
      return `return { x: ${number}, inner: { y: ${printNumber(place, y)}, ok: ${printTest(place, test)} }${kept} };\n`;
    }
  }
}

// ---- statements -----------------------------------------------------------------------------------------------------

function printAll(place: Place, statements: readonly Statement[]): string {
  return statements.map((s) => printStatement(place, s)).join("");
}

function printBody(place: Place, statements: readonly Statement[]): string {
  return indent(printAll(place, statements));
}

function printBlock(place: Place, statements: readonly Statement[]): string {
  return `{\n${printBody({ ...place, scope: new Scope(place.scope) }, statements)}}`;
}

function printStatement(place: Place, s: Statement): string {
  place.work.steps += place.steps;
  switch (s.kind) {
    case "if": {
      const test = printTest(place, s.test);
      const then = `if (${test}) ${printBlock(place, s.body)}`;
      return s.otherwise === null ? `${then}\n` : `${then} else ${printBlock(place, s.otherwise)}\n`;
    }
    case "for":
    case "while":
    case "do":
    case "for-of":
      return printLoop(place, s, printBody);
    case "switch":
      return printSwitch(place, s);
    case "block": {
      if (!s.isLabelled) return `${printBlock(place, s.body)}\n`;
      const name = `block${place.labels.length}`;
      return `${name}: ${printBlock({ ...place, labels: [...place.labels, { name, isLoop: false }] }, s.body)}\n`;
    }
    case "jump":
      return printJump(place, s);
    case "return": {
      const test = s.test === null ? "" : `if (${printTest(place, s.test)}) `;
      return test + printReturn(place, s.given);
    }
    case "function":
      return printFunction(place, s.fn);
    case "do-call":
      return `${printCall(place, s, "nothing") ?? printNumber(place, s.args[0])};\n`;
    case "evaluate":
      return `${bare(printNumber(place, s.x))};\n`;
    default:
      return printDeclaration(place, s);
  }
}

/** A statement needs no parentheses. */
function bare(text: string): string {
  if (!text.startsWith("(")) return text;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    depth += text[i] === "(" ? 1 : text[i] === ")" ? -1 : 0;
    if (depth === 0) return i === text.length - 1 ? text.slice(1, -1) : text;
  }
  return text;
}

function printJump(place: Place, s: Of<"jump">): string {
  const all = [
    ...(place.breaks ? ["break"] : []),
    ...(place.continues ? ["continue"] : []),
    ...place.labels.flatMap(({ name, isLoop }) => (isLoop ? [`break ${name}`, `continue ${name}`] : [`break ${name}`])),
  ];
  const test = printTest(place, s.test);
  const before = s.x === null ? "" : `${bare(printNumber(place, s.x))}; `;
  return `if (${test}) { ${before}${at(all, s.to) ?? ""}${all.length === 0 ? "" : ";"} }\n`;
}

function printSwitch(place: Place, { x, cases }: Of<"switch">): string {
  const value = printNumber(place, x);
  let hasDefault = false;
  const clauses = cases.map(({ label, body, isBroken }) => {
    if (label === null && hasDefault) return "";
    hasDefault ||= label === null;
    const end = isBroken ? "\n    break;" : "";
    return `  ${label === null ? "default" : `case ${label}`}: ${printBlock({ ...place, breaks: true }, body)}${end}\n`;
  });
  return `switch (${value}) {\n${clauses.join("")}}\n`;
}

// ---- declarations ---------------------------------------------------------------------------------------------------

type Declaration = Exclude<
  Statement,
  Of<
    | "if"
    | "for"
    | "while"
    | "do"
    | "for-of"
    | "switch"
    | "block"
    | "jump"
    | "return"
    | "function"
    | "evaluate"
    | "do-call"
  >
>;

function printDeclaration(place: Place, s: Declaration): string {
  const { scope } = place;
  const number = (name: string, isWritable: boolean): string =>
    scope.add({ kind: "number", name, isWritable, below: null });
  switch (s.kind) {
    case "let": {
      const value = printNumber(place, s.x);
      return `${s.isConst ? "const" : "let"} ${number(scope.fresh(s.name), !s.isConst)} = ${value};\n`;
    }
    case "let-boolean": {
      const value = printTest(place, s.x);
      const name = scope.add({ kind: "boolean", name: scope.fresh(s.name), isWritable: !s.isConst });
      return `${s.isConst ? "const" : "let"} ${name} = ${value};\n`;
    }
    case "late": {
      const [test, x, y] = [printTest(place, s.test), printNumber(place, s.x), printNumber(place, s.y)];
      const name = number(scope.fresh(s.name), true);
      return `let ${name}: number;\nif (${test}) ${name} = ${x};\nelse ${name} = ${y};\n`;
    }
    case "set-boolean": {
      const entries = scope.visible("boolean").filter((e) => e.isWritable);
      const name = scope.use(at(entries, s.ref)?.name ?? "");
      const value = printTest(place, s.x);
      return entries.length === 0 ? `${value};\n` : `${name} ${s.operator}= ${value};\n`;
    }
    case "array":
      return printArray(place, s);
    case "object": {
      const [x, y, test] = [printNumber(place, s.x), printNumber(place, s.y), printTest(place, s.test)];
      const name = scope.add({ kind: "object", name: scope.fresh(s.name) });
      addFields(scope, name);
      return `const ${name} = { x: ${x}, ok: ${test}, in: { y: ${y} } };\n`;
    }
    case "alias-object": {
      const found = at(scope.visible("object"), s.ref);
      if (found === undefined) return "";
      scope.use(found.name);
      const name = scope.add({ kind: "object", name: scope.fresh(s.name) });
      addFields(scope, name);
      return `const ${name} = ${found.name};\n`;
    }
    case "take-apart":
      return printTakeApart(place, s, (name) => number(name, true));
    default:
      return printSwap(place, s);
  }
}

function addFields(scope: Scope, name: string): void {
  for (const field of ["x", "in.y"])
    scope.add({ kind: "number", name: `${name}.${field}`, isWritable: true, below: null });
  scope.add({ kind: "boolean", name: `${name}.ok`, isWritable: true });
}

const types = ["Float64Array", "Float32Array", "Int32Array"];

function printArray(place: Place, s: Of<"array">): string {
  const { scope } = place;
  const [x, y] = s.items.map((item) => printNumber(place, item));
  const other = arrayAt(place, s.array);
  const typed = place.isSmooth ? "Float64Array" : types[s.type % types.length];
  const literal = [`[${x}, 0.5, ${y}]`, "number[]", 3] as const;
  const made: Record<typeof s.made, readonly [string, string, number]> = {
    literal,
    zeros: [`new ${typed}(${s.type + 2})`, typed, s.type + 2],
    filled: [`new Array(3).fill(${x})`, "number[]", 3],
    typed: [`new ${typed}([${x}, ${y}])`, typed, 2],
    slice: other === null ? literal : [`${other.name}.slice()`, other.type, other.length],
    alias: other === null ? literal : [other.name, other.type, other.length],
    like: other === null ? literal : [`new ${typed}(${other.name}.length)`, typed, other.length],
    from: other === null ? literal : [`${typed}.from(${other.name})`, typed, other.length],
    spread: other === null ? literal : [`[...${other.name}]`, "number[]", other.length],
  };
  const [text, type, length] = made[s.made];
  const name = scope.add({ kind: "array", name: scope.fresh(s.name), type, length });
  return `const ${name} = ${text};\n`;
}

function printTakeApart(place: Place, s: Of<"take-apart">, declare: (name: string) => string): string {
  const { scope } = place;
  const [x, y] = [printNumber(place, s.x), printNumber(place, s.y)];
  const call = s.how % 2 === 0 ? printCall(place, { ref: s.ref, args: [s.x, s.y], arrays: s.arrays }, "tuple") : null;
  const array = arrayAt(place, s.arrays);
  const [p, q] = s.names.map((n) => scope.fresh(n));
  const text =
    call !== null
      ? `let [${p}, , ${q} = 0] = ${call};\n`
      : [
          `let [${p}, ${q}] = [${x}, ${y}];\n`,
          `let { x: ${p}, y: ${q} = 3 } = { x: ${x}, y: ${y} };\n`,
          `let [${p}, [${q}]] = [${x}, [${y}]];\n`,
          array === null ? `let ${p} = ${x}, ${q} = ${y};\n` : `let [${p}, ${q}] = ${array.name};\n`,
          `let ${p} = ${x}, ${q} = ${y};\n`,
          `let { ${p}, in: { ${q} } } = { in: { ${q}: ${y} }, ${p}: ${x} };\n`,
        ][s.how];
  declare(p);
  declare(q);
  return text;
}

function printSwap(place: Place, s: Of<"swap" | "swap-elements">): string {
  if (s.kind === "swap-elements") {
    const [p, q] = [printElement(place, s.array, s.i), printElement(place, s.array, s.j)];
    return p === null ? "" : `[${p}, ${q}] = [${q}, ${p}];\n`;
  }
  const names = place.scope.visible("number").filter((e) => e.isWritable);
  const [p, q] = [at(names, s.p)?.name, at(names, s.q)?.name];
  if (p === undefined || q === undefined) return "";
  place.scope.use(p);
  place.scope.use(q);
  return `[${p}, ${q}] = [${s.x === null ? q : printNumber(place, s.x)}, ${p}];\n`;
}

export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
