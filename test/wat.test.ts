// The text of compiled modules says their bytes: wabt reads the one and the other as the same instructions.

import { describe, expect, it } from "vitest";
import wabtOf from "wabt";
import { vectorPipeline } from "../passes/index.ts";
import type { Backend } from "../src/backend/index.ts";
import { Bytes } from "../src/backend/wasm/bytes.ts";
import { wasmBackend } from "../src/backend/wasm/index.ts";
import { ModuleWriter } from "../src/backend/wasm/module-writer.ts";
import { watOf } from "../src/backend/wasm/wat.ts";
import { compileModule } from "../src/compile/index.ts";
import type { Module } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { readSamples } from "./support/samples.ts";

const vectors = { ...wasmBackend, pipeline: vectorPipeline };
const loops = { ...wasmBackend, level: "loop" as const, target: undefined };

/** The bytes and the text of a module. */
function written(module: Module, backend: Backend): { readonly bytes: Uint8Array; readonly text: string } {
  const { lowered, entry } = compileModule(module, { backend });
  const writer = new ModuleWriter(lowered);
  const bytes = writer.write(entry);
  return { bytes, text: watOf(bytes, writer.names) };
}

const features = { simd: true, bulk_memory: true, multi_value: true };
const programs = readSamples()
  .filter(({ name }) => /^(programs|ops)\//.test(name))
  .map(({ name, text }) => ({
    name,
    modules: text.split(/^\/\/ ----.*$/m).filter((part) => /^(private )?func/m.test(part)),
  }));

/** Documents of errors, and of types that are refined first, have no code of their own. */
function compiles(text: string): boolean {
  try {
    compileModule(parse(text), { backend: "js" });
    return true;
  } catch {
    return false;
  }
}

describe("the text of WebAssembly", async () => {
  const wabt = await wabtOf();

  it.each(programs)("of $name is read by wabt", ({ name, modules }) => {
    for (const document of modules.filter(compiles))
      for (const backend of [loops, vectors]) {
        const { bytes, text } = written(parse(document), backend);
        const read = wabt.readWasm(bytes, features);
        read.validate();
        const again = wabt.readWasm(wabt.parseWat(name, text, features).toBinary({}).buffer, features);
        expect(again.toText({})).toBe(read.toText({}));
      }
  });
});

describe("numbers of the binary format", () => {
  const numbers = (write: (bytes: Bytes) => void): number[] => {
    const bytes = new Bytes();
    write(bytes);
    return [...bytes.taken()];
  };

  it("are LEB128", () => {
    expect(numbers((b) => b.unsigned(624485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(numbers((b) => b.signed(-123456))).toEqual([0xc0, 0xbb, 0x78]);
    expect(numbers((b) => b.signed(63))).toEqual([63]);
    expect(numbers((b) => b.signed(64))).toEqual([0xc0, 0]);
    expect(numbers((b) => b.signed(-64))).toEqual([0x40]);
    expect(numbers((b) => b.signed(-65))).toEqual([0xbf, 0x7f]);
  });
});
