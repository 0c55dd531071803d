// Variations of a module: the same operations of the same types, with other constants, attributes and orders of operands.

import {
  AdjointError,
  type Block,
  BlockBuilder,
  Cloner,
  type Func,
  FuncScope,
  freeValues,
  makeFunc,
  mapBodies,
  type Operation,
  sameType,
  type Value,
  ValueSet,
  verify,
  withBuilder,
  withOperations,
  withParts,
  withRegions,
} from "../../ir/index.ts";
import { constantOp } from "../../ops/index.ts";
import { exchanged, otherAttribute, unpromised } from "./echo.ts";
import { Pool } from "./pool.ts";
import { makeProgram, type Program } from "./program.ts";
import type { Random } from "./random.ts";
import { typesOf } from "./uses.ts";

/** How often an operation is changed: one that a subject looked for, and another one. */
const siteOneIn = 2;
const otherOneIn = 10;

/** The program with some operations changed, those of `sites` more often, and other sizes; null where that is no program. */
export function variationOf(program: Program, sites: ReadonlySet<Operation>, random: Random): Program | null {
  const { module, sizes } = program;
  const isChosen = (o: Operation): boolean => random.oneIn(sites.has(o) ? siteOneIn : otherOneIn);
  const varied = mapBodies(module, (body, func) => new Variation(func, random, isChosen).block(body));
  try {
    verify(varied);
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
  const isFree = module.funcs.every(({ constraints }) => constraints.length === 0);
  const names = Object.keys(sizes);
  const other = isFree && random.oneIn(3) ? names.map((name) => [name, random.pick([0, 1, 2, 3, 5])] as const) : [];
  return makeProgram(varied, { ...sizes, ...Object.fromEntries(other) });
}

/** A function like this one but for one operation, by another name; null where there is none. */
export function twinOf(func: Func, name: string, random: Random): Func | null {
  let count = 0;
  new Variation(func, random, () => ++count < 0).block(func.body);
  for (let tries = 0; count > 0 && tries < 4; tries++) {
    let left = random.below(count);
    const variation = new Variation(func, random, () => left-- === 0);
    const body = variation.block(func.body);
    if (variation.changes > 0) return makeFunc({ ...func, name, body: new Cloner().block(body) });
  }
  return null;
}

class Variation {
  /** The operations that it changed. */
  changes = 0;
  readonly #func: Func;
  readonly #random: Random;
  readonly #isChosen: (operation: Operation) => boolean;

  constructor(func: Func, random: Random, isChosen: (operation: Operation) => boolean) {
    this.#func = func;
    this.#random = random;
    this.#isChosen = isChosen;
  }

  block(block: Block): Block {
    const fixed = countersIn(block);
    const operations = block.operations.map((o) => {
      if (!mayVary(o)) return o;
      if (o.regions.length > 0)
        return withRegions(
          o,
          o.regions.map((r) => this.block(r)),
        );
      if (o.results.some((v) => fixed.has(v)) || !this.#isChosen(o)) return o;
      const other = this.#other(o);
      if (other !== null) this.changes++;
      return other ?? o;
    });
    return withOperations(block, operations, block.results);
  }

  /** The operation with another constant, another attribute, or its operands in another order; null where it stays. */
  #other(operation: Operation): Operation | null {
    const { op, operands, results, origin } = operation;
    const random = this.#random;
    const [type] = results.map((v) => v.type);
    const pool = new Pool(random, []);
    if (op === constantOp) {
      if (type.kind !== "tensor") return null;
      const fresh = pool.literal(type);
      return sameType(fresh.results[0].type, type) ? withParts(fresh, { results, origin }) : null;
    }
    if (operands.length === 0) return null;
    const swapped = random.oneIn(2) ? exchanged(operands, random) : operands;
    if (swapped !== operands) return withParts(operation, { operands: swapped, attributes: unpromised(operation) });
    const attributes = withBuilder(this.#builder(), () => {
      const drawn = { ...operation.attributes, ...otherAttribute(operation, pool) };
      // what fails now could be of no use to anything
      if (drawn.mode === "fail") return null;
      const types = typesOf(
        op,
        operands.map((v) => v.type),
        drawn,
        results.map((v) => v.type),
      );
      return types?.length === results.length && types.every((t, i) => sameType(t, results[i].type)) ? drawn : null;
    });
    return attributes === null ? null : withParts(operation, { attributes: Object.freeze(attributes) });
  }

  #builder(): BlockBuilder {
    return new BlockBuilder(new FuncScope(this.#func.constraints, () => null, false));
  }
}

/** Other numbers could keep a loop that tests from ending, and a function from being the one that its derivative is of. */
function mayVary({ op }: Operation): boolean {
  return (op.loop === null || op.loop.test === null) && !op.traits.wraps && !op.traits.transform;
}

/** What loops that test begin with and end at, and what that is made of. */
function countersIn({ operations }: Block): ValueSet {
  const fixed = new ValueSet();
  const fix = (values: Iterable<Value>): void => {
    for (const v of values) fixed.add(v);
  };
  for (const o of operations.toReversed()) {
    if (o.op.loop?.test != null) fix(freeValues(...o.regions));
    if (o.op.loop?.test != null || o.results.some((v) => fixed.has(v))) fix(o.operands);
  }
  return fixed;
}
