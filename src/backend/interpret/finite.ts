// Debug mode: finds the first operation that makes a NaN or an infinity of finite numbers.

import { AdjointError, isFloat, type NdArray, type Operation, subjectOf } from "../../ir/index.ts";

/** @throws AdjointError code `nan`, with the operation's result and operands. */
export function requireFinite(operation: Operation, operands: readonly NdArray[], results: readonly NdArray[]): void {
  const { op, regions, origin, operands: values } = operation;
  const called = subjectOf(operation);
  const subject = origin?.derivative ?? called;
  // a function of several operations is more than the one that failed in it
  const within = called === op.name || subject !== called ? "" : `, in its ${op.name}`;
  if (op.traits.constant || op.effects.allocates || regions.length > 0) return;
  for (const result of results) {
    const at = isFloat(result.dtype) ? result.data.findIndex((x) => !Number.isFinite(x)) : -1;
    if (at < 0 || !operands.every(areFinite)) continue;
    const of = operands.map((array, i) => described(array, values[i].name, result, at));
    const made = `${spell(result.data[at])}${indexText(result, at)}`;
    const from = of.length === 0 ? "" : ` from ${of.join(" and ")}`;
    throw new AdjointError("nan", `${subject} gives ${made}${from}${within}`, { origin });
  }
}

function areFinite({ dtype, data }: NdArray): boolean {
  return !isFloat(dtype) || data.every((x) => Number.isFinite(x));
}

function spell(x: number): string {
  return Object.is(x, -0) ? "-0" : String(x);
}

/** ` at [2, 3]`; nothing for a number. */
function indexText({ shape }: NdArray, at: number): string {
  if (shape.length === 0) return "";
  let rest = at;
  const index = shape.map(() => 0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return ` at [${index.join(", ")}]`;
}

/** An operand in the message: the number, the element at the same index, or the type of the array. */
function described({ dtype, shape, data }: NdArray, name: string | null, result: NdArray, at: number): string {
  const called = name === null ? "" : `${name} = `;
  if (shape.length === 0) return `${called}${dtype === "bool" ? data[0] !== 0 : spell(data[0])}`;
  const isAlike = shape.length === result.shape.length && shape.every((n, axis) => n === result.shape[axis]);
  return isAlike ? `${called}${spell(data[at])}` : `${name === null ? "" : `${name}: `}${dtype}[${shape.join(", ")}]`;
}
