// The option check: "validate" compares the results of the interpreter before and after a pass, bit for bit, on inputs with
// every special value.

import {
  AdjointError,
  type DType,
  dtypes,
  evaluateDim,
  type Func,
  fail,
  finalContents,
  findFunc,
  isDirect,
  isFloat,
  isWritten,
  type Module,
  type NdArray,
  rankedOf,
  signatureOf,
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

interface Round {
  readonly size: number;
  readonly round: number;
}

/** Compares what public functions compute before and after a pass, at the same level or at that which the pass lowers to. */
export class Validator {
  /** What functions gave, by name and round: what a pass gave is what the next one is given. */
  readonly #outcomes = new WeakMap<Module, Map<string, Outcome>>();

  compare(before: Module, after: Module): void {
    if (holdsTransform(before)) return;
    for (const func of before.funcs) {
      const next = findFunc(after, func.name);
      if (func.visibility === "private" || next === undefined) continue;
      for (let round = 0; round < rounds; round++) {
        this.#compareFunc(before, after, func, next, { size: sizes[round % sizes.length], round });
      }
    }
  }

  #compareFunc(before: Module, after: Module, func: Func, next: Func, { size, round }: Round): void {
    const [inputs, later] = [func, next].map((f) =>
      f.body.arguments.map((a, i) => sample(a.type, size, round * 5 + i * 3)),
    );
    if (!inputs.every(isArray) || !later.every(isArray)) return;
    const expected = this.#outcome(before, func, inputs, round);
    requireSame(func, next, inputs, expected, this.#outcome(after, next, later, round));
  }

  #outcome(module: Module, func: Func, args: readonly NdArray[], round: number): Outcome {
    let of = this.#outcomes.get(module);
    if (of === undefined) this.#outcomes.set(module, (of = new Map()));
    const key = `${round} ${func.name}`;
    let known = of.get(key);
    if (known === undefined) of.set(key, (known = outcome(module, func, args)));
    return known;
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

/** Fails where a function gives something else after a pass, given its arguments in memory where it is lowered then. */
function requireSame(func: Func, next: Func, inputs: readonly NdArray[], expected: Outcome, ran: Outcome): void {
  const isLowered =
    func.body.arguments.length !== next.body.arguments.length ||
    func.body.arguments.some((v, i) => v.type.kind !== next.body.arguments[i].type.kind);
  const got = isLowered && typeof ran !== "string" ? inOrder(func, next, ran) : ran;
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

function isArray(array: NdArray | null): array is NdArray {
  return array !== null;
}

type Outcome = readonly NdArray[] | string;

/** The results and behind them what memory holds that was written to, or the code of the error that the run ends with. */
function outcome(module: Module, { name, body, roles }: Func, args: readonly NdArray[]): Outcome {
  const given = args.map((array) => ({ ...array, data: array.data.slice() }));
  try {
    const results = interpret(module, name, given);
    return [...results, ...given.filter((_, i) => body.arguments[i].type.kind === "memref" && isWritten(roles[i]))];
  } catch (error) {
    if (error instanceof AdjointError) return `error ${error.code}`;
    throw error;
  }
}

/** What a lowered function gave, as the function on tensors gives it: results of rank above 0 are in memory that it wrote to. */
function inOrder(func: Func, lowered: Func, outcome: readonly NdArray[]): readonly NdArray[] {
  const count = lowered.body.results.length;
  const direct = outcome.slice(0, count);
  const written = [...lowered.roles.keys()].filter((i) => isWritten(lowered.roles[i]));
  const memory = new Map(written.map((argument, k) => [argument, outcome[count + k]]));
  const contents = finalContents(signatureOf(func));
  const own = written.filter((argument) => argument >= func.body.arguments.length);
  return func.body.results.map(({ type }, k) => {
    const argument = contents[k] ?? (isDirect(type) ? undefined : own.shift());
    return (argument === undefined ? direct.shift() : memory.get(argument)) ?? outcome[0];
  });
}

/** A sample argument of the type, with every symbol at `size`; null where there is none. */
function sample(type: Type, size: number, shift: number): NdArray | null {
  if (type.kind !== "tensor" && type.kind !== "memref") return null;
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
