// How each kind of operation is written: elementwise ones by their record, the others by this table.

import {
  bindSymbols,
  boundBy,
  type DType,
  dtypes,
  fail,
  isScalar,
  type Kernel,
  memRefTypeOf,
  type Op,
  type Operation,
  productOf,
  requireFunc,
  signatureOf,
  tensorTypeOf,
} from "../../../ir/index.ts";
import {
  type callOp,
  type checkOp,
  type constantOp,
  type dimOp,
  isNamed,
  type OperationBy,
  type probeOp,
  spellRound,
} from "../../../ops/index.ts";
import { isAlias } from "../writing/aliases.ts";
import type { Scope } from "../writing/text.ts";
import { type Emitter, type FunctionWriter, isBoolean, takesArray } from "../writing/writer.ts";
import { emitIf } from "./branches.ts";

/** Writers of operations by mnemonic: each writes those of the project's own op, and says whether it is one. */
export type Emitters = ReadonlyMap<string, (...of: Parameters<Emitter>) => boolean>;

/** A row of the table. `O` is the type of the op's record, which a bundler would keep if the table held the record itself. */
export function row<O = Op>(
  name: string,
  emit: Emitter<OperationBy<O>["attributes"]>,
): readonly [string, (...of: Parameters<Emitter>) => boolean] {
  return [
    name,
    (w, operation, scope) => {
      const isOne = isNamed<OperationBy<O>["attributes"]>(name, operation);
      if (isOne) emit(w, operation, scope);
      return isOne;
    },
  ];
}

/**
 * What programs of numbers have.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function scalarEmitters(): Emitters {
  return new Map([
    row<typeof constantOp>("constant", emitConstant),
    row<typeof dimOp>("dim", emitDim),
    row("if", emitIf),
    row<typeof callOp>("call", emitCall),
    row<typeof checkOp>("check", emitCheck),
    row<typeof probeOp>("probe", emitProbe),
    row("load", emitLoad),
    row("store", emitStore),
    row("alloc", emitAlloc),
  ]);
}

/** Writes any operation, those that are not elementwise by these emitters. */
export const emitting =
  (emitters: Emitters): Emitter =>
  (w, operation, scope) =>
    emitOperation(emitters, w, operation, scope);

function emitOperation(emitters: Emitters, w: FunctionWriter, operation: Operation, scope: Scope): void {
  if (emitters.get(operation.op.name)?.(w, operation, scope) === true) return;
  if (operation.op.scalar !== null && isScalar(operation.results[0].type)) emitElementwise(w, operation, scope);
  else if (!isAlias(operation)) {
    const reason = `${operation.op.name} has no code of its own here: a pass has to resolve or lower it first`;
    fail("no-eval", reason, { origin: operation.origin });
  }
}

/** `const c = a * b;` as the record spells it, rounded as the dtype rounds. */
function emitElementwise(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const { op, operands, results, attributes } = operation;
  const { dtype } = tensorTypeOf(results[0].type);
  const nameOf = (kernel: Kernel): string => w.module.kernel(kernel);
  const text = w.spelled(operands, scope, (atoms) => op.scalar?.spell(atoms, { attributes, dtype, nameOf }) ?? "");
  w.declare(results[0], op.scalar?.exact === true ? text : rounded(text, dtype, scope), scope, op.name);
}

/** An expression rounded as operations of the dtype round. */
function rounded(text: string, dtype: DType, scope: Scope): string {
  if (dtype === "f32") scope.text.rounds = true;
  return spellRound(text, dtype);
}

/** Rank-0 constants are literals; constant memory belongs to the module. */
function emitConstant(
  w: FunctionWriter,
  { results, attributes, op }: OperationBy<typeof constantOp>,
  scope: Scope,
): void {
  const [result] = results;
  if (isScalar(result.type)) return;
  w.declare(result, w.module.constant(attributes.value, memRefTypeOf(result.type)), scope, op.name);
}

function emitDim(w: FunctionWriter, operation: OperationBy<typeof dimOp>, scope: Scope): void {
  const d = boundBy(operation.attributes.value, operation, "operands");
  const { dtype } = tensorTypeOf(operation.results[0].type);
  w.declare(operation.results[0], rounded(w.dim(d, scope), dtype, scope), scope, operation.op.name);
}

// ---- control --------------------------------------------------------------------------------------------------------

/** A function of this module takes its symbols first, then its arguments, then the steps of the loops around its calls. */
function emitCall(w: FunctionWriter, operation: OperationBy<typeof callOp>, scope: Scope): void {
  const { attributes, operands, results, origin, op } = operation;
  const name = attributes.callee;
  const callee = requireFunc(w.module.module, name, { origin });
  const explicit = attributes.bindings.bindings;
  const bound = bindSymbols(
    signatureOf(callee),
    operands.map((v) => v.type),
    explicit,
  );
  for (const [i, role] of callee.roles.entries())
    if (role === "zeroed") scope.lines.push(`${w.atom(operands[i], scope)}.fill(0);`);
  const steps = w.module.counters.of(name);
  const passed = [
    ...callee.symbols.map((s) => w.dim(bound[s], scope)),
    ...operands.map((v) => w.atom(v, scope)),
    // a call in fewer loops than others leaves the last ones out
    ...(steps > 0 ? scope.counters() : []),
  ];
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

function emitCheck(
  w: FunctionWriter,
  { operands, attributes, origin }: OperationBy<typeof checkOp>,
  scope: Scope,
): void {
  const index = w.module.check(attributes.message, origin);
  const told = [index, ...scope.counters()].join(", ");
  scope.lines.push(`if (!${w.atom(operands[0], scope)}) $check(${told});`);
}

function emitProbe(
  w: FunctionWriter,
  { operands, attributes, origin }: OperationBy<typeof probeOp>,
  scope: Scope,
): void {
  const [x] = operands;
  const type = isScalar(x.type) ? x.type : memRefTypeOf(x.type);
  const index = w.module.probe(attributes.name, type, origin);
  const shape = type.shape.map((d) => w.dim(d, scope));
  scope.lines.push(`$probe(${[index, w.atom(x, scope), `[${shape.join(", ")}]`].join(", ")});`);
}

// ---- memory ---------------------------------------------------------------------------------------------------------

function emitLoad(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const [result] = operation.results;
  const text = w.element(operation, scope);
  w.declare(result, isBoolean(result.type) ? `${text} !== 0` : text, scope, operation.op.name);
}

function emitStore(w: FunctionWriter, operation: Operation, scope: Scope): void {
  const [value] = operation.operands;
  const text = isBoolean(value.type) ? `${w.atom(value, scope)} ? 1 : 0` : w.expression(value, scope);
  scope.lines.push(`${w.element(operation, scope)} = ${text};`);
}

/**
 * Index values are in an array: out of typed memory they would come as floating-point numbers, and make all arithmetic of
 * subscripts that (measured: 1.7 times as long).
 */
function emitAlloc(w: FunctionWriter, { results, op }: Operation, scope: Scope): void {
  const [result] = results;
  const { dtype, shape } = memRefTypeOf(result.type);
  const size = w.dim(productOf(shape), scope);
  const text = dtype === "index" ? `new Array(${size}).fill(0)` : `new ${dtypes[dtype].array.name}(${size})`;
  w.declare(result, text, scope, op.name);
}
