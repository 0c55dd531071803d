// The public transforms `vmap`, which applies a function of one element to a whole batch at once, and `checkpoint`,
// which trades time for memory in reverse mode.

import {
  atBoundary,
  describe,
  flatten,
  isOperand,
  isStatic,
  leafCount,
  type Numeric,
  named,
  type Reshaped,
  type Returned,
  type Structure,
  Tensor,
  type Tensors,
  type TracedFunction,
  type Tree,
  treeInWords,
  unflatten,
} from "../frontend/index.ts";
import { counted, fail, rankedOf, requireOptions, shapeOf, type Type, tensorType, type Value } from "../ir/index.ts";
import { call as callOp, permute, vmap as vmapOp } from "../ops/index.ts";
import { bringBatching, bringTensors } from "../parts/index.ts";
import type { JitFunction } from "./jit.ts";
import { TracedFunctionRecord } from "./record.ts";
import { readTransformOptions, type TransformOptions, transformOptionNames } from "./transform-options.ts";
import { derived } from "./transforms.ts";

/** The axis to map along; null for an argument that all elements of the batch share. */
export type Axis = number | null;

/** Axes in the structure of an argument; one axis may stand for a whole substructure. */
export type AxisTree = Axis | readonly AxisTree[] | { readonly [key: string]: AxisTree };

type EachReshaped<P extends readonly unknown[]> = { [I in keyof P]: Reshaped<P[I]> };

type OutAxes = number | readonly OutAxes[] | { readonly [key: string]: OutAxes };

export interface VmapOptions extends TransformOptions {
  /**
   * Either one axis for all arguments, where numbers are shared by the batch; or a list with an entry for each
   * argument: an axis for all tensors in it, or axes in the structure of the argument, as in `{ w: 0, b: null }`, where
   * one axis may stand for a whole substructure.
   */
  readonly inAxes?: Axis | readonly AxisTree[];
  /** The position of the batch axis in the results: one for all, or axes in the structure of the result. */
  readonly outAxes?: OutAxes;
}

/**
 * Applies the function to each element along an axis of its arguments, and stacks the results along `outAxes`. The
 * function sees one element; its operations run for the whole batch at once, without a loop over it. A branch or loop
 * whose predicate is the same for the whole batch stays a branch or loop. What all elements have in common is computed once,
 * and seen once by probes, also for a batch of none: where it fails, so does the whole. Axes count from 0, negative ones
 * from the end.
 *
 * @throws AdjointError code `argument` where no argument is mapped or the options do not fit the arguments, `axis`
 * where an argument has no such axis, `shape` where the mapped extents differ.
 * @example vmap((x, w) => dot(x, w), { inAxes: [0, null] })(rows, w) // one number for each row
 */
export function vmap<P extends readonly unknown[] = Tensor[], R extends Structure = Tensor>(
  fn: (...args: P) => Returned<R>,
  options?: VmapOptions,
): JitFunction<EachReshaped<P>, Reshaped<R>>;
export function vmap(fn: TracedFunction, options: VmapOptions = {}): JitFunction {
  return atBoundary(named("vmap", vmap), () => {
    bringBatching();
    const { inAxes, outAxes } = readOptions(options);
    return derived(
      "vmap",
      fn,
      (call, args) => {
        requireRanks(args);
        const axes = axesOfLeaves(inAxes, args);
        const recorded = new TracedFunctionRecord("vmap", fn, args, call, 0, (tensor, k) =>
          elementType(tensor, axes[k], k),
        );
        const mapped = axes.flatMap((axis, k) => (axis === null ? [] : [k]));
        if (mapped.length === 0) recorded.fail("argument", "no argument is mapped", "name an axis with inAxes");
        const results = recorded.apply([], (values) => {
          const moved = values.map((v, k) => (axes[k] == null ? v : moveAxis(v, axes[k], 0)));
          const all = vmapOp(recorded.signature, moved, mapped);
          const places = axesOfResults(outAxes, recorded.results);
          return all.map((v, k) => moveAxis(v, 0, places[k]));
        });
        return unflatten(recorded.results, results);
      },
      readTransformOptions("vmap", options),
    );
  });
}

/**
 * The same function, for which reverse mode keeps only the arguments and rematerialises the residuals: it trades time
 * for memory.
 *
 * @example grad((x) => sum(checkpoint(layer)(x)))
 */
export function checkpoint<P extends readonly unknown[] = Tensor[], R extends Structure = Tensor>(
  fn: (...args: P) => Returned<R>,
  options?: TransformOptions,
): JitFunction<P, Numeric<R>, Tensors<R>>;
export function checkpoint(fn: TracedFunction, options: TransformOptions = {}): JitFunction {
  return atBoundary(named("checkpoint", checkpoint), () => {
    bringTensors();
    requireOptions("checkpoint", options, transformOptionNames);
    return derived(
      "checkpoint",
      fn,
      (call, args) => {
        const recorded = new TracedFunctionRecord("checkpoint", fn, args, call, 0);
        const results = recorded.apply([], (values) => callOp(recorded.signature, values, {}, [], true));
        return unflatten(recorded.results, results);
      },
      readTransformOptions("checkpoint", options),
    );
  });
}

function readOptions(options: VmapOptions): Required<Pick<VmapOptions, "inAxes" | "outAxes">> {
  requireOptions("vmap", options, ["inAxes", "outAxes", ...transformOptionNames]);
  const { inAxes = 0, outAxes = 0 } = options;
  const isAxis = (x: unknown): x is number => Number.isInteger(x);
  requireAxes("inAxes", inAxes, (x) => x === null || isAxis(x), "axis numbers or null");
  requireAxes("outAxes", outAxes, isAxis, "axis numbers");
  return { inAxes, outAxes };
}

/** Refuses tensors of unknown rank: whether one is mapped, and along which axis, depends on its rank. */
function requireRanks(args: readonly unknown[]): void {
  for (const leaf of flatten(args, isOperand, "the arguments", isStatic).leaves)
    if (leaf instanceof Tensor) rankedOf(leaf.type, "vmap");
}

/** Fails for an option that is neither an axis, by `isAxis`, nor a structure of such axes. */
function requireAxes(name: string, axes: unknown, isAxis: (x: unknown) => boolean, expected: string): void {
  if (isAxis(axes)) return;
  if (typeof axes !== "object" || axes === null || axes instanceof Tensor || ArrayBuffer.isView(axes))
    fail("option", `vmap: ${name} holds ${describe(axes)}, expected ${expected}`);
  for (const part of Object.values(axes)) requireAxes(name, part, isAxis, expected);
}

/** The axis of each leaf of the arguments; null where it is not mapped. */
function axesOfLeaves(inAxes: Axis | readonly AxisTree[], args: readonly unknown[]): readonly Axis[] {
  if (typeof inAxes === "object" && inAxes !== null) {
    if (!Array.isArray(inAxes))
      fail("option", "vmap: inAxes is one structure, expected a list", {
        hint: "write [{ … }], with an entry for each argument",
      });
    if (inAxes.length !== args.length)
      fail(
        "argument",
        `vmap: inAxes has ${counted(inAxes.length, "entry")}, but the call has ${counted(args.length, "argument")}`,
      );
  }
  return args.flatMap((arg, i) => {
    const { leaves, tree } = flatten(arg, isOperand, `argument ${i}`, isStatic);
    if (Array.isArray(inAxes)) return spread<Axis>(inAxes[i], tree, `inAxes of argument ${i}`);
    return leaves.map((leaf) => (leaf instanceof Tensor && leaf.rank !== 0 ? (inAxes as Axis) : null));
  });
}

/** The axis of each leaf of the tree, where one axis may stand for all leaves of a substructure. */
function spread<A extends Axis>(axes: unknown, tree: Tree, what: string): readonly A[] {
  if (typeof axes !== "object" || axes === null) return new Array<A>(leafCount(tree)).fill(axes as A);
  const entries: Readonly<Record<string, unknown>> = { ...axes };
  const keys = tree.kind === "array" ? tree.items.map((_, i) => `${i}`) : tree.kind === "object" ? tree.keys : null;
  if (keys === null || Array.isArray(axes) !== (tree.kind === "array") || Object.keys(entries).length !== keys.length)
    fail("argument", `vmap: ${what} is ${JSON.stringify(axes)}, but the argument is ${treeInWords(tree)}`, {
      hint: "write one axis for all of it, or a structure of axes like it",
    });
  const { items } = tree as Extract<Tree, { items: readonly Tree[] }>;
  return items.flatMap((item, i) => {
    if (!Object.hasOwn(entries, keys[i])) fail("argument", `vmap: ${what} has no entry for '${keys[i]}'`);
    return spread<A>(entries[keys[i]], item, what);
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

/** The position of the batch axis in each leaf of the results. */
function axesOfResults(outAxes: OutAxes, results: Tree): readonly number[] {
  if (Array.isArray(outAxes)) {
    const items = results.kind === "array" ? results.items : [];
    const given = items.length === 0 ? "no array of results" : counted(items.length, "result");
    if (items.length !== outAxes.length)
      fail("argument", `vmap: outAxes has ${counted(outAxes.length, "entry")}, but the function gives ${given}`);
  }
  return spread<number>(outAxes, results, "outAxes");
}

/** Moves axis `from` of a value to position `to`, and keeps the order of the others. */
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
