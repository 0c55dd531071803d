// Echoes: an operation once more, as it is or nearly so. What merges, orders or outlines operations tells such pairs apart, or
// should.

import {
  type Attribute,
  type Attributes,
  type Block,
  Cloner,
  currentBlock,
  dtypes,
  emit,
  isFloat,
  type Operation,
  sameType,
  tensorType,
  touchesMemory,
  type Value,
  withOperations,
  withParts,
} from "../../ir/index.ts";
import { constant, constantOp, records, tensorOf } from "../../ops/index.ts";
import type { Pair } from "./pairs.ts";
import type { Pool } from "./pool.ts";
import type { Random } from "./random.ts";
import { attributesOf, tensorDTypes } from "./uses.ts";

/**
 * One of the operations of the current block again, with the same operands, or one other attribute, operand or constant; one
 * of what is sought, where that is given.
 */
export function echo(pool: Pool, sought?: readonly Pair[]): readonly Value[] {
  const { random } = pool;
  const candidates = currentBlock().operations.filter(
    ({ op }) => !touchesMemory(op.effects) && (sought === undefined || sought.some(({ consumer }) => consumer === op)),
  );
  if (candidates.length === 0) return [];
  const operation = random.pick(candidates);
  if (operation.op === constantOp) return [constantLike(operation, pool)];
  if (operation.regions.length > 0) {
    // what a loop that tests begins with has to let it end
    const isSame = operation.op.loop?.test != null || random.oneIn(2);
    return again(
      operation,
      isSame ? operation.operands : exchanged(operation.operands, random),
      operation.attributes,
      pool,
    );
  }
  switch (random.below(4)) {
    case 0:
      return again(operation, operation.operands, operation.attributes, pool);
    case 1:
      return again(operation, operation.operands, otherAttribute(operation, pool), pool);
    case 2:
      return again(operation, exchanged(operation.operands, random), unpromised(operation), pool);
    default:
      return again(operation, otherOperand(operation.operands, pool), unpromised(operation), pool);
  }
}

function again(
  { op, segments, regions, results }: Operation,
  operands: readonly Value[],
  attributes: Attributes,
  pool: Pool,
): readonly Value[] {
  // other constants could keep a loop that tests from ending, and a function from being the one that its derivative is of
  const mayChange = (op.loop === null || op.loop.test === null) && !op.traits.wraps;
  const copies = regions.map((region, i) => {
    const copy = new Cloner().block(region);
    if (op.loop?.test != null) return withKeptCarry(copy, pool.random);
    // what is given backward may be anything, as long as it is made of what was kept
    return mayChange || (op === records.customVjp && i === 2) ? withOtherConstants(copy, pool) : copy;
  });
  const types = results.map((v) => v.type);
  return emit(op, operands, { attributes, regions: copies, segments, types });
}

/** The constant again, or one that is nearly the same: of the other sign, the next number, of another dtype. */
function constantLike({ attributes: { value }, results }: Operation, pool: Pool): Value {
  const { random } = pool;
  const type = tensorOf(results[0]);
  const other = tensorType(random.oneIn(3) ? random.pick(tensorDTypes) : type.dtype, type.shape);
  if (typeof value !== "number") return typeof value === "boolean" ? constant(value, other) : pool.constant(type);
  const near = dtypes[other.dtype].round(random.pick([value, -value, -value, value + 1, Math.trunc(value)]));
  return constant(other.dtype === "bool" ? near !== 0 : near, other);
}

/** Two operands of one type in each other's place, where there are such. */
export function exchanged(operands: readonly Value[], random: Random): readonly Value[] {
  const pairs = operands.flatMap((a, i) =>
    operands.flatMap((b, k) => (i < k && a !== b && sameType(a.type, b.type) ? [[i, k] as const] : [])),
  );
  if (pairs.length === 0) return operands;
  const [i, k] = random.pick(pairs);
  return operands.with(i, operands[k]).with(k, operands[i]);
}

/** The attributes, which promise nothing any more: what they did held of these very operands. */
export function unpromised({ op, attributes }: Operation): Attributes {
  const kept = ([name, value]: [string, Attribute]): [string, Attribute] =>
    op.attributes[name]?.isPromise === true ? [name, false] : [name, value];
  return Object.fromEntries(Object.entries(attributes).map(kept));
}

/** The attributes with one of them as the specification allows it too. */
export function otherAttribute(operation: Operation, { random }: Pool): Attributes {
  const { op, operands } = operation;
  const attributes = unpromised(operation);
  const type = operands[0]?.type;
  const names = Object.keys(op.attributes).filter((name) => op.attributes[name].kind !== "function");
  if (names.length === 0 || type?.kind !== "tensor") return attributes;
  const exchanged = random.oneIn(3) ? exchangedAttributes(operation, attributes, random) : null;
  if (exchanged !== null) return exchanged;
  // one that is a word or a truth value fits in any case
  const plain = names.filter((name) => op.attributes[name].kind === "word" || op.attributes[name].kind === "boolean");
  const name = random.pick(plain.length > 0 && random.oneIn(2) ? plain : names);
  const drawn: Attribute | undefined = attributesOf(op, type, random)[name];
  return drawn === undefined ? attributes : { ...attributes, [name]: drawn };
}

/** Two attributes of one kind in each other's place: what is taken of both sides stays as large. Null where there are none. */
function exchangedAttributes({ op }: Operation, attributes: Attributes, random: Random): Attributes | null {
  const names = Object.keys(attributes);
  const pairs = names.flatMap((a, i) =>
    names.flatMap((b, k) => (i < k && op.attributes[a]?.kind === op.attributes[b]?.kind ? [[a, b] as const] : [])),
  );
  if (pairs.length === 0) return null;
  const [a, b] = random.pick(pairs);
  return { ...attributes, [a]: attributes[b], [b]: attributes[a] };
}

function otherOperand(operands: readonly Value[], pool: Pool): readonly Value[] {
  if (operands.length === 0) return operands;
  const k = pool.random.below(operands.length);
  const { type } = operands[k];
  return type.kind !== "tensor" ? operands : operands.map((v, i) => (i === k ? pool.like(type) : v));
}

/** The body of a loop with something carried that is none of its counters unchanged in each step, now and then. */
function withKeptCarry(block: Block, random: Random): Block {
  const { arguments: own, results } = block;
  if (results.length !== own.length || random.oneIn(2)) return block;
  const places = own.flatMap(({ type }, k) =>
    k > 0 && type.kind === "tensor" && (type.shape.length > 0 || isFloat(type.dtype)) ? [k] : [],
  );
  if (places.length === 0) return block;
  const at = random.pick(places);
  return withOperations(block, block.operations, results.with(at, own[at]));
}

/** The operation again with another operand. */
export function twin(operation: Operation, pool: Pool): readonly Value[] {
  return again(operation, otherOperand(operation.operands, pool), unpromised(operation), pool);
}

/** The region with some of its constants others: the same operations in the same order. */
function withOtherConstants(block: Block, pool: Pool): Block {
  const operations = block.operations.map((o) => {
    const isChanged = o.op === constantOp && pool.random.oneIn(2);
    const type = o.results[0]?.type;
    if (!isChanged || type?.kind !== "tensor") return o;
    const fresh = pool.literal(type);
    return sameType(fresh.results[0].type, type) ? withParts(fresh, { results: o.results, origin: o.origin }) : o;
  });
  return withOperations(block, operations, block.results);
}
