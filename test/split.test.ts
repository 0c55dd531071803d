// Large functions: split so that the engine optimises them, with the same bits and without limits on size.

import { describe, expect, it } from "vitest";
import { interpret } from "../src/backend/index.ts";
import { buildFunc, countOperations, type Module, makeModule, scalar } from "../src/ir/index.ts";
import { add, constant, cos, mul, sin } from "../src/ops/index.ts";
import { compileJs, everyWay, f64, i32, same } from "./backends.ts";

describe("large functions", () => {
  /** Sums of earlier values in a window, so that values cross between parts. */
  function graph(size: number, window: number): Module {
    const func = buildFunc({ name: "f", argumentNames: ["a", "b"] }, [scalar("f64"), scalar("f64")], (a, b) => {
      const all = [a, b];
      for (let i = 0; i < size; i++) {
        const x = all[all.length - 1];
        const y = all[Math.max(0, all.length - 1 - ((i * 7919) % window))];
        all.push(
          i % 50 === 0 ? sin(mul(x, y)) : i % 3 === 0 ? cos(add(x, y)) : add(x, mul(y, constant(0.25, scalar("f64")))),
        );
      }
      return [all[all.length - 1], all[all.length >> 1], a];
    });
    return makeModule([func]);
  }

  it("are split, and give the same bits", () => {
    for (const window of [1, 3, 700, 5000]) {
      const module = graph(5000, window);
      const args = [f64(0.3), f64(-1.7)];
      const executable = compileJs(module, "f");
      expect(executable.source).toContain("new Float64Array(");
      same(executable.run(args), interpret(module, "f", args));
      expect(executable.scalar?.(0.3, -1.7)).toEqual(interpret(module, "f", args).map((r) => r.data[0]));
    }
  });

  it("of 200,000 operations compile and run", () => {
    const module = graph(100_000, 3);
    expect(countOperations(module)).toBeGreaterThan(200_000);
    const args = [f64(0.3), f64(-1.7)];
    same(compileJs(module, "f").run(args), interpret(module, "f", args));
  }, 60_000);

  it("are split inside regions, with booleans and carried values that cross", () => {
    const lines = Array.from({ length: 1500 }, (_, i) => {
      const [x, y] = [i === 0 ? "%s" : `%v${i - 1}`, i < 9 ? "%x" : `%v${i - 9}`];
      return `    %p${i} = compare ${x}, ${y}, direction = lt : bool
    %w${i} = select ${i < 40 ? `%p${i}` : `%p${i - 40}`}, ${x}, ${y} : f64
    %m${i} = mul %w${i}, %half : f64
    %v${i} = add %m${i}, %x : f64`;
    });
    const text = `func @f(%x: f64, %n: i32) -> (f64, i32) {
  %half = constant 0.5 : f64
  %zero = constant 0 : i32
  %one = constant 1 : i32
  %last, %steps = while carry(%s: f64 = %x, %i: i32 = %zero) : f64, i32 {
    %more = compare %i, %n, direction = lt : bool
    yield %more
  } do(%s: f64, %i: i32) {
${lines.join("\n")}
    %next = add %i, %one : i32
    yield %v1499, %next
  }
  return %last, %steps
}
`;
    everyWay(text, "f", [f64(1.25), i32(3)]);
  });

  it("take more arguments and give more results than a JavaScript function may have", () => {
    const count = 70_000;
    const func = buildFunc({ name: "f" }, new Array(count).fill(scalar("f64")), (...args) =>
      args.map((x, i) => (i === 0 ? x : add(x, args[i - 1]))),
    );
    const args = Array.from({ length: count }, (_, i) => f64(i / 3));
    const module = makeModule([func]);
    const results = compileJs(module, "f").run(args);
    expect(results.length).toBe(count);
    same(results, interpret(module, "f", args));
  }, 60_000);
});
