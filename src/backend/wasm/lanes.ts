// Operations on vectors, in registers of 128 bits: instructions where there are some with the same bits, else lane by lane.

import { Dense, type DType, groupOf, isFloat, type Operation, type Value } from "../../ir/index.ts";
import { combineTree, isOwn, kinds, type ReduceKind } from "../../ops/index.ts";
import type { Code } from "./code.ts";
import { putElementwise } from "./elementwise.ts";
import type { Mnemonic } from "./instructions.ts";
import { instructionsFor } from "./scalar.ts";
import { bytesOf, dtypeOf, elements, lanesName, lanesPerRegister, scalarType } from "./values.ts";
import type { Emitter, FunctionWriter } from "./writer.ts";

type VectorName = `${"f64x2" | "f32x4" | "i64x2" | "i32x4"}.${string}`;

/** An instruction on lanes: the names of those that do not exist are never asked for. */
const named = (name: VectorName): Mnemonic => name as Mnemonic;

function lanesIn({ type }: Value): number {
  return type.kind === "vector" ? Number(type.shape[0]) : 1;
}

// ---- vectors out of numbers, and back -------------------------------------------------------------------------------

/** A vector of which `put` puts each lane, a number, on the stack. */
function build(w: FunctionWriter, result: Value, put: (lane: number) => void): void {
  const dtype = dtypeOf(result.type);
  const per = lanesPerRegister(dtype);
  const { code } = w;
  for (const [k, register] of w.define(result).entries()) {
    for (let i = 0; i < per && k * per + i < lanesIn(result); i++) {
      if (i > 0) code.add("local.get", register);
      put(k * per + i);
      toMask(code, dtype);
      if (i === 0) code.add(named(`${lanesName(dtype)}.splat`));
      else code.add(named(`${lanesName(dtype)}.replace_lane`), i);
      code.add("local.set", register);
    }
  }
}

/** The bool on the stack as a lane of a mask. */
function toMask(code: Code, dtype: DType): void {
  if (dtype !== "bool") return;
  const x = code.local("i32");
  code.add("local.set", x);
  code.add("i32.const", 0);
  code.add("local.get", x);
  code.add("i32.sub");
}

/** Puts the number in a lane on the stack. */
function extract(w: FunctionWriter, value: Value, lane: number): void {
  const dtype = dtypeOf(value.type);
  const per = lanesPerRegister(dtype);
  w.code.add("local.get", w.locals(value)[Math.floor(lane / per)]);
  w.code.add(named(`${lanesName(dtype)}.extract_lane`), lane % per);
  if (dtype !== "bool") return;
  w.code.add("i32.const", 1);
  w.code.add("i32.and");
}

function emitSplat(w: FunctionWriter, { operands: [x], results: [result] }: Operation): void {
  const dtype = dtypeOf(result.type);
  for (const register of w.define(result)) {
    w.push([x]);
    toMask(w.code, dtype);
    w.code.add(named(`${lanesName(dtype)}.splat`));
    w.code.add("local.set", register);
  }
}

function emitRamp(w: FunctionWriter, { operands: [first], results: [result], attributes }: Operation): void {
  build(w, result, (lane) => {
    w.push([first]);
    w.code.add("i64.const", lane * Number(attributes.step));
    w.code.add("i64.add");
  });
}

/** A number in every lane. */
export function emitVectorConstant(w: FunctionWriter, { attributes: { value }, results: [result] }: Operation): void {
  const dtype = dtypeOf(result.type);
  const x = value instanceof Dense ? value.at(0) : Number(value);
  for (const register of w.define(result)) {
    w.code.add(`${scalarType(dtype)}.const`, dtype === "bool" ? -x : dtype === "u32" ? x | 0 : x);
    w.code.add(named(`${lanesName(dtype)}.splat`));
    w.code.add("local.set", register);
  }
}

function emitExtract(w: FunctionWriter, { operands: [x], results: [result], attributes }: Operation): void {
  extract(w, x, Number(attributes.lane));
  w.code.add("local.set", w.define(result)[0]);
}

/** Lanes combine in halves, one number at a time: it happens once behind a loop. */
function emitReduce(w: FunctionWriter, { operands: [x], results: [result], attributes }: Operation): void {
  const dtype = dtypeOf(x.type);
  const type = scalarType(dtype);
  const numbers = Array.from({ length: lanesIn(x) }, (_, lane) => {
    const local = w.code.local(type);
    extract(w, x, lane);
    w.code.add("local.set", local);
    return local;
  });
  const write = instructionsFor(kinds[attributes.kind as ReduceKind].record.name, dtype);
  if (write === null) throw new Error(`internal invariant broken: no instruction for ${attributes.kind} of ${dtype}`);
  const total = combineTree(numbers, (a, b) => {
    const combined = w.code.local(type);
    write(w.code, [a, b]);
    w.code.add("local.set", combined);
    return combined;
  });
  w.hold(result, [total]);
}

// ---- memory ---------------------------------------------------------------------------------------------------------

/** Whether lanes are in memory as they are in registers. */
function isDirect(dtype: DType): boolean {
  return dtype !== "bool" && dtype !== "u8" && dtype !== "index";
}

function emitLoadLanes(w: FunctionWriter, operation: Operation): void {
  const [result] = operation.results;
  const dtype = dtypeOf(result.type);
  const [memory] = groupOf(operation, "memory");
  const [count] = groupOf(operation, "count");
  const { address, offset } = addressOf(w, operation);
  const bytes = bytesOf(memory.type);
  if (count === undefined && isDirect(dtype) && (lanesIn(result) * bytes) % 8 === 0) {
    for (const [k, register] of w.define(result).entries()) {
      w.code.add("local.get", address);
      w.code.add(lanesIn(result) * bytes - 16 * k >= 16 ? "v128.load" : "v128.load64_zero", offset + 16 * k);
      w.code.add("local.set", register);
    }
    return;
  }
  const { code } = w;
  const element = code.local(scalarType(dtype));
  build(w, result, (lane) => {
    if (count !== undefined) {
      code.add(`${scalarType(dtype)}.const`, 0);
      code.add("local.set", element);
      w.push([count]);
      code.add("i64.const", lane);
      code.add("i64.gt_s");
      code.add("if");
    }
    code.add("local.get", address);
    const [first, ...rest] = elements[dtype].load;
    code.add(first, offset + lane * bytes);
    for (const name of rest) code.add(name);
    if (count === undefined) return;
    code.add("local.set", element);
    code.add("end");
    code.add("local.get", element);
  });
}

function emitStoreLanes(w: FunctionWriter, operation: Operation): void {
  const [value] = groupOf(operation, "value");
  const dtype = dtypeOf(value.type);
  const [memory] = groupOf(operation, "memory");
  const [count] = groupOf(operation, "count");
  const { address, offset } = addressOf(w, operation);
  const bytes = bytesOf(memory.type);
  if (count === undefined && isDirect(dtype) && (lanesIn(value) * bytes) % 8 === 0) {
    for (const [k, register] of w.locals(value).entries()) {
      const isWhole = lanesIn(value) * bytes - 16 * k >= 16;
      w.code.add("local.get", address);
      w.code.add("local.get", register);
      if (isWhole) w.code.add("v128.store", offset + 16 * k);
      else w.code.add("v128.store64_lane", offset + 16 * k, 0);
    }
    return;
  }
  for (let lane = 0; lane < lanesIn(value); lane++) {
    if (count !== undefined) {
      w.push([count]);
      w.code.add("i64.const", lane);
      w.code.add("i64.gt_s");
      w.code.add("if");
    }
    w.code.add("local.get", address);
    extract(w, value, lane);
    const names = elements[dtype].store;
    for (const name of names.slice(0, -1)) w.code.add(name);
    w.code.add(names[names.length - 1], offset + lane * bytes);
    if (count !== undefined) w.code.add("end");
  }
}

/** The address of the first lane: in a local, and so many bytes behind that. */
function addressOf(w: FunctionWriter, operation: Operation): { readonly address: number; readonly offset: number } {
  const address = w.code.local("i32");
  const offset = w.lanesAddress(operation);
  w.code.add("local.set", address);
  return { address, offset };
}

// ---- elementwise ----------------------------------------------------------------------------------------------------

/** An elementwise operation on vectors. */
export function emitLanes(w: FunctionWriter, operation: Operation): void {
  const { op, operands, results, attributes } = operation;
  const [result] = results;
  const own = isOwn(op, op.name);
  const from = dtypeOf(operands[op.name === "select" ? 1 : 0].type);
  const to = dtypeOf(result.type);
  if (own && op.name === "compare" && comparedLanes(w, operation, from, String(attributes.direction))) return;
  if (own && op.name === "select") {
    selectLanes(w, operation);
    return;
  }
  if (own && op.name === "cast" && convertedLanes(w, operation, from, to)) return;
  const names = own ? instructionOn(op.name, from) : null;
  if (names !== null) {
    for (const [k, register] of w.define(result).entries()) {
      names(
        w.code,
        operands.map((v) => w.locals(v)[k]),
      );
      w.code.add("local.set", register);
    }
    return;
  }
  const inLane = operands.map((v) => w.code.local(scalarType(dtypeOf(v.type))));
  build(w, result, (lane) => {
    for (const [i, v] of operands.entries()) {
      extract(w, v, lane);
      w.code.add("local.set", inLane[i]);
    }
    putElementwise(w, operation, inLane);
  });
}

type WriteLanes = (code: Code, registers: readonly number[]) => void;

const all =
  (...names: readonly Mnemonic[]): WriteLanes =>
  (code, registers) => {
    for (const x of registers) code.add("local.get", x);
    for (const name of names) code.add(name);
  };

const ofFloats: Readonly<Record<string, string>> = {
  add: "add",
  sub: "sub",
  mul: "mul",
  div: "div",
  neg: "neg",
  abs: "abs",
  sqrt: "sqrt",
  floor: "floor",
  ceil: "ceil",
  trunc: "trunc",
  round: "nearest",
  maximum: "max",
  minimum: "min",
};

const onBits: Readonly<Record<string, Mnemonic>> = { and: "v128.and", or: "v128.or", xor: "v128.xor", not: "v128.not" };

function instructionOn(name: string, dtype: DType): WriteLanes | null {
  const lanes = lanesName(dtype);
  if (dtype === "bool") return onBits[name] === undefined ? null : all(onBits[name]);
  if (isFloat(dtype)) {
    if (name === "clamp") return clampOn(lanes);
    const found = ofFloats[name];
    return found === undefined ? null : all(named(`${lanes}.${found}`));
  }
  if (dtype === "i32" || dtype === "u32") {
    if (onBits[name] !== undefined) return all(onBits[name]);
    const sign = dtype === "i32" ? "s" : "u";
    if (name === "maximum") return all(named(`i32x4.max_${sign}`));
    if (name === "minimum") return all(named(`i32x4.min_${sign}`));
  }
  return dtype !== "u8" && ["add", "sub", "mul"].includes(name) ? all(named(`${lanes}.${name}`)) : null;
}

function clampOn(lanes: "f64x2" | "f32x4" | "i64x2" | "i32x4"): WriteLanes {
  return (code, [low, x, high]) => {
    code.add("local.get", x);
    code.add("local.get", low);
    code.add(named(`${lanes}.max`));
    code.add("local.get", high);
    code.add(named(`${lanes}.min`));
  };
}

// ---- masks: those of 64-bit lanes come as two of 32-bit lanes ---------------------------------------------------------

/** The bytes of the 32-bit lanes of two registers, counted through both. */
const shuffleOf = (...lanes: readonly number[]): readonly number[] =>
  lanes.flatMap((lane) => [0, 1, 2, 3].map((b) => 4 * lane + b));

function comparedLanes(
  w: FunctionWriter,
  { operands: [a, b], results: [result] }: Operation,
  dtype: DType,
  direction: string,
): boolean {
  if (dtype === "bool") return false;
  const lanes = lanesName(dtype);
  const isPlain = isFloat(dtype) || dtype === "index" || direction === "eq" || direction === "ne";
  const name = named(
    `${lanes}.${direction}${isPlain && dtype !== "index" ? "" : direction === "eq" || direction === "ne" ? "" : dtype === "u32" || dtype === "u8" ? "_u" : "_s"}`,
  );
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

function selectLanes(w: FunctionWriter, { operands: [mask, a, b], results: [result] }: Operation): void {
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
}

// ---- conversions ----------------------------------------------------------------------------------------------------

function convertedLanes(
  w: FunctionWriter,
  { operands: [x], results: [result] }: Operation,
  from: DType,
  to: DType,
): boolean {
  const { code } = w;
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
  } else return false;
  return true;
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

export const laneEmitters: readonly (readonly [string, Emitter])[] = [
  ["splat", emitSplat],
  ["ramp", emitRamp],
  ["load_lanes", emitLoadLanes],
  ["store_lanes", emitStoreLanes],
  ["reduce_lanes", emitReduce],
  ["extract_lane", emitExtract],
];
