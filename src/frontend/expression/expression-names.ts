// What expressions can name: the functions and constants of Math and of mathematics, and which names arguments may have.

import { fail, lazy, scalar, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { composites } from "../../ops/index.ts";
import { printable } from "./expression-places.ts";
import { isIdentifier } from "./expression-syntax.ts";

/** A function of f64 scalars. */
export interface NamedFunction {
  readonly least: number;
  readonly most: number;
  readonly apply: (...args: Value[]) => Value;
}

const number = (x: number): Value => ops.constant(x, scalar("f64"));
const unary = (apply: (x: Value) => Value): NamedFunction => ({ least: 1, most: 1, apply });
const binary = (apply: (x: Value, y: Value) => Value): NamedFunction => ({ least: 2, most: 2, apply });

/** Any number of arguments, from the left; `empty` for none. */
function folded(apply: (x: Value, y: Value) => Value, empty: number, one = (x: Value): Value => x): NamedFunction {
  const fold = (...xs: Value[]): Value => (xs.length === 1 ? one(xs[0]) : xs.reduce(apply));
  return { least: 0, most: Infinity, apply: (...xs) => (xs.length === 0 ? number(empty) : fold(...xs)) };
}

/** The zeros before the first one in 32 bits: each bit is carried to all below it, and what is left is counted. */
function clz32(x: Value): Value {
  let bits = ops.cast(x, "u32");
  for (const distance of [1, 2, 4, 8, 16]) {
    bits = ops.or(bits, ops.shiftRight(bits, ops.constantLike(distance, bits)));
  }
  return ops.sub(number(32), ops.cast(ops.popcount(bits), "f64"));
}

function imul(x: Value, y: Value): Value {
  return ops.cast(ops.mul(ops.cast(x, "i32"), ops.cast(y, "i32")), "f64");
}

/** As JavaScript has them, but for `hypot` of three or more, which is hypot of hypot, within some ulp. */
export const functions: () => ReadonlyMap<string, NamedFunction> = lazy(
  () =>
    new Map(
      Object.entries({
        abs: unary(ops.abs),
        sign: unary(ops.sign),
        sqrt: unary(ops.sqrt),
        cbrt: unary(ops.cbrt),
        exp: unary(ops.exp),
        expm1: unary(ops.expm1),
        log: unary(ops.log),
        ln: unary(ops.log),
        log2: unary(ops.log2),
        log10: unary(ops.log10),
        log1p: unary(ops.log1p),
        sin: unary(ops.sin),
        cos: unary(ops.cos),
        tan: unary(ops.tan),
        asin: unary(ops.asin),
        acos: unary(ops.acos),
        atan: unary(ops.atan),
        sinh: unary(ops.sinh),
        cosh: unary(ops.cosh),
        tanh: unary(ops.tanh),
        asinh: unary(ops.asinh),
        acosh: unary(ops.acosh),
        atanh: unary(ops.atanh),
        floor: unary(ops.floor),
        ceil: unary(ops.ceil),
        round: unary(composites.roundHalfUp),
        trunc: unary(ops.trunc),
        fround: unary((x) => ops.cast(ops.cast(x, "f32"), "f64")),
        clz32: unary(clz32),
        imul: binary(imul),
        atan2: binary(ops.atan2),
        pow: binary(ops.pow),
        hypot: folded(ops.hypot, 0, ops.abs),
        max: folded(ops.maximum, -Infinity),
        min: folded(ops.minimum, Infinity),
        sec: unary(composites.sec),
        csc: unary(composites.csc),
        cot: unary(composites.cot),
      } satisfies Record<string, NamedFunction>),
    ),
);

export const mathConstants: ReadonlyMap<string, number> = new Map(
  (["E", "PI", "LN2", "LN10", "LOG2E", "LOG10E", "SQRT2", "SQRT1_2"] as const).map((name) => [name, Math[name]]),
);

/** What has a name without `Math.` before it: as `Math` spells it, and as mathematics does. */
export const constants: ReadonlyMap<string, number> = new Map([
  ...mathConstants,
  ["e", Math.E],
  ["pi", Math.PI],
  ["tau", 2 * Math.PI],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["NaN", Number.NaN],
]);

/** A name as messages show it. */
export function shorten(name: string): string {
  const text = printable(name);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** Names that the grammar reads as something else. */
const taken: readonly string[] = ["true", "false", "null", "this", "Math"];

/** The names of an expression's arguments: identifiers, each once. */
export function requireNames(names: unknown): asserts names is readonly string[] {
  if (!Array.isArray(names)) fail("argument", "compileExpression: the names of the arguments are not in an array");
  const seen = new Set<string>();
  for (const [i, name] of names.entries()) {
    requireName(name, `name ${i}`);
    if (seen.has(name)) fail("name", `compileExpression: two arguments are called '${shorten(name)}'`);
    seen.add(name);
  }
}

/** @throws AdjointError code `name` for what an expression cannot name. */
export function requireName(name: unknown, what: string): asserts name is string {
  if (typeof name !== "string" || !isIdentifier(name))
    fail("name", `compileExpression: ${what} is no identifier`, { hint: "letters, digits, _ and $" });
  if (taken.includes(name))
    fail("name", `compileExpression: '${name}' has a meaning of its own, so ${what} cannot be it`);
}
