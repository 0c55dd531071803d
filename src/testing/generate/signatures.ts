// The arguments of random functions: a few types of one style of shapes, several values of each.

import { type Dim, type DType, isFloat, symbol, type TensorType, tensorType } from "../../ir/index.ts";
import type { Random } from "./random.ts";

/** The usual dtypes, the frequent ones several times. */
const usualDTypes = (
  [
    ["f64", 4],
    ["f32", 3],
    ["i32", 3],
    ["u32", 2],
    ["u8", 2],
    ["bool", 2],
  ] as const
).flatMap(([dtype, times]) => Array.from({ length: times }, (): DType => dtype));

type Shapes = readonly (readonly Dim[])[];

/** Shapes over the symbols of a function; few of them hold nothing. */
function mixed(symbols: readonly string[]): Shapes {
  const [n, m = 2] = symbols.map((s): Dim => symbol(s));
  const open = n === undefined ? [] : [[n], [n], [n, m], [2, n], [1, n], [2, 2, n]];
  return [[], [], [], [3], [4], [2, 3], [3, 3], ...open, [1], [2, 3, 2], [2, 3, 4], [2, 2], [2, 2, 2], [0]];
}

/** All axes are of one extent, so that one taken for another is a wrong number rather than a wrong type. */
function square(k: number): Shapes {
  return [[], [], [k], [k], [k, k], [k, k], [k, k, k], [k, k, k]];
}

/** Axes of several elements, so that parts of parts are left. */
const long: Shapes = [[], [5], [8], [7], [9], [8], [4, 5], [5, 5], [2, 7], [3, 4, 3]];

function open(symbols: readonly string[]): Shapes {
  const [n, m] = symbols.map((s) => symbol(s));
  return m === undefined ? [[], [n], [n], [n, n], [2, n], [n, 1]] : [[], [n], [m], [n, m], [m, n], [n, n], [3, n]];
}

/** What the arguments of a function are chosen from. */
export interface Style {
  readonly symbols: readonly string[];
  readonly shapes: Shapes;
}

export function styleOf(random: Random, symbols: readonly string[]): Style {
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      return { symbols: [], shapes: square(random.pick([2, 2, 3])) };
    case 3:
    case 4:
      return { symbols: [], shapes: long };
    case 5:
      return { symbols, shapes: open(symbols) };
    default:
      return { symbols, shapes: mixed(symbols) };
  }
}

/** Two or three of each of a few types, and now and then an integer and a bool; the last one determines what no other does. */
export function argumentTypes(
  random: Random,
  { symbols, shapes }: Style,
  given: readonly DType[] | undefined,
  isSmooth: boolean,
): readonly TensorType[] {
  const dtypes = given ?? (isSmooth ? usualDTypes.filter(isFloat) : usualDTypes);
  const dtype = random.pick(dtypes);
  const types = Array.from({ length: random.pick([1, 2, 2, 3]) }, () =>
    tensorType(random.oneIn(3) ? random.pick(dtypes) : dtype, random.pick(shapes)),
  );
  const list = types.flatMap((type) => (random.oneIn(4) ? [type] : [type, type]));
  if (given === undefined && random.oneIn(4)) list.push(tensorType("i32", random.oneIn(2) ? [] : [3]));
  if (given === undefined && random.oneIn(3)) list.push(tensorType("bool"));
  return list.concat(missing(list, symbols, dtype));
}

/** An argument that determines the symbols that no other does. */
export function missing(list: readonly TensorType[], symbols: readonly string[], dtype: DType): readonly TensorType[] {
  const left = symbols.filter((name) => !list.some(({ shape }) => shape.some((d) => String(d) === name)));
  const extra = left.map((name) => symbol(name));
  return extra.length === 0 ? [] : [tensorType(dtype, extra)];
}
