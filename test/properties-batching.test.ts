// Batching of random programs: what vmap gives is what the function gives for each element, bit for bit.

import fc from "fast-check";
import { expect, it } from "vitest";
import { batch, gradPipeline, tensorPipeline } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { compileModule, runPasses } from "../src/compile/index.ts";
import {
  buildFunc,
  type Dim,
  dtypes,
  type Func,
  findFunc,
  type Module,
  makeModule,
  type NdArray,
  printModule,
  type Signature,
  signatureOf,
  sizeOf,
  symbol,
  type TensorType,
  tensorType,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import {
  arbitraryProgram,
  buildProgram,
  checkBatching,
  outcomeOf,
  sameArrays,
  sampleArguments,
  sizesOf,
} from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

/** Element `i` along the leading axis. */
function elementOf({ dtype, shape, data }: NdArray, i: number): NdArray {
  const size = sizeOf(shape.slice(1));
  return { dtype, shape: shape.slice(1), data: data.slice(i * size, (i + 1) * size) };
}

function stacked(
  count: number,
  parts: readonly (readonly NdArray[])[],
  signature: Signature,
  dims: readonly number[][],
) {
  return signature.results.map((type, k): NdArray => {
    const { dtype } = type as TensorType;
    const data = new dtypes[dtype].array(count * sizeOf(dims[k]));
    for (const [i, part] of parts.entries()) data.set(part[k].data, i * sizeOf(dims[k]));
    return { dtype, shape: [count, ...dims[k]], data };
  });
}

it.each([
  ["batch", batch],
  ["the whole tensor pipeline", tensorPipeline],
] as const)("%s maps random programs to what they give for each element, over one axis and over two", (_, subject) => {
  const report = checkBatching(subject, { runs: runs(100).numRuns });
  expect(report.changed).toBeGreaterThan(report.programs / 2);
});

/** The module with @at, a derivative of @main along what its last arguments are, and @mapped, which maps those alone. */
function withDirections(module: Module, kind: "jvp" | "vjp", size: Dim): Module {
  const main = signatureOf(findFunc(module, "main") as Func);
  const floats = main.arguments.flatMap((type, i) => (ops.isFloatType(type) ? [i] : []));
  const along = kind === "jvp" ? floats.map((i) => main.arguments[i]) : main.results.filter(ops.isFloatType);
  const count = main.arguments.length;
  const at = buildFunc(
    { name: "at", symbols: main.symbols, constraints: main.constraints },
    [...main.arguments, ...along],
    (...values) => {
      const [args, given] = [values.slice(0, count), values.slice(count)];
      return (kind === "jvp" ? ops.jvp : ops.vjp)(main, args, given, floats).slice(main.results.length);
    },
  );
  const signature = signatureOf(at);
  const wide = along.map((type) => tensorType((type as TensorType).dtype, [size, ...(type as TensorType).shape]));
  const mapped = buildFunc(
    { name: "mapped", symbols: ["B", ...main.symbols], constraints: main.constraints },
    [...main.arguments, ...wide],
    (...values) =>
      ops.vmap(
        signature,
        values,
        along.map((_, i) => count + i),
      ),
  );
  return makeModule([...module.funcs, at, mapped]);
}

it.each(["jvp", "vjp"] as const)("maps directions of %s at one point to what each of them gives", (kind) => {
  let compared = 0;
  const check = (program: Parameters<typeof buildProgram>[0], count: number, seed: number): void => {
    const module = buildProgram(program);
    const main = signatureOf(findFunc(module, "main") as Func);
    fc.pre(module.funcs.every((f) => f.body.operations.every((o) => o.regions.length === 0)));
    fc.pre(!printModule(module).includes("list<"));
    fc.pre(main.arguments.some(ops.isFloatType) && main.results.some(ops.isFloatType));
    const all = withDirections(module, kind, symbol("B"));
    const [at, mapped] = ["at", "mapped"].map((name) => signatureOf(findFunc(all, name) as Func));
    const args = sampleArguments(mapped, { ...sizesOf(program), B: count }, seed);
    const point = args.slice(0, main.arguments.length);
    const resolved = runPasses(all, gradPipeline, { check: "verify" }).module;
    const each = Array.from({ length: count }, (_, i) => {
      const directions = args.slice(point.length).map((a) => elementOf(a, i));
      return outcomeOf(() => interpret(resolved, "at", [...point, ...directions])).results;
    });
    const got = outcomeOf(() => interpret(resolved, "mapped", args)).results;
    if (each.some((r) => typeof r === "string")) {
      expect(typeof got, printModule(all)).toBe("string");
      return;
    }
    const parts = each as readonly (readonly NdArray[])[];
    const expected = stacked(
      count,
      parts,
      at,
      parts[0].map((a) => [...a.shape]),
    );
    expect(typeof got !== "string" && sameArrays(got, expected), printModule(resolved)).toBe(true);
    const compiled = compileModule(all, { entry: "mapped", backend: "js" }).executable.run(args);
    expect(sameArrays(compiled, expected), printModule(all)).toBe(true);
    compared++;
  };
  fc.assert(fc.property(arbitraryProgram(), fc.constantFrom(1, 2, 3), fc.nat(1000), check), runs(60));
  expect(compared).toBeGreaterThan(20);
});
