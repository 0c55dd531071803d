// What must hold of one operation by its record alone, whatever stands around it.

import { counted } from "../diagnostics/counted.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { fail } from "../diagnostics/errors.ts";
import { affineAttributes } from "../module/affine.ts";
import { checkAttributes, dimsIn } from "../module/attributes.ts";
import { findFunc, groupOf, type Module, type Operation, type Value } from "../module/module.ts";
import { printFuncName } from "../module/names.ts";
import { attributeDims } from "../module/walk.ts";
import { type Level, standsAt } from "../op/op-spec.ts";
import { type Atom, type Dim, forEachVariable, isVariable, partsOf, termsOf } from "../types/dim.ts";
import { dtypes } from "../types/dtype.ts";
import { printNumber } from "../types/number-text.ts";

/**
 * Plain and frozen, so that versions can share it; an Immer draft that leaked is neither. `makers` see to that. The lists that
 * the object holds are frozen here, where checking takes its time anyway: engines have no fast way through frozen lists, of
 * which passes read little else.
 */
export function requireFrozen(what: string, makers: string, object: object, ...lists: (readonly unknown[])[]): void {
  requirePlain(what, makers, object);
  if (!Object.isFrozen(object)) fail("structure", `${what} is not frozen`, { hint: `make it with ${makers}` });
  for (const list of lists) {
    requirePlain(what, makers, list);
    Object.freeze(list);
  }
}

function requirePlain(what: string, makers: string, object: object): void {
  const prototype: unknown = Object.getPrototypeOf(object);
  const plain = prototype === Object.prototype || prototype === Array.prototype || prototype === null;
  if (!plain) fail("structure", `${what} is not plain data`, { hint: `make it with ${makers}` });
}

export function checkOperation(operation: Operation, context: { module: Module; level: Level | null }): void {
  const { op, operands, attributes, regions, results, segments } = operation;
  const makers = "withParts, makeOperation or emit";
  requireFrozen(op.name, makers, operation, operands, regions, results, segments);
  requireFrozen(op.name, makers, attributes);
  if (context.level !== null && !standsAt(op, context.level)) {
    fail("structure", `${op.name} is an op of the ${op.level} level, expected the ${context.level} level only`);
  }
  if (regions.length !== op.regions.length) {
    fail("structure", `${op.name}: got ${counted(regions.length, "region")}, expected ${op.regions.length}`);
  }
  checkSegments(operation);
  checkAttributes(op, attributes);
  for (const [name, spec] of Object.entries(op.attributes)) {
    const value = attributes[name];
    if (spec.kind === "function") checkCallee(op.name, value as string, context.module);
    if (spec.kind === "constant" && typeof value === "number") checkConstant(value, results[0]);
  }
  if (attributeDims(operation).some((d) => typeof d !== "number")) checkIndexSymbols(operation);
}

function checkSegments({ op, operands, segments }: Operation): void {
  const { groups } = op;
  if (segments.length !== groups.length) {
    fail("structure", `${op.name}: segments has ${counted(segments.length, "count")}, expected ${groups.length}`);
  }
  if (groups.length === 0) return;
  let sum = 0;
  for (const [i, count] of segments.entries()) {
    if (!Number.isSafeInteger(count) || count < 0) fail("structure", `${op.name}: segment ${i} is ${count}`);
    if (op.operands[i]?.variadic !== true && count !== 1) {
      fail("arity", `${op.name}: got ${counted(count, "operand")} for ${groups[i]}, expected 1`);
    }
    sum += count;
  }
  if (sum !== operands.length) {
    fail("structure", `${op.name}: segments sum to ${sum}, expected ${operands.length}, the number of operands`);
  }
}

function checkCallee(mnemonic: string, name: string, module: Module): void {
  if (findFunc(module, name) !== undefined) return;
  const names = module.funcs.map((f) => f.name);
  const shown = names.length > 8 ? [...names.slice(0, 8).map(printFuncName), "…"] : names.map(printFuncName);
  fail("name", `${mnemonic}: unknown function ${printFuncName(name)}`, {
    hint: didYouMean(name, names, printFuncName) ?? `the module has ${shown.join(", ")}`,
  });
}

function checkConstant(value: number, result: Value | undefined): void {
  if (result === undefined || result.type.kind === "list") return;
  const { dtype } = result.type;
  if (Object.is(dtypes[dtype].round(value), value) || (Number.isNaN(value) && dtypes[dtype].kind === "float")) return;
  fail("literal", `constant: ${printNumber(value)} is not a value of ${dtype}`, { hint: "round it first" });
}

/** Operands in dimensions: only where the assembly says, in range, and affine. */
function checkIndexSymbols(operation: Operation): void {
  const { op } = operation;
  const groups = affineAttributes(op);
  for (const [name, spec] of Object.entries(op.attributes)) {
    if (spec.kind !== "dim" && spec.kind !== "dims" && spec.kind !== "bindings") continue;
    const group = groups.get(name);
    const operands = group === undefined ? [] : groupOf(operation, group);
    for (const d of dimsIn(operation.attributes[name])) {
      forEachVariable(d, (v) => {
        if (v.kind === "symbol" || (v.kind === "operand" && v.position < operands.length)) return;
        fail(
          "structure",
          `${op.name}: attribute '${name}' has ${v.key}, but ${counted(operands.length, "operand")} can be named there`,
        );
      });
      if (!isAffine(d)) fail("attribute", `${op.name}: attribute '${name}' multiplies two index values`);
    }
  }
}

function isAffine(d: Dim): boolean {
  return termsOf(d).every((t) => t.factors.filter(hasIndex).length < 2);
}

function hasIndex(atom: Atom): boolean {
  if (isVariable(atom)) return atom.kind !== "symbol";
  return partsOf(atom).some((d) => termsOf(d).some((t) => t.factors.some(hasIndex)));
}
