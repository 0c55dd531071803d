// How each kind of operation that is not elementwise is written.

import { bindSymbols, Dense, fail, isFloat, type Operation, requireFunc, signatureOf } from "../../ir/index.ts";
import { type callOp, type dimOp, isOwn, type OperationBy } from "../../ops/index.ts";
import { globals } from "./binary.ts";
import { controlEmitters } from "./control.ts";
import { toDouble } from "./crossing.ts";
import { emitElementwise } from "./elementwise.ts";
import { emitLanes } from "./lane-operations.ts";
import { emitVectorConstant, laneEmitters } from "./lanes.ts";
import { listEmitters } from "./lists.ts";
import { memoryEmitters, zero } from "./memory.ts";
import { dtypeOf, scalarType } from "./values.ts";
import { type Emitter, type FunctionWriter, row } from "./writer.ts";

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
  row<typeof dimOp>("dim", emitDim),
  row<typeof callOp>("call", emitCall),
  ["check", emitCheck],
  ["probe", emitProbe],
  ...memoryEmitters,
  ...controlEmitters,
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
    w.code.add("global.get", globals.constants);
    w.code.add("i32.const", w.module.constant(value, type));
    w.code.add("i32.add");
    w.code.add("local.set", local);
    return;
  }
  const x = value instanceof Dense ? value.at(0) : Number(value);
  const dtype = dtypeOf(type);
  w.code.add(`${scalarType(dtype)}.const`, dtype === "u32" ? x | 0 : x);
  w.code.add("local.set", local);
}

function emitDim(w: FunctionWriter, operation: OperationBy<typeof dimOp>): void {
  const [result] = operation.results;
  w.dim(w.bounded(operation.attributes.value, operation, "operands"));
  const dtype = dtypeOf(result.type);
  if (isFloat(dtype)) w.code.add(`${dtype}.convert_i64_s`);
  else if (dtype !== "index") w.code.add("i32.wrap_i64");
  w.code.add("local.set", w.define(result)[0]);
}

/** A function takes its symbols first, then its arguments. */
function emitCall(w: FunctionWriter, { attributes, operands, results, origin }: OperationBy<typeof callOp>): void {
  const callee = requireFunc(w.module.module, attributes.callee, { origin });
  const { bindings } = attributes.bindings;
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
  w.pushSteps();
  w.code.call(w.module.hostFunction("check", ["i32", ...w.steps.map(() => "f64" as const)], []));
  w.code.add("unreachable");
  w.code.add("end");
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
