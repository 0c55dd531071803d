// Vectors in registers of 128 bits: out of numbers and memory, and back.

import { Dense, type DType, groupOf, type Operation, type Value } from "../../ir/index.ts";
import { combineTree, kinds, type ReduceKind } from "../../ops/index.ts";
import type { Code } from "./code.ts";
import { bytesOf, loadElement, storeElement } from "./elements.ts";
import type { Mnemonic } from "./instructions.ts";
import { instructionsFor } from "./scalar.ts";
import { dtypeOf, lanesName, lanesPerRegister, scalarType, typesOf } from "./values.ts";
import type { Emitter, FunctionWriter } from "./writer.ts";

type VectorName = `${"f64x2" | "f32x4" | "i64x2" | "i32x4"}.${string}`;

/** An instruction on lanes: the names of those that do not exist are never asked for. */
export const named = (name: VectorName): Mnemonic => name as Mnemonic;

function lanesIn({ type }: Value): number {
  return type.kind === "vector" ? Number(type.shape[0]) : 1;
}

// ---- vectors out of numbers, and back -------------------------------------------------------------------------------

/** A vector of which `put` puts each lane, a number, on the stack. */
export function build(w: FunctionWriter, result: Value, put: (lane: number) => void): void {
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
export function extract(w: FunctionWriter, value: Value, lane: number): void {
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
  const spread = w.spread(x);
  if (spread !== null) {
    holdAlike(w, result, spread);
    return;
  }
  const [register] = w.define(result);
  w.push([x]);
  toMask(w.code, dtype);
  w.code.add(named(`${lanesName(dtype)}.splat`));
  w.code.add("local.set", register);
  holdAlike(w, result, register);
}

function emitRamp(w: FunctionWriter, { operands: [first], results: [result], attributes }: Operation): void {
  w.holdRamp(result, w.local(first), Number(attributes.step));
  build(w, result, (lane) => {
    w.push([first]);
    w.code.add("i64.const", lane * Number(attributes.step));
    w.code.add("i64.add");
  });
}

/** A number in every lane, before all loops: in each step engines would make it anew. */
export function emitVectorConstant(w: FunctionWriter, { attributes: { value }, results: [result] }: Operation): void {
  const dtype = dtypeOf(result.type);
  const x = value instanceof Dense ? value.at(0) : Number(value);
  w.isAlike(result, x);
  const register = w.constant(`${dtype} ${Object.is(x, -0) ? "-0" : x}`, result.name, () => {
    w.code.add(`${scalarType(dtype)}.const`, dtype === "bool" ? -x : dtype === "u32" ? x | 0 : x);
    w.code.add(named(`${lanesName(dtype)}.splat`));
  });
  holdAlike(w, result, register, 0);
}

/** A register is as good as several that are the same. */
function holdAlike(w: FunctionWriter, result: Value, register: number, depth = w.code.depth): void {
  w.hold(
    result,
    typesOf(result.type).map(() => register),
    depth,
  );
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
    loadElement(code, dtype, offset + lane * bytes);
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
    storeElement(w.code, dtype, offset + lane * bytes);
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

export const laneEmitters: readonly (readonly [string, Emitter])[] = [
  ["splat", emitSplat],
  ["ramp", emitRamp],
  ["load_lanes", emitLoadLanes],
  ["store_lanes", emitStoreLanes],
  ["reduce_lanes", emitReduce],
  ["extract_lane", emitExtract],
];
