// Operands of sums of products put side by side in panels, as tiles read them: reordered, in f64 where that is exact, and
// with zeros where an operand is padding.

import {
  addDims,
  type Dim,
  type DType,
  elementDType,
  floorDim,
  memref,
  minDims,
  mulDims,
  productOf,
  scalar,
  subDims,
  type Value,
} from "../../../src/ir/index.ts";
import { cast, compare, constant, ifElse, indexValue, loopNest, store } from "../../../src/ops/index.ts";
import type { Along } from "./contraction.ts";
import type { Scratch } from "./sums.ts";

/** What a panel is filled from: the element at subscripts along the operand's own axes and the depth. */
export interface Source {
  element(at: Along, depth: Along): Value;
  /** Where there is an element, which an axis of the operand or the last one of the depth may not matter for. */
  readonly padding: {
    holds(at: Along, depth: Along): Value;
    readonly dependsOn: { readonly rows: readonly boolean[]; readonly depth: boolean };
  } | null;
  /** Whether neighbours along the depth lie side by side in memory. */
  readonly isDepthInside: boolean;
  /** Whether an element takes so many operations that they should stand once. */
  readonly isLong: boolean;
}

export interface SideOptions {
  readonly name: string;
  readonly dtype: DType;
  /** In which elements are packed. */
  readonly packedType: DType;
  readonly extents: Along;
  /** What of the depth is packed at a time. */
  readonly depth: Along;
  /** The axis along which a panel has `width` neighbours. */
  readonly axis: number;
  readonly width: number;
}

/** One operand: cut into panels of a few neighbours along the tiled axis, each packed with the depth outside. */
export class Side {
  readonly panels: Along;
  readonly #options: SideOptions;

  constructor(options: SideOptions) {
    const { extents, axis, width } = options;
    this.#options = options;
    this.panels = extents.map((d, a) => (a === axis ? floorDim(addDims(d, width - 1), width) : d));
  }

  /** Memory for as many panels. */
  memory(scratch: Scratch, panels: Along): Value {
    const { name, packedType, depth, width } = this.#options;
    return scratch(memref(packedType, [...panels, productOf(depth), width]), `${name}_packed`);
  }

  /** How many neighbours a panel has. */
  get width(): number {
    return this.#options.width;
  }

  everyPanel(body: (panel: Along) => void): void {
    loopNest(this.panels, [this.#options.name === "left" ? "i" : "j"], body);
  }

  /**
   * Puts the elements of one panel side by side. Neighbours are written out, so that a store follows the next in memory;
   * outside of the operand is the last one again. Where a neighbour takes many operations or is padding by itself, each is
   * packed after the other, and what is outside stays as it was. Padding is decided once for as many elements as it can be.
   */
  pack(memory: Value, place: Along, panel: Along, source: Source): void {
    const { dtype, packedType, depth, axis, width } = this.#options;
    const { element, padding, isDepthInside, isLong } = source;
    const put = (isElement: boolean, at: Along, r: Dim, k: Along): void => {
      const value = isElement ? element(at, k) : constant(0, scalar(dtype));
      store(converted(value, packedType), memory, [...place, flat(k, depth), r]);
    };
    const along = (axes: Along, body: (k: Along) => void): void => loopNest(axes, ["k"], body);
    const decided = (at: Along, k: Along, body: (isElement: boolean) => void): void =>
      padding === null ? body(true) : branch(padding.holds(at, k), body);
    // the condition may not depend on the last axis of the depth
    const split = padding?.dependsOn.depth === false ? depth.length - 1 : depth.length;
    const [outer, inner] = [depth.slice(0, split), depth.slice(split)];
    const anywhere = inner.map(() => 0);
    const pieces = (at: Along, body: (isElement: boolean, k: Along) => void): void =>
      along(outer, (k) => decided(at, [...k, ...anywhere], (is) => along(inner, (l) => body(is, [...k, ...l]))));
    const isOwn = padding?.dependsOn.rows[axis] === true;
    if (isOwn || (isLong && isDepthInside)) {
      this.everyRow(panel, (at, r) => pieces(at, (isElement, k) => put(isElement, at, r, k)));
      return;
    }
    const all = this.rowsWithin(panel);
    pieces(all[0], (isElement, k) => {
      if (!isElement) loopNest([width], ["r"], ([r]) => put(false, all[0], r, k));
      else if (isLong) this.everyRow(panel, (at, r) => put(true, at, r, k));
      else for (const [r, at] of all.entries()) put(true, at, r, k);
    });
  }

  /** A loop over the elements of a panel that are inside of the operand. */
  everyRow(panel: Along, body: (at: Along, r: Dim) => void): void {
    loopNest([this.#count(panel)], ["r"], ([r]) => body(this.#at(panel, r), r));
  }

  /** `body` for each element of a panel, where it is inside of the operand. */
  inside(panel: Along, body: (at: Along, r: number) => void): void {
    const { axis, width, extents } = this.#options;
    for (let r = 0; r < width; r++) {
      const at = this.#at(panel, r);
      if (r === 0 || this.#isEven()) body(at, r);
      else where(at[axis], extents[axis], () => body(at, r));
    }
  }

  /** The subscripts of a panel, the last one instead of those outside of the operand. */
  rowsWithin(panel: Along): readonly Along[] {
    const { axis, width, extents } = this.#options;
    const last = subDims(extents[axis], 1);
    return Array.from({ length: width }, (_, r) =>
      this.#at(panel, r).map((d, a) => (a === axis && r > 0 && !this.#isEven() ? minDims(d, last) : d)),
    );
  }

  #at(panel: Along, r: Dim): Along {
    const { axis, width } = this.#options;
    return panel.map((d, a) => (a === axis ? addDims(mulDims(d, width), r) : d));
  }

  /** How many elements of a panel are inside of the operand. */
  #count(panel: Along): Dim {
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

export function converted(x: Value, dtype: DType): Value {
  return elementDType(x.type) === dtype ? x : cast(x, dtype);
}

/** `body` where the condition holds, and the other `body` where it does not. */
function branch(condition: Value, body: (holds: boolean) => void): void {
  const run = (holds: boolean) => (): readonly Value[] => {
    body(holds);
    return [];
  };
  ifElse(condition, run(true), run(false));
}

/** `body` where the subscript is below the extent. */
function where(at: Dim, extent: Dim, body: () => void): void {
  branch(compare(indexValue(at), indexValue(extent), "lt"), (holds) => {
    if (holds) body();
  });
}

/** The row-major position. */
export function flat(at: Along, shape: Along): Dim {
  return at.reduce<Dim>((position, d, axis) => addDims(mulDims(position, shape[axis]), d), 0);
}
