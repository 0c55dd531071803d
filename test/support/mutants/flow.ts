// Wrong passes over control flow, effects, functions and places; and such as break on what is rare.

import {
  Cloner,
  currentBlock,
  findFunc,
  freeValues,
  isOf,
  makeBlock,
  makeFunc,
  makeModule,
  mapFuncs,
  mustStay,
  type Operation,
  sameType,
  shapeOf,
  usedSymbols,
  ValueSet,
  withParts,
  withRegions,
} from "../../../src/ir/index.ts";
import * as ops from "../../../src/ops/index.ts";
import { literalOf, splatOf } from "../../../src/rewrite/index.ts";
import { changed, edits, lists, type Mutant, merging, overall, sameOperands, uses } from "./kit.ts";

const { records } = ops;

function swapped(results: readonly Operation["results"][number][]): readonly Operation["results"][number][] | null {
  for (const [i, a] of results.entries())
    for (const [k, b] of results.entries())
      if (i < k && sameType(a.type, b.type)) return results.map((v, n) => (n === i ? b : n === k ? a : v));
  return null;
}

/** The operation with its regions, made anew. */
function again(o: Operation): readonly Operation["results"][number][] {
  const copy = new Cloner().operation(o);
  currentBlock().append(copy);
  return copy.results;
}

const control: readonly Mutant[] = [
  uses("control", "a negation is left out of a branch", records.if, (o, source) => {
    const inner = source(o.operands[0]);
    return inner?.op.name === "not" ? Object.freeze({ ...o, operands: inner.operands }) : null;
  }),
  uses("control", "a constant condition takes the other arm", records.if, (o, source) => {
    const inner = source(o.operands[0]);
    const value = inner?.attributes.value;
    if (inner?.op !== records.constant || typeof value !== "boolean") return null;
    const arm = o.regions[value ? 1 : 0];
    return new Cloner().inline(arm, [], currentBlock());
  }),
  uses("control", "steps come from the other end", records.scan, (o) => changed(o, { reverse: !o.attributes.reverse })),
  uses("control", "what a scan carries changes places", records.scan, (o) =>
    swapped(o.results) === null ? null : swapped(again(o)),
  ),
  uses("control", "a branch gives its values in another order", records.if, (o) =>
    swapped(o.results) === null ? null : swapped(again(o)),
  ),
  uses("control", "a loop runs once more", records.while, (o) => {
    const results = again(o);
    const [, body] = o.regions;
    return new Cloner().inline(body, results, currentBlock());
  }),
  uses("control", "a loop that begins with a constant ends one sooner", records.while, (o, source) => {
    const first = source(o.operands[0]);
    const value = first?.op === records.constant ? first.attributes.value : null;
    if (typeof value !== "number" || value < 5) return null;
    const less = ops.constantLike(value - 1, o.operands[0]);
    return Object.freeze({ ...o, operands: Object.freeze([less, ...o.operands.slice(1)]) });
  }),
  uses("control", "both arms are the first where they take the same values", records.if, (o) => {
    const [a, b] = o.regions;
    const outside = (r: typeof a) => [...freeValues(r)].length;
    return a.operations.length === b.operations.length && outside(a) === outside(b)
      ? withRegions(o, [a, new Cloner().block(a)])
      : null;
  }),
  uses("control", "an unchanged carry is what it began as in the test, too", records.scan, (o) => {
    const [body] = o.regions;
    const carried = o.segments[0];
    const at = body.results.findIndex(
      (v, i) =>
        i < carried && v !== body.arguments[i] && body.operations.every((x) => !x.operands.includes(body.arguments[i])),
    );
    if (at < 0) return null;
    const results = body.results.map((v, i) => (i === at ? body.arguments[at] : v));
    return withRegions(o, [makeBlock(body.arguments, body.operations, results)]);
  }),
];

const inRegions = (o: Operation, keeps: (inner: Operation) => boolean): Operation =>
  withRegions(
    o,
    o.regions.map((r) => makeBlock(r.arguments, r.operations.filter(keeps), r.results)),
  );

const isRead = (o: Operation, all: readonly Operation[], results: readonly unknown[]): boolean =>
  o.results.some(
    (v) => results.includes(v) || all.some((x) => x.operands.includes(v) || [...freeValues(...x.regions)].includes(v)),
  );

const effects: readonly Mutant[] = [
  edits("effects", "checks in loops and branches are left out", (o) =>
    o.regions.some((r) => r.operations.some((x) => x.op === records.check))
      ? inRegions(o, (x) => x.op !== records.check)
      : null,
  ),
  uses("effects", "probes get names of their own", records.probe, (o) => changed(o, { name: `${o.attributes.name}'` })),
  uses("effects", "a probe sees no sign", records.probe, (o) => {
    const { type } = o.results[0];
    if (type.kind !== "tensor" || (type.dtype !== "f64" && type.dtype !== "i32")) return null;
    ops.probe(ops.abs(o.operands[0]), o.attributes.name);
    return o.operands[0];
  }),
  lists("effects", "what may fail is dropped where it is not read but seen", (list, block) =>
    list.filter((o) => o.op !== records.probe || isRead(o, list, block.results) || list.indexOf(o) > 0),
  ),
  lists("effects", "effects change places", (list) => {
    const at = list.findIndex(
      (o, i) =>
        mustStay(o.op.effects) &&
        list[i + 1] !== undefined &&
        mustStay(list[i + 1].op.effects) &&
        !list[i + 1].operands.some((v) => o.results.includes(v)),
    );
    return at < 0 ? list : [...list.slice(0, at), list[at + 1], list[at], ...list.slice(at + 2)];
  }),
  uses("effects", "a check that holds once holds always", records.check, (o, source) =>
    source(o.operands[0])?.op === records.constant ? [] : null,
  ),
];

const sharing: readonly Mutant[] = [
  merging("sharing", "reductions of one value are one", (a, b) => a.op === records.reduce && sameOperands(a, b)),
  merging("sharing", "numbers along any axis are the same", (a, b) => a.op === records.iota && sameOperands(a, b)),
  merging("sharing", "constants that are nearly the same are one", (a, b) => {
    if (a.op !== records.constant || !sameType(a.results[0].type, b.results[0].type)) return false;
    const [x, y] = [a, b].map((o) => splatOf(literalOf(o)));
    return typeof x === "number" && typeof y === "number" && Math.abs(x - y) <= 1;
  }),
  merging("sharing", "scans of the same values are one", (a, b) => a.op === records.scan && sameOperands(a, b)),
  merging(
    "sharing",
    "differences are the same both ways",
    (a, b) => a.op === records.sub && a.operands[0] === b.operands[1] && a.operands[1] === b.operands[0],
  ),
  merging("sharing", "parts of one size are one", (a, b) => a.op === records.slice && sameOperands(a, b)),
];

const motion: readonly Mutant[] = [
  lists("motion", "branches are computed before they are taken", (list) =>
    list.flatMap((o) => {
      if (o.op !== records.if) return [o];
      const moved: Operation[] = [];
      const regions = o.regions.map((r) => {
        const own = new ValueSet();
        const kept: Operation[] = [];
        for (const x of r.operations) {
          const stays = x.operands.some((v) => own.has(v)) || x.regions.length > 0;
          if (stays) for (const v of x.results) own.add(v);
          (stays ? kept : moved).push(x);
        }
        return makeBlock(r.arguments, kept, r.results);
      });
      return [...moved, withRegions(o, regions)];
    }),
  ),
  lists("motion", "checks leave loops that may not run", (list) =>
    list.flatMap((o) => {
      if (o.op !== records.while) return [o];
      const [test, body] = o.regions;
      const own = new ValueSet([...body.arguments, ...body.operations.flatMap((x) => x.results)]);
      const isFree = (x: Operation) => x.op === records.check && !own.has(x.operands[0]);
      const constants = body.operations.filter(
        (x) =>
          x.op.traits.constant && body.operations.some((c) => c.op === records.check && c.operands[0] === x.results[0]),
      );
      const copies = constants.flatMap((c) => {
        const cloner = new Cloner();
        const copy = cloner.operation(c);
        return [
          copy,
          ...body.operations
            .filter((x) => x.op === records.check && x.operands[0] === c.results[0])
            .map((x) => cloner.operation(x)),
        ];
      });
      const rest = makeBlock(
        body.arguments,
        body.operations.filter((x) => !isFree(x)),
        body.results,
      );
      return [...copies, ...body.operations.filter(isFree), withRegions(o, [test, rest])];
    }),
  ),
];

const functions: readonly Mutant[] = [
  overall("functions", "what main does not call goes", (module) => {
    const kept = module.funcs.filter((f) => f.name === "main" || f.visibility === "private");
    return kept.length === module.funcs.length ? module : makeModule(kept);
  }),
  overall("functions", "a function has no unused arguments", (module) =>
    mapFuncs(module, (f) => {
      if (f.visibility === "private") return f;
      const read = new ValueSet([
        ...f.body.results,
        ...f.body.operations.flatMap((o) => [...o.operands, ...freeValues(...o.regions)]),
      ]);
      const args = f.body.arguments.filter((a) => read.has(a));
      if (args.length === f.body.arguments.length) return f;
      const body = makeBlock(args, f.body.operations, f.body.results);
      const used = usedSymbols(body);
      return makeFunc({ ...f, symbols: f.symbols.filter((s) => used.has(s)), constraints: [], body });
    }),
  ),
  merging(
    "functions",
    "calls of one function are one",
    (a, b) =>
      a.op === records.call &&
      a.attributes.callee === b.attributes.callee &&
      a.results.length === b.results.length &&
      a.results.every((v, i) => sameType(v.type, b.results[i].type)),
  ),
  edits("functions", "a call gives its results in another order", (o) =>
    o.op === records.call && swapped(o.results) !== null ? swapped(again(o)) : null,
  ),
  edits("functions", "a function is inlined without its effects", (o, _, module) => {
    if (!isOf(records.call, o)) return null;
    const callee = findFunc(module, o.attributes.callee);
    if (callee === undefined || callee.symbols.length > 0) return null;
    const { arguments: args, operations, results } = callee.body;
    const pure = makeBlock(
      args,
      operations.filter((x) => x.op !== records.check),
      results,
    );
    return new Cloner().inline(pure, o.operands, currentBlock());
  }),
];

const others: readonly Mutant[] = [
  edits("origins", "what works element by element has no place", (o) =>
    o.op.traits.elementwise && o.origin !== null ? withParts(o, { origin: null }) : null,
  ),
  edits("crashes", "scalars have a first axis", (o) => {
    const first = o.op.name === "exp" || o.op.name === "neg" ? shapeOf(o.operands[0]) : [1];
    if (first.length === 0) throw new TypeError("Cannot read properties of undefined (reading 'extent')");
    return null;
  }),
  edits("crashes", "arrays have a first element", (o) => {
    if (o.op.name === "reduce" && shapeOf(o.operands[0]).includes(0)) throw new RangeError("no first element");
    return null;
  }),
  lists("crashes", "the last operation goes first", (list) =>
    list.length < 2 ? list : [list[list.length - 1], ...list.slice(0, -1)],
  ),
];

export const ofFlow: readonly Mutant[] = [...control, ...effects, ...sharing, ...motion, ...functions, ...others];
