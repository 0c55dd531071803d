// Where memory stands: which argument, allocation or constant a value of memory is, under whatever name.

import type { Value } from "../data/value.ts";
import { ValueMap } from "../data/value-map.ts";
import { carriedIn, type Loop, loopOf } from "./loop.ts";
import type { Block, Func, Operation } from "./module.ts";
import { calleeOf, walk } from "./walk.ts";

/** What the memory that an operation allocates by itself holds at first; null of any other. */
export function freshMemory({ op, attributes, results }: Operation): "zero" | "any" | null {
  if (!op.effects.allocates || results.length !== 1 || results[0].type.kind !== "memref") return null;
  return attributes.init === "zero" || attributes.init === "any" ? attributes.init : null;
}

type Callee = (name: string) => Func | null;

/** Some values, or where nothing is known, any. */
type Values = readonly Value[] | "any";

/** What a value that is storage itself is another name of. */
const nothingElse: Values = [];

/**
 * The storage behind the values of one function. Storage is an argument, what an operation allocates, or a constant; two
 * different ones never overlap, since a function whose arguments are written to is given memory that does not.
 */
export class Storages {
  readonly #body: Block;
  readonly #callee: Callee;
  readonly #known = new ValueMap<Values>();
  #sources: ValueMap<Values> | null = null;

  /** Of the memory that a call gives something is known where `callee` gives the functions that are called. */
  constructor(body: Block, callee: Callee = () => null) {
    this.#body = body;
    this.#callee = callee;
  }

  /** The storage that a value of memory may be in, by the values that stand for it; any where nothing is known. */
  of(value: Value): Values {
    let known = this.#known.get(value);
    if (known === undefined) this.#known.set(value, (known = this.#find(value)));
    return known;
  }

  /** Whether two values of memory may be of one storage. */
  mayOverlap(a: Value, b: Value): boolean {
    const [left, right] = [this.of(a), this.of(b)];
    return left === "any" || right === "any" || left.some((storage) => right.includes(storage));
  }

  #find(value: Value): Values {
    if (this.#body.arguments.includes(value)) return [value];
    this.#sources ??= sourcesIn(this.#body, this.#callee);
    const found = new Set([value]);
    const storages: Value[] = [];
    // the set grows while it is read: what is carried may be a name of itself
    for (const v of found) {
      const sources = this.#sources.get(v) ?? "any";
      if (sources === "any") return sources;
      if (sources === nothingElse || sources.includes(v)) storages.push(v);
      for (const source of sources) found.add(source);
    }
    return storages;
  }
}

function sourcesIn(body: Block, callee: Callee): ValueMap<Values> {
  const sources = new ValueMap<Values>();
  const add = (v: Value, of: Values): void => {
    if (v.type.kind === "memref") sources.set(v, of);
  };
  for (const v of body.arguments) add(v, nothingElse);
  walk(body, (operation) => {
    const loop = loopOf(operation);
    const name = calleeOf(operation);
    if (loop !== null) addCarried(loop, add);
    else if (name !== null) addGiven(operation, callee(name), callee, add);
    else for (const [k, v] of operation.results.entries()) add(v, sourcesOf(operation, k));
  });
  return sources;
}

/** What is carried is what entered the loop, or what a step gave. */
function addCarried(loop: Loop, add: (v: Value, of: Values) => void): void {
  const { operation, inits, body } = loop;
  for (const [k, init] of inits.entries()) {
    const sources = [init, body.results[k]];
    add(operation.results[k], sources);
    for (const region of operation.regions) add(carriedIn(loop, region)[k], sources);
  }
}

/** What a call gives is memory that it was passed, or the function's own, which is storage by itself. */
function addGiven(
  { operands, results }: Operation,
  func: Func | null,
  callee: Callee,
  add: (v: Value, of: Values) => void,
): void {
  // a value without sources may be in any storage
  if (func === null) return;
  const storages = new Storages(func.body, callee);
  for (const [k, result] of results.entries()) {
    if (result.type.kind !== "memref") continue;
    const given = storages.of(func.body.results[k]);
    const passed = (storage: Value): Value => operands[func.body.arguments.indexOf(storage)] ?? result;
    add(result, given === "any" ? given : given.map(passed));
  }
}

function sourcesOf({ op, operands, regions }: Operation, k: number): Values {
  if (op.traits.branches) return regions.map((region) => region.results[k]);
  const alias = op.aliases[k];
  if (alias !== undefined) return [operands[alias]];
  const isFresh = op.traits.constant || (op.effects.allocates && operands.every((v) => v.type.kind !== "list"));
  return isFresh ? nothingElse : "any";
}
