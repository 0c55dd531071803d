// Comparison of programs that compute the same in different orders, as derivatives and rewrites of class `fast` do: nearly
// equal results on ordinary numbers.

import {
  type Func,
  isFloat,
  type Level,
  type Module,
  mapBodies,
  type NdArray,
  type Operation,
  sizeOf,
  type Value,
  ValueSet,
} from "../ir/index.ts";
import { add, constant, mul } from "../ops/index.ts";
import { expectedOf, type Fault, likeResults, run, runLater } from "./compare.ts";
import type { Dims, Program } from "./generate/program.ts";
import { Random } from "./generate/random.ts";
import { meetsInfinity, meetsNan, watched, withFloats } from "./instrument.ts";
import { probesInMapped, withoutProbes } from "./mapped-probes.ts";
import {
  courseOf,
  type Differs,
  differenceOf,
  type Outcome,
  placeIn,
  sameOutcome,
  showNumber,
  typeThatDiffers,
} from "./outcome.ts";
import { argumentsOf } from "./values.ts";

/** The relative size of the change of inputs that shows how results react to rounding. */
const change = { f64: 2 ** -38, f32: 2 ** -14 };
/** And that of what is computed on the way: a few units in the last place, and of what underflows. */
const noise = { f64: { relative: 2 ** -50, least: 2 ** -1022 }, f32: { relative: 2 ** -21, least: 2 ** -126 } };
/** How much more than that results may differ, and how much in any case, relative to the largest element. */
const factor = 8;
const least = { f64: 2 ** -40, f32: 2 ** -16 };
/** What is as small as this may be 0 instead: the square of a small number is, and its root is not. */
const tiny = { f64: 2 ** -500, f32: 2 ** -60 };

/**
 * The first ordinary call for which a public function gives something else than rounding explains, its probes see something
 * else, or it takes another course: other probes, in another order, or another error. How far rounding goes is
 * measured: the earlier version runs on inputs that are changed a little, with noise in all that it computes (as in Parker's
 * "Monte Carlo Arithmetic", 1997), and what its results change by is allowed, so that a badly conditioned program is no false
 * alarm. Class `fast` supposes that nothing overflows: where the later version meets an infinity, it is not compared. Nor
 * is where the earlier one meets a NaN on the way, since a derivative is undefined there. Of the program, from which both versions
 * are made, it is known which probes need not run.
 */
export function closeFault(
  before: Module,
  after: Module,
  { level, fast }: { readonly level: Level; readonly fast: boolean },
  { module, sizes, call }: Pick<Program, "module" | "sizes" | "call">,
  seeds: readonly number[],
): Fault | null {
  // most results are the same to the bit, and ask for no noise
  const nearby = once(() => signs.map((sign) => ({ sign, module: noisy(before, sign) })));
  const versions: Versions = { before, after, level, fast, sizes, nearby, uncertain: probesInMapped(module) };
  for (const func of before.funcs) {
    if (func.visibility !== "public") continue;
    const ordinary = seeds.filter((seed) => seed % 2 === 0);
    for (const args of argumentsOf(func, { sizes, call }, ordinary)) {
      const fault = faultAt(versions, func, args);
      if (fault !== null) return fault;
    }
  }
  return null;
}

/** The ways in which inputs and what is computed are moved: both directions, and one more, since errors may cancel. */
const signs = [1, -1, 2];

interface Versions {
  readonly before: Module;
  readonly after: Module;
  readonly level: Level;
  readonly fast: boolean;
  readonly sizes: Dims;
  /** Probes that need not run. */
  readonly uncertain: ReadonlySet<string>;
  /** The earlier version with noise. */
  nearby(): readonly { readonly sign: number; readonly module: Module }[];
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function faultAt(versions: Versions, func: Func, args: readonly NdArray[]): Fault | null {
  const { before, after, level, fast, sizes, uncertain } = versions;
  const entry = func.name;
  const whole = expectedOf(before, entry, args);
  if (whole === null) return null;
  const expected = withoutProbes(whole, uncertain);
  const like = typeof expected.results === "string" ? likeResults(func, sizes) : expected.results;
  if (like === null) return null;
  const got = withoutProbes(runLater(after, level, entry, args, like), uncertain);
  if (sameOutcome(expected, got)) return null;
  const course = courseOf(expected);
  const nearby: Outcome[] = [];
  for (const { sign, module } of versions.nearby()) {
    const moving = args.map((a) => moved(a, sign));
    const near = withoutProbes(run(module, entry, moving), uncertain);
    // where rounding decides what happens, anything may
    if (courseOf(near) !== course) return null;
    nearby.push(near);
  }
  const message = differenceOf(expected, got, nearly(expected, nearby));
  if (message === null || (fast && meetsInfinity(watched(after), entry, args))) return null;
  // beside a NaN a derivative is what the formula says, and equal formulas may say different things
  if (courseOf(got) === course && meetsNan(watched(before), entry, args)) return null;
  return { message: `@${entry}: ${message}`, call: { entry, args } };
}

/** How arrays differ by more than rounding explains, which the nearby outcomes show. */
function nearly(expected: Outcome, nearby: readonly Outcome[]): Differs {
  // where something is undefined, its derivative is nothing that could be wrong
  const isDefined = !arraysOf(expected).some(({ data }) => data.some(Number.isNaN));
  return (want, have, of) => {
    const { shape } = want.shape.length < have.shape.length ? want : have;
    const [w, h, ...near] = [want, have, ...nearby.map(of)].map((array) => commonPart(array, shape));
    const other = typeThatDiffers(w, h);
    if (other !== null) return other;
    const at = firstFar(w, near, h, isDefined);
    if (at < 0) return null;
    return `${showNumber(h.data[at])}, expected nearly ${showNumber(w.data[at])}${placeIn(at, w)}`;
  };
}

/**
 * What the elements of a batch have in common, of this shape; the array itself where they differ. A probe in a mapped function
 * sees a value that does not depend on the element once, and which ones do not, a rewrite may change.
 */
function commonPart(array: NdArray, shape: readonly number[]): NdArray {
  const { data, dtype } = array;
  const lead = array.shape.length - shape.length;
  const size = sizeOf(shape);
  if (lead <= 0 || data.length === 0 || array.shape.slice(lead).join() !== shape.join()) return array;
  for (let i = size; i < data.length; i++) if (!Object.is(data[i], data[i - size])) return array;
  return { dtype, shape, data: data.slice(0, size) };
}

/** All that an outcome shows. */
function arraysOf({ seen, results }: Outcome): readonly NdArray[] {
  return [...seen.map(({ value }) => value), ...(typeof results === "string" ? [] : results)];
}

/**
 * The module with each float that it rounds moved by what rounding may move it, up or down at random: for all that read it, and
 * for each operation that computes with it once more, since another order of computation rounds anew for each. So what cancels
 * exactly, as a sum less the same sum, is seen to leave a rest in another order.
 */
export function noisy(module: Module, sign: number): Module {
  return mapBodies(module, (body) => {
    const random = new Random(sign);
    // what is given, and what is made of that without rounding
    const exact = new ValueSet();
    for (const v of body.arguments) exact.add(v);
    return withFloats(body, {
      given(v, operation) {
        const isExact =
          !rounds(operation) && operation.regions.length === 0 && operation.operands.every((o) => exact.has(o));
        if (isExact || operation.op.traits.constant) exact.add(v);
        return rounds(operation) ? moveFloat(v, random) : v;
      },
      read: (v, original, operation) => (rounds(operation) && !exact.has(original) ? moveFloat(v, random) : v),
    });
  });
}

/**
 * Whether what an operation gives may be rounded. What is moved or picked is not, nor what comes out of a region or a function:
 * moved by noise of its own, it would not be equal any more to what it was picked from, and what asks whether it is, as the
 * derivative of a maximum does, would take another way than it ever takes.
 */
function rounds({ op, attributes, regions }: Operation): boolean {
  const isGiven = op.traits.moves || regions.length > 0 || attributes.callee !== undefined;
  return !isGiven && op.scalar?.exact !== true && attributes.kind !== "max" && attributes.kind !== "min";
}

function moveFloat(value: Value, random: Random): Value {
  const { type } = value;
  if (type.kind !== "tensor" || (type.dtype !== "f64" && type.dtype !== "f32")) return value;
  const { relative, least: smallest } = noise[type.dtype];
  const part = random.pick([-1, 1]) * (0.5 + random.fraction());
  return add(mul(value, constant(1 + part * relative, type)), constant(part * smallest, type));
}

/** The array with each float moved a little, now up and now down. */
function moved(array: NdArray, sign: number): NdArray {
  const { dtype } = array;
  if (dtype !== "f64" && dtype !== "f32") return array;
  const part = (i: number): number => Math.sign(sign) * (i % (1 + Math.abs(sign)) === 0 ? 1 : -0.7);
  return { ...array, data: array.data.map((x, i) => x * (1 + part(i) * change[dtype])) };
}

/** The first element that differs by more than rounding; -1 for none. Elements that are not finite are left out. */
function firstFar(want: NdArray, nearby: readonly NdArray[], got: NdArray, isDefined: boolean): number {
  if (want.dtype !== "f64" && want.dtype !== "f32") {
    return want.data.findIndex((x, i) => x !== got.data[i] && nearby.every((n) => n.data[i] === x));
  }
  let largest = 0;
  for (const x of want.data) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x));
  if (!isFloat(want.dtype)) return -1;
  const floor = least[want.dtype] * largest + tiny[want.dtype];
  return want.data.findIndex((x, i) => {
    const reached = Math.max(...nearby.map((n) => Math.abs(n.data[i] - x)));
    if (!Number.isFinite(x) || !Number.isFinite(reached)) return false;
    if (!isDefined && Number.isNaN(got.data[i])) return false;
    return !(Math.abs(got.data[i] - x) <= floor + factor * reached);
  });
}
