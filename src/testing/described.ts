// Uses of an op that its record describes: operands of what there is, attributes as their specifications say, and the
// type rule tells whether they fit. So an op stands in random programs by its record alone.

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
  emit,
  inferTypes,
  type Op,
  sameType,
  subDims,
  type TensorType,
  type Type,
  tensorType,
  Value,
} from "../ir/index.ts";
import { constant } from "../ops/index.ts";

/** A number below a bound. */
type Choose = (bound: number) => number;

/** Whether an op's record says all that a use of it needs: it computes values from operands and plain attributes. */
export function isDescribed(op: Op): boolean {
  const { scalar, operands, regions, groups, level, effect, traits, attributes } = op;
  const isPlain = Object.values(attributes).every(({ kind }) => kind !== "function" && kind !== "bindings");
  return (
    scalar === null &&
    operands.length > 0 &&
    regions.length === 0 &&
    groups.length < 2 &&
    level !== "loop" &&
    effect === "pure" &&
    !traits.memory &&
    !traits.transform &&
    isPlain
  );
}

/** How often something else is tried where the type rule refuses. */
const tries = 8;
const mostAxes = 3;

/** The results of a use of the op on values of the pool, as the picks choose; none where nothing tried fits. */
export function useOf(op: Op, picks: readonly number[], pool: readonly Value[]): readonly Value[] {
  const choose = chooserOf(picks);
  // closed: a use that needs a constraint which is not there yet might not run with every size of the program
  const scope = new DimScope(currentBlock().scope.dims.constraints, false);
  for (let i = 0; i < tries; i++) {
    const use = proposal(op, choose, pool);
    if (fits(op, use, scope)) {
      const operands = use.operands.map((o) => (o instanceof Value ? o : constant(o.fill, o.of)));
      return emit(op, operands, { attributes: use.attributes, types: use.declared });
    }
  }
  return [];
}

/** Numbers that the picks determine: xorshift from their hash. */
function chooserOf(picks: readonly number[]): Choose {
  let state = picks.reduce((hash, pick) => Math.imul(hash ^ (pick + 1), 0x01000193), 0x811c9dc5) | 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

/** A constant that is made where the use fits. */
interface Filled {
  readonly of: TensorType;
  readonly fill: number | boolean;
}

interface Use {
  readonly operands: readonly (Value | Filled)[];
  readonly attributes: Attributes;
  readonly declared: readonly Type[] | null;
}

function proposal(op: Op, choose: Choose, pool: readonly Value[]): Use {
  const first = pool[choose(pool.length)];
  const type = first.type.kind === "tensor" ? first.type : tensorType("f64", []);
  const operands = op.operands.flatMap(({ variadic }, i): readonly (Value | Filled)[] => {
    if (i === 0) return [first];
    const like = operandType(type, choose);
    const count = variadic === true ? [0, 1, 2, type.shape.length][choose(4)] : 1;
    return Array.from({ length: count }, () => operandOf(like, choose, pool));
  });
  const attributes = Object.entries(op.attributes).flatMap(([name, spec]) =>
    spec.default !== undefined && choose(2) === 0 ? [] : [[name, attributeOf(spec, type, choose)] as const],
  );
  return { operands, attributes: Object.fromEntries(attributes), declared: declaredOf(type, choose) };
}

const dtypeList: readonly DType[] = ["f64", "f32", "i32", "u32", "u8", "bool"];

/** The type of a further operand: that of the first, its element's, or an integer's. */
function operandType(type: TensorType, choose: Choose): TensorType {
  const types = [type, type, tensorType(type.dtype, []), tensorType("i32", [])];
  return types[choose(types.length)];
}

function operandOf(type: TensorType, choose: Choose, pool: readonly Value[]): Value | Filled {
  const fitting = pool.filter((v) => sameType(v.type, type));
  if (fitting.length > 0) return fitting[choose(fitting.length)];
  return { of: type, fill: type.dtype === "bool" ? choose(2) === 0 : choose(5) };
}

/** The result types as written, for ops that want them. */
function declaredOf(type: TensorType, choose: Choose): readonly Type[] | null {
  const longer = tensorType(type.dtype, [...type.shape, 2]);
  const others = tensorType(dtypeList[choose(dtypeList.length)], type.shape);
  return [null, null, [type], [longer], [others]][choose(5)];
}

function attributeOf(spec: AttributeSpec, { shape }: TensorType, choose: Choose): Attribute {
  const rank = shape.length;
  const axis = (): number => choose(Math.max(1, rank));
  const dim = (d: Dim | undefined): Dim => [0, 1, 2, d ?? 1, d === undefined ? 1 : subDims(d, 1)][choose(5)];
  switch (spec.kind) {
    case "integer":
      return spec.holds === "axis" ? axis() : choose(4);
    case "number":
      return [0, 1, 0.5, -2][choose(4)];
    case "boolean":
      return choose(2) === 0;
    case "word":
      return spec.words?.[choose(spec.words.length)] ?? "";
    case "dtype":
      return dtypeList[choose(dtypeList.length)];
    case "dim":
      return dim(shape[axis()]);
    case "dims":
      return shape.map(dim);
    case "axes":
    case "axesOrAll":
    case "integers":
      return listOf(spec, rank, choose);
    case "axisPairs":
      return rank === 0 ? axisPairs() : axisPairs([axis()], [axis()]);
    case "constant":
      return choose(3);
    default:
      return "seen";
  }
}

function listOf({ holds }: AttributeSpec, rank: number, choose: Choose): readonly number[] {
  const lists = ["axes", "permutation", "entries"] as const;
  const all = Array.from({ length: rank }, (_, i) => i);
  switch (holds ?? lists[choose(lists.length)]) {
    case "entries":
      return all.map(() => choose(4));
    case "permutation":
      return shuffled(all, choose);
    default:
      return shuffled(all, choose).filter(() => choose(2) === 0);
  }
}

function shuffled(items: readonly number[], choose: Choose): readonly number[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const k = choose(i + 1);
    [order[i], order[k]] = [order[k], order[i]];
  }
  return order;
}

/** Whether the type rule takes the use. */
function fits(op: Op, { operands, attributes, declared }: Use, scope: DimScope): boolean {
  try {
    const results = inferTypes(
      {
        op,
        operands: operands.map((o) => (o instanceof Value ? o.type : o.of)),
        attributes: completeAttributes(op, attributes),
        regions: [],
        segments: op.groups.length === 1 ? [operands.length] : [],
        declared,
        origin: null,
      },
      scope,
      () => null,
    );
    return results.every((type) => type.kind === "tensor" && type.shape.length <= mostAxes);
  } catch (error) {
    if (error instanceof AdjointError) return false;
    throw error;
  }
}
