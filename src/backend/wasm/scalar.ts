// Elementwise operations on numbers: instructions where there are some with the same bits, else a call of the record's own
// function.

import { type DType, dtypes, isFloat, type Operation } from "../../ir/index.ts";
import { isOwn } from "../../ops/index.ts";
import type { Code } from "./code.ts";
import type { Mnemonic } from "./instructions.ts";
import { dtypeOf, scalarType } from "./values.ts";

/** Operands, as locals; the instructions leave the result on the stack. */
export type Write = (code: Code, operands: readonly number[]) => void;

/** What an operation on numbers becomes; null where only its record's function has the bits. */
export function instructionsOf({ op, operands, results, attributes }: Operation): Write | null {
  if (!isOwn(op, op.name)) return null;
  const from = dtypeOf(operands[op.name === "select" ? 1 : 0].type);
  if (op.name === "compare") return all(comparison(from, String(attributes.direction)));
  if (op.name === "cast") return conversion(from, dtypeOf(results[0].type));
  if (op.name === "bitcast") return from === "f32" ? bitsOfF32 : all("f32.reinterpret_i32");
  return instructionsFor(op.name, from);
}

/** The same, of an op of the project by its name, on numbers of a dtype. */
export function instructionsFor(name: string, dtype: DType): Write | null {
  if (dtype === "bool") return ofBools[name] ?? null;
  if (isFloat(dtype)) return ofFloats[name]?.(dtype) ?? null;
  return (dtype === "index" ? ofIndices[name] : ofIntegers(name, dtype)) ?? null;
}

/** The operands one after another, then an instruction each. */
function all(...names: readonly Mnemonic[]): Write {
  return (code, operands) => {
    for (const x of operands) code.add("local.get", x);
    for (const name of names) code.add(name);
  };
}

/** a where the comparison of a with b holds, else b. */
const chosen =
  (test: Mnemonic): Write =>
  (code, [a, b]) => {
    for (const x of [a, b, a, b]) code.add("local.get", x);
    code.add(test);
    code.add("select");
  };

const select: Write = (code, [mask, a, b]) => {
  for (const x of [a, b, mask]) code.add("local.get", x);
  code.add("select");
};

const ofBools: Readonly<Record<string, Write>> = {
  select,
  and: all("i32.and"),
  or: all("i32.or"),
  xor: all("i32.xor"),
  not: all("i32.eqz"),
};

/** The bits of a number; of any NaN those of the canonical one. */
const bitsOfF32: Write = (code, [x]) => {
  code.add("local.get", x);
  code.add("i32.reinterpret_f32");
  code.add("i32.const", canonicalNaN);
  for (let k = 0; k < 2; k++) code.add("local.get", x);
  code.add("f32.eq");
  code.add("select");
};

export const canonicalNaN = 0x7fc00000;

type FloatRow = (dtype: DType) => Write;
const same =
  (name: string): FloatRow =>
  (dtype) =>
    all(`${dtype}.${name}` as Mnemonic);

/** Arithmetic of f32 in f64, rounded once, has the bits of arithmetic in f32. */
const ofFloats: Readonly<Record<string, FloatRow>> = {
  add: same("add"),
  sub: same("sub"),
  mul: same("mul"),
  div: same("div"),
  neg: same("neg"),
  abs: same("abs"),
  sqrt: same("sqrt"),
  floor: same("floor"),
  ceil: same("ceil"),
  trunc: same("trunc"),
  round: same("nearest"),
  maximum: same("max"),
  minimum: same("min"),
  clamp:
    (dtype) =>
    (code, [low, x, high]) => {
      code.add("local.get", x);
      code.add("local.get", low);
      code.add(`${dtype}.max` as Mnemonic);
      code.add("local.get", high);
      code.add(`${dtype}.min` as Mnemonic);
    },
  copysign:
    (dtype) =>
    (code, [x, y]) => {
      code.add("local.get", x);
      code.add("local.get", y);
      // a NaN counts as positive, whatever its sign
      code.add(`${dtype}.const` as Mnemonic, 1);
      for (let k = 0; k < 2; k++) code.add("local.get", y);
      code.add(`${dtype}.eq` as Mnemonic);
      code.add("select");
      code.add(`${dtype}.copysign` as Mnemonic);
    },
  is_nan:
    (dtype) =>
    (code, [x]) => {
      code.add("local.get", x);
      code.add("local.get", x);
      code.add(`${dtype}.ne` as Mnemonic);
    },
  select: () => select,
  is_finite:
    (dtype) =>
    (code, [x]) =>
      putFinite(code, dtype, x),
  sign:
    (dtype) =>
    (code, [x]) => {
      const test = (name: "gt" | "lt"): void => {
        code.add("local.get", x);
        code.add(`${dtype}.const` as Mnemonic, 0);
        code.add(`${dtype}.${name}` as Mnemonic);
        code.add("select");
      };
      code.add(`${dtype}.const` as Mnemonic, 1);
      code.add(`${dtype}.const` as Mnemonic, -1);
      code.add("local.get", x);
      test("lt");
      test("gt");
    },
  vanish:
    (dtype) =>
    (code, [factor, product]) => {
      code.add("local.get", product);
      code.add(`${dtype}.const` as Mnemonic, 0);
      putNonzero(code, dtype, factor);
      code.add("select");
    },
  absorb:
    (dtype) =>
    (code, [factor, product, x]) => {
      code.add("local.get", x);
      code.add("local.get", x);
      code.add(`${dtype}.const` as Mnemonic, 0);
      code.add(`${dtype}.add` as Mnemonic);
      code.add(`${dtype}.const` as Mnemonic, 0);
      putFinite(code, dtype, product);
      code.add("select");
      putNonzero(code, dtype, factor);
      code.add("select");
    },
  rsqrt:
    (dtype) =>
    (code, [x]) => {
      code.add("f64.const", 1);
      code.add("local.get", x);
      if (dtype === "f32") code.add("f64.promote_f32");
      code.add("f64.sqrt");
      code.add("f64.div");
      if (dtype === "f32") code.add("f32.demote_f64");
    },
};

function putFinite(code: Code, dtype: DType, x: number): void {
  code.add("local.get", x);
  code.add(`${dtype}.abs` as Mnemonic);
  code.add(`${dtype}.const` as Mnemonic, Number.POSITIVE_INFINITY);
  code.add(`${dtype}.lt` as Mnemonic);
}

function putNonzero(code: Code, dtype: DType, x: number): void {
  code.add("local.get", x);
  code.add(`${dtype}.const` as Mnemonic, 0);
  code.add(`${dtype}.ne` as Mnemonic);
}

const ofIndices: Readonly<Record<string, Write>> = {
  add: all("i64.add"),
  sub: all("i64.sub"),
  mul: all("i64.mul"),
  maximum: chosen("i64.gt_s"),
  minimum: chosen("i64.lt_s"),
  neg: (code, [x]) => {
    code.add("i64.const", 0);
    code.add("local.get", x);
    code.add("i64.sub");
  },
  select,
};

function ofIntegers(name: string, dtype: DType): Write | undefined {
  const sign = dtype === "i32" ? "s" : "u";
  const wrapped = (...names: readonly Mnemonic[]): Write => narrowed(dtype, all(...names));
  switch (name) {
    case "add":
      return wrapped("i32.add");
    case "sub":
      return wrapped("i32.sub");
    case "mul":
      return wrapped("i32.mul");
    case "and":
      return all("i32.and");
    case "or":
      return all("i32.or");
    case "xor":
      return all("i32.xor");
    case "shift_left":
      return dtype === "u8" ? undefined : all("i32.shl");
    case "shift_right":
      return dtype === "u8" ? undefined : all(`i32.shr_${sign}`);
    case "maximum":
      return chosen(`i32.gt_${sign}`);
    case "minimum":
      return chosen(`i32.lt_${sign}`);
    case "select":
      return select;
    default:
      return undefined;
  }
}

/** u8 has the low eight bits. */
function narrowed(dtype: DType, write: Write): Write {
  if (dtype !== "u8") return write;
  return (code, operands) => {
    write(code, operands);
    code.add("i32.const", 255);
    code.add("i32.and");
  };
}

function comparison(dtype: DType, direction: string): Mnemonic {
  const type = scalarType(dtype);
  return `${type}.${direction}${signOf(dtype, direction)}` as Mnemonic;
}

/** What the names of comparisons say of integers, but for equality. */
export function signOf(dtype: DType, direction: string): "" | "_s" | "_u" {
  if (isFloat(dtype) || direction === "eq" || direction === "ne") return "";
  return dtype === "i32" || dtype === "index" ? "_s" : "_u";
}

/** Conversions, as ToInt32 and ToUint32 have them where a float becomes an integer; null where only the record has them. */
function conversion(from: DType, to: DType): Write | null {
  if (from === to) return all();
  if (to === "bool") return truth(from);
  const signed = from === "i32" || from === "index" ? "s" : "u";
  if (isFloat(to)) {
    if (isFloat(from)) return all(to === "f32" ? "f32.demote_f64" : "f64.promote_f32");
    return all(`${to}.convert_${scalarType(from)}_${signed}` as Mnemonic);
  }
  if (isFloat(from)) return to === "index" ? all(`i64.trunc_sat_${from}_s` as Mnemonic) : narrowed(to, wrapped(from));
  if (to === "index") return all(`i64.extend_i32_${signed}` as Mnemonic);
  return narrowed(to, from === "index" ? all("i32.wrap_i64") : all());
}

/**
 * The whole part of a float modulo 2³²: what whole multiples of that leave is exact, and NaN of an infinite number, which
 * becomes 0.
 */
function wrapped(from: DType): Write {
  return (code, [x]) => {
    const whole = code.local("f64");
    code.add("local.get", x);
    if (from === "f32") code.add("f64.promote_f32");
    code.add("f64.trunc");
    code.add("local.tee", whole);
    code.add("local.get", whole);
    code.add("f64.const", 2 ** -32);
    code.add("f64.mul");
    code.add("f64.trunc");
    code.add("f64.const", 2 ** 32);
    code.add("f64.mul");
    code.add("f64.sub");
    code.add("i64.trunc_sat_f64_s");
    code.add("i32.wrap_i64");
  };
}

/** Anything but 0 and NaN is true. */
function truth(from: DType): Write {
  const type = scalarType(from);
  return (code, [x]) => {
    code.add("local.get", x);
    if (isFloat(from)) code.add(`${type}.abs` as Mnemonic);
    code.add(`${type}.const` as Mnemonic, 0);
    code.add((isFloat(from) ? `${type}.gt` : `${type}.ne`) as Mnemonic);
  };
}

/** The record's function on numbers as they cross: index values as f64. */
export function recordFunction({ op, operands, results, attributes }: Operation): (...args: number[]) => number {
  const dtype = dtypeOf(results[0].type);
  const isUnsigned = operands.map((v) => dtypeOf(v.type) === "u32");
  const about = { attributes, dtype };
  const { scalar } = op;
  if (scalar === null) throw new Error(`internal invariant broken: ${op.name} is no function of numbers`);
  const isDouble = dtype === "f64" && operands.every((v) => dtypeOf(v.type) === "f64");
  if (isDouble && scalar.double !== undefined) return scalar.double;
  const round = scalar.exact === true ? (x: number): number => x : dtypes[dtype].round;
  // one array for all calls: an op's function keeps nothing
  const given = operands.map(() => 0);
  const result = (): number => round(scalar.compute(given, about));
  const at = (x: number, i: number): void => void (given[i] = isUnsigned[i] ? x >>> 0 : x);
  if (operands.length === 1)
    return (x) => {
      at(x, 0);
      return result();
    };
  return (...args) => {
    args.forEach(at);
    return result();
  };
}
