// Elementwise operations on vectors: instructions where there are some with the same bits, else one lane at a time.

import { type DType, isFloat, type Operation, type Value } from "../../ir/index.ts";
import { directionOf, isOwn } from "../../ops/index.ts";
import type { Code } from "./code.ts";
import { putElementwise } from "./elementwise.ts";
import type { Mnemonic } from "./instructions.ts";
import { build, extract, named } from "./lanes.ts";
import { all, plainFloat, type Write } from "./plain.ts";
import { canonicalNaN, signOf } from "./scalar.ts";
import { dtypeOf, lanesName, lanesPerRegister, scalarType } from "./values.ts";
import type { FunctionWriter } from "./writer.ts";

/** Writes an operation, unless some of its kind have no instructions: says whether it did. */
type EmitLanes = (w: FunctionWriter, operation: Operation) => boolean;

/** Of ops that read and write registers in ways of their own. */
const ofOperations: Readonly<Record<string, EmitLanes>> = {
  compare: comparedLanes,
  select: selectLanes,
  cast: (w, operation) => convertedLanes(w, operation) || countedLanes(w, operation),
  bitcast: bitsOfLanes,
  shift_left: shiftedLanes(() => "i32x4.shl"),
  shift_right: shiftedLanes((dtype) => `i32x4.shr_${signOf(dtype)}`),
};

/** An elementwise operation on vectors. */
export function emitLanes(w: FunctionWriter, operation: Operation): void {
  const { op, operands, results } = operation;
  const own = isOwn(op, op.name);
  if (own && ofOperations[op.name]?.(w, operation) === true) return;
  const write = own ? instructionOn(op.name, dtypeOf(operands[0].type)) : null;
  if (write === null) {
    oneByOne(w, operation);
    return;
  }
  for (const [k, register] of w.define(results[0]).entries()) {
    write(
      w.code,
      operands.map((v) => w.locals(v)[k]),
    );
    w.code.add("local.set", register);
  }
}

function oneByOne(w: FunctionWriter, operation: Operation): void {
  const { operands, results } = operation;
  const inLane = operands.map((v) => w.code.local(scalarType(dtypeOf(v.type))));
  build(w, results[0], (lane) => {
    for (const [i, v] of operands.entries()) {
      extract(w, v, lane);
      w.code.add("local.set", inLane[i]);
    }
    putElementwise(w, operation, inLane);
  });
}

type FloatLanes = "f64x2" | "f32x4";
type FloatRow = (lanes: FloatLanes) => Write;
const ofFloats: Readonly<Record<string, FloatRow>> = {
  clamp: clampOn,
  copysign: copysignOn,
  vanish: vanishOn,
  absorb: absorbOn,
  rsqrt: (lanes) => (lanes === "f64x2" ? reciprocalRoots : narrowReciprocalRoots),
};

type IntegerDType = "i32" | "u32";

const ofIntegers: Readonly<Record<string, (dtype: IntegerDType) => Write>> = {
  and: () => all("v128.and"),
  or: () => all("v128.or"),
  xor: () => all("v128.xor"),
  not: () => all("v128.not"),
  add: () => all("i32x4.add"),
  sub: () => all("i32x4.sub"),
  mul: () => all("i32x4.mul"),
  maximum: (dtype) => all(`i32x4.max_${signOf(dtype)}`),
  minimum: (dtype) => all(`i32x4.min_${signOf(dtype)}`),
};

const ofIndices: Readonly<Record<string, Write>> = {
  add: all("i64x2.add"),
  sub: all("i64x2.sub"),
  mul: all("i64x2.mul"),
};

const ofMasks: Readonly<Record<string, Write>> = {
  and: all("v128.and"),
  or: all("v128.or"),
  xor: all("v128.xor"),
  not: all("v128.not"),
};

function instructionOn(name: string, dtype: DType): Write | null {
  if (isFloat(dtype)) {
    const lanes = dtype === "f64" ? "f64x2" : "f32x4";
    return plainFloat(name, lanes) ?? ofFloats[name]?.(lanes) ?? null;
  }
  if (dtype === "i32" || dtype === "u32") return ofIntegers[name]?.(dtype) ?? null;
  return (dtype === "bool" ? ofMasks : dtype === "index" ? ofIndices : {})[name] ?? null;
}

function clampOn(lanes: FloatLanes): Write {
  return (code, [low, x, high]) => {
    code.add("local.get", x);
    code.add("local.get", low);
    code.add(`${lanes}.max`);
    code.add("local.get", high);
    code.add(`${lanes}.min`);
  };
}

/** |x| with what |y| lacks of y, the sign; that of a NaN counts as positive. */
function copysignOn(lanes: FloatLanes): Write {
  return (code, [x, y]) => {
    code.add("local.get", y);
    code.add("local.get", y);
    code.add(`${lanes}.abs`);
    code.add("v128.xor");
    code.add("local.get", y);
    code.add("local.get", y);
    code.add(`${lanes}.eq`);
    code.add("v128.and");
    code.add("local.get", x);
    code.add(`${lanes}.abs`);
    code.add("v128.or");
  };
}

// ---- bits -----------------------------------------------------------------------------------------------------------

function bitsOfLanes(w: FunctionWriter, { operands: [x], results: [result] }: Operation): true {
  const { code } = w;
  if (dtypeOf(x.type) !== "f32") {
    w.hold(result, w.locals(x));
    return true;
  }
  for (const [k, register] of w.define(result).entries()) {
    const bits = w.locals(x)[k];
    code.add("local.get", bits);
    code.add("i32.const", canonicalNaN);
    code.add("i32x4.splat");
    code.add("local.get", bits);
    code.add("local.get", bits);
    code.add("f32x4.eq");
    code.add("v128.bitselect");
    code.add("local.set", register);
  }
  return true;
}

/**
 * By a known number, which is the same in every lane.
 *
 * @__NO_SIDE_EFFECTS__
 */
function shiftedLanes(nameFor: (dtype: IntegerDType) => Mnemonic): EmitLanes {
  return (w, { operands: [x, by], results: [result] }) => {
    const count = w.alike(by);
    const dtype = dtypeOf(x.type);
    if (count === undefined || (dtype !== "i32" && dtype !== "u32")) return false;
    for (const [k, register] of w.define(result).entries()) {
      w.code.add("local.get", w.locals(x)[k]);
      w.code.add("i32.const", count);
      w.code.add(nameFor(dtype));
      w.code.add("local.set", register);
    }
    return true;
  };
}

/** All bits of the lanes in which x is not 0. */
function nonzeroLanes(code: Code, lanes: FloatLanes, x: number): void {
  code.add("local.get", x);
  zeros(code);
  code.add(`${lanes}.ne`);
}

function zeros(code: Code): void {
  code.add("v128.const", ...Array.from({ length: 16 }, () => 0));
}

/** The product where the factor is not 0: elsewhere no bit of it. */
function vanishOn(lanes: FloatLanes): Write {
  return (code, [factor, product]) => {
    code.add("local.get", product);
    nonzeroLanes(code, lanes, factor);
    code.add("v128.and");
  };
}

/** x, but where the factor is 0, x + 0 where the product is finite, and else no bit. */
function absorbOn(lanes: FloatLanes): Write {
  return (code, [factor, product, x]) => {
    code.add("local.get", x);
    code.add("local.get", x);
    zeros(code);
    code.add(`${lanes}.add`);
    code.add("local.get", product);
    code.add("local.get", product);
    code.add(`${lanes}.sub`);
    zeros(code);
    code.add(`${lanes}.eq`);
    code.add("v128.and");
    nonzeroLanes(code, lanes, factor);
    code.add("v128.bitselect");
  };
}

/** 1 / √x in doubles. */
const reciprocalRoots: Write = (code, [x]) => {
  code.add("f64.const", 1);
  code.add("f64x2.splat");
  code.add("local.get", x);
  code.add("f64x2.sqrt");
  code.add("f64x2.div");
};

/** 1 / √x of each half in doubles, which is rounded once. */
const narrowReciprocalRoots: Write = (code, [x]) => {
  const half = code.local("v128");
  for (const k of [0, 1]) {
    code.add("local.get", x);
    if (k === 1) {
      code.add("local.get", x);
      code.add("i8x16.shuffle", ...shuffleOf(2, 3, 2, 3));
    }
    code.add("f64x2.promote_low_f32x4");
    code.add("local.set", half);
    reciprocalRoots(code, [half]);
    code.add("f32x4.demote_f64x2_zero");
  }
  code.add("i8x16.shuffle", ...shuffleOf(0, 1, 4, 5));
};

// ---- masks: those of 64-bit lanes come as two of 32-bit lanes ---------------------------------------------------------

/** The bytes of the 32-bit lanes of two registers, counted through both. */
const shuffleOf = (...lanes: readonly number[]): readonly number[] =>
  lanes.flatMap((lane) => [0, 1, 2, 3].map((b) => 4 * lane + b));

function comparedLanes(w: FunctionWriter, operation: Operation): boolean {
  const {
    operands: [a, b],
    results: [result],
  } = operation;
  const dtype = dtypeOf(a.type);
  if (dtype === "bool") return false;
  const direction = directionOf(operation);
  const isSigned = !isFloat(dtype) && direction !== "eq" && direction !== "ne";
  const name = named(`${lanesName(dtype)}.${direction}${isSigned ? `_${signOf(dtype)}` : ""}`);
  const { code } = w;
  const [left, right] = [w.locals(a), w.locals(b)];
  const masks = left.map((x, k) => {
    const mask = code.local("v128");
    code.add("local.get", x);
    code.add("local.get", right[k]);
    code.add(name);
    code.add("local.set", mask);
    return mask;
  });
  if (lanesPerRegister(dtype) === 4) {
    w.hold(result, masks);
    return true;
  }
  for (const [k, register] of w.define(result).entries()) {
    const low = masks[2 * k];
    code.add("local.get", low);
    code.add("local.get", masks[2 * k + 1] ?? low);
    code.add("i8x16.shuffle", ...shuffleOf(0, 2, 4, 6));
    code.add("local.set", register);
  }
  return true;
}

function selectLanes(w: FunctionWriter, { operands: [mask, a, b], results: [result] }: Operation): true {
  const { code } = w;
  const isWide = lanesPerRegister(dtypeOf(result.type)) === 2;
  const [masks, whenTrue, whenFalse] = [mask, a, b].map((v) => w.locals(v));
  for (const [k, register] of w.define(result).entries()) {
    code.add("local.get", whenTrue[k]);
    code.add("local.get", whenFalse[k]);
    if (!isWide) code.add("local.get", masks[k]);
    else {
      const narrow = masks[k >> 1];
      code.add("local.get", narrow);
      code.add("local.get", narrow);
      code.add("i8x16.shuffle", ...(k % 2 === 0 ? shuffleOf(0, 0, 1, 1) : shuffleOf(2, 2, 3, 3)));
    }
    code.add("v128.bitselect");
    code.add("local.set", register);
  }
  return true;
}

// ---- conversions ----------------------------------------------------------------------------------------------------

function convertedLanes(w: FunctionWriter, operation: Operation): boolean {
  const { code } = w;
  const {
    operands: [x],
    results: [result],
  } = operation;
  const [from, to] = [x, result].map(({ type }) => dtypeOf(type));
  if (from === to) w.hold(result, w.locals(x));
  else if ((from === "f32" || from === "i32" || from === "u32") && to === "f64") widen(w, x, result, from);
  else if (from === "f64" && to === "f32") {
    const registers = w.locals(x);
    for (const [k, register] of w.define(result).entries()) {
      const low = registers[2 * k];
      for (const half of [low, registers[2 * k + 1] ?? low]) {
        code.add("local.get", half);
        code.add("f32x4.demote_f64x2_zero");
      }
      code.add("i8x16.shuffle", ...shuffleOf(0, 1, 4, 5));
      code.add("local.set", register);
    }
  } else if ((from === "i32" || from === "u32" || from === "u8") && to === "f32") {
    for (const [k, register] of w.define(result).entries()) {
      code.add("local.get", w.locals(x)[k]);
      code.add(from === "i32" ? "f32x4.convert_i32x4_s" : "f32x4.convert_i32x4_u");
      code.add("local.set", register);
    }
  } else if (from === "f32" && to === "i32") wholeLanes(w, operation);
  else return false;
  return true;
}

/** Whole parts: all at once where an i32 has each of them, as almost always. */
function wholeLanes(w: FunctionWriter, operation: Operation): void {
  const { code } = w;
  const {
    operands: [x],
    results: [result],
  } = operation;
  const registers = w.locals(x);
  for (const [k, register] of registers.entries()) {
    code.add("local.get", register);
    code.add("f32x4.abs");
    code.add("f32.const", 2 ** 31);
    code.add("f32x4.splat");
    code.add("f32x4.ge");
    if (k > 0) code.add("v128.or");
  }
  code.add("v128.any_true");
  code.add("if");
  oneByOne(w, operation);
  code.add("else");
  for (const [k, register] of w.locals(result).entries()) {
    code.add("local.get", registers[k]);
    code.add("i32x4.trunc_sat_f32x4_s");
    code.add("local.set", register);
  }
  code.add("end");
}

/** Numbers that count up from lane to lane: the first in every lane, and to each what it is ahead. Below 2^53 doubles are exact. */
function countedLanes(w: FunctionWriter, { operands: [x], results: [result] }: Operation): boolean {
  const ramp = w.ramp(x);
  const to = dtypeOf(result.type);
  if (ramp === null || (to !== "i32" && to !== "u32" && to !== "f64" && to !== "f32")) return false;
  const { code } = w;
  const { first, step } = ramp;
  if (to === "i32" || to === "u32") {
    for (const [k, register] of w.define(result).entries()) {
      code.add("local.get", first);
      code.add("i32.wrap_i64");
      code.add("i32x4.splat");
      code.add("v128.const", ...bytesOfLanes(new Int32Array([0, 1, 2, 3].map((lane) => (4 * k + lane) * step))));
      code.add("i32x4.add");
      code.add("local.set", register);
    }
    return true;
  }
  const pair = (k: number): void => {
    code.add("local.get", first);
    code.add("f64.convert_i64_s");
    code.add("f64x2.splat");
    code.add("v128.const", ...bytesOfLanes(new Float64Array([0, 1].map((lane) => (2 * k + lane) * step))));
    code.add("f64x2.add");
  };
  for (const [k, register] of w.define(result).entries()) {
    if (to === "f64") pair(k);
    else {
      for (const half of [2 * k, 2 * k + 1]) {
        pair(half);
        code.add("f32x4.demote_f64x2_zero");
      }
      code.add("i8x16.shuffle", ...shuffleOf(0, 1, 4, 5));
    }
    code.add("local.set", register);
  }
  return true;
}

/** The sixteen bytes of a register, the low ones first, whatever the machine's order is. */
function bytesOfLanes(lanes: Int32Array | Float64Array): readonly number[] {
  const view = new DataView(new ArrayBuffer(16));
  for (const [i, x] of lanes.entries())
    if (lanes instanceof Int32Array) view.setInt32(4 * i, x, true);
    else view.setFloat64(8 * i, x, true);
  return [...new Uint8Array(view.buffer)];
}

/** Each half of a register of 32-bit lanes becomes a register of doubles. */
function widen(w: FunctionWriter, x: Value, result: Value, from: DType): void {
  const name: Mnemonic =
    from === "f32"
      ? "f64x2.promote_low_f32x4"
      : from === "i32"
        ? "f64x2.convert_low_i32x4_s"
        : "f64x2.convert_low_i32x4_u";
  for (const [k, register] of w.define(result).entries()) {
    const whole = w.locals(x)[k >> 1];
    w.code.add("local.get", whole);
    if (k % 2 === 1) {
      w.code.add("local.get", whole);
      w.code.add("i8x16.shuffle", ...shuffleOf(2, 3, 2, 3));
    }
    w.code.add(name);
    w.code.add("local.set", register);
  }
}
