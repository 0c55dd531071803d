// The option check: "validate" compares the results of the interpreter before and after a pass, bit for bit, on inputs with
// every special value.

import {
  AdjointError,
  type DType,
  dtypes,
  evaluateDim,
  type Func,
  fail,
  findFunc,
  isFloat,
  type Module,
  type NdArray,
  rankedOf,
  sizeOf,
  type Type,
  walk,
} from "../../ir/index.ts";
import { interpret } from "./index.ts";

/** Sample floats, among them a subnormal of f64 and one of f32. */
const floats = [1, -0.5, 0, -0, 2.75, Number.NaN, Infinity, -Infinity, 5e-324, 2 ** -149, 1e300, -3, 0.1];
const integers = [0, 1, 2, 3, 7, 255];
/** The number of sample inputs. Shifts are coprime to the number of floats, so every float reaches a rank-0 argument. */
const rounds = floats.length;
/** The sizes of dimension symbols, in turn. */
const sizes = [3, 1, 0, 17];
/** Functions of larger arguments are not validated: the interpreter would take too long. */
const maxElements = 4096;

/** Compares what public functions compute before and after a pass. */
export class Validator {
  compare(before: Module, after: Module): void {
    if (holdsTransform(before)) return;
    for (const func of before.funcs) {
      const next = findFunc(after, func.name);
      if (func.visibility === "private" || next === undefined) continue;
      for (let round = 0; round < rounds; round++) {
        compareFunc(before, after, func, sizes[round % sizes.length], round);
      }
    }
  }
}

function holdsTransform(module: Module): boolean {
  let found = false;
  for (const func of module.funcs) {
    walk(func.body, (operation) => {
      found ||= operation.op.traits.transform;
    });
  }
  return found;
}

function compareFunc(before: Module, after: Module, func: Func, size: number, round: number): void {
  const args = func.body.arguments.map((a, i) => sample(a.type, size, round * 5 + i * 3));
  if (args.some((a) => a === null)) return;
  const inputs = args as readonly NdArray[];
  const [expected, got] = [outcome(before, func.name, inputs), outcome(after, func.name, inputs)];
  const at =
    typeof expected === "string" || typeof got === "string"
      ? Number(expected !== got) - 1
      : firstDifference(expected, got);
  if (at < 0) return;
  const show = (o: Outcome): string => (typeof o === "string" ? o : describe(o[Math.min(at, o.length - 1)]));
  fail(
    "validate",
    `changed @${func.name}: result ${at} is ${show(got)}, was ${show(expected)}, for ${inputs.map(describe).join(", ")}`,
  );
}

type Outcome = readonly NdArray[] | string;

/** The results, or the code of the error that the run ends with. */
function outcome(module: Module, name: string, args: readonly NdArray[]): Outcome {
  try {
    return interpret(module, name, args);
  } catch (error) {
    if (error instanceof AdjointError) return `error ${error.code}`;
    throw error;
  }
}

/** A sample argument of the type, with every symbol at `size`; null where there is none. */
function sample(type: Type, size: number, shift: number): NdArray | null {
  if (type.kind !== "tensor") return null;
  const shape = rankedOf(type).shape.map((d) => evaluateDim(d, () => size));
  const count = sizeOf(shape);
  if (count > maxElements || shape.some((n) => n < 0)) return null;
  return {
    dtype: type.dtype,
    shape,
    data: new dtypes[type.dtype].array(count).map((_, i) => element(type.dtype, i + shift)),
  };
}

function element(dtype: DType, i: number): number {
  if (dtype === "bool") return i % 2;
  const list = isFloat(dtype) ? floats : integers;
  return list[i % list.length];
}

/** The first result that differs in a bit; -1 for none. */
function firstDifference(a: readonly NdArray[], b: readonly NdArray[]): number {
  return a.findIndex((x, i) => {
    const y = b[i];
    const sameShape = y !== undefined && x.dtype === y.dtype && x.shape.join() === y.shape.join();
    return !sameShape || !x.data.every((v, k) => Object.is(v, y.data[k]));
  });
}

function describe(array: NdArray): string {
  const shown = [...array.data.slice(0, 8)].map((v) => (Object.is(v, -0) ? "-0" : String(v))).join(", ");
  const type = array.shape.length === 0 ? array.dtype : `${array.dtype}[${array.shape.join(", ")}]`;
  return `${type} (${shown}${array.data.length > 8 ? ", …" : ""})`;
}
