// Lifting strict functions on Values to what users call: literals, broadcasting, origins, and where operations go.

import {
  AdjointError,
  atCaller,
  BlockBuilder,
  captureOrigin,
  currentBlock,
  type DType,
  FuncScope,
  fail,
  isDebugging,
  isFloat,
  isRepresentable,
  isScalar,
  type Module,
  makeFunc,
  makeModule,
  type NdArray,
  type Origin,
  printType,
  scalar,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import { constant } from "../../ops/index.ts";
import { bringContractions, bringLoops, bringTensors, bringUpdates, bringWindows, here } from "../../parts/index.ts";
import { dimHere } from "./axes.ts";
import { atBoundary, type Boundary, calledName, outermostOf, said, saying } from "./boundary.ts";
import { Extent } from "./extent.ts";
import { valueOfDim } from "./extent-value.ts";
import { remember } from "./history.ts";
import type { Binary, Comparison, Operand, Predicate, Unary } from "./operands.ts";
import { currentTrace, graphOf, withGraph } from "./scope.ts";
import { describeStranger, madeAt, Tensor } from "./tensor.ts";
import { dtypeBeside, dtypeMet, isWeak, met, weakened } from "./weak.ts";

export type { Operand } from "./operands.ts";

export const isOperand = (x: unknown): x is Operand =>
  x instanceof Tensor || typeof x === "number" || typeof x === "boolean" || x instanceof Extent;

/** Runs the function `entry` of a module on concrete arrays; installed by whoever knows a backend. */
type Evaluate = (module: Module, entry: string, args: readonly NdArray[]) => readonly NdArray[];
let installed: Evaluate = () => fail("option", "nothing here can run operations on concrete tensors");

export function installEvaluate(run: Evaluate): void {
  installed = run;
}

/** The function's results on concrete tensors, as concrete tensors. */
export function evaluate(module: Module, entry: string, args: readonly Tensor[]): readonly Tensor[] {
  const arrays = args.map((t) => t.array("an operand"));
  const results = installed(module, entry, arrays).map((array) => new Tensor(array));
  remember(module, entry, args, results);
  return results;
}

/** A traced tensor where no trace runs is one that was kept. */
export function requireConcrete(tensor: Tensor): void {
  const { traced } = tensor;
  if (traced === null) return;
  fail("scope", `a traced tensor${madeAt(traced)} is used after its trace ended`, {
    hint: "return it from the traced function",
  });
}

/**
 * As atBoundary; errors say what was called. Where an extent of a declared graph is among `sizes`, what the body does
 * goes there.
 */
export function asUser<T>(boundary: Boundary, body: () => T, sizes?: unknown): T {
  const graph = sizes === undefined || currentTrace() !== null ? null : graphOf([sizes].flat());
  const routed = graph === null ? body : () => withGraph(graph, body);
  return atBoundary(boundary, () => saying(boundary, routed));
}

/**
 * Appends operations for `operands`, or runs them where all are concrete. `boundary` is the public function called; where
 * one of the operands or `sizes` belongs to a declared graph, they go there. Where operands `meet` in one dtype, weak numbers
 * among them take that of the others, and what is computed of nothing else is weak.
 */
export function apply(
  boundary: Boundary,
  operands: readonly Operand[],
  build: (...values: Value[]) => readonly Value[],
  sizes?: unknown,
  meet = false,
): readonly Tensor[] {
  bringTensors();
  return applyKeepingRank(boundary, operands, build, sizes, meet);
}

/** As apply, for sums of products, and operations whose derivatives have such. */
export function applyContracting(
  boundary: Boundary,
  operands: readonly Operand[],
  build: (...values: Value[]) => readonly Value[],
): readonly Tensor[] {
  bringContractions();
  return applyKeepingRank(boundary, operands, build);
}

/** As apply, for windows that move. */
export function applySliding(
  boundary: Boundary,
  operands: readonly Operand[],
  build: (...values: Value[]) => readonly Value[],
): readonly Tensor[] {
  bringWindows();
  return applyKeepingRank(boundary, operands, build);
}

/** As apply, for operations that change elements of a tensor, or whose derivatives do. */
export function applyIndexing(
  boundary: Boundary,
  operands: readonly Operand[],
  build: (...values: Value[]) => readonly Value[],
  sizes?: unknown,
): readonly Tensor[] {
  bringUpdates();
  return applyKeepingRank(boundary, operands, build, sizes);
}

/** As apply, for operations that are lowered to a loop whose end is not known, as those of sorting. */
export function applyLooping(
  boundary: Boundary,
  operands: readonly Operand[],
  build: (...values: Value[]) => readonly Value[],
): readonly Tensor[] {
  bringLoops();
  return applyKeepingRank(boundary, operands, build);
}

/** As apply, for operations that make no tensors where they get numbers: a program of numbers uses nothing else. */
export function applyKeepingRank(
  boundary: Boundary,
  operands: readonly Operand[],
  build: (...values: Value[]) => readonly Value[],
  sizes?: unknown,
  meet = false,
): readonly Tensor[] {
  const trace = currentTrace();
  const called = outermostOf(boundary);
  const graph = trace === null ? (graphOf(operands) ?? (sizes === undefined ? null : graphOf([sizes].flat()))) : null;
  if (graph !== null)
    return atCaller(called, () => withGraph(graph, () => applyKeepingRank(boundary, operands, build, undefined, meet)));
  const dtype = dtypeBeside(operands);
  if (trace === null) return runNow(operands, dtype, build, boundary);
  // captured here, since each frame on the stack between costs time
  const origin = trace.hasOrigins ? captureOrigin(trace.boundary(called), 1, calledName(boundary)) : null;
  const appended = (): readonly Tensor[] => {
    const common = meet ? dtypeMet(operands) : null;
    const values = operands.map((o) => {
      if (!(o instanceof Tensor)) return literal(o, dtype);
      const value = trace.value(o, origin);
      return common !== null && isWeak(o) ? met(value, common) : value;
    });
    const builder = currentBlock();
    const results = build(...values).map((value) => new Tensor({ value, builder }));
    return meet && common === null && operands.some(isNumber) ? results.map(weakened) : results;
  };
  return withOrigin(origin, called, boundary, appended);
}

const isNumber = (o: Operand): boolean => typeof o === "number" || isWeak(o);

/** As apply, for functions of one result whose operands broadcast and meet in one dtype. */
export function applyBroadcast(
  boundary: Boundary,
  operands: readonly Operand[],
  build: (...values: Value[]) => Value,
): Tensor {
  return applyKeepingRank(boundary, operands, broadcasting(build), undefined, true)[0];
}

function broadcasting(build: (...values: Value[]) => Value): (...values: Value[]) => readonly Value[] {
  return (...values) => {
    const builder = currentBlock();
    return [build(...ofOneShape(values, builder))];
  };
}

/** Operands of one shape. Of numbers alone there is nothing to do; a program that makes tensors has what broadcasts them. */
function ofOneShape(values: readonly Value[], { scope, origin }: BlockBuilder): readonly Value[] {
  if (values.every((v) => isScalar(v.type))) return values;
  if (here.broadcast !== null) return here.broadcast(values, scope, origin);
  const types = values.map((v) => printType(v.type));
  if (types.every((type) => type === types[0])) return values;
  return fail("shape", `operands of types ${types.join(" and ")} meet in a program that makes no tensor`, {
    hint: "write tensor(…) around an array that is passed",
  });
}

/**
 * The user's function of a strict one; it is its own boundary.
 */
export function unary(build: (x: Value) => Value): Unary;
/** @__NO_SIDE_EFFECTS__ */
export function unary(build: (x: Value) => Value): (x: Operand) => Tensor {
  const broadcast = broadcasting(build);
  const f = (x: Operand): Tensor => applyKeepingRank(f, [x], broadcast, undefined, true)[0];
  return f;
}

export function binary(build: (x: Value, y: Value) => Value): Binary;
/** @__NO_SIDE_EFFECTS__ */
export function binary(build: (x: Value, y: Value) => Value): (x: Operand, y: Operand) => Tensor {
  const broadcast = broadcasting(build);
  const f = (x: Operand, y: Operand): Tensor => applyKeepingRank(f, [x, y], broadcast, undefined, true)[0];
  return f;
}

/**
 * As unary, of a function that gives truth values.
 */
export function predicate(build: (x: Value) => Value): Predicate;
/** @__NO_SIDE_EFFECTS__ */
export function predicate(build: (x: Value) => Value): (x: Operand) => Tensor {
  return unary(build);
}

/**
 * As binary, of a function that gives truth values.
 */
export function comparison(build: (x: Value, y: Value) => Value): Comparison;
/** @__NO_SIDE_EFFECTS__ */
export function comparison(build: (x: Value, y: Value) => Value): (x: Operand, y: Operand) => Tensor {
  return binary(build);
}

/**
 * Runs `body`, which is all that `boundary` does. Operations have the origin; errors too, and the line of the call where
 * each call of the function has its own, and they say what the user called. This is on the way of every operation traced.
 */
function withOrigin<T>(origin: Origin | null, called: Boundary, boundary: Boundary, body: () => T): T {
  const builder = currentBlock();
  const before = builder.origin;
  builder.origin = origin;
  try {
    return body();
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    throw said(error, boundary)
      .at(origin ?? captureOrigin(called))
      .leaving(called);
  } finally {
    builder.origin = before;
  }
}

/** A literal as a constant of the tensor's dtype, an extent as its value; f64 or bool where there is none. */
export function literal(x: number | boolean | Extent, dtype: DType | null): Value {
  if (x instanceof Extent) {
    const d = dimHere(x);
    return typeof d === "number" ? literal(d, dtype) : valueOfDim(d, dtype ?? "f64");
  }
  if (typeof x !== "number" && typeof x !== "boolean") {
    const isData = Array.isArray(x) || ArrayBuffer.isView(x);
    fail("argument", `an operand is ${describeStranger(x)}, expected a tensor, a number or a boolean`, {
      hint: isData ? "write tensor(…) around it" : x === undefined ? "is an argument missing, or a return?" : undefined,
    });
  }
  const target = dtype ?? (typeof x === "boolean" ? "bool" : "f64");
  if ((typeof x === "boolean") !== (target === "bool")) {
    fail("dtype", `the literal ${x} meets a tensor of dtype ${target}`, { hint: "cast the tensor" });
  }
  if (typeof x === "number" && !isFloat(target) && !isRepresentable(x, target)) {
    fail("literal", `the literal ${Object.is(x, -0) ? "-0" : x} is not a value of ${target}`, {
      hint: "cast the tensor, or write a value it has",
    });
  }
  return constant(x, scalar(target));
}

/**
 * An operand as a tensor: a literal becomes a constant of the dtype, and a weak number that number of the dtype. Where the
 * dtype is null, a literal is bool or a weak f64, and a weak number stays what it is.
 */
export function asTensor(boundary: Boundary, operand: Operand, dtype: DType | null): Tensor {
  if (operand instanceof Tensor) {
    if (dtype === null || !isWeak(operand)) return operand;
    return asUser(boundary, () => applyKeepingRank(boundary, [operand], (v) => [met(v, dtype)])[0]);
  }
  const made = asUser(boundary, () => applyKeepingRank(boundary, [], () => [literal(operand, dtype)])[0], [operand]);
  return dtype === null && typeof operand === "number" ? weakened(made) : made;
}

/** Operands of which weak numbers are of the dtype that they meet in the others, or of `dtype`. */
export function meeting<T extends Operand>(
  boundary: Boundary,
  operands: readonly T[],
  dtype: DType | null = dtypeMet(operands),
): readonly (T | Tensor)[] {
  return operands.map((o) => (isWeak(o) ? asTensor(boundary, o, dtype) : o));
}

/** Concrete operands: a function of this one step, run at once. */
function runNow(
  operands: readonly Operand[],
  dtype: DType | null,
  build: (...values: Value[]) => readonly Value[],
  boundary: Boundary,
): readonly Tensor[] {
  const builder = new BlockBuilder(new FuncScope());
  const tensors = operands.filter((o) => o instanceof Tensor);
  if (isDebugging()) builder.origin = captureOrigin(outermostOf(boundary), 1, calledName(boundary));
  return atCaller(outermostOf(boundary), () => {
    tensors.forEach(requireConcrete);
    return saying(boundary, () => {
      const results = withBuilder(builder, () =>
        build(...operands.map((o) => (o instanceof Tensor ? builder.argument(o.type) : literal(o, dtype)))),
      );
      const module = makeModule([makeFunc({ name: "main", body: builder.finish(results) })]);
      return evaluate(module, "main", tensors);
    });
  });
}
