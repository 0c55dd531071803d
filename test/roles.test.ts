// Roles of arguments: text and versions, what memory holds at first, and that code leans on no more than it says.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inline, loopPipeline, lowerToLoops } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { compileModule, runPasses } from "../src/compile/index.ts";
import { compile, tensor } from "../src/index.ts";
import {
  allocate,
  type DType,
  dtypes,
  finalContents,
  isomorphic,
  isScalar,
  type Module,
  makeBlock,
  makeFunc,
  makeModule,
  type NdArray,
  parseModule,
  printModule,
  requireFunc,
  roleNames,
  sameType,
  signatureOf,
  type TypedArray,
  verify,
} from "../src/ir/index.ts";
import { standardOps } from "../src/ops/index.ts";
import { Pipeline } from "../src/rewrite/index.ts";
import { arbitraryProgram, buildProgram, arguments as callArguments, sizesOf } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

const parse = (text: string): Module => parseModule(text, standardOps);

describe("roles", () => {
  const parameter = fc.record({
    role: fc.constantFrom(...roleNames),
    type: fc.constantFrom("memref<f64[3]>", "memref<i32>", "memref<bool[2, 3]>"),
  });

  it("print, read back, and stay in other versions of a function", () => {
    fc.assert(
      fc.property(fc.array(parameter, { minLength: 1, maxLength: 5 }), (parameters) => {
        const args = parameters.map(({ role, type }, i) => `%a${i}: ${role === "in" ? "" : `${role} `}${type}`);
        const text = `func @f(${args.join(", ")}) {\n  return\n}\n`;
        const module = parse(text);
        const isNew = parameters.some(({ role }) => role !== "in");
        expect(printModule(module)).toBe(text);
        const headed = printModule(module, { header: true });
        expect(headed).toBe(`adjoint ${isNew ? 2 : 1}\n\n${text}`);
        expect(isomorphic(parse(headed), module)).toBeNull();
        const [func] = module.funcs;
        expect(func.roles).toEqual(parameters.map(({ role }) => role));
        expect(signatureOf(makeFunc({ ...func, name: "g" })).roles).toEqual(func.roles);
        const fewer = makeBlock(func.body.arguments.slice(1), func.body.operations, func.body.results);
        if (isNew) expect(() => makeFunc({ ...func, body: fewer })).toThrow("roles");
        else expect(makeFunc({ ...func, body: fewer }).roles.length).toBe(parameters.length - 1);
        const plain = parse(text.replaceAll(/(out|inout|zeroed) /g, ""));
        if (isNew) expect(isomorphic(module, plain)).toContain("roles");
        verify(module, { level: "loop" });
      }),
      runs(60),
    );
  });

  it.each(["f64", "f32", "i32", "u32", "u8", "bool"] as const)(
    "say what memory of %s holds at first",
    (dtype: DType) => {
      const text = roleNames
        .map(
          (role) =>
            `func @${role}(%x: ${role} memref<${dtype}[4]>) -> ${dtype} {\n  %a = load %x[2] : ${dtype}\n  return %a\n}\n`,
        )
        .join("\n");
      const held = (role: string): number => {
        const memory = allocate(dtype, [4]);
        memory.data.fill(1);
        return interpret(parse(text), role, [memory])[0].data[0];
      };
      expect(held("in")).toBe(1);
      expect(held("inout")).toBe(1);
      expect(held("zeroed")).toBe(0);
      const garbage: Readonly<Record<string, number>> = { i32: 0xaaaaaaaa | 0, u32: 0xaaaaaaaa, u8: 0xaa, bool: 1 };
      expect(held("out")).toBe(garbage[dtype] ?? Number.NaN);
      const { executable } = compileModule(parse(text), { entry: "zeroed", backend: "js" });
      const memory = allocate(dtype, [4]);
      memory.data.fill(1);
      expect(executable.run([memory])[0].data[0]).toBe(0);
    },
  );
});

/** The arrays for results that f.into writes to, full of what is none of them. */
function dirty(results: readonly NdArray[]): readonly TypedArray[] {
  return results.map(({ dtype, data }) => new dtypes[dtype].array(data.length).fill(1));
}

describe("memory for results", () => {
  it("is out, unless a function that users call leans on its zeros", () => {
    const lowered = (text: string): readonly (readonly string[])[] => {
      const pipeline = new Pipeline([{ pass: lowerToLoops, reason: "it is looked at" }]);
      return runPasses(parse(text), pipeline).module.funcs.map((f) => f.roles);
    };
    const twice = "func @f(%x: f64[3]) -> f64[3] {\n  %y = add %x, %x : f64[3]\n  return %y\n}\n";
    expect(lowered(twice)).toEqual([["in", "out"]]);
    const placed =
      "@f(%x: f64[2], %i: i32) -> f64[5] {\n  %zeros = constant 0 : f64[5]\n  %y = dynamic_update_slice %zeros, %x, %i : f64[5]\n  return %y\n}\n";
    expect(lowered(`func ${placed}`)).toEqual([["in", "in", "zeroed"]]);
    expect(lowered(`private func ${placed}`)).toEqual([["in", "in", "out"]]);
    const f = compile(`func ${placed}`, { backend: "js" });
    const memory = Float64Array.of(9, 9, 9, 9, 9);
    for (let i = 0; i < 4; i++) f.into(memory, new Float64Array([1, 2]), i);
    expect([...memory]).toEqual([0, 0, 0, 1, 2]);
  });

  it("may hold anything when f.into is called", () => {
    let compared = 0;
    fc.assert(
      fc.property(
        arbitraryProgram({ transforms: false, effects: false }).chain((program) => {
          const module = buildProgram(program);
          const main = module.funcs.find((f) => f.name === "main") ?? module.funcs[0];
          return callArguments(signatureOf(main), sizesOf(program)).map((args) => ({ module, args }));
        }),
        ({ module, args }) => {
          let expected: readonly NdArray[];
          try {
            expected = interpret(runPasses(module, new Pipeline([{ pass: inline, reason: "" }])).module, "main", args);
          } catch {
            return;
          }
          const f = compile(printModule(module), { entry: "main", backend: "js" });
          compared++;
          const tensors = args.map(({ dtype, shape, data }) => tensor(data, { dtype, shape }));
          const memory = dirty(expected);
          const into = (): unknown =>
            (f.into as (...all: unknown[]) => unknown)(memory.length === 1 ? memory[0] : memory, ...tensors);
          for (let i = 0; i < 4; i++) {
            for (const array of memory) array.fill(1);
            into();
            expect(memory.map((m) => [...m])).toEqual(expected.map(({ data }) => [...data]));
          }
        },
      ),
      runs(60),
    );
    expect(compared).toBeGreaterThan(5);
  });
});

/** The program's `main` with more results: what some of its tensors become, which is any value of their types. */
function changing(module: Module, choices: readonly number[]): Module {
  const at = module.funcs.findIndex((f) => f.name === "main");
  const func = module.funcs[at];
  const { arguments: args, operations, results } = func.body;
  const values = [...args, ...operations.flatMap((o) => o.results)];
  const changed: number[] = [];
  const contents = args.flatMap(({ type }, i) => {
    if (type.kind !== "tensor" || isScalar(type) || choices[i] % 4 === 0) return [];
    changed.push(i);
    const fitting = values.filter((v) => sameType(v.type, type));
    return [fitting[choices[i] % fitting.length]];
  });
  const roles = args.map((_, i) => (changed.includes(i) ? "inout" : "in"));
  const body = makeBlock(args, operations, [...results, ...contents]);
  return makeModule(module.funcs.with(at, makeFunc({ ...func, body, roles, visibility: "public" })));
}

describe("tensors whose memory may be changed", () => {
  it("hold in the end what the last results say, and no other result suffers", () => {
    let inPlace = 0;
    fc.assert(
      fc.property(
        arbitraryProgram({ transforms: false, effects: false }).chain((program) => {
          const module = buildProgram(program);
          const main = module.funcs.find((f) => f.name === "main") ?? module.funcs[0];
          const choices = fc.array(fc.nat(), {
            minLength: main.body.arguments.length,
            maxLength: main.body.arguments.length,
          });
          return fc.record({
            module: choices.map((chosen) => changing(module, chosen)),
            args: callArguments(signatureOf(main), sizesOf(program)),
          });
        }),
        ({ module, args }) => {
          verify(module);
          const tensors = runPasses(
            module,
            new Pipeline([{ pass: inline, reason: "functions with rules of their own" }]),
          );
          let expected: readonly NdArray[];
          try {
            expected = interpret(module, "main", args);
          } catch {
            return;
          }
          const tensorLevel = requireFunc(module, "main");
          const lowered = runPasses(tensors.module, loopPipeline).module;
          verify(lowered, { level: "loop" });
          const { roles } = requireFunc(lowered, "main");
          const contents = finalContents(signatureOf(tensorLevel));
          if (roles.includes("inout")) inPlace++;
          // where no function calls it, the memory is the argument's own
          const passed = args.map((a) => ({ ...a, data: a.data.slice() }));
          const outputs = expected.flatMap((r, k) => {
            const i = contents[k];
            return r.shape.length === 0 || (i !== null && roles[i] === "inout") ? [] : [allocate(r.dtype, r.shape)];
          });
          const returned = interpret(lowered, "main", [...passed, ...outputs]);
          let [nextOutput, nextReturned] = [0, 0];
          const got = expected.map((r, k) => {
            const i = contents[k];
            if (i !== null && roles[i] === "inout") return passed[i];
            return r.shape.length === 0 ? returned[nextReturned++] : outputs[nextOutput++];
          });
          expect(got.map(({ data }) => [...data])).toEqual(expected.map(({ data }) => [...data]));
          // and who passes tensors keeps them
          const before = args.map(({ data }) => [...data]);
          const { executable } = compileModule(module, { entry: "main", backend: "js" });
          const results = executable.run(args);
          expect(results.map(({ data }) => [...data])).toEqual(expected.map(({ data }) => [...data]));
          expect(args.map(({ data }) => [...data])).toEqual(before);
        },
      ),
      runs(80),
    );
    expect(inPlace).toBeGreaterThan(10);
  });

  it("are only the caller's: a private function has none", () => {
    const text = "func @f(%x: inout f64[2]) -> f64[2] {\n  return %x\n}\n";
    const [func] = parse(text).funcs;
    expect(printModule(parse(text), { header: true })).toBe(`adjoint 2\n\n${text}`);
    expect(makeFunc({ ...func, visibility: "private" }).roles).toEqual(["in"]);
  });
});
