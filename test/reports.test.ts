// Reports of checks: the smallest program and inputs for what is wrong, who did it, and how to see it again.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gradPipeline, tensorPipeline } from "../passes/index.ts";
import {
  defineOp,
  emit,
  type Module,
  mapBodies,
  type NdArray,
  type Op,
  type OpDefinition,
  type Operation,
  sizeOf,
  withOperands,
  withOperations,
  withRegions,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { parse, records, standardOps } from "../src/ops/index.ts";
import { applyRules, definePass, Pipeline, rule, vocabulary } from "../src/rewrite/index.ts";
import { keptCalls, smallerCalls } from "../src/testing/calls.ts";
import {
  type CheckOptions,
  checkBatching,
  checkDerivative,
  checkOp,
  checkPass,
  checkPipeline,
  checkRule,
} from "../src/testing/index.ts";
import { messageOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";

// no clock decides how small a report gets
const timeBudget = 1e9;

/** One of our records with a part that is wrong. */
function wrong(name: string, change: (own: Op) => object): Op {
  const own = standardOps.get(name);
  if (own === undefined) throw new Error(`no op ${name}`);
  return defineOp({ ...own, ...change(own) } as OpDefinition) as Op;
}

const p = vocabulary(records);
const zero = rule(
  "x * 0 → 0",
  (x) => p.mul(x, 0),
  () => 0,
);
const mine = definePass({ name: "mine", summary: "Forgets NaN.", run: (m, cx) => applyRules(m, [zero], cx) });

/** A pass that has no rules. */
const swapped = definePass({
  name: "swapped",
  summary: "Subtracts the other way round.",
  run(module) {
    type Block = Module["funcs"][number]["body"];
    const of = (o: Operation): Operation => {
      const inner = withRegions(o, o.regions.map(block));
      return o.op === records.sub ? withOperands(inner, inner.operands.toReversed()) : inner;
    };
    const block = (b: Block): Block => withOperations(b, b.operations.map(of));
    return mapBodies(module, block);
  },
});

const thrown = (): never => {
  throw new TypeError("no such axis");
};

/** The elements of all arrays that a report gives, the last of which is the one that is called with. */
function inputsOf(report: string): readonly string[] {
  const call = /\nfor (.*)\n/.exec(report)?.[1] ?? "";
  return [...call.matchAll(/\w+(?:\[[\d, ]*\])? \(([^()]*)\)/g)].flatMap(([, list]) => list.split(", "));
}

const operationsIn = (report: string): number => report.match(/^ +%.* = /gm)?.length ?? 0;

describe("a report of an op", () => {
  const partials = (of: Extract<Op["derivative"], { kind: "elementwise" }>["partials"]) => () => ({
    derivative: { kind: "elementwise", partials: of },
  });
  const reversed = wrong("reverse", ({ derivative }) => ({
    derivative: { ...derivative, transpose: ({ cotangent }: { cotangent: unknown }) => [cotangent] },
  }));
  const sameAxis = wrong("cumulative", () => ({
    batching: {
      kind: "rule",
      batch: ({
        operation: { attributes },
        operands: [x],
      }: {
        operation: Operation;
        operands: Operation["operands"];
      }) => emit(records.cumulative, [x], { attributes }),
    },
  }));
  const unpermuted = wrong("permute", () => ({
    lowering: {
      kind: "element",
      element: (cx: { element: (i: number, at: unknown) => unknown }, at: unknown) => cx.element(0, at),
    },
  }));

  it.each([
    [
      "a partial",
      wrong(
        "cos",
        partials(([x]) => [ops.sin(x)]),
      ),
      /along f64 \(1\)/,
      2,
    ],
    ["a transpose", reversed, /along f64\[2\] \((1, 0|0, 1)\), cotangents f64\[2\] /, 6],
    ["a batch", sameAxis, /\nfor vmap\(@main, mapped = \[0\]\)\(f64\[2, 1\] /, 2],
    ["a lowering", unpermuted, /\nfor @main\(f64\[2, 2\] /, 4],
    [
      "a second derivative",
      wrong(
        "sin",
        partials(([x]) => [ops.cos(ops.stopGradient(x))]),
      ),
      /along f64 \(1\), cotangents f64 \(1\)/,
      3,
    ],
  ] as const)("has the smallest inputs for %s, in f64", (_, op, pattern, most) => {
    const report = messageOf(() => checkOp(op, { timeBudget }));
    expect(report).toMatch(pattern);
    expect(operationsIn(report), report).toBe(1);
    expect(report).not.toMatch(/\b(f32|u8|u32|bool)\b/);
    const inputs = inputsOf(report);
    expect(inputs.length, report).toBeLessThanOrEqual(most);
    for (const x of inputs) expect(x, report).toMatch(/^-?[0-3]$/);
  });

  it("says that a rule throws, whichever it is", () => {
    const batching = wrong("permute", () => ({ batching: { kind: "rule", batch: thrown } }));
    expect(messageOf(() => checkBatching(batching))).toContain("its batching fails: pass batch: no such axis");
    const transposed = wrong("permute", ({ derivative }) => ({ derivative: { ...derivative, transpose: thrown } }));
    expect(messageOf(() => checkDerivative(transposed))).toContain(
      "its derivative fails: pass differentiate: no such axis",
    );
  });

  it("maps one axis where that shows it, and fewer elements", () => {
    const report = messageOf(() => checkBatching(sameAxis, { timeBudget }));
    expect(report).toContain("\nfor vmap(@main, mapped = [0])(");
    expect(report).toMatch(/: its batching: result 0 is \S+, expected \S+ at \[\d, 0\] of f64\[2, 1\]\n/);
  });
});

describe("a report of a pipeline", () => {
  const pipeline = tensorPipeline.insertAfter("cse", mine);

  it("names the pass and the rule, whatever is compared", () => {
    const programs = { ops: new Map(["mul", "constant", "add"].map((name) => [name, standardOps.get(name) as Op])) };
    const report = messageOf(() => checkPipeline(pipeline, { programs, timeBudget }));
    expect(report).toMatch(/: after pass mine \(run \d+ of \d+\): @main: result 0 is 0, expected -0\n/);
    expect(report).toContain("\nby the rule 'x * 0 → 0' (rewrite 1 of 1, of mul : f64)\n");
    const batched = new Pipeline([...gradPipeline.stages, { pass: swapped, reason: "a test" }]);
    const only = { programs: { ops: new Map([["sub", records.sub]]) }, timeBudget };
    expect(messageOf(() => checkBatching(batched, only))).toContain(": after pass swapped (run ");
    expect(messageOf(() => checkDerivative(batched, only))).toContain(": after pass swapped (run ");
  });

  it("shows what changed where no rule did it", () => {
    const report = messageOf(() => checkPass(swapped, { timeBudget }));
    expect(report).toMatch(
      /\nby this change:\n~ {3}%sub = sub (%\w+), (%\w+) : f64 → %sub = sub \2, \1 : f64\nreplay: .*\nfunc @main/,
    );
    expect(report).not.toContain("by the rule");
  });
});

describe("the replay line", () => {
  const again = (report: string): CheckOptions => {
    const [, seed, replay] =
      /\nreplay: check\w+\(\w+, \{ (?:\.\.\.options, )?seed: (-?\d+), replay: (\d+) \}\)/.exec(report) ?? [];
    return { seed: Number(seed), replay: Number(replay) };
  };
  const withoutCounts = (report: string): string => report.replace(/; \d+ tried, \d+ changed/, "");

  it("shows the same again, and says when the options belong to it", () => {
    const options = { timeBudget, programs: { regions: false, effects: false } };
    for (const check of [
      (o: CheckOptions) => checkPass(swapped, o),
      (o: CheckOptions) => checkRule(zero, o),
      (o: CheckOptions) =>
        checkBatching(
          wrong("reverse", () => ({ batching: { kind: "rule", batch: thrown } })),
          o,
        ),
    ]) {
      const alone = messageOf(() => check({ timeBudget, seed: 3 }));
      expect(alone).toMatch(/\nreplay: check\w+\(\w+, \{ seed: 3, /);
      expect(withoutCounts(messageOf(() => check({ timeBudget, ...again(alone) })))).toBe(withoutCounts(alone));
      const asked = messageOf(() => check(options));
      expect(asked).toMatch(/\{ \.\.\.options, seed: 1, replay: \d+ \}/);
      expect(withoutCounts(messageOf(() => check({ ...options, ...again(asked) })))).toBe(withoutCounts(asked));
    }
  });
});

describe("a call of a mapped function", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mapped-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is kept in a corpus, and tried from there", () => {
    const op = wrong("reverse", () => ({
      batching: {
        kind: "rule",
        batch: ({
          operation: { attributes },
          operands: [x],
        }: {
          operation: Operation;
          operands: Operation["operands"];
        }) => emit(records.reverse, [x], { attributes }),
      },
    }));
    messageOf(() => checkBatching(op, { corpus: folder, timeBudget }));
    const [file] = readdirSync(folder);
    expect(readFileSync(join(folder, file), "utf8")).toMatch(/\n\/\/ vmap: @main\(\[\[.*\]\]\) over \[0\]\nfunc @main/);
    const again = messageOf(() => checkBatching(op, { corpus: folder, runs: 0, timeBudget }));
    expect(again).toContain(`${file}): its batching: result 0 is `);
    expect(() => checkBatching(records.reverse, { corpus: folder, runs: 0 })).not.toThrow();
  });

  it("becomes smaller ones of the same kind", () => {
    const shape = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 });
    const lists = fc.array(fc.subarray([0, 1, 2], { minLength: 1 }), { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(
        fc.tuple(shape, shape, shape),
        lists,
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 2 }),
        (shapes, mapped, extents) => {
          const leading = (i: number, of: readonly (readonly number[])[], e: readonly number[]): readonly number[] =>
            of.flatMap((list, level) => (list.includes(i) ? [e[level]] : [])).toReversed();
          const args = shapes.map((s, i): NdArray => {
            const all = [...leading(i, mapped, extents), ...s];
            return {
              dtype: "f64",
              shape: all,
              data: Float64Array.from({ length: sizeOf(all) }, (_, k) => 100 * i + k),
            };
          });
          const sizeOfCall = (list: readonly NdArray[]): number => list.reduce((n, a) => n + a.data.length, 0);
          for (const { args: fewer, mapped: left = [] } of smallerCalls({ entry: "main", args, mapped })) {
            expect(left.length).toBeGreaterThan(0);
            // every argument that is mapped has the same number of elements along an axis, before its own shape
            const e = left.map(
              (list, level) => fewer[list[0]].shape[left.slice(level + 1).filter((l) => l.includes(list[0])).length],
            );
            for (const [i, a] of fewer.entries()) {
              expect(a.shape).toEqual([...leading(i, left, e), ...shapes[i]]);
              expect(a.data.length).toBe(sizeOf(a.shape));
              for (const x of a.data) expect(args[i].data).toContain(x);
            }
            expect(sizeOfCall(fewer)).toBeLessThanOrEqual(sizeOfCall(args));
          }
        },
      ),
      runs(200),
    );
  });
});

describe("a call of a smaller program", () => {
  it("keeps the element that shows the fault, wherever it stands", () => {
    const of = (type: string): Module =>
      parse(`func @main(%x: ${type}) -> ${type} {
  %y = neg %x : ${type}
  return %y
}`);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(5), (n, at) => {
        fc.pre(at < n);
        const x = { dtype: "f64", shape: [n], data: new Float64Array(n).fill(1).with(at, -0) } as const;
        const calls = [...keptCalls({ entry: "main", args: [x] }, of(`f64[${n}]`), of("f64"), {})];
        expect(calls.map(({ args }) => args[0].shape)).toEqual(calls.map(() => []));
        expect(calls[0].args[0].data[0]).toBe(x.data[0]);
        expect(calls.some(({ args }) => Object.is(args[0].data[0], -0))).toBe(true);
      }),
      runs(40),
    );
  });
});

describe("the error of a check", () => {
  it("has what a pass threw as its cause", () => {
    const failing = definePass({ name: "failing", summary: "Fails.", run: thrown });
    let cause: unknown;
    try {
      checkPass(failing);
    } catch (error) {
      cause = (error as Error).cause;
    }
    expect(cause).toBeInstanceOf(TypeError);
  });
});
