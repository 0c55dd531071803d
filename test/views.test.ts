// Views with strides and offsets: random parts of one memory, read and written through each other, against plain JavaScript.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { standardPasses } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { compileModule } from "../src/compile/index.ts";
import { type Module, type NdArray, parseTypeText, printModule, printType, verify } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import type { PassContext } from "../src/rewrite/index.ts";
import { Binder } from "../src/runtime/index.ts";
import { javascript } from "../src/target/index.ts";
import { messageOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";

interface Part {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Adds to every element of one part the element of another at the same subscripts, where both have some. */
interface Step {
  readonly from: number;
  readonly to: number;
}

interface Program {
  readonly size: number;
  readonly parts: readonly Part[];
  readonly steps: readonly Step[];
  /** Whether sizes are symbols in the text. */
  readonly isSymbolic: boolean;
}

const arbitraryPart: fc.Arbitrary<Part> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(5)), { minLength: 1, maxLength: 3 })
  .chain((axes) =>
    fc.nat(6).map((offset) => ({ shape: axes.map(([n]) => n), strides: axes.map(([, stride]) => stride), offset })),
  );

const arbitraryProgram: fc.Arbitrary<Program> = fc
  .record({
    parts: fc.array(arbitraryPart, { minLength: 1, maxLength: 4 }),
    steps: fc.array(fc.record({ from: fc.nat(7), to: fc.nat(7) }), { minLength: 1, maxLength: 4 }),
    more: fc.nat(3),
    isSymbolic: fc.boolean(),
  })
  .map(({ parts, steps, more, isSymbolic }) => ({
    size: Math.max(...parts.map(lastOf)) + 1 + more,
    parts,
    steps: steps.map(({ from, to }) => ({ from: from % parts.length, to: to % parts.length })),
    isSymbolic,
  }));

function lastOf({ shape, strides, offset }: Part): number {
  return shape.reduce((at, n, axis) => at + (n - 1) * strides[axis], offset);
}

/** Every subscript that two parts of one rank have, row-major; of other ranks, those of the axes that both have. */
function* subscripts(extents: readonly number[]): Generator<readonly number[]> {
  if (extents.length === 0) yield [];
  else for (let i = 0; i < extents[0]; i++) for (const rest of subscripts(extents.slice(1))) yield [i, ...rest];
}

function common(a: Part, b: Part): readonly number[] {
  return a.shape.slice(0, b.shape.length).map((n, axis) => Math.min(n, b.shape[axis]));
}

/** The same in plain JavaScript. */
function expectedOf({ parts, steps }: Program, memory: Float64Array): void {
  const at = ({ strides, offset }: Part, i: readonly number[]): number =>
    i.reduce((place, k, axis) => place + k * strides[axis], offset);
  for (const { from, to } of steps)
    for (const i of subscripts(common(parts[from], parts[to]))) memory[at(parts[to], i)] += memory[at(parts[from], i)];
}

function textOf({ size, parts, steps, isSymbolic }: Program): string {
  const stride = (n: number): string => (isSymbolic ? `${n}*S` : `${n}`);
  const lines = parts.map(
    ({ shape, strides, offset }, k) =>
      `  %p${k} = view %x : memref<f64[${shape.join(", ")}], strides = [${strides.map(stride).join(", ")}], offset = ${offset}>`,
  );
  for (const { from, to } of steps) {
    const extents = common(parts[from], parts[to]);
    const names = extents.map((_, axis) => `%i${axis}`);
    const subscript = (part: Part): string => part.shape.map((_, axis) => names[axis] ?? "0").join(", ");
    for (const [axis, n] of extents.entries()) lines.push(`  for ${names[axis]}: index = 0 to ${n} {`);
    lines.push(`  %a = load %p${from}[${subscript(parts[from])}] : f64`);
    lines.push(`  %b = load %p${to}[${subscript(parts[to])}] : f64`);
    lines.push("  %c = add %b, %a : f64", `  store %c, %p${to}[${subscript(parts[to])}]`);
    lines.push(...extents.map(() => "  }"));
  }
  const x = `%x: inout memref<f64[${size}]>`;
  const head = isSymbolic ? `<S>(${x}, %one: memref<f64[S]>) where S == 1` : `(${x}, %one: memref<f64[1]>)`;
  return `func @main${head} {\n${lines.join("\n")}\n  return\n}\n`;
}

function start(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => i + 1);
}

/** What the memory holds in the end. */
function run(program: Program, call: (args: readonly NdArray[]) => unknown): readonly number[] {
  const memory: NdArray = { dtype: "f64", shape: [program.size], data: start(program.size) };
  call([memory, { dtype: "f64", shape: [1], data: new Float64Array(1) }]);
  return [...memory.data];
}

function compiled(module: Module): (args: readonly NdArray[]) => unknown {
  const { executable, signature } = compileModule(module, { entry: "main", backend: "js", check: "verify" });
  const binder = new Binder(signature);
  return (args) => {
    binder.check(args);
    return executable.run(args);
  };
}

const context: PassContext = { ops: standardOps, fast: false };
const contexts = [context, { ...context, target: { ...javascript, name: "wide", vectorBits: 256, threads: 4 } }];

describe("views with strides", () => {
  it("stand for the elements that their types say, in the interpreter, in JavaScript and after every pass", () => {
    fc.assert(
      fc.property(arbitraryProgram, (program) => {
        const module = parse(textOf(program));
        verify(module, { level: "loop" });
        const memory = start(program.size);
        expectedOf(program, memory);
        const expected = [...memory];
        expect(run(program, (args) => interpret(module, "main", args))).toEqual(expected);
        expect(run(program, compiled(module))).toEqual(expected);
        for (const pass of standardPasses.values()) {
          if (pass.level === "tensor" || pass.level === undefined) continue;
          for (const cx of contexts) {
            const after = (pass.small ?? pass).run(module, cx);
            verify(after);
            expect(
              run(program, (args) => interpret(after, "main", args)),
              pass.name,
            ).toEqual(expected);
          }
        }
      }),
      runs(60),
    );
  });

  it("one that leaves its memory is refused, whatever its shape", () => {
    fc.assert(
      fc.property(arbitraryProgram, ({ parts: [part], steps }) => {
        const program = { size: lastOf(part) + 1, parts: [part], steps: steps.map(() => ({ from: 0, to: 0 })) };
        parse(textOf({ ...program, isSymbolic: false }));
        const text = textOf({ ...program, size: program.size - 1, isSymbolic: false });
        expect(messageOf(() => parse(text))).toContain(`expected at least ${program.size}`);
      }),
      runs(100),
    );
  });

  it("stand in the second version of the text", () => {
    const module = parse(
      textOf({ size: 4, parts: [{ shape: [2], strides: [2], offset: 1 }], steps: [], isSymbolic: false }),
    );
    expect(printModule(module, { header: true })).toMatch(/^adjoint 2\n/);
  });

  it("print strides, and an offset that is not 0", () => {
    const same = (text: string): void => expect(printType(parseTypeText(text))).toBe(text);
    same("memref<f64[2, 3], strides = [1, 2]>");
    same("memref<f64[2, 3], strides = [3, 1]>");
    same("memref<f64[2, 3], strides = [1, 2], offset = N>");
    same("memref<f64, strides = [], offset = 3>");
    expect(printType(parseTypeText("memref<f64[2, N, 3], offset = 4>"))).toBe(
      "memref<f64[2, N, 3], strides = [3*N, 3, 1], offset = 4>",
    );
  });
});
