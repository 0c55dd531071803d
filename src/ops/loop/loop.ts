// The loop level: `for` over index values, memory and its elements. Bounds and subscripts are affine.

import {
  type AttributesOf,
  affineOperands,
  allocate,
  type Block,
  BlockBuilder,
  counted,
  currentBlock,
  type Dim,
  type EvalContext,
  emit,
  fillGarbage,
  groupOf,
  indexDim,
  layoutOf,
  type MemRefType,
  memRefTypeOf,
  type NdArray,
  ndscalar,
  type Op,
  placeIn,
  printType,
  sameType,
  scalar,
  type Type,
  type TypeContext,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import { defineOp, emit1 } from "../base/define.ts";
import { atLoopLevel } from "./level.ts";

/** What loads and stores are of. */
type Subscripts = { readonly at: readonly Dim[] };

export function requireIndices(cx: TypeContext, group: string): void {
  for (const [i, type] of cx.group(group).entries()) {
    if (!sameType(type, scalar("index")))
      cx.fail("dtype", `operand ${i} of ${group} has type ${printType(type)}, expected index`);
  }
}

function requireMemory(cx: TypeContext<Subscripts>): MemRefType {
  const [type] = cx.group("memory");
  if (type.kind !== "memref") cx.fail("dtype", `the memory has type ${printType(type)}, expected memref<…>`);
  const at = cx.attributes.at;
  if (at.length !== type.shape.length) {
    cx.fail("shape", `got ${counted(at.length, "subscript")} for ${printType(type)}, expected ${type.shape.length}`);
  }
  return type;
}

// ---- for ------------------------------------------------------------------------------------------------------------

/** Those of loops over index values. */
const forAttributes = {
  lower: { kind: "dim", summary: "first index" },
  upper: { kind: "dim", summary: "the index the loop stops before" },
  step: { kind: "integer", default: 1, summary: "distance from one index to the next, at least 1" },
} as const;

export type ForAttributes = AttributesOf<typeof forAttributes>;

/** The form of a loop over index values. */
export const overIndices = {
  operands: [
    { name: "bounds", variadic: true },
    { name: "carry", variadic: true },
  ],
  groups: ["bounds", "carry"],
  attributes: forAttributes,
  regions: [{ name: "body" }],
  assembly: [
    { kind: "range", group: "bounds" },
    { kind: "bind", group: "carry" },
  ],
  loop: { carried: "carry", indices: 1, test: null, body: 0, extent: () => null },
} as const;

export const forOp = defineOp({
  name: "for",
  summary: "Runs its body for each index from a lower to an upper bound, carrying values.",
  ...atLoopLevel,
  ...overIndices,
  types(x) {
    requireIndices(x, "bounds");
    if (x.attributes.step < 1) x.fail("attribute", `step is ${x.attributes.step}, expected at least 1`);
    const carry = x.group("carry");
    requireTypes(x, "the body's arguments", x.regions[0].arguments, [scalar("index"), ...carry]);
    requireTypes(x, "the body's results", x.regions[0].results, carry);
    return carry;
  },
  eval(x) {
    let carried = x.group("carry");
    const upper = x.affine(x.attributes.upper, "bounds");
    const step = x.attributes.step;
    for (let i = x.affine(x.attributes.lower, "bounds"); i < upper; i += step) {
      carried = x.run(x.operation.regions[0], [ndscalar("index", i), ...carried]);
    }
    return carried;
  },
  docs: {
    semantics:
      "The body runs once for each index lower, lower + step, … that is below upper. Its first argument is the index, and the others are the carried values; what it yields are the carried values of the next iteration. The results are the last carried values, which are the initial ones where the range is empty.",
    constraints: ["bounds are affine in symbols and index values", "body yields the carried types", "step >= 1"],
    example: `func @sum(%x: memref<f64[4]>) -> f64 {
  %zero = constant 0 : f64
  %sum = for %i: index = 0 to 4 carry(%acc: f64 = %zero) : f64 {
    %x_i = load %x[%i] : f64
    %add = add %acc, %x_i : f64
    yield %add
  }
  return %sum
}
// run: @sum([1, 2, 3, 4]) == 10
`,
  },
});

/** Compares the types of a region's arguments or results with what the op expects of them. */
export function requireTypes(cx: TypeContext, what: string, got: readonly Value[], expected: readonly Type[]): void {
  if (got.length !== expected.length) cx.fail("arity", `${what}: got ${got.length}, expected ${expected.length}`);
  for (const [i, type] of expected.entries()) {
    if (!sameType(got[i].type, type)) {
      cx.fail("shape", `${what}: number ${i} has type ${printType(got[i].type)}, expected ${printType(type)}`);
    }
  }
}

/** Appends a loop over [lower, upper), a `for` if nothing else is said: `body` gets the index and the carried values and gives the next ones. */
export function forLoop(
  lower: Dim,
  upper: Dim,
  step: number,
  inits: readonly Value[],
  body: (index: Value, ...carry: Value[]) => readonly Value[],
  names: readonly (string | null)[] = ["i"],
  opFor: (body: Block) => Op<ForAttributes> = () => forOp,
): readonly Value[] {
  const builder = currentBlock();
  const inner = new BlockBuilder(builder.scope, builder);
  const index = inner.argument(scalar("index"), names[0] ?? null);
  const carry = inits.map((v, k) => inner.argument(v.type, names[k + 1] ?? v.name));
  const region = inner.finish(withBuilder(inner, () => body(index, ...carry)));
  return forRegion(lower, upper, step, inits, region, [], opFor(region));
}

/** As forLoop, of a body that is a block already; `results` are the names of the results. */
export function forRegion(
  lower: Dim,
  upper: Dim,
  step: number,
  inits: readonly Value[],
  region: Block,
  results: readonly (string | null)[] = [],
  op: Op<ForAttributes> = forOp,
): readonly Value[] {
  const bounds = affineOperands([lower, upper]);
  return emit(op, [...bounds.operands, ...inits], {
    attributes: { lower: bounds.dims[0], upper: bounds.dims[1], step },
    regions: [region],
    segments: [bounds.operands.length, inits.length],
    names: results,
  });
}

/** A loop that carries nothing. */
export function each(from: Dim, to: Dim, name: string, body: (i: Dim) => void): void {
  const step = (index: Value): readonly Value[] => {
    body(indexDim(index));
    return [];
  };
  forLoop(from, to, 1, [], step, [name]);
}

/** Nested ascending loops; an axis of extent 1 needs none. */
export function loopNest(extents: readonly Dim[], names: readonly string[], body: (at: readonly Dim[]) => void): void {
  const open = (at: readonly Dim[]): void => {
    if (at.length === extents.length) body(at);
    else if (extents[at.length] === 1) open([...at, 0]);
    else {
      const step = (index: Value): readonly Value[] => {
        open([...at, indexDim(index)]);
        return [];
      };
      forLoop(0, extents[at.length], 1, [], step, [names[at.length] ?? names[0]]);
    }
  };
  open([]);
}

// ---- load, store, alloc ---------------------------------------------------------------------------------------------

export const loadOp = defineOp({
  name: "load",
  summary: "Reads one element of memory.",
  operands: [{ name: "memory" }, { name: "at", variadic: true }],
  groups: ["memory", "at"],
  attributes: { at: { kind: "dims", summary: "one affine subscript per axis" } },
  assembly: [{ kind: "subscript", operand: 0, group: "at" }],
  ...atLoopLevel,
  effects: { reads: ["memory"], fails: true },
  types(x) {
    requireIndices(x, "at");
    return [scalar(requireMemory(x).dtype)];
  },
  eval(x) {
    const [memory] = x.group("memory");
    return [ndscalar(memory.dtype, memory.data[offsetOf(x, memory)])];
  },
  docs: {
    semantics:
      "The element at the subscripts, where the type of the memory says: row-major, or by its strides and offset. Lowering only makes subscripts that are in range; the interpreter checks them.",
    constraints: ["one subscript per axis", "subscripts are affine in symbols and index values"],
    example: `func @second(%x: memref<f64[3]>) -> f64 {
  %x_1 = load %x[1] : f64
  return %x_1
}
// run: @second([5, 6, 7]) == 6
`,
  },
});

/** Where the element at an operation's subscripts stands in memory; out of range fails. */
function offsetOf(cx: EvalContext<Subscripts>, memory: NdArray): number {
  let offset = 0;
  const { at } = cx.attributes;
  for (let axis = 0; axis < at.length; axis++) {
    const i = cx.affine(at[axis], "at");
    const extent = memory.shape[axis];
    if (!(i >= 0 && i < extent))
      cx.fail("range", `${cx.operation.op.name}: subscript ${i} on axis ${axis} is outside [0, ${extent})`);
    offset = offset * extent + i;
  }
  const layout = layoutOf(groupOf(cx.operation, "memory")[0].type);
  return layout === undefined ? offset : cx.affine(placeIn(layout, at), "at");
}

/** Reads `memory[at…]`. */
export function load(memory: Value, at: readonly Dim[]): Value {
  const subscripts = affineOperands(at);
  return emit1(loadOp, [memory, ...subscripts.operands], {
    attributes: { at: subscripts.dims },
    segments: [1, subscripts.operands.length],
  });
}

export const storeOp = defineOp({
  name: "store",
  summary: "Writes one element of memory.",
  operands: [{ name: "value" }, { name: "memory" }, { name: "at", variadic: true }],
  groups: ["value", "memory", "at"],
  attributes: { at: { kind: "dims", summary: "one affine subscript per axis" } },
  assembly: [
    { kind: "operand", operand: 0 },
    { kind: "subscript", operand: 1, group: "at" },
  ],
  ...atLoopLevel,
  effects: { writes: ["memory"], fails: true },
  types(x) {
    requireIndices(x, "at");
    const memory = requireMemory(x);
    const [value] = x.group("value");
    if (!sameType(value, scalar(memory.dtype))) {
      x.fail("dtype", `the value has type ${printType(value)}, expected ${memory.dtype} for ${printType(memory)}`);
    }
    return [];
  },
  eval(x) {
    const [memory] = x.group("memory");
    memory.data[offsetOf(x, memory)] = x.group("value")[0].data[0];
    return [];
  },
  docs: {
    semantics: "Sets the element at the subscripts, where the type of the memory says.",
    constraints: ["the value is a scalar of the memory's dtype", "one affine subscript per axis"],
    example: `func @fill(%x: inout memref<f64[3]>) -> f64 {
  %one = constant 1 : f64
  for %i: index = 0 to 3 {
    store %one, %x[%i]
  }
  %last = load %x[2] : f64
  return %last
}
// run: @fill([5, 6, 7]) == 1
`,
  },
});

/** Writes `value` to `memory[at…]`. */
export function store(value: Value, memory: Value, at: readonly Dim[]): void {
  const subscripts = affineOperands(at);
  emit(storeOp, [value, memory, ...subscripts.operands], {
    attributes: { at: subscripts.dims },
    segments: [1, 1, subscripts.operands.length],
  });
}

const allocAttributes = {
  init: { kind: "word", words: ["zero", "any"], default: "zero", summary: "what the memory holds at first" },
} as const;

export type AllocAttributes = AttributesOf<typeof allocAttributes>;

export const allocOp = defineOp({
  name: "alloc",
  summary: "Fresh memory, all zero, or holding anything at first.",
  operands: [],
  attributes: allocAttributes,
  ...atLoopLevel,
  effects: { allocates: true },
  types(x) {
    if (x.declared?.length === 1 && x.declared[0].kind === "memref") return x.declared;
    return x.fail("dtype", "the result has to be written as one memref<…>");
  },
  eval(x) {
    const type = memRefTypeOf(x.operation.results[0].type);
    const memory = allocate(type.dtype, x.shape(type));
    if (x.attributes.init === "any") fillGarbage(memory);
    return [memory];
  },
  docs: {
    semantics:
      "New memory of the result's type: every element zero (false), or with `init = any` whatever it may be, on which nothing may depend. The interpreter fills such memory with NaN, and integers with bytes 0xAA.",
    constraints: ["the result type is a memref", "elements of `init = any` memory are written before they are used"],
    example: `func @scratch(%x: f64) -> f64 {
  %total = alloc : memref<f64[1]>
  %scratch = alloc init = any : memref<f64[2]>
  store %x, %scratch[1]
  %a = load %total[0] : f64
  %b = load %scratch[1] : f64
  %y = add %a, %b : f64
  return %y
}
// run: @scratch(3) == 3
`,
  },
});

/** New memory of the type. */
export function alloc(type: MemRefType, name: string | null = null, init: AllocAttributes["init"] = "zero"): Value {
  return emit1(allocOp, [], { types: [type], names: [name], attributes: { init } });
}
