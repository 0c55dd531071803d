// The code of WebAssembly in a standalone module: a function that fills memory and calls it, and the bytes.

import { type DType, dtypes, type Func, type Type, type Value } from "../../ir/index.ts";
import type { EmbeddedCode, EmbeddedNames } from "../backend.ts";
import { loadingText, transferText } from "./embedded-text.ts";
import type { ModuleWriter } from "./module-writer.ts";
import { aligned, alignment, dtypeOf } from "./values.ts";

/** The code of a function, of whose arguments `given` are the caller's, those behind them memory for results. */
export function embedded(
  bytes: Uint8Array<ArrayBuffer>,
  writer: ModuleWriter,
  func: Func,
  given: number,
): EmbeddedCode {
  const memories = func.body.arguments.filter(isMemory);
  return {
    called: [...writer.records.values()],
    write: (names) => ({
      code: `${new CallText(func, given, writer).write(names)}\n\n${transferText()}`,
      data: loadingText(bytes, writer, names.called, new Set(memories.map(arrayOf))),
    }),
  };
}

/** The typed array as which memory is seen. */
function arrayOf({ type }: Value): string {
  return dtypes[dtypeOf(type)].array.name;
}

function isMemory({ type }: Value): boolean {
  return type.kind === "memref";
}

/** A parameter, and the variable that has its address; empty for numbers. */
interface Parameter {
  readonly name: string;
  readonly value: Value;
  readonly at: string;
  readonly role: Func["roles"][number];
}

/**
 * Writes the function that stands for the one of JavaScript. Nothing of its arguments changes before the code has come to its
 * end, so that whatever goes wrong until then, the function of JavaScript can still do all of it.
 */
class CallText {
  readonly #func: Func;
  readonly #writer: ModuleWriter;
  readonly #parameters: readonly Parameter[];
  readonly #memories: readonly Parameter[];

  constructor(func: Func, given: number, writer: ModuleWriter) {
    this.#func = func;
    this.#writer = writer;
    this.#parameters = func.body.arguments.map((value, i) => ({
      name: i < given ? `$a${i}` : `$out${i - given}`,
      value,
      at: isMemory(value) ? `$at${i}` : "",
      role: func.roles[i],
    }));
    this.#memories = this.#parameters.filter(({ at }) => at !== "");
  }

  write({ inner, outer, symbols }: EmbeddedNames): string {
    const all = [...symbols.map((s) => `${s}$`), ...this.#parameters.map(({ name }) => name)].join(", ");
    const instead = `return ${inner}(${all});`;
    const unfit = ["$wasm.entry === null", ...this.#parameters.flatMap(misfitTest)].join(" || ");
    const { results } = this.#func.body;
    const lines = [
      `if (${unfit}) ${instead}`,
      ...this.#addresses(),
      ...(results.length > 0 ? ["let $result;"] : []),
      "try {",
      ...["$wasm.begin($end);", ...this.#filling(), this.#call(results.length > 0)].map((line) => `  ${line}`),
      "} catch {",
      `  ${instead}`,
      "}",
      ...this.#memories.filter(({ role }) => role !== "in").map((p) => `$read(${transferred(p)});`),
      ...returning(results.map(({ type }) => type)),
    ];
    return `function ${outer}(${all}) {\n${lines.map((line) => `  ${line}\n`).join("")}}`;
  }

  /** Memory begins behind the constants, and each array behind the one before. */
  #addresses(): readonly string[] {
    let end = String(startBehind(this.#writer));
    const lines = this.#memories.map(({ name, at }) => {
      const line = `const ${at} = ${end};`;
      end = `$behind(${at}, ${name})`;
      return line;
    });
    return [...lines, `const $end = ${end};`];
  }

  #filling(): readonly string[] {
    return this.#memories.flatMap((p) => {
      if (p.role === "zeroed") return [`$wasm.Uint8Array.fill(0, ${p.at}, ${p.at} + ${p.name}.byteLength);`];
      return p.role === "out" ? [] : [`$write(${transferred(p)});`];
    });
  }

  #call(isGiving: boolean): string {
    const { symbols, name } = this.#func;
    const passed = [
      ...symbols.map((s) => `BigInt(${s}$)`),
      ...this.#parameters.map(passedText),
      ...Array.from({ length: this.#writer.counters.of(name) }, () => "-1n"),
    ];
    return `${isGiving ? "$result = " : ""}$wasm.entry(${passed.join(", ")});`;
  }
}

/** The address behind the constants. */
function startBehind({ constants }: ModuleWriter): number {
  return aligned(alignment + constants.length);
}

function transferred({ name, value, at }: Parameter): string {
  return `${name}, $wasm.${arrayOf(value)}, ${at}`;
}

/** Where a function of numbers is exported as it is, nobody has looked at what is passed. */
function misfitTest({ name, value, at }: Parameter): readonly string[] {
  if (at !== "") return [];
  return [`typeof ${name} !== "${dtypeOf(value.type) === "bool" ? "boolean" : "number"}"`];
}

function passedText({ name, value, at }: Parameter): string {
  if (at !== "") return at;
  return dtypeOf(value.type) === "index" ? `BigInt(${name})` : name;
}

/** What the code returns, as the function of JavaScript gives it. */
function returning(types: readonly Type[]): readonly string[] {
  if (types.length === 0) return [];
  if (types.length === 1) return [`return ${numberText("$result", dtypeOf(types[0]))};`];
  return [`return [${types.map((type, k) => numberText(`$result[${k}]`, dtypeOf(type))).join(", ")}];`];
}

function numberText(x: string, dtype: DType): string {
  if (dtype === "bool") return `${x} !== 0`;
  if (dtype === "u32") return `${x} >>> 0`;
  return dtype === "index" ? `Number(${x})` : x;
}
