// The text of compiled modules says their bytes: wabt, which reads it, writes bytes that are read as the same text.

import { describe, expect, it } from "vitest";
import wabtOf from "wabt";
import { vectorPipeline } from "../passes/index.ts";
import { Bytes } from "../src/backend/wasm/bytes.ts";
import { wasmBackend } from "../src/backend/wasm/index.ts";
import { compileModule } from "../src/compile/index.ts";
import { parse } from "../src/ops/index.ts";
import { wasm } from "../src/target/index.ts";
import { readSamples } from "./support/samples.ts";

const vectors = { ...wasmBackend, level: "vector" as const, target: wasm, pipeline: vectorPipeline };
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
    for (const text of modules.filter(compiles))
      for (const backend of [wasmBackend, vectors]) {
        const { source } = compileModule(parse(text), { backend });
        const parsed = wabt.parseWat(name, source ?? "", features);
        parsed.validate();
        expect(parsed.toBinary({}).buffer.length).toBeGreaterThan(8);
      }
  });
});

describe("numbers of the binary format", () => {
  const written = (write: (bytes: Bytes) => void): number[] => {
    const bytes = new Bytes();
    write(bytes);
    return [...bytes.taken()];
  };

  it("are LEB128", () => {
    expect(written((b) => b.unsigned(624485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(written((b) => b.signed(-123456))).toEqual([0xc0, 0xbb, 0x78]);
    expect(written((b) => b.signed(63))).toEqual([63]);
    expect(written((b) => b.signed(64))).toEqual([0xc0, 0]);
    expect(written((b) => b.signed(-64))).toEqual([0x40]);
    expect(written((b) => b.signed(-65))).toEqual([0xbf, 0x7f]);
  });
});
