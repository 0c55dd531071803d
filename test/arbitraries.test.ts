// The arbitraries for fast-check's own assert: what they give is valid, prints as IR does, and shrinks.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpret } from "../src/backend/index.ts";
import {
  findFunc,
  isomorphic,
  list,
  type Module,
  mustStay,
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
import {
  arbitraryProgram,
  arrays,
  arguments as callArguments,
  modules,
  outcomeOf,
  types,
} from "../src/testing/index.ts";
import { messageOf } from "./support/errors.ts";
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
            expect(mustStay(op.effects)).toBe(false);
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

  it("print as IR, and parse back", () => {
    fc.assert(
      fc.property(types({ kinds: ["tensor", "unranked", "memref", "list"] }), (type) => {
        expect(String(type)).toBe(printType(type));
        expect(fc.stringify(type)).toBe(printType(type));
        expect(sameType(parseTypeText(String(type)), type)).toBe(true);
      }),
      runs(100),
    );
  });

  it("go together: each type that is drawn has arrays", () => {
    const options = fc.record({
      dtypes: fc.subarray(["f64", "u8", "bool"] as const, { minLength: 1 }),
      rank: fc.nat(3),
      symbols: fc.subarray(["N", "Batch"], { minLength: 0 }),
    });
    const drawn = options.chain((o) =>
      types(o).chain((type) => fc.record({ o: fc.constant(o), a: arrays(type, { N: 2, Batch: 3 }) })),
    );
    fc.assert(
      fc.property(drawn, ({ o, a }) => {
        expect(o.dtypes).toContain(a.dtype);
        expect(a.shape.length).toBeLessThanOrEqual(o.rank);
      }),
      runs(100),
    );
  });

  it("say what they are not given", () => {
    expect(() => arrays(tensorType("f64", [symbol("N")]))).toThrow(
      "arrays: f64[N] has a symbol N, and the sizes do not say how large it is",
    );
    for (const given of [undefined, 5, {}, parse("func @main(%x: f64) -> f64 {\n  return %x\n}").funcs[0]])
      expect(() => callArguments(given as never)).toThrow(/^arguments: got a value .*, expected a signature/);
    expect(() => arrays("f64" as never)).toThrow("arrays: got a value of type string, expected the type of a tensor");
    expect(() => arrays(list(tensorType("f64")))).toThrow("arrays: got list<f64>, expected the type of a tensor");
  });
});

describe("an option of an arbitrary", () => {
  it.each([
    [() => modules({ op: 1 } as never), "modules: unknown option 'op', expected one of ops, dtypes"],
    [() => modules({ operations: -1 }), "modules: option 'operations' is -1, expected a whole number from 1"],
    [() => modules({ dtypes: ["f65"] } as never), "modules: 'dtypes' holds 'f65', expected some of f64"],
    [() => modules(5 as never), "modules: the options are a number, expected an object"],
    [() => arbitraryProgram({ region: true } as never), "arbitraryProgram: unknown option 'region'"],
    [() => types("N" as never), "types: the options are a string, expected an object with some of symbols"],
    [() => types(["N"] as never), "types: the options are an array, expected an object with some of symbols"],
    [() => types({ symbols: ["n"] }), "types: 'symbols' holds 'n', expected names of sizes, such as N"],
    [() => types({ kinds: ["tensors"] } as never), "types: 'kinds' holds 'tensors', expected some of tensor"],
    [() => types({ dtypes: [] }), "types: option 'dtypes' is an array, expected some of f64"],
    [() => types({ rank: 0.5 }), "types: option 'rank' is 0.5, expected a whole number from 0"],
  ])("is refused where it cannot be: %s", (make, message) => {
    expect(messageOf(make)).toContain(message);
  });
});
