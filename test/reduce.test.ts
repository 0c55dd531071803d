// Reducing: what is left of a program that fails, of its inputs, and of the rewrites among which one is wrong.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  calleeOf,
  countOperations,
  findFunc,
  freeValues,
  type Module,
  mapBodies,
  type Operation,
  printModule,
  sameType,
  ValueSet,
  verify,
  walk,
  withOperations,
  withParts,
  withRegions,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { parse, records } from "../src/ops/index.ts";
import { applyRules, definePass, type Pass, type Rule, rule, vocabulary } from "../src/rewrite/index.ts";
import { arbitraryProgram, checkPass, reduceModule } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

const { add, mul, sub } = vocabulary(records);

function reportOf(pass: Pass, options: Parameters<typeof checkPass>[1] = {}): string {
  try {
    // no clock decides how small it gets
    checkPass(pass, { timeBudget: 1e9, ...options });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing found");
}

/** The IR of a report. */
function moduleOf(report: string): Module {
  return parse(report.slice(report.search(/^(private )?func @/m)).replace(/\nreplay:[\s\S]*$/, ""));
}

/** A pass that maps the operations of each block, regions included. */
function blockwise(map: (operations: readonly Operation[], isUsed: (o: Operation) => boolean) => readonly Operation[]) {
  type Block = Module["funcs"][number]["body"];
  const block = (given: Block): Block => {
    const inner = given.operations.map((o) => withRegions(o, o.regions.map(block)));
    const used = new ValueSet(given.results);
    for (const o of inner) for (const v of [...o.operands, ...freeValues(...o.regions)]) used.add(v);
    const isUsed = (o: Operation): boolean => o.results.some((v) => used.has(v));
    return withOperations(given, map(inner, isUsed));
  };
  return definePass({ name: "wrong", summary: "Is wrong.", run: (module) => mapBodies(module, block) });
}

/** The operation with its first two carried values exchanged. */
function exchanged(operation: Operation): Operation {
  const [a, b, ...rest] = operation.operands;
  return withParts(operation, { operands: [b, a, ...rest] });
}

describe("a report", () => {
  const passOf = (...rules: readonly Rule[]): Pass =>
    definePass({ name: "rules", summary: "Applies rules.", run: (m, cx) => applyRules(m, rules, cx) });

  it("has a loop of what the fault needs, however much was carried", () => {
    const wrong = blockwise((operations) =>
      operations.map((o) => {
        const [a, b] = o.results;
        return o.op === records.while && b !== undefined && sameType(a.type, b.type) ? exchanged(o) : o;
      }),
    );
    const report = reportOf(wrong);
    expect(countOperations(moduleOf(report)), report).toBeLessThanOrEqual(4);
  });

  it("has a callee of what the fault needs, and calls that give nothing else", () => {
    const wrong = blockwise((operations, isUsed) =>
      operations.filter((o) => !(o.op === records.call && o.results.length > 0 && !isUsed(o))),
    );
    const report = reportOf(wrong);
    const module = moduleOf(report);
    expect(countOperations(module), report).toBeLessThanOrEqual(3);
    const calls: Operation[] = [];
    for (const { body } of module.funcs) walk(body, (o) => void (calleeOf(o) !== null && calls.push(o)));
    for (const o of calls) expect(findFunc(module, calleeOf(o) ?? "")?.body.results.length, report).toBe(1);
  });

  it("keeps an operation that nothing reads where the fault is about it", () => {
    const wrong = definePass({
      name: "wrong",
      summary: "Fails at an operation that nothing reads.",
      run(module) {
        for (const { body } of module.funcs) {
          const used = new ValueSet(body.results);
          walk(body, (o) => void [...o.operands, ...freeValues(...o.regions)].map((v) => used.add(v)));
          walk(body, (o) => {
            if (o.op.traits.elementwise && !o.results.some((v) => used.has(v))) throw new Error("no reader");
          });
        }
        return module;
      },
    });
    const given = parse(
      "func @main(%x: f64) -> f64 {\n  %y = exp %x : f64\n  %z = sin %y : f64\n  %w = cos %x : f64\n  return %w\n}",
    );
    const smallest = reduceModule(given, "main", (m) => {
      try {
        wrong.run(m, { ops: new Map(), fast: false });
        return false;
      } catch {
        return true;
      }
    });
    expect(countOperations(smallest)).toBe(1);
  });

  it("has the simplest inputs: scalars, and numbers that are easy to read", () => {
    const halves = rule(
      "x + x → x * x",
      (x) => add(x, x),
      (x) => ops.mul(x, x),
    );
    const report = reportOf(passOf(halves));
    expect(report).toMatch(/\nfor @main\(\w+ \((1|-1)\)\)\n/);
  });

  it("names the one wrong rule among right ones, by the rewrite that needs it", () => {
    const right = rule(
      "x - 0 → x",
      (x) => sub(x, 0),
      (x) => x,
    );
    const wrong = rule(
      "x * 0 → 0",
      (x) => mul(x, 0),
      () => 0,
    );
    expect(reportOf(passOf(right, wrong))).toContain("by the rule 'x * 0 → 0' (rewrite 1 of 1, of mul : ");
  });
});

describe("reduceModule", () => {
  it("leaves one operation where one op is all that is asked for, and tries valid modules only", () => {
    fc.assert(
      fc.property(arbitraryProgram({ transforms: true }), fc.nat(), ({ module }, pick) => {
        const names: string[] = [];
        for (const { body } of module.funcs) walk(body, ({ op }) => void names.push(op.name));
        fc.pre(names.length > 0);
        const name = names[pick % names.length];
        const smallest = reduceModule(module, "main", (candidate) => {
          verify(candidate);
          expect(printModule(parse(printModule(candidate)))).toBe(printModule(candidate));
          return hasOp(candidate, name);
        });
        expect(findFunc(smallest, "main")).toBeDefined();
        expect(hasOp(smallest, name)).toBe(true);
        // regions yield something, a custom derivative has several; what stands in them may be a constant
        expect(countOperations(smallest), printModule(smallest)).toBeLessThanOrEqual(4);
      }),
      runs(12),
    );
  });

  it("takes IR with memory, and with tensors of any rank", () => {
    const lowered = parse(
      "func @main<N>(%x: memref<f64[N]>, %y: inout memref<f64[N]>) {\n  %m = alloc : memref<f64[N]>\n  for %i: index = 0 to N {\n    %a = load %x[%i] : f64\n    %b = exp %a : f64\n    store %b, %m[%i]\n  }\n  for %j: index = 0 to N {\n    %c = load %m[%j] : f64\n    %d = sin %c : f64\n    store %d, %y[%j]\n  }\n  return\n}",
    );
    const open = parse(
      "func @main(%x: f64[*], %y: f64[*]) -> (f64[*], f64[*]) {\n  %a = exp %x : f64[*]\n  %b = sin %a : f64[*]\n  %c = cos %y : f64[*]\n  return %b, %c\n}",
    );
    for (const module of [lowered, open]) {
      const smallest = reduceModule(module, "main", (m) => hasOp(m, "sin"));
      expect(countOperations(smallest), printModule(smallest)).toBeLessThanOrEqual(2);
    }
  });
});

function hasOp(module: Module, name: string): boolean {
  let found = false;
  for (const { body } of module.funcs) walk(body, ({ op }) => void (found ||= op.name === name));
  return found;
}
