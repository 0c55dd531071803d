// Structured control flow: `if`, `while`, `scan`. Regions see the values around them; loops stay loops.

import {
  AdjointError,
  type AttributesOf,
  allocate,
  counted,
  currentBlock,
  type Dim,
  type EvalContext,
  elementDType,
  emit,
  groupOf,
  type NdArray,
  type Operation,
  printType,
  sameType,
  scalar,
  shapeOf,
  sizeOf,
  type TensorType,
  type Type,
  type TypeContext,
  tensorType,
  unranked,
  unrankedHint,
  type Value,
} from "../../ir/index.ts";
import { defineOp, dtypeOf } from "../base/define.ts";
import { requireTypes } from "../loop/loop.ts";
import { batchIf, batchScan, batchWhile } from "./batch/batching.ts";
import { forwardIf, forwardScan, forwardWhile } from "./forward/tangents.ts";
import {
  flowsOfIf,
  flowsOfScan,
  flowsOfWhile,
  reverseIf,
  reverseScan,
  reverseWhile,
  usesOfIf,
  usesOfScan,
  usesOfWhile,
} from "./reverse/cotangents.ts";

const structured = { kind: "structured" } as const;

function typesOf(values: readonly Value[]): readonly Type[] {
  return values.map((v) => v.type);
}

/** A bool of rank 0, or of unknown rank. */
function requireCondition(cx: TypeContext, what: string, type: Type): void {
  if (sameType(type, scalar("bool")) || sameType(type, unranked("bool"))) return;
  const hint = elementDType(type) === "bool" ? "reduce it with kind = and, or use select" : "compare it with 0";
  cx.fail("dtype", `${what} has type ${printType(type)}, expected bool`, hint);
}

// ---- if -------------------------------------------------------------------------------------------------------------

export const ifOp = defineOp({
  name: "if",
  summary: "Runs one of two regions.",
  operands: [{ name: "predicate" }],
  regions: [{ name: "then" }, { name: "else", optional: true }],
  level: "both",
  traits: { branches: true },
  types(x) {
    const [predicate] = x.operands;
    requireCondition(x, "the predicate", predicate);
    for (const region of x.regions) requireTypes(x, "the arguments of a branch", region.arguments, []);
    const types = x.declared ?? typesOf(x.regions[0].results);
    requireTypes(x, "the results of then", x.regions[0].results, types);
    requireTypes(x, "the results of else", x.regions[1].results, types);
    return types;
  },
  eval(x) {
    const [then, otherwise] = x.operation.regions;
    return x.run(x.operands[0].data[0] !== 0 ? then : otherwise, []);
  },
  derivative: { kind: "structured", flows: flowsOfIf, uses: usesOfIf, reverse: reverseIf, forward: forwardIf },
  batching: { kind: "structured", batch: batchIf },
  lowering: structured,
  docs: {
    semantics:
      "What `then` yields where the predicate is true, else what `else` yields. The other region does not run.",
    constraints: ["the predicate is a bool scalar", "both regions yield the same types"],
    example: `func @choose(%p: bool, %x: f32) -> f32 {
  %y = if %p : f32 {
    %exp = exp %x : f32
    yield %exp
  } else {
    %neg = neg %x : f32
    yield %neg
  }
  return %y
}
// run: @choose(false, 2) == -2
`,
  },
});

/**
 * Runs `then` where the scalar `predicate` is true, and `otherwise` where it is false. Both give results of the same types.
 */
export function ifElse(
  predicate: Value,
  then: () => readonly Value[],
  otherwise: () => readonly Value[],
  names: readonly (string | null)[] = [],
): readonly Value[] {
  const builder = currentBlock();
  return emit(ifOp, [predicate], { regions: [builder.region([], then), builder.region([], otherwise)], names });
}

// ---- while ----------------------------------------------------------------------------------------------------------

export const whileOp = defineOp({
  name: "while",
  summary: "Repeats its body while a condition on the carried values holds.",
  operands: [{ name: "carry", variadic: true }],
  groups: ["carry"],
  regions: [{ name: "cond" }, { name: "do" }],
  assembly: [{ kind: "bind", group: "carry" }],
  level: "both",
  types(x) {
    const [cond, body] = x.regions;
    const carry = x.group("carry");
    requireTypes(x, "the arguments of the condition", cond.arguments, carry);
    if (cond.results.length !== 1)
      x.fail("arity", `the condition yields ${counted(cond.results.length, "value")}, expected one bool`);
    requireCondition(x, "the condition", cond.results[0].type);
    requireTypes(x, "the arguments of do", body.arguments, carry);
    requireTypes(x, "the results of do", body.results, carry);
    return carry;
  },
  eval(x) {
    const [cond, body] = x.operation.regions;
    let carried = x.operands;
    for (let step = 0; ; step++) {
      try {
        if (x.run(cond, carried)[0].data[0] === 0) return carried;
        carried = x.run(body, carried);
      } catch (error) {
        throw error instanceof AdjointError ? error.inStep(step) : error;
      }
    }
  },
  derivative: {
    kind: "structured",
    flows: flowsOfWhile,
    uses: usesOfWhile,
    reverse: reverseWhile,
    forward: forwardWhile,
  },
  loop: { carried: "carry", indices: 0, test: 0, body: 1, extent: () => null },
  batching: { kind: "structured", batch: batchWhile },
  lowering: structured,
  docs: {
    semantics:
      "The loop carries values from one iteration to the next. Before each iteration the condition gets the carried values; while it yields true, the body gets them and yields the next ones. The results are the carried values for which the condition yielded false.",
    constraints: ["the condition yields one bool", "the body yields the carried types"],
    example: `func @count(%n: i32) -> i32 {
  %zero = constant 0 : i32
  %one = constant 1 : i32
  %last = while carry(%i: i32 = %zero) : i32 {
    %p = compare %i, %n, direction = lt : bool
    yield %p
  } do(%j: i32) {
    %next = add %j, %one : i32
    yield %next
  }
  return %last
}
// run: @count(5) == 5
`,
  },
});

/** Repeats `body` on the carried values while `cond` holds. */
export function whileLoop(
  inits: readonly Value[],
  cond: (...carry: Value[]) => Value,
  body: (...carry: Value[]) => readonly Value[],
  names: readonly (string | null)[] = inits.map((v) => v.name),
): readonly Value[] {
  const builder = currentBlock();
  const types = typesOf(inits);
  const regions = [builder.region(types, (...carry) => [cond(...carry)], names), builder.region(types, body, names)];
  return emit(whileOp, inits, { regions });
}

// ---- scan -----------------------------------------------------------------------------------------------------------

/** The default of `length`: the extent of the sequences. */
const fromOver = -1;

const scanAttributes = {
  reverse: { kind: "boolean", default: false, summary: "from the last element to the first" },
  length: { kind: "dim", default: fromOver, summary: "number of steps; follows from `over` unless that is empty" },
} as const;

type ScanAttributes = AttributesOf<typeof scanAttributes>;

export const scanOp = defineOp({
  name: "scan",
  summary: "A loop over the leading axis: carries values on and stacks what each step gives.",
  operands: [
    { name: "carry", variadic: true },
    { name: "over", variadic: true },
  ],
  groups: ["carry", "over"],
  attributes: scanAttributes,
  regions: [{ name: "body" }],
  assembly: [
    { kind: "bind", group: "carry" },
    { kind: "bind", group: "over" },
  ],
  level: "both",
  types(x) {
    const carry = x.group("carry");
    const over = x.group("over").map((type, i) => scannedType(x, type, i));
    const length = scanLength(x, over);
    const [body] = x.regions;
    requireTypes(x, "the body's arguments", body.arguments, [
      ...carry,
      ...over.map((t) => tensorType(t.dtype, t.shape.slice(1))),
    ]);
    if (body.results.length < carry.length) {
      x.fail(
        "arity",
        `the body yields ${counted(body.results.length, "value")}, expected at least the ${carry.length} carried ones`,
      );
    }
    requireTypes(x, "the body's carried results", body.results.slice(0, carry.length), carry);
    return [...carry, ...body.results.slice(carry.length).map((v, i) => stackedType(x, v.type, length, i))];
  },
  eval: evalScan,
  derivative: { kind: "structured", flows: flowsOfScan, uses: usesOfScan, reverse: reverseScan, forward: forwardScan },
  loop: { carried: "carry", indices: 0, test: null, body: 0, extent: extentOfScan },
  batching: { kind: "structured", batch: batchScan },
  lowering: structured,
  docs: {
    semantics:
      "A loop over the leading axis of the values in `over`, from the first position to the last, or with reverse = true from the last to the first. At each position the body gets the carried values and the elements of `over` there; it yields the next carried values, and then the outputs of that position. The results are the last carried values, and then the outputs, stacked along a new leading axis, each at its position.",
    constraints: [
      "values in `over` have one leading extent",
      "length is given where `over` is empty",
      "the body yields the carried types first",
    ],
    example: `func @decayed_sum<T>(%xs: f32[T], %decay: f32) -> (f32, f32[T]) {
  %zero = constant 0 : f32
  %last, %sums = scan carry(%s: f32 = %zero) over(%x: f32 = %xs) : f32, f32[T] {
    %mul = mul %s, %decay : f32
    %add = add %mul, %x : f32
    yield %add, %add
  }
  return %last, %sums
}
// run: @decayed_sum([1, 2, 3], 0.5) == (4.25, [1, 2.5, 4.25])
`,
  },
});

/** The number of iterations of a scan. */
function extentOfScan(operation: Operation<ScanAttributes>): Dim {
  const [scanned] = groupOf(operation, "over");
  return scanned === undefined ? operation.attributes.length : shapeOf(scanned)[0];
}

function scannedType(cx: TypeContext, type: Type, i: number): TensorType {
  if (type.kind === "tensor" && type.shape.length > 0) return type;
  const hint = type.kind === "unranked" ? unrankedHint : undefined;
  return cx.fail(
    "shape",
    `operand ${i} of over has type ${printType(type)}, expected a tensor with a leading axis`,
    hint,
  );
}

function scanLength(cx: TypeContext<ScanAttributes>, over: readonly TensorType[]): Dim {
  const stated = cx.attributes.length;
  if (over.length === 0) {
    if (stated === fromOver) cx.fail("attribute", "length is missing", "it cannot follow from over, which is empty");
    cx.atLeast(stated, 0, "length");
    return stated;
  }
  let length = over[0].shape[0];
  for (const [i, type] of over.entries())
    length = cx.equal(type.shape[0], length, `the leading extent of operand ${i} of over`);
  return stated === fromOver ? length : cx.equal(stated, length, "length");
}

function stackedType(cx: TypeContext, type: Type, length: Dim, i: number): Type {
  if (type.kind === "tensor") return tensorType(type.dtype, [length, ...type.shape]);
  return cx.fail("shape", `output ${i} of the body has type ${printType(type)}, expected a tensor`);
}

function evalScan(cx: EvalContext<ScanAttributes>): readonly NdArray[] {
  const { operation } = cx;
  const [body] = operation.regions;
  let carried = cx.group("carry");
  const over = cx.group("over");
  const stated = cx.attributes.length;
  const length = stated === fromOver ? over[0].shape[0] : cx.dim(stated);
  const outputs = operation.results.slice(carried.length).map((r) => {
    const shape = cx.shape(r.type);
    return allocate(dtypeOf(r.type), [length, ...shape.slice(1)]);
  });
  for (let step = 0; step < length; step++) {
    const at = cx.attributes.reverse === true ? length - 1 - step : step;
    const results = cx.run(body, [...carried, ...over.map((a) => elementAt(a, at))]);
    for (const [i, output] of outputs.entries()) {
      const part = results[carried.length + i];
      output.data.set(part.data, at * part.data.length);
    }
    carried = results.slice(0, carried.length);
  }
  return [...carried, ...outputs];
}

/** Element `i` along the leading axis, sharing memory. */
function elementAt(array: NdArray, i: number): NdArray {
  const shape = array.shape.slice(1);
  const size = sizeOf(shape);
  return { dtype: array.dtype, shape, data: array.data.subarray(i * size, (i + 1) * size) };
}

export interface ScanStep {
  readonly carry: readonly Value[];
  readonly out: readonly Value[];
}

/** A loop over the leading axis of `xs`: last carried values, then the stacked outputs. */
export function scan(
  inits: readonly Value[],
  xs: readonly Value[],
  body: (carry: readonly Value[], x: readonly Value[]) => ScanStep,
  options: { readonly reverse?: boolean; readonly length?: Dim; readonly names?: readonly (string | null)[] } = {},
): readonly Value[] {
  const slices = xs.map((v) => (v.type.kind === "tensor" ? tensorType(v.type.dtype, v.type.shape.slice(1)) : v.type));
  const region = currentBlock().region(
    [...typesOf(inits), ...slices],
    (...args) => {
      const step = body(args.slice(0, inits.length), args.slice(inits.length));
      return [...step.carry, ...step.out];
    },
    options.names ?? inits.map((v) => v.name),
  );
  return emit(scanOp, [...inits, ...xs], {
    attributes: { reverse: options.reverse ?? false, length: options.length ?? fromOver },
    regions: [region],
    segments: [inits.length, xs.length],
  });
}
