// Whether an operation gives zeros for zeros, from its meaning element by element.

import { elementDType, type Operation, type Value } from "../../ir/index.ts";

/** Whether an elementwise operation gives 0 where some of its operands are 0, whatever the others are; true of other ops. */
export function vanishes(
  { op, attributes, operands, results }: Operation,
  isZero: (operand: number) => boolean,
): boolean {
  const dtype = elementDType(results[0].type);
  const { scalar } = op;
  if (scalar === null || dtype === undefined) return true;
  const sample = (v: Value, number: number): number => (elementDType(v.type) === "bool" ? Number(number > 0) : number);
  const samples = [1.5, -2.25].map((x) => operands.map((v, i) => (isZero(i) ? 0 : sample(v, x))));
  return samples.every((values) => {
    const value = scalar.compute(values, { attributes, dtype });
    return value === 0 || Number.isNaN(value);
  });
}
