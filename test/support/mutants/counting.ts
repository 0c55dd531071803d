// Wrong passes over counted loops, predicates, what may fail where it may not run, twins of functions, and gradients stopped in
// part.

import {
  Cloner,
  calleeOf,
  emit,
  type Func,
  freeValues,
  makeBlock,
  makeFunc,
  makeModule,
  mapFuncs,
  mustStay,
  type Operation,
  printType,
  renameCallees,
  ValueSet,
  walk,
  withRegions,
} from "../../../src/ir/index.ts";
import * as ops from "../../../src/ops/index.ts";
import { changed, dtypeOf, edits, isFloatDType, lists, type Mutant, merging, overall, uses } from "./kit.ts";

const { records } = ops;

/** The comparison that a loop goes on by, where it is all that the test gives. */
function testOf(loop: Operation): Operation | null {
  const [test] = loop.regions;
  const last = test.operations[test.operations.length - 1];
  return last?.op === records.compare && test.results[0] === last.results[0] ? last : null;
}

function withTest(loop: Operation, change: (test: Operation) => Operation): Operation {
  const [test, body] = loop.regions;
  const last = test.operations.length - 1;
  return withRegions(loop, [
    makeBlock(
      test.arguments,
      test.operations.map((o, i) => (i === last ? change(o) : o)),
      test.results,
    ),
    body,
  ]);
}

const loops: readonly Mutant[] = [
  uses("control", "a loop that goes on below a bound goes on until it is met", records.while, (o) => {
    const test = testOf(o);
    const isLess = test?.attributes.direction === "lt" && !isFloatDType(dtypeOf(test.operands[0]));
    return isLess ? withTest(o, (t) => changed(t, { direction: "ne" })) : null;
  }),
  uses("control", "a loop down to a bound takes a step at it", records.while, (o) =>
    testOf(o)?.attributes.direction === "gt" ? withTest(o, (t) => changed(t, { direction: "ge" })) : null,
  ),
  uses("control", "a carry that is copied from another one stays", records.while, (o) => {
    const [test, body] = o.regions;
    const own = body.arguments;
    const at = body.results.findIndex((v, k) => own.includes(v) && v !== own[k]);
    return at < 0 ? null : withRegions(o, [test, makeBlock(own, body.operations, body.results.with(at, own[at]))]);
  }),
  uses("control", "steps of a scan over nothing are counted from one", records.scan, (o) => {
    const { length } = o.attributes;
    return o.segments[1] === 0 && typeof length === "number" && length > 1 && o.results.length === o.segments[0]
      ? changed(o, { length: length - 1 })
      : null;
  }),
];

const predicates: readonly Mutant[] = [
  uses("control", "a branch on less is a branch on at least, the other way round", records.if, (o, source) => {
    const test = source(o.operands[0]);
    if (test?.op !== records.compare || test.attributes.direction !== "lt") return null;
    if (!isFloatDType(dtypeOf(test.operands[0]))) return null;
    const [x, y] = test.operands;
    const regions = o.regions.toReversed().map((r) => new Cloner().block(r));
    return emit(records.if, [ops.compare(x, y, "ge")], { regions });
  }),
  uses("effects", "a check of less is a check of not at least", records.check, (o, source) => {
    const test = source(o.operands[0]);
    if (test?.op !== records.compare || test.attributes.direction !== "lt") return null;
    const [x, y] = test.operands;
    ops.check(ops.not(ops.compare(x, y, "ge")), o.attributes.message);
    return [];
  }),
  uses("effects", "a probe of a converted value sees what was converted", records.probe, (o, source) => {
    const inner = source(o.operands[0]);
    if (inner?.op !== records.cast) return null;
    ops.probe(inner.operands[0], o.attributes.name);
    return o.operands[0];
  }),
];

/** What may fail and reads nothing of a region goes before the operation that holds it. */
const before = (name: string, isHolder: (o: Operation) => boolean): Mutant =>
  lists("motion", name, (list) =>
    list.flatMap((o) => {
      if (!isHolder(o)) return [o];
      const moved: Operation[] = [];
      const regions = o.regions.map((r) => {
        const own = new ValueSet(r.arguments);
        const kept: Operation[] = [];
        for (const x of r.operations) {
          const isFree = [...x.operands, ...freeValues(...x.regions)].every((v) => !own.has(v));
          const moves = isFree && x.op.effects.fails && !mustStay(x.op.effects);
          if (!moves) for (const v of x.results) own.add(v);
          (moves ? moved : kept).push(x);
        }
        return makeBlock(r.arguments, kept, r.results);
      });
      return [...moved, withRegions(o, regions)];
    }),
  );

const motion: readonly Mutant[] = [
  before("what may fail leaves branches", (o) => o.op === records.if),
  before("what may fail leaves loops", (o) => o.op === records.while || o.op === records.scan),
];

function outline({ body, symbols }: Func): string {
  const types = [...body.arguments, ...body.results].map((v) => printType(v.type));
  return [types.join(), body.operations.map(({ op }) => op.name).join(), symbols.join()].join(" : ");
}

const functions: readonly Mutant[] = [
  overall("functions", "private functions of the same ops are one", (module) => {
    const first = new Map<string, string>();
    const names = new Map<string, string>();
    for (const f of module.funcs) {
      if (f.visibility === "public") continue;
      const earlier = first.get(outline(f));
      if (earlier === undefined) first.set(outline(f), f.name);
      else names.set(f.name, earlier);
    }
    if (names.size === 0) return module;
    const kept = module.funcs.filter((f) => !names.has(f.name));
    return makeModule(kept.map((f) => makeFunc({ ...f, body: renameCallees(f.body, names) })));
  }),
  overall("functions", "what is called is private", (module) => {
    const called = new Set<string | null>();
    for (const f of module.funcs) walk(f.body, (o) => void called.add(calleeOf(o)));
    return mapFuncs(module, (f) =>
      f.visibility === "public" && called.has(f.name) ? makeFunc({ ...f, visibility: "private" }) : f,
    );
  }),
];

const stopped: readonly Mutant[] = [
  uses("derivatives", "a product is stopped in one factor", records.stopGradient, (o, source) => {
    const inner = source(o.operands[0]);
    return inner?.op === records.mul ? ops.mul(ops.stopGradient(inner.operands[0]), inner.operands[1]) : null;
  }),
  uses("derivatives", "a choice of a value and itself stopped is the value", records.select, (o, source) => {
    const [, a, b] = o.operands;
    const inner = source(a);
    return inner?.op === records.stopGradient && inner.operands[0] === b ? b : null;
  }),
];

const pairs: readonly Mutant[] = [
  uses("shapes", "a reversal of what is repeated does nothing", records.reverse, (o, source) =>
    source(o.operands[0])?.op === records.broadcast ? o.operands[0] : null,
  ),
  uses("shapes", "parts of one value that are put together are the value", records.concatenate, (o, source) => {
    const parts = o.operands.map(source);
    const [first] = parts;
    return first?.op === records.slice &&
      parts.every((p) => p?.op === records.slice && p.operands[0] === first.operands[0])
      ? first.operands[0]
      : null;
  }),
  merging("sharing", "selections by one predicate of the same two are one", (a, b) => {
    const [p, x, y] = a.operands;
    return a.op === records.select && b.operands[0] === p && b.operands[1] === y && b.operands[2] === x;
  }),
  edits("casts", "a large number without a sign keeps its value as one with a sign", (o, source) => {
    const inner = source(o.operands[0]);
    const value = inner?.attributes.value;
    if (o.op !== records.cast || inner?.op !== records.constant || typeof value !== "number") return null;
    if (dtypeOf(o.operands[0]) !== "u32" || dtypeOf(o.results[0]) !== "i32") return null;
    return ops.constantLike(Math.min(value, 2 ** 31 - 1), o.results[0]);
  }),
];

export const counting: readonly Mutant[] = [...loops, ...predicates, ...motion, ...functions, ...stopped, ...pairs];
