// Nothing recurses over the depth of a graph: very long, very wide and deeply nested programs go all the way.

import { describe, expect, it } from "vitest";
import { interpret } from "../src/backend/index.ts";
import { compileModule } from "../src/compile/index.ts";
import { type Module, ndscalar, printModule, verify } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";

const scalars = (...xs: number[]) => xs.map((x) => ndscalar("f64", x));

function chain(length: number): string {
  const lines = ["private func @f(%x: f64, %a: f64, %b: f64) -> f64 {"];
  let last = "x";
  for (let i = 0; i < length / 2; i++) {
    lines.push(`  %m${i} = mul %${last}, %a : f64`, `  %s${i} = add %m${i}, %b : f64`);
    last = `s${i}`;
  }
  return `${lines.join("\n")}\n  return %${last}\n}\n`;
}

const value = `
func @main(%x: f64, %a: f64, %b: f64) -> f64 {
  %y = call @f(%x, %a, %b) : f64
  return %y
}
`;
const gradient = `
func @main(%x: f64, %a: f64, %b: f64) -> (f64, f64, f64, f64) {
  %one = constant 1 : f64
  %y, %dx, %da, %db = vjp @f(%x, %a, %b) cotangents(%one) : f64, f64, f64, f64
  return %y, %dx, %da, %db
}
`;

function runCompiled(module: Module, args: number[]): readonly number[] {
  const { executable, module: optimised } = compileModule(module);
  verify(optimised);
  const results = executable.run(scalars(...args)).map((a) => a.data[0]);
  expect(results).toEqual(interpret(optimised, "main", scalars(...args)).map((a) => a.data[0]));
  return results;
}

describe("a long chain of operations", () => {
  const args = [0.5, 0.9999, 0.0001];
  const steps = (length: number): number => {
    let y = args[0];
    for (let i = 0; i < length / 2; i++) y = y * args[1] + args[2];
    return y;
  };

  it("of 200,000 parses, verifies, prints, optimises, compiles and runs", () => {
    const length = 200_000;
    const module = parse(chain(length) + value);
    expect(printModule(module).length).toBeGreaterThan(length * 20);
    expect(runCompiled(module, args)).toEqual([steps(length)]);
  });

  it("of 100,000 differentiates", () => {
    const length = 100_000;
    const [y, dx] = runCompiled(parse(chain(length) + gradient), args);
    expect(y).toBe(steps(length));
    let power = 1;
    for (let i = 0; i < length / 2; i++) power *= args[1];
    expect(dx).toBeCloseTo(power, 12);
  });
});

it("a graph of 50,000 independent values, all used at the end, compiles and runs", () => {
  const count = 50_000;
  const lines = ["func @main(%x: f64) -> f64 {"];
  for (let i = 0; i < count; i++) {
    lines.push(`  %c${i} = constant ${i + 0.5} : f64`, `  %m${i} = mul %x, %c${i} : f64`);
  }
  let last = "m0";
  for (let i = 1; i < count; i++) {
    lines.push(`  %a${i} = add %${last}, %m${i} : f64`);
    last = `a${i}`;
  }
  let expected = 0.3 * 0.5;
  for (let i = 1; i < count; i++) expected += 0.3 * (i + 0.5);
  expect(runCompiled(parse(`${lines.join("\n")}\n  return %${last}\n}\n`), [0.3])).toEqual([expected]);
});

it("a function of 1,000 arguments and results compiles and runs", () => {
  const names = Array.from({ length: 1000 }, (_, i) => `%x${i}`);
  const args = names.map((name) => `${name}: f64`).join(", ");
  const body = names.map((name, i) => `  %y${i} = neg ${name} : f64`).join("\n");
  const text = `func @main(${args}) -> (${names.map(() => "f64").join(", ")}) {\n${body}\n  return ${names.map((_, i) => `%y${i}`).join(", ")}\n}\n`;
  const inputs = names.map((_, i) => i + 1);
  expect(runCompiled(parse(text), inputs)).toEqual(inputs.map((x) => -x));
});

it("regions nested 200 deep compile and run", () => {
  const depth = 200;
  const open = Array.from({ length: depth }, (_, i) => `${"  ".repeat(i + 1)}%y${i} = if %p : f64 {`);
  const close = Array.from({ length: depth }, (_, k) => {
    const i = depth - 1 - k;
    const pad = "  ".repeat(i + 1);
    const inner = i === depth - 1 ? "%x" : `%y${i + 1}`;
    return `${pad}  %z${i} = add ${inner}, %x : f64\n${pad}  yield %z${i}\n${pad}} else {\n${pad}  yield %x\n${pad}}`;
  });
  const text = `func @main(%x: f64, %p: bool) -> f64 {\n${[...open, ...close].join("\n")}\n  return %y0\n}\n`;
  const { executable } = compileModule(parse(text));
  expect(executable.scalar?.(1, true)).toBe(depth + 1);
  expect(executable.scalar?.(1, false)).toBe(1);
});
