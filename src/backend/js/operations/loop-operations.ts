// How nests over memory, loops and tapes are written, which programs of numbers do without.

import {
  boundBy,
  type Dim,
  elementDType,
  groupOf,
  isFloat,
  type Operation,
  subDims,
  termsOf,
} from "../../../ir/index.ts";
import type { fillOp, forOp, OperationBy, parallelOp, scanOp, subscriptOp } from "../../../ops/index.ts";
import type { Scope } from "../writing/text.ts";
import { type FunctionWriter, isBoolean } from "../writing/writer.ts";
import { emitScratch } from "./arena-text.ts";
import { emitFor, emitScan } from "./loops.ts";
import { type Emitters, row, scalarEmitters } from "./operations.ts";
import { emitEmpty, emitPop, emitPush } from "./tapes.ts";
import { emitWhile } from "./while.ts";

/**
 * What programs of tensors have.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function nestEmitters(): Emitters {
  return new Map([
    ...scalarEmitters(),
    row<typeof forOp>("for", emitFor),
    row<typeof parallelOp>("parallel", emitFor),
    row<typeof fillOp>("fill", emitFill),
    row("copy", emitCopy),
    row<typeof subscriptOp>("subscript", emitSubscript),
    row("scratch", emitScratch),
  ]);
}

/**
 * What any program has.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function allEmitters(): Emitters {
  return new Map([
    ...nestEmitters(),
    row("while", emitWhile),
    row<typeof scanOp>("scan", emitScan),
    row("empty", emitEmpty),
    row("push", emitPush),
    row("pop", emitPop),
  ]);
}

// ---- memory ---------------------------------------------------------------------------------------------------------

function emitFill(w: FunctionWriter, operation: OperationBy<typeof fillOp>, scope: Scope): void {
  const [lower, upper] = [operation.attributes.lower, operation.attributes.upper].map((d) =>
    boundBy(d, operation, "bounds"),
  );
  const count = subDims(upper, lower);
  const length = isNatural(count) && typeof lower !== "number" ? w.bound(count, scope) : null;
  const first = lower === 0 ? w.bound(upper, scope) : null;
  const from = w.dim(lower, scope);
  const end = first ?? (length === null ? w.dim(upper, scope) : `${from} + ${length}`);
  // `fill` counts an end below 0 from the end of memory, where nothing is to be filled
  const to = isNatural(count) || isNatural(upper) ? end : `Math.max(0, ${end})`;
  const [value, memory] = operation.operands;
  const target = w.atom(memory, scope);
  const element = w.atom(value, scope);
  scope.lines.push(`${target}.fill(${isBoolean(value.type) ? `${element} ? 1 : 0` : element}, ${from}, ${to});`);
}

/** Whether a dimension is never below 0, whatever the extents are. */
function isNatural(d: Dim): boolean {
  return termsOf(d).every(({ coefficient, factors }) => coefficient >= 0 && factors.every((f) => f.kind === "symbol"));
}

function emitCopy(w: FunctionWriter, { operands: [from, to] }: Operation, scope: Scope): void {
  scope.lines.push(`${w.atom(to, scope)}.set(${w.atom(from, scope)});`);
}

/** The index itself, behind its check; or clamped into range. */
function emitSubscript(w: FunctionWriter, operation: OperationBy<typeof subscriptOp>, scope: Scope): void {
  const { operands, attributes, results, origin, op } = operation;
  const index = w.atom(operands[0], scope);
  const [extent, size] = [attributes.extent, attributes.size];
  if (attributes.mode === "clamp") {
    const last = w.bound(subDims(extent, size), scope);
    w.declare(results[0], `Math.max(0, Math.min(${index}, ${last}))`, scope, op.name);
    return;
  }
  const [, ...elements] = groupOf(operation, "index").map((v) => w.atom(v, scope));
  const number = w.module.range({
    of: attributes.of,
    axis: attributes.axis,
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
function isOutside(w: FunctionWriter, operation: OperationBy<typeof subscriptOp>, index: string, scope: Scope): string {
  const { operands, attributes } = operation;
  const [memory] = groupOf(operation, "memory");
  if (memory !== undefined) {
    const element = `${w.atom(memory, scope)}[${index}]`;
    return w.module.elementChecks.has(memory) ? `typeof ${element} !== "number"` : `${element} === undefined`;
  }
  const last = w.bound(subDims(attributes.extent, attributes.size), scope);
  const isInteger = !isFloat(elementDType(operands[0].type) ?? "i32");
  return `!(${isInteger ? `${index} >= 0` : `${index} >>> 0 === ${index}`} && ${index} <= ${last})`;
}
