// A module's bytes as text, as the text format of WebAssembly has it: what `source` shows.
// https://webassembly.github.io/spec/core/text/

import { globals } from "./binary.ts";
import { type Immediate, instructions, type Mnemonic, type ValueType, valueTypes } from "./instructions.ts";

/** The names of a module's functions, imported ones first, and of the locals of each. */
export interface WatNames {
  functionName(index: number): string;
  localName(func: number, index: number): string;
}

const byCode: ReadonlyMap<number, { readonly name: Mnemonic; readonly immediate: Immediate }> = new Map(
  [...instructions.values()].map((i) => [i.prefix * 0x10000 + i.code, i]),
);
const globalNames = Object.keys(globals);
const typeNames: ReadonlyMap<number, ValueType> = new Map(
  Object.entries(valueTypes).map(([name, code]) => [code, name as ValueType]),
);

/** Reads the binary format. */
class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isDone(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.at++];
  }

  unsigned(): number {
    let [x, scale] = [0, 1];
    for (;;) {
      const b = this.byte();
      x += (b & 127) * scale;
      if (b < 128) return x;
      scale *= 128;
    }
  }

  signed(): number {
    let [x, scale] = [0, 1];
    for (;;) {
      const b = this.byte();
      x += (b & 127) * scale;
      scale *= 128;
      if (b < 128) return (b & 64) === 0 ? x : x - scale;
    }
  }

  f32(): number {
    this.at += 4;
    return this.#view.getFloat32(this.at - 4, true);
  }

  f64(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }

  text(): string {
    const length = this.unsigned();
    this.at += length;
    return new TextDecoder().decode(this.#bytes.subarray(this.at - length, this.at));
  }

  type(): ValueType {
    return typeNames.get(this.byte()) ?? "i32";
  }

  list<T>(read: () => T): readonly T[] {
    return Array.from({ length: this.unsigned() }, read);
  }
}

interface WatType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** The text of a module that `binaryOf` made. */
export function watOf(bytes: Uint8Array, names: WatNames): string {
  const reader = new Reader(bytes);
  reader.at = 8;
  const lines = ["(module"];
  let types: readonly WatType[] = [];
  let defined: readonly number[] = [];
  let imported = 0;
  let variables = 0;
  const exported = new Map<number, string>();
  while (!reader.isDone) {
    const id = reader.byte();
    const sectionEnd = reader.unsigned() + reader.at;
    if (id === 1)
      types = reader.list(() => {
        reader.byte();
        return { parameters: reader.list(() => reader.type()), results: reader.list(() => reader.type()) };
      });
    else if (id === 2)
      reader.list(() => {
        const where = `${quoted(reader.text())} ${quoted(reader.text())}`;
        const kind = reader.byte();
        if (kind === 0) {
          const type = types[reader.unsigned()];
          lines.push(`  (import ${where} (func ${names.functionName(imported++)}${signatureText(type)}))`);
        } else if (kind === 2) {
          reader.byte();
          lines.push(`  (import ${where} (memory ${reader.unsigned()}))`);
        } else {
          const type = `(mut ${reader.type()})`;
          reader.byte();
          lines.push(`  (import ${where} (global $${globalNames[variables++]} ${type}))`);
        }
      });
    else if (id === 3) defined = reader.list(() => reader.unsigned());
    else if (id === 7)
      reader.list(() => {
        const name = reader.text();
        reader.byte();
        exported.set(reader.unsigned(), name);
      });
    else if (id === 10) {
      let next = 0;
      reader.list(() => {
        const index = imported + next;
        const end = reader.unsigned() + reader.at;
        lines.push(...functionLines(reader, end, types[defined[next++]], index, names, exported.get(index)));
      });
    }
    reader.at = sectionEnd;
  }
  lines.push(")");
  return lines.join("\n");
}

function functionLines(
  reader: Reader,
  end: number,
  type: WatType,
  index: number,
  names: WatNames,
  exported: string | undefined,
): readonly string[] {
  const { parameters, results } = type;
  const name = (local: number): string => names.localName(index, local);
  const head = exported === undefined ? "" : ` (export ${quoted(exported)})`;
  const lines = [
    `  (func ${names.functionName(index)}${head}`,
    ...parameters.map((t, i) => `    (param ${name(i)} ${t})`),
    ...(results.length === 0 ? [] : [`    (result ${results.join(" ")})`]),
  ];
  let local = parameters.length;
  reader.list(() => {
    const count = reader.unsigned();
    const t = reader.type();
    for (let i = 0; i < count; i++) lines.push(`    (local ${name(local++)} ${t})`);
  });
  let depth = 2;
  while (reader.at < end - 1) {
    const first = reader.byte();
    const isPrefixed = first === 0xfc || first === 0xfd;
    const instruction = byCode.get(isPrefixed ? first * 0x10000 + reader.unsigned() : first);
    if (instruction === undefined) throw new Error("internal invariant broken: an instruction has no name");
    const isElse = instruction.name === "else";
    if (instruction.name === "end" || isElse) depth--;
    lines.push("  ".repeat(depth) + instructionText(reader, instruction.name, instruction.immediate, names, name));
    if (instruction.immediate === "block" || isElse) depth++;
  }
  reader.at = end;
  lines.push("  )");
  return lines;
}

function instructionText(
  reader: Reader,
  name: Mnemonic,
  immediate: Immediate,
  names: WatNames,
  local: (index: number) => string,
): string {
  const after = (): string => {
    switch (immediate) {
      case "index": {
        const index = reader.unsigned();
        if (name.startsWith("local.")) return ` ${local(index)}`;
        if (name.startsWith("global.")) return ` $${globalNames[index]}`;
        return name === "call" ? ` ${names.functionName(index)}` : ` ${index}`;
      }
      case "block":
        reader.byte();
        return "";
      case "memory":
      case "memoryLane": {
        reader.byte();
        const offset = reader.unsigned();
        const lane = immediate === "memoryLane" ? ` ${reader.byte()}` : "";
        return `${offset === 0 ? "" : ` offset=${offset}`} align=1${lane}`;
      }
      case "i32":
      case "i64":
        return ` ${reader.signed()}`;
      case "f32":
        return ` ${floatText(reader.f32())}`;
      case "f64":
        return ` ${floatText(reader.f64())}`;
      case "zero":
        reader.byte();
        return "";
      case "zeros":
        reader.byte();
        reader.byte();
        return "";
      case "lane":
        return ` ${reader.byte()}`;
      case "bytes":
        return ` ${name === "v128.const" ? "i8x16 " : ""}${Array.from({ length: 16 }, () => reader.byte()).join(" ")}`;
      default:
        return "";
    }
  };
  return name + after();
}

function floatText(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  return Object.is(x, -0) ? "-0" : String(x);
}

function signatureText({ parameters, results }: WatType): string {
  const part = (name: string, list: readonly ValueType[]): string =>
    list.length === 0 ? "" : ` (${name} ${list.join(" ")})`;
  return part("param", parameters) + part("result", results);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
