// Operands of sums of products put side by side in panels, as tiles read them: reordered, in f64 where that is exact, and
// with zeros where an operand is padding.

import {
  addDims,
  type Dim,
  type DType,
  floorDim,
  memref,
  minDims,
  mulDims,
  productOf,
  scalar,
  subDims,
  type Value,
  type WholeContext,
} from "../../ir/index.ts";
import { constant, dim } from "../base/constant.ts";
import { tensorOf } from "../base/define.ts";
import { cast, compare } from "../base/elementwise.ts";
import { ifElse } from "../control/control.ts";
import { loopNest, store } from "../loop/loop.ts";
import { and } from "../scalar/bits.ts";

/** Where an operand has padding: that is 0, and no element. */
export interface Padding {
  /** What holds where there is none. The last axis of the depth, which is left out of `depth`, does not matter. */
  conditions(at: readonly Dim[], depth: readonly Dim[]): readonly Value[];
  /** The axes of the operand that do not matter either. */
  readonly freeAxes: readonly number[];
}

/** What a panel is filled from: the element at subscripts along the operand's own axes and the depth. */
export interface Source {
  element(at: readonly Dim[], depth: readonly Dim[]): Value;
  readonly padding?: Padding;
}

export interface SideOptions {
  readonly name: string;
  readonly dtype: DType;
  readonly extents: readonly Dim[];
  /** What of the depth is packed at a time. */
  readonly depth: readonly Dim[];
  /** The axis along which a panel has `width` neighbours. */
  readonly axis: number;
  readonly width: number;
  /** Whether neighbours along the depth lie side by side in memory. */
  readonly isDepthInside: boolean;
}

/** One operand: cut into panels of a few neighbours along the tiled axis, each packed with the depth outside. */
export class Side {
  readonly panels: readonly Dim[];
  readonly #x: WholeContext;
  readonly #options: SideOptions;

  constructor(cx: WholeContext, options: SideOptions) {
    const { extents, axis, width } = options;
    this.#x = cx;
    this.#options = options;
    this.panels = extents.map((d, a) => (a === axis ? floorDim(addDims(d, width - 1), width) : d));
  }

  /** Memory for as many panels. */
  scratch(panels: readonly Dim[]): Value {
    const { name, dtype, depth, width } = this.#options;
    return this.#x.scratch(memref(packedType(dtype), [...panels, productOf(depth), width]), `${name}_packed`);
  }

  everyPanel(body: (panel: readonly Dim[]) => void): void {
    loopNest(this.panels, [this.#options.name === "left" ? "i" : "j"], body);
  }

  /**
   * Puts the elements of one panel side by side; what is outside of the operand stays as it was. Neighbours in memory
   * are read one after the other, and padding is decided once for as many elements as it can be.
   */
  pack(memory: Value, place: readonly Dim[], panel: readonly Dim[], { element, padding }: Source): void {
    const { dtype, depth, axis, isDepthInside } = this.#options;
    const put = (isInside: boolean, r: Dim, k: readonly Dim[]): void => {
      const value = isInside ? element(this.#at(panel, r), k) : constant(0, scalar(dtype));
      store(converted(value, packedType(dtype)), memory, [...place, flat(k, depth), r]);
    };
    const rows = (body: (r: Dim) => void): void => loopNest([this.#count(panel)], ["r"], ([r]) => body(r));
    const outer = depth.slice(0, -1);
    const along = (k: readonly Dim[], body: (k: readonly Dim[]) => void): void =>
      loopNest(depth.slice(-1), ["k"], ([last]) => body([...k, last]));
    const decided = (r: Dim, k: readonly Dim[], body: (isInside: boolean) => void): void =>
      branch(padding?.conditions(this.#at(panel, r), k) ?? [], body);
    if (padding === undefined && isDepthInside) {
      rows((r) => loopNest(depth, ["k"], (k) => put(true, r, k)));
    } else if (isDepthInside || padding?.freeAxes.includes(axis) === false) {
      loopNest(outer, ["k"], (k) => rows((r) => decided(r, k, (isInside) => along(k, (all) => put(isInside, r, all)))));
    } else {
      loopNest(outer, ["k"], (k) => decided(0, k, (isInside) => along(k, (all) => rows((r) => put(isInside, r, all)))));
    }
  }

  /** `body` for each element of a panel, where it is inside of the operand. */
  inside(panel: readonly Dim[], body: (at: readonly Dim[], r: number) => void): void {
    const { axis, width, extents } = this.#options;
    for (let r = 0; r < width; r++) {
      const at = this.#at(panel, r);
      if (r === 0 || this.#isEven()) body(at, r);
      else where(at[axis], extents[axis], () => body(at, r));
    }
  }

  /** The subscripts of a panel, the last one instead of those outside of the operand. */
  rowsWithin(panel: readonly Dim[]): readonly (readonly Dim[])[] {
    const { axis, width, extents } = this.#options;
    const last = subDims(extents[axis], 1);
    return Array.from({ length: width }, (_, r) =>
      this.#at(panel, r).map((d, a) => (a === axis && r > 0 && !this.#isEven() ? minDims(d, last) : d)),
    );
  }

  #at(panel: readonly Dim[], r: Dim): readonly Dim[] {
    const { axis, width } = this.#options;
    return panel.map((d, a) => (a === axis ? addDims(mulDims(d, width), r) : d));
  }

  /** How many elements of a panel are inside of the operand. */
  #count(panel: readonly Dim[]): Dim {
    const { axis, width, extents } = this.#options;
    return this.#isEven() ? width : minDims(width, subDims(extents[axis], mulDims(panel[axis], width)));
  }

  /** Whether the extent is known to be a multiple of the width. */
  #isEven(): boolean {
    const { axis, width, extents } = this.#options;
    const extent = extents[axis];
    return typeof extent === "number" && extent % width === 0;
  }
}

/** f32 is packed as f64: products are exact there, so one rounding gives the same bits, and loads need no conversion. */
export function packedType(dtype: DType): DType {
  return dtype === "f32" ? "f64" : dtype;
}

export function converted(x: Value, dtype: DType): Value {
  return tensorOf(x).dtype === dtype ? x : cast(x, dtype);
}

/** `body` where all conditions hold, and the other `body` where one does not. */
function branch(conditions: readonly Value[], body: (holds: boolean) => void): void {
  const run = (holds: boolean) => (): readonly Value[] => {
    body(holds);
    return [];
  };
  if (conditions.length === 0) body(true);
  else ifElse(conditions.reduce(and), run(true), run(false));
}

/** `body` where the subscript is below the extent. */
function where(at: Dim, extent: Dim, body: () => void): void {
  branch([compare(dim(at, "index"), dim(extent, "index"), "lt")], (holds) => {
    if (holds) body();
  });
}

/** The row-major position. */
function flat(at: readonly Dim[], shape: readonly Dim[]): Dim {
  return at.reduce<Dim>((position, d, axis) => addDims(mulDims(position, shape[axis]), d), 0);
}
