// Loops in the last reading: a `while` whose arguments and results are the values of the locations that the loop carries.

import { type BlockBuilder, emit, sameType, type Value } from "../../ir/index.ts";
import { whileOp } from "../../ops/index.ts";
import {
  type AbstractBoolean,
  type AbstractValue,
  describeApart,
  heldOf,
  type Reference,
  type ValueType,
  withValue,
} from "../state/abstract-value.ts";
import type { LoopFacts } from "../state/facts.ts";
import type { Location } from "../state/location.ts";
import { LoopWatch } from "../state/state.ts";
import { aliasOf } from "./aliases.ts";
import { contentsOf } from "./arrays.ts";
import { anyOf, branch, negated } from "./branch.ts";
import { placeholderOf } from "./join.ts";
import { type Loop, readIteration } from "./loop-body.ts";
import { type JumpTarget, keyless, type Reading } from "./reading.ts";

/** A location that the loop carries. */
interface Carried {
  readonly location: Location;
  /** Its value before the loop, or a placeholder. */
  readonly first: AbstractValue;
  /** Whether it has no value before the loop, so that an iteration has to assign it before it reads it. */
  readonly isNew: boolean;
  /** The reason why an array that may have an alias is not written to. */
  readonly frozen: string | null;
}

/** Reads condition and body into the regions of a `while`, and emits it. */
export function emitLoop(cx: Reading, l: Loop, number: number, breaks: JumpTarget): void {
  const facts = cx.facts.loops.get(number) as LoopFacts;
  const outside = cx.path;
  const carried = carriedOf(cx, facts);
  const inits = carried.flatMap((s) => leavesOf(cx, s.first));
  const names = carried.flatMap((s) => leafNames(cx, s.location.name, s.first));
  const region = (): BlockBuilder => {
    const builder = cx.region();
    for (const [i, v] of inits.entries()) builder.argument(v.type, names[i]);
    return builder;
  };
  const [cond, body] = [region(), region()];
  const goesOn = within(cx, cond, carried, () => [cx.inside("condition", () => condition(cx, l, facts)).value]);
  let last: readonly AbstractValue[] = [];
  const results = within(cx, body, carried, () => {
    cx.inside("step", () => readIteration(cx, l, breaks, facts.testHasEffects));
    last = carried.map((s) => matching(cx, s, l.at));
    return last.flatMap((m) => leavesOf(cx, m));
  });
  const { pending } = cx.path;
  cx.at(l.at);
  const values = emit(whileOp, inits, { regions: [cond.finish(goesOn), body.finish(results)], names });
  receive(cx, carried, values, last);
  cx.path = { isAlive: facts.canEnd, pending: new Set([...outside.pending, ...pending]) };
}

function carriedOf(cx: Reading, facts: LoopFacts): readonly Carried[] {
  const rebound = new Set<Location>();
  const all = [...facts.carried].map(([key, type]): Carried => {
    const location = cx.locations.get(key) as Location;
    const held = cx.state.read(location);
    const first = held ?? placeholderOf(cx, type as ValueType, location.name);
    let frozen: string | null = null;
    if (held?.kind === "reference") {
      for (const inner of locationsWithin(cx, held)) rebound.add(inner);
      const alias = facts.shared.get(key) ?? aliasOf(cx, held.cell, location);
      if (alias !== null || held.cell.frozen !== null) {
        frozen = held.cell.frozen ?? `it may be '${alias}', depending on what happened before`;
        held.cell.frozen ??= `'${location.name}' may be it, depending on what happened before`;
      }
    }
    return {
      location,
      first,
      isNew: held === undefined && location.use !== "guarded" && facts.isEntered,
      frozen,
    };
  });
  return all.filter((s) => !rebound.has(s.location));
}

function within(
  cx: Reading,
  builder: BlockBuilder,
  carried: readonly Carried[],
  read: () => readonly Value[],
): readonly Value[] {
  const { state } = cx;
  const watch = new LoopWatch(state.age, withoutConstant);
  state.fork();
  state.watch(watch);
  const results = cx.within(builder, () => {
    receive(cx, carried, builder.arguments, null);
    return read();
  });
  state.unwatch();
  state.rollback();
  state.restore(watch);
  return results;
}

function condition(cx: Reading, l: Loop, facts: LoopFacts): AbstractBoolean {
  const flags = [...facts.exits].map((key) => ({ flag: cx.locations.get(key) as Location }));
  cx.at(l.at);
  const isJumping = anyOf(cx, flags);
  const test = facts.testHasEffects || l.test === null ? null : l.test;
  if (test === null) return negated(cx, isJumping);
  if (isJumping.known === false) return test();
  const result = cx.location("value", "guarded", "");
  branch(
    cx,
    isJumping,
    l.at,
    () => cx.state.write(result, cx.boolean(false)),
    () => cx.state.write(result, test()),
  );
  return cx.state.read(result) as AbstractBoolean;
}

/**
 * Stores new values of the locations: the arguments of an iteration, or the results of the loop. Cells of results take the
 * keys of `last`, the values at the end of an iteration.
 */
function receive(
  cx: Reading,
  carried: readonly Carried[],
  values: readonly Value[],
  last: readonly AbstractValue[] | null,
): void {
  let next = 0;
  for (const [i, { location, first, isNew, frozen }] of carried.entries()) {
    const m = rebuilt(cx, first, last?.[i] ?? first, () => values[next++], location.name);
    if (m.kind === "reference") m.cell.frozen = frozen;
    cx.state.write(location, last === null && isNew ? undefined : m);
  }
}

/** The value of a location at the end of an iteration, which has the type that it had at its beginning. */
function matching(cx: Reading, { location, first }: Carried, at: number): AbstractValue {
  const m = heldOf(cx.state.stored(location));
  if (m === undefined) return first;
  const isSame = m.kind === first.kind && sameTypes(leavesOf(cx, m), leavesOf(cx, first));
  if (isSame) return m;
  const [before, inside] = describeApart(first, m);
  return cx.fail(
    "dtype",
    at,
    `${location.described} is ${before} before the loop and ${inside} in it`,
    "a variable keeps one type and one length",
  );
}

function sameTypes(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((v, i) => sameType(v.type, b[i].type));
}

/** An iteration knows no constant of the outside in the last reading either, so that all readings take the same paths. */
function withoutConstant(m: AbstractValue): AbstractValue {
  return m.kind === "number" || m.kind === "boolean" ? { ...m, known: null } : m;
}

// ---- abstract values as lists of values -----------------------------------------------------------------------------

/** The locations of a cell, and of the cells within it. */
function locationsWithin(cx: Reading, { cell }: Reference): readonly Location[] {
  if (cell.kind === "array") return [cell.contents];
  return [...cell.fields.values()].flatMap((f) => {
    const m = cx.state.read(f);
    return m?.kind === "reference" ? [f, ...locationsWithin(cx, m)] : [f];
  });
}

function leavesOf(cx: Reading, m: AbstractValue): readonly Value[] {
  if ("value" in m) return [m.value];
  if (m.kind !== "reference") return [];
  const { cell } = m;
  if (cell.kind === "array") return [contentsOf(cx, cell)];
  return [...cell.fields.values()].flatMap((f) => leavesOf(cx, cx.state.held(f)));
}

function leafNames(cx: Reading, name: string, m: AbstractValue): readonly string[] {
  if (m.kind !== "reference") return "value" in m ? [name] : [];
  const { cell } = m;
  if (cell.kind === "array") return [name];
  return [...cell.fields].flatMap(([key, f]) => leafNames(cx, `${name}_${key}`, cx.state.held(f)));
}

/** A value of the same type as `like` with other leaves. Its cells are new, with the keys of `keyed`. */
function rebuilt(
  cx: Reading,
  like: AbstractValue,
  keyed: AbstractValue,
  next: () => Value,
  name: string,
): AbstractValue {
  if ("value" in like) return withValue(like, next());
  if (like.kind !== "reference") return like;
  const { cell } = like;
  const other = keyed.kind === "reference" ? keyed.cell : cell;
  if (cell.kind === "array") {
    const key = other.kind === "array" ? other.contents.key : keyless;
    return cx.array(cell.array, cell.length, next(), name, { key });
  }
  const fieldIn = (field: string): Location => (other.kind === "record" ? other : cell).fields.get(field) as Location;
  const fields = [...cell.fields].map(([field, l]) => {
    const held = cx.state.read(fieldIn(field)) ?? cx.state.held(l);
    return [field, rebuilt(cx, cx.state.held(l), held, next, field)] as const;
  });
  return cx.record(cell.isTuple, fields, cell.site, name, (field) => fieldIn(field).key);
}
