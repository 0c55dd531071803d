// A standalone ES module of generated code: no imports, no eval, the same bytes each time, and its types beside it.
//
// Tensors go in as typed arrays (flat, where at most one extent is open) or as { data, shape }, and come out as
// { data, shape }. A function of plain numbers is exported as it is.

import {
  asSymbol,
  type Dim,
  type DType,
  dimsOf,
  dtypes,
  elementDType,
  type Func,
  fail,
  isScalar,
  productOf,
  type Signature,
  type Type,
  type TypedArray,
} from "../../ir/index.ts";
import type { Arrangement, StandaloneModule } from "../backend.ts";
import { spellDim } from "./dims.ts";
import { arrange, handOut, isList } from "./guard.ts";
import type { ModuleText, Tables } from "./module-text.ts";
import { Names, spellNumber } from "./names.ts";
import { takesArray } from "./writer.ts";

export function standalone(text: ModuleText, func: Func, signature: Signature, results: Arrangement): StandaloneModule {
  if (takesArray(func)) fail("option", `@${func.name} takes more arguments than a JavaScript function may have`);
  const names = new Names([...text.functionNames]);
  const parameters = signature.arguments.map((_, i) => names.unique(func.body.arguments[i]?.name ?? `a${i}`));
  const exported = text.functionName(func.name);
  const writer = new Wrapper(exported, func, signature, parameters, results);
  const body = text.text;
  const parts = [...helpers(body, text.tables), body, writer.code];
  const code = `// Made by Adjoint; every number is as the interpreter computes it.\n\n${parts.join("\n\n")}\n`;
  return { code, types: declaration(exported, signature, parameters, results) };
}

/** What generated code calls, where it does. */
function helpers(body: string, { checks, ranges, constants }: Tables): readonly string[] {
  const parts: string[] = [];
  if (checks.length > 0) {
    const messages = checks.map((c) => JSON.stringify(`check failed: ${c.message}`));
    parts.push(
      `const $messages = [${messages.join(", ")}];\n\nfunction $check(i) {\n  throw new Error($messages[i]);\n}`,
    );
  }
  if (ranges.length > 0) parts.push(rangeText(ranges));
  if (body.includes("$probe(")) parts.push("function $probe() {}");
  if (constants.length > 0) parts.push(`const $constants = [\n${constants.map(constantText).join("")}];`);
  return parts;
}

function rangeText(ranges: Tables["ranges"]): string {
  const known = ranges.map(({ of, axis }) => JSON.stringify([of, axis]));
  return `const $ranges = [${known.join(", ")}];

function $range(i, index, extent, size) {
  const what = size === 1 ? \`index \${index} is\` : \`\${size} elements from index \${index} on are\`;
  const hint = index < 0 ? ": indices count from 0" : "";
  throw new RangeError(\`\${$ranges[i][0]}: \${what} out of range for axis \${$ranges[i][1]} of extent \${extent}\${hint}\`);
}`;
}

function constantText(data: TypedArray): string {
  return `  new ${data.constructor.name}([${Array.from(data, spellNumber).join(", ")}]),\n`;
}

const readTensor = `/** The elements and shape of a tensor; null in \`extents\` is any size. */
function $tensor(x, type, extents, name) {
  const data = x instanceof type ? x : x?.data;
  if (!(data instanceof type)) throw new TypeError(\`argument '\${name}' is no \${type.name}, and no { data, shape } with one\`);
  const shape = x instanceof type ? $shape(data.length, extents, name) : [...x.shape];
  const fits = shape.length === extents.length && extents.every((d, i) => d === null || d === shape[i]);
  if (!fits || shape.reduce((a, b) => a * b, 1) !== data.length) {
    const expected = extents.map((d) => d ?? "any").join(", ");
    throw new RangeError(\`argument '\${name}' has \${data.length} elements of shape [\${shape.join(", ")}], expected [\${expected}]\`);
  }
  return { data, shape };
}

/** The shape of a flat array, one extent of which may be open. */
function $shape(length, extents, name) {
  const open = extents.filter((d) => d === null).length;
  if (open > 1) throw new RangeError(\`argument '\${name}' leaves \${open} extents open: pass { data, shape }\`);
  const known = extents.reduce((size, d) => size * (d ?? 1), 1);
  return extents.map((d) => d ?? (known === 0 ? 0 : length / known));
}`;

const requireText = `function $require(holds, what) {
  if (!holds) throw new RangeError(\`sizes do not fit: expected \${what}\`);
}`;

const scalarTests: Readonly<Record<DType, (x: string) => string>> = {
  f64: (x) => `typeof ${x} === "number"`,
  f32: (x) => `typeof ${x} === "number"`,
  i32: (x) => `(${x} | 0) === ${x}`,
  u32: (x) => `(${x} >>> 0) === ${x}`,
  u8: (x) => `(${x} & 255) === ${x}`,
  bool: (x) => `typeof ${x} === "boolean"`,
  index: (x) => `Number.isSafeInteger(${x})`,
};

/** The exported function, which reads users' arguments and makes room for results. */
class Wrapper {
  readonly #inner: string;
  readonly #func: Func;
  readonly #signature: Signature;
  readonly #parameters: readonly string[];
  readonly #results: Arrangement;
  readonly #lines: string[] = [];
  readonly #helpers = new Set<string>();

  constructor(inner: string, func: Func, signature: Signature, parameters: readonly string[], results: Arrangement) {
    this.#inner = inner;
    this.#func = func;
    this.#signature = signature;
    this.#parameters = parameters;
    this.#results = results;
  }

  get code(): string {
    const { arguments: args, results } = this.#signature;
    const isPlain = [...args, ...results].every(
      (type) => isScalar(type) && ["f64", "bool"].includes(elementDType(type) ?? ""),
    );
    const isDirect = isPlain && handOut("", this.#results).startsWith("return");
    if (isDirect) return `export { ${this.#inner} };`;
    const passed = args.map((type, i) => this.#argument(type, this.#parameters[i]));
    this.#symbols();
    const outputs = results.map((type, i) => (isScalar(type) ? null : this.#output(type, i)));
    const symbols = this.#func.symbols.map((s) => `$${s}`);
    const call = `${this.#inner}(${[...symbols, ...passed, ...outputs.flatMap((o) => (o === null ? [] : [`${o}.data`]))].join(", ")})`;
    this.#handOut(call, outputs);
    const head = `function ${this.#inner}$module(${this.#parameters.join(", ")}) {`;
    const wrapper = `${head}\n${this.#lines.map((line) => `  ${line}\n`).join("")}}`;
    return [...this.#helpers, wrapper, `export { ${this.#inner}$module as ${this.#inner} };`].join("\n\n");
  }

  #argument(type: Type, name: string): string {
    const dtype = elementDType(type) ?? "f64";
    if (isScalar(type)) {
      const what =
        dtype === "bool" ? "a boolean" : dtype === "f64" || dtype === "f32" ? "a number" : `a number of ${dtype}`;
      this.#lines.push(`if (!(${scalarTests[dtype](name)})) throw new TypeError("argument '${name}' is not ${what}");`);
      return dtype === "f32" ? `Math.fround(${name})` : name;
    }
    this.#helpers.add(readTensor);
    const extents = dimsOf(type).map((d) => (typeof d === "number" ? d : null));
    const list = extents.map((d) => d ?? "null").join(", ");
    this.#lines.push(`const ${name}$ = $tensor(${name}, ${dtypes[dtype].array.name}, [${list}], "${name}");`);
    return `${name}$.data`;
  }

  /** Each symbol from the first extent that is it; every other extent has to agree, and every constraint to hold. */
  #symbols(): void {
    const { symbols, constraints } = this.#signature;
    const known = new Set<string>();
    const extents = this.#signature.arguments.flatMap((type, i) =>
      isScalar(type) ? [] : dimsOf(type).map((d, axis) => ({ d, at: `${this.#parameters[i]}$.shape[${axis}]` })),
    );
    for (const { d, at } of extents) {
      const name = asSymbol(d);
      if (name === null || known.has(name)) continue;
      known.add(name);
      this.#lines.push(`const $${name} = ${at};`);
    }
    const missing = symbols.find((name) => !known.has(name));
    if (missing !== undefined) {
      fail("option", `@${this.#signature.name}: no argument has the extent ${missing} itself, which a module needs`);
    }
    for (const { d, at } of extents) {
      const text = spell(d);
      if (typeof d !== "number" && !this.#lines.includes(`const ${text} = ${at};`))
        this.#require(`${at} === ${text}`, `${d}`, at);
    }
    for (const { left, relation, right } of constraints) {
      const operator = relation === "==" ? "===" : relation;
      this.#require(`${spell(left)} ${operator} ${spell(right)}`, `${left} ${relation} ${right}`);
    }
  }

  #require(test: string, what: string, at = ""): void {
    this.#helpers.add(requireText);
    this.#lines.push(`$require(${test}, ${JSON.stringify(at === "" ? what : `${what} = ${at.replaceAll("$", "")}`)});`);
  }

  #output(type: Type, i: number): string {
    const dims = dimsOf(type);
    const array = dtypes[elementDType(type) ?? "f64"].array.name;
    this.#lines.push(
      `const $out${i} = { data: new ${array}(${spell(productOf(dims))}), shape: [${dims.map(spell).join(", ")}] };`,
    );
    return `$out${i}`;
  }

  /** Results of rank 0 are returned, the others were written. */
  #handOut(call: string, outputs: readonly (string | null)[]): void {
    const scalars = outputs.filter((o) => o === null).length;
    this.#lines.push(scalars === 0 ? `${call};` : `const $r = ${call};`);
    let next = 0;
    const each = outputs.map((o) => o ?? (scalars === 1 ? "$r" : `$r[${next++}]`));
    let k = 0;
    this.#lines.push(`return ${arrange(this.#results, () => each[k++])};`);
  }
}

function spell(d: Dim): string {
  return spellDim(d, (name) => `$${name}`);
}

// ---- types ----------------------------------------------------------------------------------------------------------

function declaration(name: string, signature: Signature, parameters: readonly string[], results: Arrangement): string {
  const types = signature.results.map((type) => typeText(type, "out"));
  let next = 0;
  const arranged = (part: Arrangement): string => {
    if (part === null) return types[next++];
    if (isList(part)) return `[${part.map(arranged).join(", ")}]`;
    return `{ ${Object.entries(part)
      .map(([key, p]) => `${JSON.stringify(key)}: ${arranged(p)}`)
      .join("; ")} }`;
  };
  const list = signature.arguments.map((type, i) => `${parameters[i]}: ${typeText(type, "in")}`).join(", ");
  return `export declare function ${name}(${list}): ${arranged(results)};\n`;
}

function typeText(type: Type, way: "in" | "out"): string {
  const dtype = elementDType(type) ?? "f64";
  if (isScalar(type)) return dtype === "bool" ? "boolean" : "number";
  const array = dtypes[dtype].array.name;
  const tensor = `{ readonly data: ${array}; readonly shape: readonly number[] }`;
  return way === "in" ? `${array} | ${tensor}` : tensor;
}
