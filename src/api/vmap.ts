// vmap: a function of one element, applied to all of a batch at once; checkpoint: one whose steps are not kept.

import {
  describe,
  flatten,
  isOperand,
  isStatic,
  leafCount,
  Tensor,
  type TracedFunction,
  type Tree,
  unflatten,
} from "../frontend/index.ts";
import { atCaller, fail, rankedOf, requireOptions, shapeOf, type Type, tensorType, type Value } from "../ir/index.ts";
import { call as callOp, permute, vmap as vmapOp } from "../ops/index.ts";
import type { JitFunction } from "./jit.ts";
import { Recorded } from "./record.ts";
import { derived } from "./transforms.ts";

/** The axis to map along; null for what is the same for all. */
export type Axis = number | null;

export interface VmapOptions {
  /** One for all arguments, of which numbers are the same for all, or one for each; all tensors of an argument share it. */
  readonly inAxes?: Axis | readonly Axis[];
  /** Where the axis stands in the results: one for all, or one for each of an array of results. */
  readonly outAxes?: number | readonly number[];
}

/**
 * The function applied to each element along an axis of its arguments, the results stacked along `outAxes`. The function
 * sees one element; what it computes runs for the whole batch at once, without a loop. A branch or loop whose predicate is
 * the same for the whole batch stays one. Axes count from 0, negative ones from the end.
 *
 * @throws AdjointError code `argument` where no argument is mapped or the options do not fit the arguments, `axis` where an
 * argument has no such axis, `shape` where the mapped extents differ.
 * @example vmap((x, w) => dot(x, w), { inAxes: [0, null] })(rows, w) // one number for each row
 */
export function vmap(fn: TracedFunction, options: VmapOptions = {}): JitFunction {
  return atCaller(vmap, () => {
    const { inAxes, outAxes } = readOptions(options);
    return derived("vmap", fn, (call, args) => {
      requireRanks(args);
      const axes = axesOfLeaves(inAxes, args);
      const recorded = new Recorded("vmap", fn, args, call, 0, (tensor, k) => elementType(tensor, axes[k], k));
      const mapped = axes.flatMap((axis, k) => (axis === null ? [] : [k]));
      if (mapped.length === 0) recorded.fail("argument", "no argument is mapped", "name an axis with inAxes");
      const results = recorded.apply([], (values) => {
        const moved = values.map((v, k) => (axes[k] == null ? v : moveAxis(v, axes[k], 0)));
        const all = vmapOp(recorded.signature, moved, mapped);
        const places = axesOfResults(outAxes, recorded.results);
        return all.map((v, k) => moveAxis(v, 0, places[k]));
      });
      return unflatten(recorded.results, results);
    });
  });
}

/**
 * The same function, of which reverse mode keeps the arguments only and computes the rest again: less memory for more
 * time.
 *
 * @example grad((x) => sum(checkpoint(layer)(x)))
 */
export function checkpoint(fn: TracedFunction): JitFunction {
  return atCaller(checkpoint, () =>
    derived("checkpoint", fn, (call, args) => {
      const recorded = new Recorded("checkpoint", fn, args, call, 0);
      const results = recorded.apply([], (values) => callOp(recorded.signature, values, {}, [], true));
      return unflatten(recorded.results, results);
    }),
  );
}

function readOptions(options: VmapOptions): Required<VmapOptions> {
  requireOptions("vmap", options, ["inAxes", "outAxes"]);
  const { inAxes = 0, outAxes = 0 } = options;
  const isAxis = (x: unknown): boolean => typeof x === "number" && Number.isInteger(x);
  const wrongIn = [inAxes].flat().find((x: unknown) => x !== null && !isAxis(x));
  if (wrongIn !== undefined) fail("option", `vmap: inAxes holds ${describe(wrongIn)}, expected axis numbers or null`);
  const wrongOut = [outAxes].flat().find((x: unknown) => !isAxis(x));
  if (wrongOut !== undefined) fail("option", `vmap: outAxes holds ${describe(wrongOut)}, expected axis numbers`);
  return { inAxes, outAxes };
}

/** Which tensors are mapped, and along which axis, depends on their ranks. */
function requireRanks(args: readonly unknown[]): void {
  for (const leaf of flatten(args, isOperand, "the arguments", isStatic).leaves)
    if (leaf instanceof Tensor) rankedOf(leaf.type, "vmap");
}

/** The axis of each leaf of the arguments. */
function axesOfLeaves(inAxes: Axis | readonly Axis[], args: readonly unknown[]): readonly Axis[] {
  if (Array.isArray(inAxes) && inAxes.length !== args.length) {
    fail("argument", `vmap: inAxes has ${inAxes.length} entries, but the call has ${args.length} arguments`);
  }
  return args.flatMap((arg, i) => {
    const axis = Array.isArray(inAxes) ? (inAxes[i] as Axis) : (inAxes as Axis);
    return flatten(arg, isOperand, `argument ${i}`, isStatic).leaves.map((leaf) =>
      Array.isArray(inAxes) || (leaf instanceof Tensor && leaf.rank !== 0) ? axis : null,
    );
  });
}

function elementType(tensor: Tensor, axis: Axis, k: number): Type {
  const type = rankedOf(tensor.type, "vmap");
  if (axis === null) return type;
  const at = axisOf(axis, type.shape.length, () => `argument ${k} has shape [${type.shape.join(", ")}]`);
  return tensorType(
    type.dtype,
    type.shape.filter((_, i) => i !== at),
  );
}

function axisOf(axis: number, rank: number, what: () => string): number {
  const at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank) fail("axis", `vmap: ${what()}, which has no axis ${axis} to map along`);
  return at;
}

/** The place of the new axis in each leaf of the results. */
function axesOfResults(outAxes: number | readonly number[], results: Tree): readonly number[] {
  if (!Array.isArray(outAxes)) return new Array<number>(leafCount(results)).fill(outAxes as number);
  const items = results.kind === "array" ? results.items : [];
  if (items.length !== outAxes.length) {
    fail(
      "argument",
      `vmap: outAxes has ${outAxes.length} entries, but the function gives ${items.length || "no array of"} results`,
    );
  }
  return items.flatMap((item, i) => new Array<number>(leafCount(item)).fill(outAxes[i]));
}

/** The value with axis `from` at place `to`. */
function moveAxis(value: Value, from: number, to: number): Value {
  const shape = shapeOf(value, "vmap");
  const rank = shape.length;
  const place = axisOf(to, rank, () => `a result has shape [${shape.join(", ")}]`);
  const start = axisOf(from, rank, () => `an argument has shape [${shape.join(", ")}]`);
  if (start === place) return value;
  const order = shape.map((_, i) => i).filter((i) => i !== start);
  order.splice(place, 0, start);
  return permute(value, order);
}
