// The slope of a smooth program along a line through its arguments: by differences, by reverse mode and by forward mode.

import { jvp } from "../../../src/api/index.ts";
import type { Tensor } from "../../../src/frontend/index.ts";
import { AdjointError } from "../../../src/ir/index.ts";
import { leafFunctionOf } from "../../../src/source/calling/derivatives.ts";
import { compileSource, readSource } from "../../../src/source/index.ts";
import { plain, type Run } from "./plain.ts";

type Leaf = number | boolean | Float64Array | number[];

const hasArrays = (text: string): boolean => text.includes("us: Float64Array, ns: number[]");

/** The arguments at a distance along the line. */
export function argumentsAt(text: string, t: number): Leaf[] {
  const arrays = [new Float64Array([0.5 + 0.3 * t, -1.25 + t, 2 - 0.6 * t, 3 + 0.2 * t]), [1, 0.25 - t, -2 + 0.4 * t]];
  return [1.5 + 0.7 * t, true, ...(hasArrays(text) ? arrays : []), -0.75 - 0.9 * t];
}

/** What the arguments change by along the line. */
function direction(text: string): readonly (number | readonly number[])[] {
  return [
    0.7,
    ...(hasArrays(text)
      ? [
          [0.3, 1, -0.6, 0.2],
          [0, -1, 0.4],
        ]
      : []),
    -0.9,
  ];
}

/** How far apart differences look. */
const width = 1e-4;

/**
 * Whether the slope is another one within the width of differences: what swings faster than that, as the sine of a very
 * large number does, they cannot tell.
 */
export function isSwinging(text: string): boolean {
  const [, here] = slopeByGradient(text);
  return [0.3, -0.7].some(
    (part) => Math.abs(slopeByGradient(text, part * width)[1] - here) > 1e-5 * (1 + Math.abs(here)),
  );
}

/** Whether something in the program is infinite: the derivative of what does not depend on it may be 0 times that. */
export function overflows(text: string): boolean {
  const run = compileSource(text, { entry: "main", debug: true }) as unknown as (...args: Leaf[]) => number;
  try {
    run(...argumentsAt(text, 0));
    return false;
  } catch (error) {
    if (error instanceof AdjointError && error.code === "nan") return true;
    throw error;
  }
}

/**
 * By central differences of two widths; null where the function is not finite, not smooth here, or so steep that
 * differences tell little.
 */
export function slopeByDifferences(text: string): number | null {
  const run = plain(text) as Run;
  const f = (t: number): number => run(...(argumentsAt(text, t) as never[])) as number;
  const h = width;
  const middle = f(0);
  const [wide, narrow] = [(f(h) - f(-h)) / (2 * h), (f(h / 2) - f(-h / 2)) / h];
  const [left, right] = [(middle - f(-h)) / h, (f(h) - middle) / h];
  const size = 1 + Math.abs(narrow);
  const isSmooth =
    Math.abs(middle) < 1e4 * size && Math.abs(wide - narrow) < 1e-5 * size && Math.abs(left - right) < 1e-2 * size;
  return isSmooth && size < 1e6 ? (4 * narrow - wide) / 3 : null;
}

/** The value, and the slope by the gradient, at a distance along the line. */
export function slopeByGradient(text: string, t = 0): readonly [number, number] {
  const compiled = compileSource(text, { entry: "main", gradient: true, check: "verify" }) as unknown as (
    ...args: Leaf[]
  ) => [number, (number | Float64Array | number[])[]];
  const [value, gradient] = compiled(...argumentsAt(text, t));
  let slope = 0;
  for (const [i, d] of direction(text).entries()) {
    const g = gradient[i];
    if (typeof g === "number") slope += g * (d as number);
    else for (const [j, x] of Array.from(g).entries()) slope += x * (d as readonly number[])[j];
  }
  return [value, slope];
}

/** The value, and the slope by forward mode. */
export function slopeByTangent(text: string): readonly [number, number] {
  const all = leafFunctionOf(readSource(text, { entry: "main" }));
  const push = jvp((...leaves: Tensor[]) => all(...leaves)[0]);
  const args = argumentsAt(text, 0).map((x) => (Array.isArray(x) ? new Float64Array(x) : x));
  const [first, ...others] = direction(text).map((d) => (typeof d === "number" ? d : new Float64Array(d)));
  const [value, tangent] = push(args, [first, false, ...others]) as unknown as [number, number];
  return [Number(value), Number(tangent)];
}
