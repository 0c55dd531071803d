// How memory is allocated, filled, read and written.

import {
  type Dim,
  groupOf,
  isFloat,
  type MemRefType,
  mulDims,
  type Operation,
  productOf,
  shapeOf,
  statedSpans,
  subDims,
  type Value,
} from "../../ir/index.ts";
import { bytesOf as arenaBytesOf, layOut } from "../../ops/index.ts";
import { counted } from "./control.ts";
import { toDouble } from "./crossing.ts";
import { bytesOf, loadElement, loadSplat, storeElement } from "./elements.ts";
import { dtypeOf } from "./values.ts";
import type { Emitter, FunctionWriter } from "./writer.ts";

function emitLoad(w: FunctionWriter, operation: Operation): void {
  const [result] = operation.results;
  const dtype = dtypeOf(result.type);
  const splat = w.isSpread(result) ? loadSplat(dtype) : null;
  if (splat !== null) {
    w.code.add(splat, w.address(operation));
    const register = w.code.local("v128", result.name);
    w.code.add("local.set", register);
    w.holdSpread(result, register);
    return;
  }
  loadElement(w.code, dtype, w.address(operation));
  w.code.add("local.set", w.define(result)[0]);
}

function emitStore(w: FunctionWriter, operation: Operation): void {
  const [value] = operation.operands;
  const offset = w.address(operation);
  w.code.add("local.get", w.local(value));
  storeElement(w.code, dtypeOf(value.type), offset);
}

function emitAlloc(w: FunctionWriter, { results: [result], attributes }: Operation): void {
  const [address] = w.define(result);
  w.dim(mulDims(productOf(shapeOf(result)), bytesOf(result.type)));
  w.code.call(w.module.allocate());
  w.code.add("local.set", address);
  if (attributes.init !== "any") zero(w, result);
}

/** All bits of memory, zero. */
export function zero(w: FunctionWriter, memory: Value): void {
  w.push([memory]);
  w.code.add("i32.const", 0);
  putBytes(w, memory);
  w.code.add("memory.fill");
}

/** Puts on the stack how many bytes memory has. */
function putBytes(w: FunctionWriter, memory: Value): void {
  w.dim(productOf(shapeOf(memory)));
  w.code.add("i32.wrap_i64");
  w.code.add("i32.const", bytesOf(memory.type));
  w.code.add("i32.mul");
}

function emitScratch(w: FunctionWriter, operation: Operation): void {
  const types = operation.results.map(({ type }) => type as MemRefType);
  const { starts, end } = layOut(types.map(arenaBytesOf), statedSpans(operation) ?? []);
  const arena = w.code.local("i32");
  w.dim(end);
  w.code.call(w.module.allocate());
  w.code.add("local.set", arena);
  for (const [k, result] of operation.results.entries()) {
    w.code.add("local.get", arena);
    w.dim(starts[k]);
    w.code.add("i32.wrap_i64");
    w.code.add("i32.add");
    w.code.add("local.set", w.define(result)[0]);
  }
}

function emitFill(w: FunctionWriter, operation: Operation): void {
  const { operands, attributes } = operation;
  const [value, memory] = operands;
  const at = w.code.local("i64");
  w.dim(w.bounded(attributes.lower as Dim, operation, "bounds"));
  w.code.add("local.set", at);
  const upper = w.bound(w.bounded(attributes.upper as Dim, operation, "bounds"));
  counted(w, at, upper, 1, () => {
    w.code.add("local.get", w.local(memory));
    w.code.add("local.get", at);
    w.code.add("i32.wrap_i64");
    w.code.add("i32.const", bytesOf(memory.type));
    w.code.add("i32.mul");
    w.code.add("i32.add");
    w.code.add("local.get", w.local(value));
    storeElement(w.code, dtypeOf(value.type));
  });
}

function emitCopy(w: FunctionWriter, { operands: [from, to] }: Operation): void {
  w.push([to, from]);
  putBytes(w, from);
  w.code.add("memory.copy");
}

/** The index itself, behind its check; or moved into range. */
function emitSubscript(w: FunctionWriter, operation: Operation): void {
  const { operands, attributes, results } = operation;
  const [given] = operands;
  const dtype = dtypeOf(given.type);
  const last = w.bound(subDims(attributes.extent as Dim, attributes.size as Dim));
  const [index] = w.define(results[0]);
  w.isNatural(results[0]);
  const { code } = w;
  code.add("local.get", w.local(given));
  if (isFloat(dtype)) code.add(`i64.trunc_sat_${dtype as "f64" | "f32"}_s`);
  else if (dtype !== "index") code.add(dtype === "i32" ? "i64.extend_i32_s" : "i64.extend_i32_u");
  code.add("local.set", index);
  if (attributes.mode === "clamp") {
    const zero = code.local("i64");
    for (const [bound, test] of [[last, "i64.lt_s"] as const, [zero, "i64.gt_s"] as const]) {
      for (const x of [index, bound, index, bound]) code.add("local.get", x);
      code.add(test);
      code.add("select");
      code.add("local.set", index);
    }
    return;
  }
  code.add("local.get", index);
  code.add("i64.const", 0);
  code.add("i64.lt_s");
  code.add("local.get", index);
  code.add("local.get", last);
  code.add("i64.gt_s");
  code.add("i32.or");
  if (isFloat(dtype)) {
    code.add("local.get", w.local(given));
    code.add("local.get", index);
    code.add(`${dtype as "f64" | "f32"}.convert_i64_s`);
    code.add(`${dtype as "f64" | "f32"}.ne`);
    code.add("i32.or");
  }
  code.add("if");
  const elements = groupOf(operation, "index").slice(1);
  code.add("i32.const", w.module.rangeNumber(operation, elements.length));
  code.add("local.get", w.local(given));
  toDouble(w.code, dtype);
  for (const d of [attributes.extent, attributes.size]) {
    w.dim(d as Dim);
    toDouble(w.code, "index");
  }
  for (const v of elements) {
    code.add("local.get", w.local(v));
    toDouble(w.code, "index");
  }
  w.pushSteps();
  const told = [...elements, ...w.steps].map(() => "f64" as const);
  code.call(w.module.hostFunction("range", ["i32", "f64", "f64", "f64", ...told], []));
  code.add("unreachable");
  code.add("end");
}

export const memoryEmitters: readonly (readonly [string, Emitter])[] = [
  ["load", emitLoad],
  ["store", emitStore],
  ["alloc", emitAlloc],
  ["scratch", emitScratch],
  ["fill", emitFill],
  ["copy", emitCopy],
  ["subscript", emitSubscript],
];
