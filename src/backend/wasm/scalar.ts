// Elementwise operations on numbers: instructions where there are some with the same bits, else a call of the record's own
// function.

import { type DType, dtypes, type FloatDType, isFloat, type Operation } from "../../ir/index.ts";
import { type Direction, directionOf, isOwn } from "../../ops/index.ts";
import type { Code } from "./code.ts";
import type { Mnemonic } from "./instructions.ts";
import { all, plainFloat, type Write } from "./plain.ts";
import { dtypeOf } from "./values.ts";

/** What an operation on numbers becomes; null where only its record's function has the bits. */
export function instructionsOf(operation: Operation): Write | null {
  const { op, operands } = operation;
  if (!isOwn(op, op.name)) return null;
  const special = ofOperations[op.name];
  // what is chosen stands behind the mask
  return special === undefined
    ? instructionsFor(op.name, dtypeOf(operands[operands.length - 1].type))
    : special(operation);
}

/** Of ops that have more to say than a dtype. */
const ofOperations: Readonly<Record<string, (operation: Operation) => Write | null>> = {
  compare: (operation) => all(comparison(dtypeOf(operation.operands[0].type), directionOf(operation))),
  cast: ({ operands, results }) => conversion(dtypeOf(operands[0].type), dtypeOf(results[0].type)),
  bitcast: ({ operands }) => (dtypeOf(operands[0].type) === "f32" ? bitsOfF32 : all("f32.reinterpret_i32")),
};

/** The same, of an op of the project by its name, on numbers of a dtype. */
export function instructionsFor(name: string, dtype: DType): Write | null {
  if (dtype === "bool") return ofBools[name] ?? null;
  if (isFloat(dtype)) return plainFloat(name, dtype) ?? ofFloats[name]?.(dtype) ?? null;
  if (dtype === "index") return ofIndices[name] ?? null;
  return ofIntegers[name]?.(dtype) ?? null;
}

/**
 * a where the comparison of a with b holds, else b.
 *
 * @__NO_SIDE_EFFECTS__
 */
function chosen(test: Mnemonic): Write {
  return (code, [a, b]) => {
    for (const x of [a, b, a, b]) code.add("local.get", x);
    code.add(test);
    code.add("select");
  };
}

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

type FloatRow = (dtype: FloatDType) => Write;
/** Of ops on floats that are more than one instruction. */
const ofFloats: Readonly<Record<string, FloatRow>> = {
  clamp:
    (dtype) =>
    (code, [low, x, high]) => {
      code.add("local.get", x);
      code.add("local.get", low);
      code.add(`${dtype}.max`);
      code.add("local.get", high);
      code.add(`${dtype}.min`);
    },
  copysign:
    (dtype) =>
    (code, [x, y]) => {
      code.add("local.get", x);
      code.add("local.get", y);
      // a NaN counts as positive, whatever its sign
      code.add(`${dtype}.const`, 1);
      for (let k = 0; k < 2; k++) code.add("local.get", y);
      code.add(`${dtype}.eq`);
      code.add("select");
      code.add(`${dtype}.copysign`);
    },
  is_nan:
    (dtype) =>
    (code, [x]) => {
      code.add("local.get", x);
      code.add("local.get", x);
      code.add(`${dtype}.ne`);
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
        code.add(`${dtype}.const`, 0);
        code.add(`${dtype}.${name}`);
        code.add("select");
      };
      code.add(`${dtype}.const`, 1);
      code.add(`${dtype}.const`, -1);
      code.add("local.get", x);
      test("lt");
      test("gt");
    },
  vanish:
    (dtype) =>
    (code, [factor, product]) => {
      code.add("local.get", product);
      code.add(`${dtype}.const`, 0);
      putNonzero(code, dtype, factor);
      code.add("select");
    },
  absorb:
    (dtype) =>
    (code, [factor, product, x]) => {
      code.add("local.get", x);
      code.add("local.get", x);
      code.add(`${dtype}.const`, 0);
      code.add(`${dtype}.add`);
      code.add(`${dtype}.const`, 0);
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

function putFinite(code: Code, dtype: FloatDType, x: number): void {
  code.add("local.get", x);
  code.add(`${dtype}.abs`);
  code.add(`${dtype}.const`, Number.POSITIVE_INFINITY);
  code.add(`${dtype}.lt`);
}

function putNonzero(code: Code, dtype: FloatDType, x: number): void {
  code.add("local.get", x);
  code.add(`${dtype}.const`, 0);
  code.add(`${dtype}.ne`);
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

type IntegerDType = Exclude<DType, FloatDType | "bool" | "index">;

/** @__NO_SIDE_EFFECTS__ */
function wrapping(name: Mnemonic): (dtype: IntegerDType) => Write {
  return (dtype) => narrowed(dtype, all(name));
}

const ofIntegers: Readonly<Record<string, (dtype: IntegerDType) => Write | null>> = {
  add: wrapping("i32.add"),
  sub: wrapping("i32.sub"),
  mul: wrapping("i32.mul"),
  and: () => all("i32.and"),
  or: () => all("i32.or"),
  xor: () => all("i32.xor"),
  shift_left: (dtype) => (dtype === "u8" ? null : all("i32.shl")),
  shift_right: (dtype) => (dtype === "u8" ? null : all(`i32.shr_${signOf(dtype)}`)),
  maximum: (dtype) => chosen(`i32.gt_${signOf(dtype)}`),
  minimum: (dtype) => chosen(`i32.lt_${signOf(dtype)}`),
  select: () => select,
};

/** The type of numbers that are no floats. */
function integerType(dtype: Exclude<DType, FloatDType>): "i32" | "i64" {
  return dtype === "index" ? "i64" : "i32";
}

/** What the names of instructions say of integers that have two readings. */
export function signOf(dtype: DType): "s" | "u" {
  return dtype === "i32" || dtype === "index" ? "s" : "u";
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

function comparison(dtype: DType, direction: Direction): Mnemonic {
  if (isFloat(dtype)) return `${dtype}.${direction}`;
  const type = integerType(dtype);
  return direction === "eq" || direction === "ne" ? `${type}.${direction}` : `${type}.${direction}_${signOf(dtype)}`;
}

/** Conversions, as ToInt32 and ToUint32 have them where a float becomes an integer; null where only the record has them. */
function conversion(from: DType, to: DType): Write | null {
  if (from === to) return all();
  if (to === "bool") return truth(from);
  if (isFloat(to)) {
    if (isFloat(from)) return all(to === "f32" ? "f32.demote_f64" : "f64.promote_f32");
    return all(`${to}.convert_${integerType(from)}_${signOf(from)}`);
  }
  if (isFloat(from)) return to === "index" ? all(`i64.trunc_sat_${from}_s`) : narrowed(to, wrapped(from));
  if (to === "index") return all(`i64.extend_i32_${signOf(from)}`);
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
  return (code, [x]) => {
    code.add("local.get", x);
    if (isFloat(from)) {
      code.add(`${from}.abs`);
      code.add(`${from}.const`, 0);
      code.add(`${from}.gt`);
    } else {
      code.add(`${integerType(from)}.const`, 0);
      code.add(`${integerType(from)}.ne`);
    }
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
