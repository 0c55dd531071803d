// How each kind of operation is written: elementwise ones by their record, the others by this table.

import {
  accessOf,
  type Bindings,
  bindSymbols,
  type Dim,
  type DType,
  dtypes,
  elementDType,
  fail,
  groupOf,
  isFloat,
  isScalar,
  type MemRefType,
  type Operation,
  productOf,
  requireFunc,
  signatureOf,
  subDims,
  type TensorType,
  type Value,
} from "../../ir/index.ts";
import { isOwn } from "../../ops/index.ts";
import { isAlias } from "./aliases.ts";
import { emitIf } from "./branches.ts";
import { emitFor, emitScan } from "./loops.ts";
import { emitEmpty, emitPop, emitPush } from "./tapes.ts";
import type { Scope } from "./text.ts";
import { emitWhile } from "./while.ts";
import { type Emitter, type FunctionWriter, isBoolean, takesArray } from "./writer.ts";

/** By mnemonic. */
const emitters: ReadonlyMap<string, Emitter> = new Map<string, Emitter>([
  ["constant", emitConstant],
  ["dim", emitDim],
  ["if", emitIf],
  ["while", emitWhile],
  ["scan", emitScan],
  ["for", emitFor],
  ["call", emitCall],
  ["check", emitCheck],
  ["probe", emitProbe],
  ["load", emitLoad],
  ["store", emitStore],
  ["alloc", emitAlloc],
  ["subscript", emitSubscript],
  ["empty", emitEmpty],
  ["push", emitPush],
  ["pop", emitPop],
]);

export function emitOperation(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const emitter = emitters.get(operation.op.name);
  if (emitter !== undefined && isOwn(operation.op, operation.op.name)) emitter(w, operation, scope);
  else if (operation.op.scalar !== null && isScalar(operation.results[0].type)) emitElementwise(w, operation, scope);
  else if (!isAlias(operation)) {
    const reason = `${operation.op.name} has no code of its own here: a pass has to resolve or lower it first`;
    fail("no-eval", reason, { origin: operation.origin });
  }
}

/** `const c = a * b;` as the record spells it, rounded as the dtype rounds. */
function emitElementwise(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const { op, operands, results, attributes } = operation;
  const { dtype } = results[0].type as TensorType;
  const atoms = operands.map((v) => w.atom(v, scope));
  const text = op.scalar?.spell(atoms, { attributes, dtype, nameOf: (kernel) => w.module.kernel(kernel) }) ?? "";
  w.declare(results[0], op.scalar?.exact === true ? text : rounded(text, dtype, scope), scope, op.name);
}

/** An expression rounded as operations of the dtype round. */
function rounded(text: string, dtype: DType, scope: Scope): string {
  if (dtype === "f32") scope.unit.rounds = true;
  return dtypes[dtype].spellRound(text);
}

/** Rank-0 constants are literals; constant memory belongs to the module. */
function emitConstant(w: FunctionWriter, { results, attributes, op }: Operation, scope: Scope): void {
  const [result] = results;
  if (isScalar(result.type)) return;
  w.declare(result, w.module.constant(attributes.value, result.type as MemRefType), scope, op.name);
}

function emitDim(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const d = w.affine(operation.attributes.value as Dim, operation, "operands");
  const { dtype } = operation.results[0].type as TensorType;
  w.declare(operation.results[0], rounded(w.dim(d, scope), dtype, scope), scope, operation.op.name);
}

// ---- control --------------------------------------------------------------------------------------------------------

/** A function of this module takes its symbols first, then its arguments. */
function emitCall(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const { attributes, operands, results, origin, op } = operation;
  const name = attributes.callee as string;
  const callee = requireFunc(w.module.module, name, { origin });
  const explicit = (attributes.bindings as Bindings).bindings;
  const bound = bindSymbols(
    signatureOf(callee),
    operands.map((v) => v.type),
    explicit,
  );
  const passed = [...callee.symbols.map((s) => w.dim(bound[s], scope)), ...operands.map((v) => w.atom(v, scope))];
  const list = passed.join(", ");
  const text = `${w.module.functionName(name)}(${takesArray(callee) ? `[${list}]` : list})`;
  if (results.length === 0) scope.lines.push(`${text};`);
  else if (results.length === 1) w.declare(results[0], text, scope, op.name);
  else {
    const tuple = w.temporary(`${name}_results`);
    scope.lines.push(`const ${tuple} = ${text};`);
    for (const [i, r] of results.entries()) w.declare(r, `${tuple}[${i}]`, scope, op.name);
  }
}

// ---- meta -----------------------------------------------------------------------------------------------------------

function emitCheck(w: FunctionWriter, { operands, attributes, origin }: Operation, scope: Scope): void {
  const index = w.module.check(attributes.message as string, origin);
  const told = [index, ...scope.counters()].join(", ");
  scope.lines.push(`if (!${w.atom(operands[0], scope)}) $check(${told});`);
}

function emitProbe(w: FunctionWriter, { operands, attributes, origin }: Operation, scope: Scope): void {
  const [x] = operands;
  const index = w.module.probe(attributes.name as string, x.type as TensorType | MemRefType, origin);
  const shape = isScalar(x.type) ? [] : (x.type as MemRefType).shape.map((d) => w.dim(d, scope));
  scope.lines.push(`$probe(${[index, w.atom(x, scope), `[${shape.join(", ")}]`].join(", ")});`);
}

// ---- memory ---------------------------------------------------------------------------------------------------------

function emitLoad(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const [memory] = groupOf(operation, "memory");
  const text = element(w, operation, memory, scope);
  w.declare(operation.results[0], isBoolean(memory.type) ? `${text} !== 0` : text, scope, operation.op.name);
}

function emitStore(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const [memory] = groupOf(operation, "memory");
  const value = w.atom(operation.operands[0], scope);
  const text = element(w, operation, memory, scope);
  scope.lines.push(`${text} = ${isBoolean(memory.type) ? `${value} ? 1 : 0` : value};`);
}

/** `x[i * 784 + j]`: the row-major position. */
function element(w: FunctionWriter, operation: Operation, memory: Value, scope: Scope): string {
  const access = accessOf(operation);
  const position = access === null ? 0 : w.positionOf(access, operation);
  return `${w.atom(memory, scope)}[${w.dim(position, scope)}]`;
}

function emitAlloc(w: FunctionWriter, { results, op }: Operation, scope: Scope): void {
  const [result] = results;
  const { dtype, shape } = result.type as MemRefType;
  w.declare(result, `new ${dtypes[dtype].array.name}(${w.dim(productOf(shape), scope)})`, scope, op.name);
}

/** The index itself, behind its check; or clamped into range. */
function emitSubscript(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const { operands, attributes, results, origin, op } = operation;
  const index = w.atom(operands[0], scope);
  const [extent, size] = [attributes.extent as Dim, attributes.size as Dim];
  if (attributes.mode === "clamp") {
    const last = w.bound(subDims(extent, size), scope);
    w.declare(results[0], `Math.max(0, Math.min(${index}, ${last}))`, scope, op.name);
    return;
  }
  const elements = operands.slice(1).map((element) => w.atom(element, scope));
  const number = w.module.range({
    of: attributes.of as string,
    axis: attributes.axis as number,
    elements: elements.length,
    origin,
  });
  const told = [number, index, w.dim(extent, scope), w.dim(size, scope), ...elements, ...scope.counters()].join(", ");
  scope.lines.push(`if (${isOutside(w, operation, index, scope)}) $range(${told});`);
  w.declare(results[0], index, scope, op.name);
}

/**
 * The test whether an index is out of range. Where memory bounds the index, its element there is undefined: engines check
 * that at every read anyway, so the test costs nothing beside the read that follows (measured: a dot product takes as long
 * as without a check, and 1.5 times as long with comparisons). In an array of JavaScript whose elements are all read behind
 * such tests, the same test finds elements that are no numbers.
 */
function isOutside(w: FunctionWriter, operation: Operation, index: string, scope: Scope): string {
  const { operands, attributes, results } = operation;
  const memory = w.facts.bounds.memoryOf(results[0]);
  if (memory !== undefined) {
    const element = `${w.atom(memory, scope)}[${index}]`;
    return w.checksElements(memory) ? `typeof ${element} !== "number"` : `${element} === undefined`;
  }
  const last = w.bound(subDims(attributes.extent as Dim, attributes.size as Dim), scope);
  const isInteger = !isFloat(elementDType(operands[0].type) ?? "i32");
  return `!(${isInteger ? `${index} >= 0` : `${index} >>> 0 === ${index}`} && ${index} <= ${last})`;
}
