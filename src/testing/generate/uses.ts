// Uses of an op by its record: operands among the values there are, attributes as their specifications say, and the type
// rule tells whether they fit. So an op stands in random programs by its record alone.

import {
  AdjointError,
  type Attribute,
  type AttributeSpec,
  type Attributes,
  axisPairs,
  completeAttributes,
  currentBlock,
  type Dim,
  DimScope,
  type DType,
  dtypeNames,
  emit,
  inferTypes,
  isFloat,
  mustStay,
  type Op,
  sameType,
  shapeOf,
  standsAt,
  subDims,
  type TensorType,
  type Type,
  tensorType,
  touchesMemory,
  Value,
} from "../../ir/index.ts";
import { tensorOf } from "../../ops/index.ts";
import { dtypeOf, type Pool } from "./pool.ts";
import type { Random } from "./random.ts";

/** The dtypes of tensors; `index` belongs to the loop level. */
export const tensorDTypes: readonly DType[] = dtypeNames.filter((name) => name !== "index");

/** How often something else is tried where the type rule refuses. */
const tries = 12;
/** Tensors of more axes than this are not made. */
const mostAxes = 4;

/** Whether an op's record says all that a use of it needs: it computes values from operands and plain attributes. */
export function isDescribed(op: Op): boolean {
  const { operands, regions, groups, effects, traits, attributes } = op;
  const isPlain = Object.values(attributes).every(({ kind }) => kind !== "function" && kind !== "bindings");
  const isPure = !mustStay(effects) && !touchesMemory(effects) && !traits.transform;
  return (
    operands.length > 0 && regions.length === 0 && groups.length < 2 && standsAt(op, "tensor") && isPure && isPlain
  );
}

/** The results of a use of the op on values of the pool; none where nothing that was tried fits. */
export function useOf(op: Op, pool: Pool): readonly Value[] {
  return op.traits.elementwise ? elementwiseUse(op, pool) : describedUse(op, pool);
}

// ---- element by element -----------------------------------------------------------------------------------------------

/** What an elementwise op takes: whether its first operand is a bool beside others, and the dtypes of these. */
export interface Taken {
  readonly isMasked: boolean;
  readonly dtypes: readonly DType[];
}

const taken = new WeakMap<Op, Taken>();

/** Asked of the type rule once for each dtype, since most ops take a few of them. */
export function takenBy(op: Op, attributes: Attributes): Taken {
  let found = taken.get(op);
  if (found !== undefined) return found;
  const isTaken = (types: readonly TensorType[]): boolean => typesOf(op, types, attributes, null) !== null;
  const scalars = tensorDTypes.map((dtype) => tensorType(dtype));
  const alike = scalars.filter((t) => isTaken(op.operands.map(() => t)));
  const bool = tensorType("bool");
  const masked = scalars.filter((t) => isTaken(op.operands.map((_, i) => (i === 0 ? bool : t))));
  const isMasked = op.operands.length > 1 && masked.length > alike.length;
  found = { isMasked, dtypes: (isMasked ? masked : alike).map((t) => t.dtype) };
  taken.set(op, found);
  return found;
}

/** How often all operands of a use are the same value, and how often the first is a constant. */
const alikeOneIn = 8;

function elementwiseUse(op: Op, pool: Pool): readonly Value[] {
  const { random } = pool;
  const attributes = attributesOf(op, tensorType("f64"), random);
  const { isMasked, dtypes } = takenBy(op, attributes);
  const first = pool.find(({ dtype }) => dtypes.includes(dtype) || dtypes.length === 0);
  if (first === undefined) return [];
  const type = tensorType(dtypeOf(first), shapeOf(first));
  const isAlike = random.oneIn(alikeOneIn);
  const values = op.operands.map((_, i) => {
    if (isMasked && i === 0) return pool.like(tensorType("bool", type.shape));
    return isAlike ? first : pool.like(type);
  });
  const places = op.operands.flatMap((_, i) => (isMasked && i === 0 ? [] : [i]));
  values[random.pick(places)] = first;
  if (dtypes.includes(type.dtype)) return emit(op, values, { attributes });
  const operands = values.map(tensorOf);
  const declared = random.shuffled(tensorDTypes).map((dtype): readonly Type[] => [tensorType(dtype, type.shape)]);
  const types = declared.find((list) => typesOf(op, operands, attributes, list) !== null);
  return types === undefined ? [] : emit(op, values, { attributes, types });
}

// ---- all others ---------------------------------------------------------------------------------------------------------

/** A constant that is made where the use fits. */
interface Filled {
  readonly of: TensorType;
}

interface Use {
  readonly operands: readonly (Value | Filled)[];
  readonly attributes: Attributes;
  readonly declared: readonly Type[] | null;
}

function describedUse(op: Op, pool: Pool): readonly Value[] {
  for (let i = 0; i < tries; i++) {
    const { operands, attributes, declared } = proposal(op, pool);
    const types = operands.map((o) => (o instanceof Value ? tensorOf(o) : o.of));
    if (typesOf(op, types, attributes, declared) === null) continue;
    const values = operands.map((o) => (o instanceof Value ? o : pool.constant(o.of)));
    return emit(op, values, { attributes, types: declared });
  }
  return [];
}

function proposal(op: Op, pool: Pool): Use {
  const { random } = pool;
  // axes want values that have some
  const isOfAxes = Object.values(op.attributes).some(({ holds, kind }) => holds !== undefined || kind === "axes");
  const first = (isOfAxes ? pool.find(({ shape }) => shape.length > random.below(3)) : undefined) ?? pool.any();
  const type = tensorType(dtypeOf(first), shapeOf(first));
  const operands = op.operands.flatMap(({ variadic, isIndex }, i): readonly (Value | Filled)[] => {
    if (i === 0 && variadic !== true) return [first];
    const like = isIndex === true ? tensorType("i32") : operandType(type, random);
    const count = variadic === true ? random.pick([1, 2, 2, 3, type.shape.length, 0]) : 1;
    const rest = Array.from({ length: count }, () => operandOf(like, pool));
    return i === 0 && count > 0 ? [first, ...rest.slice(1)] : rest;
  });
  return { operands, attributes: attributesOf(op, type, random), declared: declaredOf(type, random) };
}

/** The type of a further operand: that of the first, its element's, or an integer's. */
function operandType(type: TensorType, random: Random): TensorType {
  return random.pick([type, type, tensorType(type.dtype), tensorType("i32")]);
}

function operandOf(type: TensorType, pool: Pool): Value | Filled {
  return pool.find((t) => sameType(t, type)) ?? { of: type };
}

/** The result types as written, for ops that want them. */
function declaredOf(type: TensorType, random: Random): readonly Type[] | null {
  const longer = tensorType(type.dtype, [...type.shape, 2]);
  const other = tensorType(random.pick(tensorDTypes), type.shape);
  return random.pick([null, null, [type], [longer], [other]]);
}

// ---- attributes ---------------------------------------------------------------------------------------------------------

/** Every attribute without a default, and half of the others; no promises, which the operands may not keep. */
export function attributesOf(op: Op, type: TensorType, random: Random): Attributes {
  const chosen = Object.entries(op.attributes).flatMap(([name, spec]) => {
    const isLeftOut = spec.isPromise === true || (spec.default !== undefined && random.oneIn(2));
    return isLeftOut ? [] : [[name, attributeOf(spec, type, random)] as const];
  });
  return Object.fromEntries(chosen);
}

function attributeOf(spec: AttributeSpec, { shape, dtype }: TensorType, random: Random): Attribute {
  const rank = shape.length;
  const axis = (): number => random.below(Math.max(1, rank));
  const dim = (d: Dim | undefined): Dim => random.pick([0, 1, 2, d ?? 1, d === undefined ? 1 : subDims(d, 1)]);
  switch (spec.kind) {
    case "integer":
      return spec.holds === "axis" ? axis() : random.below(4);
    case "number":
      return random.pick([0, 1, 0.5, -2]);
    case "boolean":
      return random.oneIn(2);
    case "word":
      return random.pick(spec.words ?? [""]);
    case "dtype":
      return random.pick(tensorDTypes);
    case "dim":
      return dim(shape[axis()]);
    case "dims":
      return shape.map(dim);
    case "axes":
    case "axesOrAll":
    case "integers":
      return listOf(spec, rank, random);
    case "axisPairs":
      return rank === 0 ? axisPairs() : axisPairs([axis()], [axis()]);
    case "constant":
      return isFloat(dtype) ? random.pick([0, 1, -0, 0.1, 2]) : random.below(3);
    default:
      return `note ${random.below(1000)}`;
  }
}

function listOf({ holds }: AttributeSpec, rank: number, random: Random): readonly number[] {
  const all = Array.from({ length: rank }, (_, i) => i);
  switch (holds ?? random.pick(["axes", "permutation", "entries"] as const)) {
    case "entries":
      return all.map(() => random.pick([1, 1, 2, 0, 3]));
    case "permutation":
      return random.shuffled(all);
    default:
      return random.shuffled(all).filter(() => random.oneIn(2));
  }
}

/** The result types of a use for every size of the function, or null where the type rule refuses it. */
export function typesOf(
  op: Op,
  operands: readonly Type[],
  attributes: Attributes,
  declared: readonly Type[] | null,
): readonly Type[] | null {
  // closed: a use that needs a constraint which is not there yet might not run with every size of the program
  const scope = new DimScope(currentBlock().scope.dims.constraints, false);
  const segments = op.groups.length === 1 ? [operands.length] : [];
  try {
    const complete = completeAttributes(op, attributes);
    const input = { op, operands, attributes: complete, regions: [], segments, declared, origin: null };
    const results = inferTypes(input, scope, () => null);
    return results.every((type) => type.kind === "tensor" && type.shape.length <= mostAxes) ? results : null;
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}
