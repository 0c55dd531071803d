// An elementwise op's scalar function against its spelling as JavaScript, on the special and extreme values of each dtype.

import {
  AdjointError,
  type Attributes,
  buildFunc,
  completeAttributes,
  DimScope,
  type DType,
  dtypeNames,
  dtypes,
  emit,
  inferTypes,
  isFloat,
  isRepresentable,
  type Kernel,
  makeModule,
  messageOf,
  ndscalar,
  type Op,
  printModule,
  rankedOf,
  scalar,
} from "../../ir/index.ts";
import { kernelText, spellRound } from "../../ops/index.ts";
import type { Fault } from "../compare.ts";
import { showNumber } from "../outcome.ts";
import { samples } from "../values.ts";

/** What is wrong with a record whatever program it stands in, and a program that shows it. */
export interface RecordFault extends Fault {
  readonly program: string;
}

/** The most combinations of operands for one signature: all pairs, and a part of the triples. */
const mostTuples = 2500;

/** What differs, and the program that shows it; null where nothing does, or the op is not given by a scalar function. */
export function spellingFault(op: Op): RecordFault | null {
  if (op.scalar === null) return null;
  for (const attributes of choicesOf(op)) {
    for (const { operands, result } of signaturesOf(op, attributes)) {
      const use = { attributes, operands, result };
      const fault = faultOf(op, op.scalar, use);
      if (fault !== null) return { ...fault, program: programOf(op, use) };
    }
  }
  return null;
}

/** Every choice of the op's words and truth values, and some of its integers. */
function choicesOf(op: Op): readonly Attributes[] {
  return Object.entries(op.attributes).reduce<readonly Attributes[]>(
    (all, [name, { kind, words = kind === "boolean" ? [false, true] : [0, 1, 2, 3] }]) =>
      all.flatMap((a) => words.map((w) => ({ ...a, [name]: w }))),
    [{}],
  );
}

interface ScalarUse {
  readonly attributes: Attributes;
  readonly operands: readonly DType[];
  readonly result: DType;
}

/** The dtypes of operands and result that the type rule accepts; operands of one dtype, or the first a bool. */
function signaturesOf(op: Op, attributes: Attributes): readonly Pick<ScalarUse, "operands" | "result">[] {
  const lists = dtypeNames.flatMap((d) => [
    op.operands.map(() => d),
    ...(op.operands.length > 1 ? [op.operands.map((_, i): DType => (i === 0 ? "bool" : d))] : []),
  ]);
  return lists.flatMap((operands) => {
    const inferred = resultOf(op, attributes, operands, null);
    if (inferred !== null) return [{ operands, result: inferred }];
    return dtypeNames.flatMap((declared) => {
      const result = resultOf(op, attributes, operands, declared);
      return result === null ? [] : [{ operands, result }];
    });
  });
}

function resultOf(op: Op, attributes: Attributes, operands: readonly DType[], declared: DType | null): DType | null {
  const types = declared === null ? null : [scalar(declared)];
  try {
    const complete = completeAttributes(op, attributes);
    const input = {
      op,
      operands: operands.map((d) => scalar(d)),
      attributes: complete,
      regions: [],
      segments: [],
      declared: types,
      origin: null,
    };
    const [result] = inferTypes(input, new DimScope([], false), () => null);
    return rankedOf(result).dtype;
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

/** The use as a program. */
function programOf(op: Op, { attributes, operands, result }: ScalarUse): string {
  const types = operands.map((d) => scalar(d));
  const main = buildFunc({ name: "main" }, types, (...args) => emit(op, args, { attributes, types: [scalar(result)] }));
  return printModule(makeModule([main]));
}

function faultOf(
  op: Op,
  meaning: NonNullable<Op["scalar"]>,
  { attributes, operands, result }: ScalarUse,
): Fault | null {
  const complete = completeAttributes(op, attributes);
  const cx = { attributes: complete, dtype: result };
  const { round } = dtypes[result];
  const spelled = compiled(op, meaning, { attributes: complete, operands, result });
  if (typeof spelled === "string") return { message: spelled, call: null };
  for (const args of tuples(operands)) {
    const computed = meaning.compute(args, cx);
    const expected = meaning.exact === true ? computed : round(computed);
    const at = `${op.name}(${args.map(showNumber).join(", ")}) of ${operands.join(", ")}`;
    const fault = (message: string): Fault => ({
      message,
      call: { entry: "main", args: args.map((x, i) => ndscalar(operands[i], x)) },
    });
    if (!isHeld(expected, result))
      return fault(`its scalar function: ${at} is ${showNumber(expected)}, which is no ${result}`);
    let got: number;
    try {
      got = Number(spelled(...args.map((x, i) => (operands[i] === "bool" ? x !== 0 : x))));
    } catch (error) {
      return fault(`its spelling: ${at} fails: ${messageOf(error)}`);
    }
    if (!Object.is(got, expected))
      return fault(`its spelling: ${at} is ${showNumber(got)}, the scalar function gives ${showNumber(expected)}`);
  }
  return null;
}

/** Whether memory of the dtype holds the value as it is. */
function isHeld(x: number, dtype: DType): boolean {
  if (dtype === "index") return !Object.is(x, -0) && !Number.isNaN(x);
  return isFloat(dtype) ? Object.is(dtypes[dtype].round(x), x) : isRepresentable(x, dtype) && !Object.is(x, -0);
}

type Spelled = (...args: readonly (number | boolean)[]) => number | boolean;

/** The generated code of one operation; a text where it is no JavaScript. */
function compiled(op: Op, { spell, exact }: NonNullable<Op["scalar"]>, use: ScalarUse): Spelled | string {
  const names = use.operands.map((_, i) => `x${i}`);
  const kernels = new Map<string, string>();
  const nameOf = (kernel: Kernel): string => {
    if (!kernels.has(kernel.name)) {
      const uses = kernel.uses.map(nameOf);
      kernels.set(kernel.name, `const ${kernel.name} = ${kernelText(kernel, uses)};`);
    }
    return kernel.name;
  };
  const text = spell(names, { attributes: use.attributes, dtype: use.result, nameOf });
  const rounded = exact === true ? text : spellRound(text, use.result);
  try {
    const body = `"use strict"; const { fround } = Math; ${[...kernels.values()].join(" ")} return ${rounded};`;
    return new Function(...names, body) as Spelled;
  } catch (error) {
    return `its spelling of ${op.name} is ${text}, which is no expression: ${messageOf(error)}`;
  }
}

/** Samples of each operand in every combination, or of a part of them where there are too many. */
function* tuples(operands: readonly DType[]): Generator<readonly number[]> {
  const lists = operands.map((d) => samples[d]);
  const count = lists.reduce((n, l) => n * l.length, 1);
  const step = Math.max(1, Math.ceil(count / mostTuples));
  for (let i = 0; i < count; i += step) {
    let rest = i;
    yield lists.map((list) => {
      const x = list[rest % list.length];
      rest = Math.floor(rest / list.length);
      return x;
    });
  }
}
