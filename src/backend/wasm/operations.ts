// How each kind of operation that is not elementwise is written.

import {
  type Bindings,
  type Block,
  bindSymbols,
  Dense,
  type Dim,
  fail,
  groupOf,
  isFloat,
  type MemRefType,
  type Operation,
  productOf,
  requireFunc,
  signatureOf,
  statedSpans,
  subDims,
  type Value,
} from "../../ir/index.ts";
import { bytesOf as arenaBytesOf, isOwn, layOut } from "../../ops/index.ts";
import { toDouble } from "./crossing.ts";
import { emitElementwise } from "./elementwise.ts";
import { emitLanes, emitVectorConstant, laneEmitters } from "./lanes.ts";
import { listEmitters } from "./lists.ts";
import { bytesOf, dtypeOf, elements, scalarType } from "./values.ts";
import type { Emitter, FunctionWriter } from "./writer.ts";

/** Writes any operation. */
export function emitOperation(w: FunctionWriter, operation: Operation): void {
  const { op, operands, results } = operation;
  const emitter = isOwn(op, op.name) ? emitters.get(op.name) : undefined;
  const isAlias = op.aliases[0] === 0;
  if (isAlias) w.hold(results[0], w.locals(operands[0]), w.depthOf(operands[0]));
  if (emitter !== undefined) emitter(w, operation);
  else if (isAlias) return;
  else if (op.scalar !== null && results[0].type.kind === "vector") emitLanes(w, operation);
  else if (op.scalar !== null) emitElementwise(w, operation);
  else
    fail("no-eval", `${op.name} has no code in WebAssembly: a pass has to resolve or lower it first`, {
      origin: operation.origin,
    });
}

const emitters: ReadonlyMap<string, Emitter> = new Map([
  ["constant", emitConstant],
  ["dim", emitDim],
  ["load", emitLoad],
  ["store", emitStore],
  ["alloc", emitAlloc],
  ["scratch", emitScratch],
  ["fill", emitFill],
  ["copy", emitCopy],
  ["subscript", emitSubscript],
  ["for", emitFor],
  ["parallel", emitFor],
  ["scan", emitScan],
  ["while", emitWhile],
  ["if", emitIf],
  ["call", emitCall],
  ["check", emitCheck],
  ["probe", emitProbe],
  ...laneEmitters,
  ...listEmitters,
]);

function emitConstant(w: FunctionWriter, operation: Operation): void {
  const {
    attributes: { value },
    results: [result],
  } = operation;
  const { type } = result;
  if (type.kind === "vector") {
    emitVectorConstant(w, operation);
    return;
  }
  const [local] = w.define(result);
  if (type.kind === "memref") {
    w.code.add("i32.const", w.module.constant(value, type));
    w.code.add("local.set", local);
    return;
  }
  const x = value instanceof Dense ? value.at(0) : Number(value);
  const dtype = dtypeOf(type);
  w.code.add(`${scalarType(dtype)}.const`, dtype === "u32" ? x | 0 : x);
  w.code.add("local.set", local);
}

function emitDim(w: FunctionWriter, operation: Operation): void {
  const [result] = operation.results;
  w.dim(w.bounded(operation.attributes.value as Dim, operation, "operands"));
  const dtype = dtypeOf(result.type);
  if (isFloat(dtype)) w.code.add(`${dtype as "f64" | "f32"}.convert_i64_s`);
  else if (dtype !== "index") w.code.add("i32.wrap_i64");
  w.code.add("local.set", w.define(result)[0]);
}

// ---- memory ---------------------------------------------------------------------------------------------------------

function emitLoad(w: FunctionWriter, operation: Operation): void {
  const offset = w.address(operation);
  const [result] = operation.results;
  const [load, ...convert] = elements[dtypeOf(result.type)].load;
  w.code.add(load, offset);
  for (const name of convert) w.code.add(name);
  w.code.add("local.set", w.define(result)[0]);
}

function emitStore(w: FunctionWriter, operation: Operation): void {
  const [value] = operation.operands;
  const offset = w.address(operation);
  w.code.add("local.get", w.local(value));
  const names = elements[dtypeOf(value.type)].store;
  for (const name of names.slice(0, -1)) w.code.add(name);
  w.code.add(names[names.length - 1], offset);
}

function emitAlloc(w: FunctionWriter, { results: [result], attributes }: Operation): void {
  const { shape } = result.type as MemRefType;
  const [address] = w.define(result);
  const bytes = w.code.local("i64");
  w.dim(productOf(shape));
  w.code.add("i64.const", bytesOf(result.type));
  w.code.add("i64.mul");
  w.code.add("local.tee", bytes);
  w.code.call(w.module.allocate());
  w.code.add("local.set", address);
  if (attributes.init === "any") return;
  w.code.add("local.get", address);
  w.code.add("i32.const", 0);
  w.code.add("local.get", bytes);
  w.code.add("i32.wrap_i64");
  w.code.add("memory.fill");
}

/** All bits of memory, zero. */
function zero(w: FunctionWriter, memory: Value): void {
  w.push([memory]);
  w.code.add("i32.const", 0);
  w.dim(productOf((memory.type as MemRefType).shape));
  w.code.add("i32.wrap_i64");
  w.code.add("i32.const", bytesOf(memory.type));
  w.code.add("i32.mul");
  w.code.add("memory.fill");
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
    for (const name of elements[dtypeOf(value.type)].store) w.code.add(name);
  });
}

function emitCopy(w: FunctionWriter, { operands: [from, to] }: Operation): void {
  w.push([to, from]);
  w.dim(productOf((from.type as MemRefType).shape));
  w.code.add("i32.wrap_i64");
  w.code.add("i32.const", bytesOf(from.type));
  w.code.add("i32.mul");
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
  pushSteps(w);
  const told = [...elements, ...w.steps].map(() => "f64" as const);
  code.call(w.module.hostFunction("range", ["i32", "f64", "f64", "f64", ...told], []));
  code.add("unreachable");
  code.add("end");
}

// ---- loops and branches ---------------------------------------------------------------------------------------------

/** A loop over `at`, an i64, from what it holds to `upper`. */
function counted(w: FunctionWriter, at: number, upper: number, step: number, body: () => void): void {
  const { code } = w;
  code.add("block");
  code.add("local.get", at);
  code.add("local.get", upper);
  code.add("i64.ge_s");
  code.add("br_if", 0);
  code.add("loop");
  body();
  code.add("local.get", at);
  code.add("i64.const", step);
  code.add("i64.add");
  code.add("local.tee", at);
  code.add("local.get", upper);
  code.add("i64.lt_s");
  code.add("br_if", 0);
  code.add("end");
  code.add("end");
}

function emitFor(w: FunctionWriter, operation: Operation): void {
  const { attributes, regions, results, segments, operands } = operation;
  const [body] = regions;
  const [index, ...carry] = body.arguments;
  const inside = w.code.depth + 1;
  const lower = w.bounded(attributes.lower as Dim, operation, "bounds");
  const upper = w.bound(w.bounded(attributes.upper as Dim, operation, "bounds"));
  const [at] = w.define(index, inside);
  if (w.isNaturalDim(lower)) w.isNatural(index);
  w.dim(lower);
  w.code.add("local.set", at);
  repeated(w, body, carry, operands.slice(segments[0]), (step) => counted(w, at, upper, Number(attributes.step), step));
  for (const [k, r] of results.entries()) w.hold(r, w.locals(carry[k]));
}

/** A loop that carries values: `write` writes it around one step. */
function repeated(
  w: FunctionWriter,
  body: Block,
  carry: readonly Value[],
  inits: readonly Value[],
  write: (step: () => void) => void,
): void {
  w.push(inits);
  for (const v of carry) w.define(v, w.code.depth + 1);
  w.take(carry);
  w.scope(() =>
    write(() => {
      w.framed(body, () => w.block(body));
      w.push(body.results);
      w.take(carry);
    }),
  );
}

/** A scan without sequences is a loop of `length` iterations. Others are lowered to `for` before. */
function emitScan(w: FunctionWriter, operation: Operation): void {
  const {
    attributes,
    regions: [body],
    results,
    segments,
    operands,
    origin,
  } = operation;
  if (segments[1] > 0 || results.length > segments[0])
    fail("no-eval", "scan over tensors has no code of its own: a pass has to lower it first", { origin });
  const carry = body.arguments;
  const at = w.code.local("i64");
  const upper = w.bound(attributes.length as Dim);
  w.code.add("i64.const", 0);
  w.code.add("local.set", at);
  repeated(w, body, carry, operands, (step) => counted(w, at, upper, 1, step));
  for (const [k, r] of results.entries()) w.hold(r, w.locals(carry[k]));
}

function emitWhile(w: FunctionWriter, operation: Operation): void {
  const { regions, operands, results } = operation;
  const [test, body] = regions;
  const { code } = w;
  const step = w.module.counters.isCounted(operation) ? code.local("i64") : null;
  if (step !== null) {
    code.add("i64.const", 0);
    code.add("local.set", step);
    w.steps.push(step);
  }
  const carry = body.arguments;
  repeated(w, body, carry, operands, (iteration) => {
    for (const [k, v] of test.arguments.entries()) w.hold(v, w.locals(carry[k]));
    code.add("block");
    code.add("loop");
    w.block(test);
    w.push(test.results);
    code.add("i32.eqz");
    code.add("br_if", 1);
    iteration();
    if (step !== null) {
      code.add("local.get", step);
      code.add("i64.const", 1);
      code.add("i64.add");
      code.add("local.set", step);
    }
    code.add("br", 0);
    code.add("end");
    code.add("end");
  });
  if (step !== null) w.steps.pop();
  for (const [k, r] of results.entries()) w.hold(r, w.locals(carry[k]));
}

/** Each branch is a scope inside of that of the whole: what one computes the other has not. */
function emitIf(w: FunctionWriter, { operands: [test], regions, results }: Operation): void {
  for (const r of results) w.define(r);
  w.scope(() => {
    w.push([test]);
    w.code.add("if");
    for (const [i, region] of regions.entries()) {
      if (i > 0) w.code.add("else");
      w.scope(() => {
        w.block(region);
        w.push(region.results);
        w.take(results);
      });
    }
    w.code.add("end");
  });
}

/** A function takes its symbols first, then its arguments. */
function emitCall(w: FunctionWriter, { attributes, operands, results, origin }: Operation): void {
  const callee = requireFunc(w.module.module, attributes.callee as string, { origin });
  const { bindings } = attributes.bindings as Bindings;
  const bound = bindSymbols(
    signatureOf(callee),
    operands.map((v) => v.type),
    bindings,
  );
  for (const [i, v] of operands.entries()) if (callee.roles[i] === "zeroed") zero(w, v);
  for (const s of callee.symbols) w.dim(bound[s]);
  w.push(operands);
  for (let k = 0; k < w.module.counters.of(callee.name); k++) {
    if (k < w.steps.length) w.code.add("local.get", w.steps[k]);
    else w.code.add("i64.const", -1);
  }
  w.code.call(w.module.functionKey(callee.name));
  for (const r of results) w.define(r);
  w.take(results);
}

// ---- meta -----------------------------------------------------------------------------------------------------------

function emitCheck(w: FunctionWriter, operation: Operation): void {
  w.push([operation.operands[0]]);
  w.code.add("i32.eqz");
  w.code.add("if");
  w.code.add("i32.const", w.module.checkNumber(operation));
  pushSteps(w);
  w.code.call(w.module.hostFunction("check", ["i32", ...w.steps.map(() => "f64" as const)], []));
  w.code.add("unreachable");
  w.code.add("end");
}

/** The steps of the loops around, as doubles. */
function pushSteps({ code, steps }: FunctionWriter): void {
  for (const step of steps) {
    code.add("local.get", step);
    toDouble(code, "index");
  }
}

function emitProbe(w: FunctionWriter, operation: Operation): void {
  const [x] = operation.operands;
  const { code } = w;
  code.add("i32.const", w.module.probeNumber(operation));
  code.add("local.get", w.local(x));
  const shape = x.type.kind === "memref" ? x.type.shape : [];
  if (x.type.kind === "memref") code.add("f64.convert_i32_u");
  else toDouble(w.code, dtypeOf(x.type));
  for (const d of shape) {
    w.dim(d);
    toDouble(w.code, "index");
  }
  code.call(w.module.hostFunction("probe", ["i32", "f64", ...shape.map(() => "f64" as const)], []));
}
