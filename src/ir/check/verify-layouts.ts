// Where memory has strides and an offset: only views are a part of other memory, and they stay inside of it. What takes memory
// as a whole, in its order, takes no part.

import { AdjointError, fail } from "../diagnostics/errors.ts";
import type { DimScope } from "../edit/infer.ts";
import { placeIn } from "../module/affine.ts";
import type { Func, Operation, Value } from "../module/module.ts";
import { printValueName } from "../module/names.ts";
import { calleeOf, walk } from "../module/walk.ts";
import { addDims, type Dim, productOf, subDims } from "../types/dim.ts";
import { dimsOf, layoutOf, printShape, printType, type RankedType, type Type } from "../types/type.ts";

/** Fails (code `shape`) where memory with a layout does not come from a view of whole memory that holds it. */
export function checkLayouts({ body, visibility, origin }: Func, scope: DimScope): void {
  if (visibility === "public")
    for (const v of [...body.arguments, ...body.results])
      requireWhole(v, `${nameOf(v)} of a public function`, { origin, hint: "take a view of the whole memory" });
  walk(body, (operation) => {
    const { op, operands, results } = operation;
    for (const [k, v] of results.entries()) located(operation, () => checkResult(operation, k, v, scope));
    const takesPart = op.loop !== null || calleeOf(operation) !== null;
    for (const [i, v] of takesPart ? [] : operands.entries())
      if (!isIndexed(operation, v)) requireWhole(v, `${op.name}: operand ${i}`, operation);
  });
}

/** Runs a check; what fails without a place of its own, as a dimension beyond 2^53, fails at the operation. */
export function located({ origin }: Operation, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof AdjointError ? error.at(origin) : error;
  }
}

function requireWhole({ type }: Value, what: string, at: Parameters<typeof fail>[2]): void {
  if (layoutOf(type) === undefined) return;
  fail("shape", `${what} has type ${printType(type)}, expected memory without strides and offset`, at);
}

/** Whether the operation is of one element, or of some beside each other, of the memory. */
function isIndexed({ op, operands }: Operation, memory: Value): boolean {
  return op.assembly.some((item) => item.kind === "subscript" && operands[item.operand] === memory);
}

function checkResult(operation: Operation, k: number, v: Value, scope: DimScope): void {
  const { op, operands, origin } = operation;
  const layout = layoutOf(v.type);
  if (layout === undefined || op.loop !== null || op.traits.branches || calleeOf(operation) !== null) return;
  const of = op.aliases[k];
  if (of === undefined) requireWhole(v, `${op.name}: the result`, { origin, hint: "only views are parts" });
  else checkInside(operation, v.type, layout, operands[of].type, scope);
}

/** Elements of a part stand in the whole; a part without elements is anywhere. */
function checkInside(
  { op, origin }: Operation,
  part: Type,
  [offset, ...strides]: readonly Dim[],
  whole: Type,
  scope: DimScope,
): void {
  const [shape, of] = [part, whole].map((type) => dimsOf(type as RankedType));
  if (shape.includes(0)) return;
  const require = (left: Dim, right: Dim, what: string): void => {
    const problem = scope.require(left, ">=", right, origin);
    if (problem === null) return;
    const reason = `${op.name}: ${what} is ${left}, expected at least ${right}`;
    if (problem === "refuted") fail("shape", reason, { origin });
    fail("shape", `${reason}, which does not follow`, { origin, hint: `declare it: where ${left} >= ${right}` });
  };
  require(offset, 0, "the offset");
  for (const [axis, d] of strides.entries()) require(d, 0, `the stride along axis ${axis}`);
  const last = placeIn(
    [offset, ...strides],
    shape.map((d) => subDims(d, 1)),
  );
  require(productOf(of), addDims(last, 1), `the number of elements of ${printShape(of)} (for ${printType(part)})`);
}

function nameOf({ name }: Value): string {
  return name === null ? "a value" : printValueName(name);
}
