// The arbitraries for fast-check's own assert: what they give is valid, prints as IR does, and shrinks.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpret } from "../src/backend/index.ts";
import {
  findFunc,
  isomorphic,
  type Module,
  parseTypeText,
  printModule,
  printType,
  sameType,
  signatureOf,
  symbol,
  tensorType,
  verify,
  walk,
} from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { arrays, arguments as callArguments, modules, outcomeOf, types } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

function mainOf(module: Module) {
  const main = findFunc(module, "main");
  if (main === undefined) throw new Error("no @main");
  return signatureOf(main);
}

describe("modules", () => {
  it("are valid, and print as the IR that they are", () => {
    fc.assert(
      fc.property(modules(), (module) => {
        verify(module);
        expect(String(module)).toBe(printModule(module));
        expect(isomorphic(parse(String(module)), module)).toBeNull();
      }),
      runs(100),
    );
  });

  it("have no regions and no effects where these are left out", () => {
    fc.assert(
      fc.property(modules({ regions: false, effects: false }), (module) => {
        for (const func of module.funcs)
          walk(func.body, ({ op, regions }) => {
            expect(op.effect).not.toBe("effect");
            expect(regions).toEqual([]);
          });
      }),
      runs(100),
    );
  });

  it("shrink to the one operation that a property is about, shown as IR", () => {
    const hasSort = (module: Module): boolean => {
      let found = false;
      for (const func of module.funcs) walk(func.body, ({ op }) => void (found ||= op.name === "sort"));
      return found;
    };
    const { counterexample, failed } = fc.check(
      fc.property(modules(), (module) => !hasSort(module)),
      { seed: 1, numRuns: 500 },
    );
    expect(failed).toBe(true);
    const text = fc.stringify(counterexample?.[0]);
    expect(text).toMatch(/^func @main/);
    expect(text.match(/ = /g)?.length).toBeLessThan(4);
  });
});

describe("arguments", () => {
  it("suit every public function of a module", () => {
    const called = modules().chain((module) => callArguments(mainOf(module)).map((args) => ({ module, args })));
    fc.assert(
      fc.property(called, ({ module, args }) => {
        // an error of a call that does not suit is no outcome, and would be thrown
        outcomeOf((observe) => interpret(module, "main", args, { observe, steps: 50_000 }));
      }),
      runs(60),
    );
  });

  it("have sizes for which the constraints of the function hold, or those that are given", () => {
    const text = "func @main<N>(%x: f64[N], %y: f64[2*N+1]) -> f64[N] where N >= 3 {\n  return %x\n}";
    const signature = mainOf(parse(text));
    fc.assert(
      fc.property(callArguments(signature), ([x, y]) => {
        expect(x.shape[0]).toBeGreaterThanOrEqual(3);
        expect(y.shape).toEqual([2 * x.shape[0] + 1]);
      }),
      runs(50),
    );
    fc.assert(
      fc.property(callArguments(signature, { N: 4 }), ([x, y]) => {
        expect([x.shape, y.shape]).toEqual([[4], [9]]);
      }),
      runs(20),
    );
  });

  it("shrink to few elements, shown as text", () => {
    const signature = mainOf(parse("func @main<N>(%x: i32[N]) -> i32[N] {\n  return %x\n}"));
    const { counterexample } = fc.check(
      fc.property(callArguments(signature), ([x]) => x.data.every((v) => v < 3)),
      { seed: 1, numRuns: 500 },
    );
    const x = counterexample?.[0][0];
    expect(x?.data.length).toBeLessThan(4);
    expect([...(x?.data ?? [])].filter((v) => v !== 0)).toHaveLength(1);
    expect(String(x)).toMatch(/^i32\[\d\] \([0, ]*\d+[0, ]*\)$/);
  });
});

describe("arrays and types", () => {
  it("have the type and the numbers of its dtype", () => {
    fc.assert(
      fc.property(arrays(tensorType("u8", [2, symbol("N")]), { N: 3 }), ({ dtype, shape, data }) => {
        expect([dtype, shape, data.length]).toEqual(["u8", [2, 3], 6]);
        expect(data).toBeInstanceOf(Uint8Array);
      }),
      runs(50),
    );
  });

  it("print and parse back", () => {
    fc.assert(
      fc.property(types(), (type) => sameType(parseTypeText(printType(type)), type)),
      runs(100),
    );
  });
});
