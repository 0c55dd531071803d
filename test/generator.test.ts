// What random programs are made of: ops by their records, a user's own among them, every attribute and dtype, and values that
// are seen.

import { describe, expect, it } from "vitest";
import { canonicalizeRules } from "../passes/index.ts";
import {
  type Attributes,
  BlockBuilder,
  type DType,
  defineOp,
  isFloat,
  type Module,
  type Op,
  type Operation,
  type OpTable,
  rankedOf,
  sameType,
  scalar,
  signatureOf,
  tensorType,
  verify,
  walk,
  withBuilder,
} from "../src/ir/index.ts";
import { records, standardOps } from "../src/ops/index.ts";
import { applyRules, type Rule } from "../src/rewrite/index.ts";
import { run } from "../src/testing/compare.ts";
import { Coverage, dtypeOf as mainDType, type OpCoverage } from "../src/testing/coverage.ts";
import { randomProgram } from "../src/testing/generate/programs.ts";
import { Random } from "../src/testing/generate/random.ts";
import { isDescribed, tensorDTypes, typesOf } from "../src/testing/generate/uses.ts";
import { type ProgramOptions, sampleArguments } from "../src/testing/index.ts";

function drawn(count: number, options: ProgramOptions = {}): readonly Module[] {
  return Array.from({ length: count }, (_, i) => randomProgram(new Random(i), options).module);
}

function operationsOf(module: Module): readonly Operation[] {
  const list: Operation[] = [];
  for (const func of module.funcs) walk(func.body, (operation) => void list.push(operation));
  return list;
}

it("states derivatives of the very function that stands beside them", () => {
  const custom = [records.customJvp, records.customVjp];
  const uses = drawn(600, { focus: custom })
    .flatMap(operationsOf)
    .filter(({ op }) => custom.some((c) => c === op));
  expect(uses.length).toBeGreaterThan(100);
  for (const { regions } of uses) {
    const [body, other] = regions;
    expect(other.operations.slice(0, body.operations.length).map(({ op }) => op.name)).toEqual(
      body.operations.map(({ op }) => op.name),
    );
    const constants = (block: typeof body): readonly unknown[] =>
      block.operations.slice(0, body.operations.length).map(({ attributes }) => attributes.value);
    expect(constants(other)).toEqual(constants(body));
  }
});

it("promises that no two updates meet only where there is one", () => {
  const promised = drawn(1500, { focus: [records.scatter] })
    .flatMap(operationsOf)
    .filter(({ op, attributes }) => op === records.scatter && attributes.unique === true);
  expect(promised.length).toBeGreaterThan(10);
  for (const { operands, attributes } of promised) {
    const along = rankedOf(operands[2].type).shape.length - (attributes.update_axes as readonly number[]).length;
    expect(along).toBe(0);
  }
});

describe("an op of a user's own", () => {
  const tableWith = (op: Op): OpTable => new Map([...standardOps, [op.name, op]]);
  const usesOf = (op: Op, count: number): readonly Operation[] =>
    drawn(count, { ops: tableWith(op), focus: [op] }).flatMap((module) => {
      verify(module);
      return operationsOf(module).filter((operation) => operation.op === op);
    });

  it("is drawn with its branches by its record", () => {
    const uses = usesOf(defineOp({ ...records.if, name: "mylib.branch" }), 60);
    expect(new Set(uses.map((o) => o.results.length)).size).toBeGreaterThan(1);
    expect(uses.some((o) => o.regions.every((r) => r.operations.length > 0))).toBe(true);
  });

  it("is drawn as the loop that its record says it is", () => {
    const uses = usesOf(defineOp({ ...records.while, name: "mylib.loop" }), 60);
    expect(new Set(uses.map((o) => o.operands.length)).size).toBeGreaterThan(2);
    expect(uses.some((o) => o.regions[1].operations.length > 1)).toBe(true);
  });

  it("is drawn with regions whose arguments its record computes", () => {
    const uses = usesOf(defineOp({ ...records.customJvp, name: "mylib.with_tangent" }), 100);
    expect(uses.length).toBeGreaterThan(10);
    expect(uses.some((o) => o.operands.length > 1)).toBe(true);
  });

  it("is drawn as its example has it, where its type rule takes hardly anything", () => {
    const own = defineOp({
      name: "mylib.mix",
      summary: "One third of one and two of the other.",
      operands: [{ name: "x" }, { name: "y" }],
      attributes: { recipe: { kind: "string", summary: "what to do, in words" } },
      types(cx) {
        if (cx.attributes.recipe !== "one to two") cx.fail("attribute", "no such recipe");
        const [x] = cx.operands;
        if (!sameType(x, scalar("f64"))) cx.fail("dtype", "x is no f64");
        return [scalar("f64")];
      },
      derivative: { kind: "none", reason: "it is an example" },
      batching: { kind: "none", reason: "it is an example" },
      docs: {
        semantics: "x / 3 + 2·y / 3",
        constraints: [],
        example: `func @main(%x: f64, %y: f64[4]) -> f64 {
  %r = mylib.mix %x, %y, recipe = "one to two" : f64
  return %r
}`,
      },
    });
    const uses = usesOf(own, 60);
    expect(uses.length).toBeGreaterThan(10);
    expect(new Set(uses.map((o) => o.attributes.recipe))).toEqual(new Set(["one to two"]));
  });
});

describe("random programs", () => {
  const modules = drawn(2500).concat(drawn(500, { transforms: true }));
  const coverage = new Coverage();
  for (const module of modules) coverage.add(module);
  const tensorOps = [...standardOps.values()].filter((op) => op.level !== "loop");

  /** The uses of an op that its type rule takes: of each dtype, with each word and boolean that an attribute may be. */
  function accepted(use: Operation): readonly string[] {
    const { op } = use;
    const main = mainDType(op, use.operands, use.results);
    const choices = Object.entries(op.attributes).flatMap(([name, { kind, words = [] }]) => {
      const values: readonly (string | boolean)[] = kind === "boolean" ? [true, false] : words;
      return values.map((value): [string, string | boolean] => [name, value]);
    });
    return tensorDTypes.flatMap((dtype): readonly string[] => {
      const operands = use.operands.map(({ type }) =>
        type.kind === "tensor" && type.dtype === main ? tensorType(dtype, type.shape) : type,
      );
      const results = use.results.map(({ type }) =>
        type.kind === "tensor" && type.dtype === main ? tensorType(dtype, type.shape) : type,
      );
      const isTaken = (more: Attributes): boolean =>
        withBuilder(new BlockBuilder(), () => typesOf(op, operands, { ...use.attributes, ...more }, results)) !== null;
      if (!isTaken({}) && !choices.some(([name, value]) => isTaken({ [name]: value }))) return [];
      return [
        String(dtype),
        ...choices
          .filter(([name, value]) => isTaken({ [name]: value }))
          .map(([name, value]) => `${name} = ${value} ${dtype}`),
      ];
    });
  }

  it("hold every op, of each dtype that it takes, with each word and boolean of its attributes", () => {
    expect(coverage.missing(standardOps)).toEqual([]);
    const uses = new Map<string, Operation>();
    for (const module of modules)
      for (const o of operationsOf(module)) if (!uses.has(o.op.name) && isDescribed(o.op)) uses.set(o.op.name, o);
    const missing = [...uses].flatMap(([name, use]) => {
      const { dtypes, combinations } = coverage.ops.get(name) as OpCoverage;
      return accepted(use)
        .filter((c) => !combinations.has(c) && !dtypes.has(c as DType))
        .map((c) => `${name}: ${c}`);
    });
    expect(missing).toEqual([]);
    expect(uses.size).toBeGreaterThan(70);
  });

  it("have operations of several other ops next to each", () => {
    const few = tensorOps.filter(
      (op) => op.operands.length > 0 && (coverage.ops.get(op.name)?.neighbours.size ?? 0) < 6,
    );
    expect(few.map((op) => op.name)).toEqual(["dim", "pop"]);
  });

  it("hold what the rules of canonicalize look for, without these in hand", () => {
    const rules = canonicalizeRules.filter((r) => r.pattern !== null);
    const applied = new Set<Rule>();
    const permits = (rule: Rule): boolean => applied.add(rule) !== null;
    const cx = { ops: standardOps, fast: true, rewrites: { rules: () => undefined, permits } };
    for (const module of modules.slice(0, 1500)) applyRules(module, rules, cx);
    const idle = rules.filter((r) => !applied.has(r)).map((r) => r.name);
    expect(idle.length / rules.length, idle.join("; ")).toBeLessThan(0.08);
  });

  it("have everything that moves elements follow on everything that does, itself too", () => {
    const moving = tensorOps.filter((op) => op.traits.moves && !op.traits.elementwise).map((op) => op.name);
    const missing = moving.flatMap((name) =>
      moving
        .filter((before) => !coverage.ops.get(name)?.neighbours.has(before))
        .map((before) => `${name} of ${before}`),
    );
    expect(missing).toEqual([]);
    expect(moving.length).toBeGreaterThan(6);
  });

  it("print as a table of what was drawn", () => {
    const text = String(coverage);
    expect(text).toMatch(/^op +count +dtypes +attributes +operands of\n/);
    expect(text).toMatch(/^sort +\d+ .*descending = true \d+/m);
    expect(text).toMatch(/dead operations [\d.]+ %/);
  });

  it("give numbers that tell: few arrays are empty, most floats are finite, half of the inputs ordinary", () => {
    let [arrays, empty, floats, finite] = [0, 0, 0, 0];
    for (let i = 0; i < 400; i++) {
      const { module, sizes } = randomProgram(new Random(i), {});
      const main = module.funcs[module.funcs.length - 1];
      const { results } = run(module, main.name, sampleArguments(signatureOf(main), sizes, 2 * i));
      for (const { dtype, data } of typeof results === "string" ? [] : results) {
        arrays++;
        if (data.length === 0) empty++;
        if (!isFloat(dtype)) continue;
        floats += data.length;
        finite += data.filter(Number.isFinite).length;
      }
    }
    expect(empty / arrays).toBeGreaterThan(0.005);
    expect(empty / arrays).toBeLessThan(0.12);
    expect(finite / floats).toBeGreaterThan(0.7);
  });

  it("are seen: few operations are dead, few operands the same", () => {
    expect(coverage.dead).toBeLessThan(0.15);
    expect(coverage.alike).toBeGreaterThan(0.1);
    expect(coverage.alike).toBeLessThan(0.35);
  });
});
