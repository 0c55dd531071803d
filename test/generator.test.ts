// What random programs are made of: ops by their records, a user's own among them, every attribute and dtype, and values that
// are seen.

import { describe, expect, it } from "vitest";
import { canonicalizeRules } from "../passes/index.ts";
import {
  type Attributes,
  type Block,
  BlockBuilder,
  calleeOf,
  type DType,
  defineOp,
  type Func,
  findFunc,
  freeValues,
  isFloat,
  type Module,
  makeModule,
  mustStay,
  type Op,
  type Operation,
  type OpTable,
  rankedOf,
  sameType,
  scalar,
  signatureOf,
  standsAt,
  tensorType,
  type Value,
  ValueMap,
  ValueSet,
  verify,
  walk,
  withBuilder,
} from "../src/ir/index.ts";
import { parse, records, standardOps } from "../src/ops/index.ts";
import { applyRules, type Rule } from "../src/rewrite/index.ts";
import { run } from "../src/testing/compare.ts";
import { Coverage, dtypeOf as mainDType, type OpCoverage } from "../src/testing/coverage.ts";
import type { Pair } from "../src/testing/generate/pairs.ts";
import { mayFail } from "../src/testing/generate/program.ts";
import { randomProgram } from "../src/testing/generate/programs.ts";
import { Random } from "../src/testing/generate/random.ts";
import { isDescribed, tensorDTypes, typesOf } from "../src/testing/generate/uses.ts";
import { twinOf } from "../src/testing/generate/variations.ts";
import { vocabularyOf } from "../src/testing/generate/vocabulary.ts";
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

/** Notes the kinds of what passes look for that stand in a block. */
function kindsIn(block: Block, module: Module, note: (kind: string) => void): void {
  const sources = new ValueMap<Operation>();
  walk(block, (o) => {
    const from = (i: number): Operation | undefined => sources.get(o.operands[i]);
    if (o.op === records.while) loopKinds(o, sources, note);
    if (o.op === records.scan) scanKinds(o, note);
    if (o.op === records.if) branchKinds(o, note);
    if (o.op === records.select && from(1)?.op === records.broadcast && from(2)?.op === records.broadcast)
      note("select of two broadcasts");
    if (o.op === records.concatenate && o.operands.length > 1) {
      const parts = o.operands.map((v) => sources.get(v));
      const [first] = parts;
      if (parts.every((p) => p?.op === records.slice && p.operands[0] === first?.operands[0]))
        note("concatenate of parts of one value");
    }
    if (o.op === records.gather && from(0)?.op === records.scatter && from(0)?.operands[1] === o.operands[1])
      note("gather of what was scattered there");
    if (o.op === records.stopGradient && from(0)?.op === records.mul) note("stopped product");
    if (o.op === records.select && (from(1)?.op === records.stopGradient || from(2)?.op === records.stopGradient))
      note("select of what is stopped");
    if (o.op === records.customVjp && o.regions[2].operations.some((x) => x.op === records.mul))
      note("backward that is not zeros");
    const callee = calleeOf(o);
    const called = callee === null ? undefined : findFunc(module, callee);
    if (o.op === records.call && called?.visibility === "public") note("call of a public function");
    if (o.op.traits.transform && called?.body.operations.some((x) => x.op.traits.transform))
      note("derivative of a derivative");
    for (const v of o.operands) {
      const before = sources.get(v);
      if (before === undefined) continue;
      note(`${o.op.name} of ${before.op.name}`);
      if (o.op.traits.elementwise) note(`elementwise of ${before.op.name}`);
      if (before.op.traits.elementwise) note(`${o.op.name} of elementwise`);
    }
    for (const v of o.results) sources.set(v, o);
  });
  const { operations } = block;
  for (const [i, o] of operations.entries()) {
    const next = operations[i + 1];
    const holdsEffect = o.regions.some((r) => r.operations.some((x) => mustStay(x.op.effects)));
    if (o.op.loop !== null && holdsEffect && next !== undefined && mustStay(next.op.effects))
      note("effect after a loop with one");
    const [a, b, c] = o.operands;
    const isOther = (x: Operation): boolean => x.op === o.op && x.operands[1] === c && x.operands[2] === b;
    if (c !== undefined && b !== c && operations.some((x) => isOther(x) && x.operands[0] === a))
      note("operands in both orders");
  }
  const names = ({ body }: Func): string => body.operations.map(({ op }) => op.name).join();
  const [first, second] = module.funcs.filter((f) => f.name !== "main" && f.body.operations.length > 1).slice(-2);
  if (second !== undefined && names(first) === names(second)) note("two functions of one outline");
}

/** Notes what follows on what: directly, and behind a conversion, other axes or more of them. */
function notePairs(block: Block, seen: Set<string>): void {
  const sources = new ValueMap<Operation>();
  const between: readonly Op[] = [records.cast, records.broadcast, records.reshape];
  walk(block, (o) => {
    for (const v of o.results) sources.set(v, o);
    for (const v of [...o.operands, ...freeValues(...o.regions)]) {
      let source = sources.get(v);
      for (let i = 0; i < 3 && source !== undefined; i++) {
        seen.add(`${o.op.name} of ${source.op.name}`);
        source = between.includes(source.op) ? sources.get(source.operands[0]) : undefined;
      }
    }
  });
}

/** Notes the dtypes of conversions that follow on one another. */
function noteConversions(block: Block, seen: Set<string>): void {
  const sources = new ValueMap<Operation>();
  walk(block, (o) => {
    for (const v of o.results) sources.set(v, o);
    const first = o.op === records.cast || o.op === records.bitcast ? sources.get(o.operands[0]) : undefined;
    if (first?.op !== records.cast && first?.op !== records.bitcast) return;
    const [a, b, c] = [first.operands[0], o.operands[0], o.results[0]].map(dtypeOfValue);
    seen.add([a, b, c].join());
    const [to, last] = [first, o].map(({ op }) => (op === records.bitcast ? "bits " : ""));
    seen.add(`${a},${to}${b},${last}${c}`);
  });
}

/** The uses of the consumer on what the producer gives. */
function usesOn(block: Block, { producer, consumer }: Pair): readonly Operation[] {
  const uses: Operation[] = [];
  const sources = new ValueMap<Operation>();
  walk(block, (o) => {
    for (const v of o.results) sources.set(v, o);
    if (o.op === consumer && o.operands.some((v) => sources.get(v)?.op === producer)) uses.push(o);
  });
  return uses;
}

const holdsFailing = (block: Block): boolean =>
  block.operations.some((x) => x.op === records.gather && x.attributes.mode === "fail");

function loopKinds(o: Operation, sources: ValueMap<Operation>, note: (kind: string) => void): void {
  const [test, body] = o.regions;
  const [own] = test.arguments;
  const compared = test.operations.find((x) => x.op === records.compare && x.operands[0] === own);
  if (compared !== undefined) {
    note(`loop that goes on while ${compared.attributes.direction}`);
    const [, bound] = compared.operands;
    const isCarried = test.arguments.includes(bound);
    note(
      `bound: ${isCarried ? "carried" : test.operations.some((x) => x.results.includes(bound)) ? "number" : "outside"}`,
    );
    note(`counter: ${dtypeOfValue(own)}`);
  }
  const makes = (v: Value): Operation | undefined => body.operations.find((x) => x.results.includes(v));
  for (const [k, v] of body.results.entries()) {
    const source = makes(v);
    if (body.arguments.includes(v) && v !== body.arguments[k]) note("carry of another carry");
    if (source?.op === records.not && source.operands[0] === body.arguments[k]) note("carry that alternates");
    if (source?.op === records.constant && sources.get(o.operands[k])?.op === records.constant)
      note("carry of a constant that was one");
  }
  if (holdsFailing(body)) note("failing gather in a loop");
}

function scanKinds(o: Operation, note: (kind: string) => void): void {
  if (o.segments[1] > 0) return;
  note(
    o.attributes.length === 0
      ? "scan of no step"
      : o.attributes.length === 1
        ? "scan of one step"
        : "scan of so many steps",
  );
}

function branchKinds(o: Operation, note: (kind: string) => void): void {
  const [p] = o.operands;
  if (o.regions.some((r) => r.operations.some((x) => x.op === records.if && x.operands[0] === p)))
    note("if in an arm of the same predicate");
  const [a, b] = o.regions.map((r) => r.operations.find((x) => x.results[0] === r.results[0])?.attributes.value);
  if (a === 0 && b === 0 && !Object.is(a, b)) note("arms of zeros with two signs");
  if (o.regions.some(holdsFailing)) note("failing gather in an arm");
}

const dtypeOfValue = (v: Value): string => rankedOf(v.type).dtype;

describe("random programs", () => {
  const modules = drawn(2500).concat(drawn(500, { transforms: true }));
  const coverage = new Coverage();
  for (const module of modules) coverage.add(module);
  const tensorOps = [...standardOps.values()].filter((op) => standsAt(op, "tensor"));

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

  it("have each op follow on each other one in turn, as far as types allow", () => {
    const { pairs } = vocabularyOf(standardOps);
    const turns = 1500;
    const seen = new Set<string>();
    for (let turn = 0; turn < turns; turn++) {
      const { module } = randomProgram(new Random(turn), { operations: 1 }, { turn });
      verify(module);
      for (const func of module.funcs) notePairs(func.body, seen);
    }
    const due = Array.from({ length: turns }, (_, turn) => pairs.at(turn)).flat();
    const keys = new Set(due.map(({ producer, consumer }) => `${consumer.name} of ${producer?.name}`));
    const missing = [...keys].filter((key) => !seen.has(key));
    // every pair of the ops that programs are full of, and a good part of the others
    const isCheap = (op: Op): boolean => op.traits.elementwise && op.traits.brief;
    const usual = [...pairs.ops].filter((op) => isCheap(op) || op.traits.moves);
    const everyday = usual.flatMap((a) => usual.map((b) => `${b.name} of ${a.name}`));
    expect(everyday.filter((key) => !keys.has(key))).toEqual([]);
    expect(keys.size).toBeGreaterThan(3500);
    expect(everyday.filter((key) => !seen.has(key)).length / everyday.length).toBeLessThan(0.02);
    expect(missing.length / keys.size, missing.join(", ")).toBeLessThan(0.12);
  });

  it("vary functions with promises into ones that are valid and promise nothing", () => {
    const scattered = parse(`private func @f(%x: f64[3], %i: i32[3, 1], %u: f64[3]) -> f64[3] {
  %y = scatter %x, %i, %u, kind = set, mode = drop, update_axes = [], inserted_axes = [0], index_axis = 1, index_map = [0], unique = true : f64[3]
  return %y
}`);
    for (let seed = 0; seed < 50; seed++) {
      const twin = twinOf(scattered.funcs[0], "twin", new Random(seed));
      if (twin !== null) verify(makeModule([twin]));
    }
  });

  it("have each chain of two conversions in turn", () => {
    const seen = new Set<string>();
    for (let turn = 0; turn < 900; turn += 3) {
      const { module } = randomProgram(new Random(turn), { operations: 1 }, { turn });
      for (const func of module.funcs) noteConversions(func.body, seen);
    }
    const others = tensorDTypes.flatMap((a) => tensorDTypes.flatMap((b) => tensorDTypes.map((c) => [a, b, c])));
    // a conversion to what it is already is none
    const chains = others.filter(([a, b, c]) => a !== b && b !== c).map((chain) => chain.join());
    expect(chains.filter((chain) => !seen.has(chain))).toEqual([]);
    for (const [a, b, c] of [
      ["u32", "f32", "i32"],
      ["i32", "f32", "u32"],
      ["f32", "u32", "f32"],
    ])
      expect(seen).toContain(`${a},bits ${b},bits ${c}`);
  });

  it("apply what was replaced to what gave its operands again, of other types", () => {
    const pair = { producer: records.concatenate, consumer: records.reduce, place: 0 };
    const sought = [{ ...pair, words: { producer: {}, consumer: { kind: "prod" } } }];
    const found = Array.from(
      { length: 100 },
      (_, turn) => randomProgram(new Random(turn), {}, { turn, sought }).module,
    );
    const uses = found.flatMap(({ funcs }) => funcs.flatMap(({ body }) => usesOn(body, pair)));
    expect(uses.length).toBeGreaterThan(60);
    const kinds = uses.map((o) => o.attributes.kind);
    expect(kinds.filter((kind) => kind === "prod").length).toBeGreaterThan(kinds.length / 3);
    expect(new Set(uses.map((o) => dtypeOfValue(o.operands[0]))).size).toBeGreaterThan(4);
  });

  it("are modules whatever was sought before them", () => {
    const ops = [records.reduce, records.gather, records.polygamma, records.compare, records.reduceWindow];
    const words = { producer: { kind: "max", mode: "fill" }, consumer: { kind: "sum", mode: "clamp" } };
    const sought = ops.flatMap((consumer) =>
      [null, consumer, records.constant].map((producer) => ({ producer, consumer, place: 0, words })),
    );
    for (let turn = 0; turn < 500; turn++) verify(randomProgram(new Random(turn), {}, { turn, sought }).module);
  });

  it("give whatever may fail to something that is seen", () => {
    const given = drawn(600, { effects: false }).flatMap(({ funcs }) =>
      funcs
        .filter(({ visibility }) => visibility === "public")
        .flatMap(({ body }) => {
          const read = new ValueSet(body.results);
          return body.operations.filter(mayFail).map(({ results }) => results.some((v) => read.has(v)));
        }),
    );
    expect(given.length).toBeGreaterThan(30);
    expect(given).not.toContain(false);
  });

  it("observe what counters end at", () => {
    const seen = modules.some((module) =>
      module.funcs.some(({ body }) =>
        body.operations.some((o) => o.op === records.while && body.results.includes(o.results[0])),
      ),
    );
    expect(seen).toBe(true);
  });

  it("hold each kind of loop, of predicate, of echo and of pair that passes look for", () => {
    const found = new Map<string, number>();
    const note = (kind: string): void => void found.set(kind, (found.get(kind) ?? 0) + 1);
    for (const module of modules) for (const func of module.funcs) kindsIn(func.body, module, note);
    const expected = [
      ...["lt", "le", "gt", "ge", "ne"].map((direction) => `loop that goes on while ${direction}`),
      ...["number", "outside", "carried"].map((place) => `bound: ${place}`),
      ...["u32", "u8", "f64"].map((dtype) => `counter: ${dtype}`),
      "carry of another carry",
      "carry that alternates",
      "carry of a constant that was one",
      "scan of so many steps",
      "scan of one step",
      "scan of no step",
      ...["if", "check", "select"].map((op) => `${op} of compare`),
      "check of and",
      "check of not",
      "if in an arm of the same predicate",
      "arms of zeros with two signs",
      "failing gather in an arm",
      "failing gather in a loop",
      "effect after a loop with one",
      "probe of cast",
      "call of a public function",
      "two functions of one outline",
      "concatenate of parts of one value",
      "gather of what was scattered there",
      "operands in both orders",
      ...["broadcast", "slice", "concatenate", "permute"].map((before) => `elementwise of ${before}`),
      ...["reduce", "concatenate", "broadcast", "dot"].map((after) => `${after} of elementwise`),
      "reverse of iota",
      "select of two broadcasts",
      "stopped product",
      "select of what is stopped",
      "backward that is not zeros",
      "derivative of a derivative",
    ];
    expect(expected.filter((kind) => !found.has(kind))).toEqual([]);
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
