// A function of f32 as a kernel: run operation by operation, and as text for generated code.

import {
  Arms,
  type Block,
  BlockBuilder,
  dtypes,
  type Kernel,
  type KernelFunction,
  kernelWritten,
  type Operation,
  type SingleFunction,
  scalar,
  type Value,
  ValueMap,
  withBuilder,
} from "../../../ir/index.ts";
import { dtypeOf } from "../../base/define.ts";
import { selectOp } from "../../base/select.ts";
import { spellRound } from "../../base/spelling.ts";

/** The kernel of a function. */
export function kernelOf(name: string, { expand }: SingleFunction): Kernel {
  const builder = new BlockBuilder();
  const x = Array.from({ length: expand.length }, () => builder.argument(scalar("f32")));
  const body = builder.finish([withBuilder(builder, () => expand(...x))]);
  const uses = kernelsIn(body);
  const camel = name.replace(/_./g, ([, letter]) => letter.toUpperCase());
  return kernelWritten(`${camel}F32`, uses, evaluator(body), () => new KernelText(body, uses).maker);
}

/** The kernels that the functions of operations call. */
function kernelsIn({ operations }: Block): readonly Kernel[] {
  const found = new Set<Kernel>();
  const nameOf = (kernel: Kernel): string => {
    found.add(kernel);
    return "";
  };
  for (const { op, operands, results, attributes } of operations)
    op.scalar?.spell(
      operands.map(() => "x"),
      { attributes, dtype: dtypeOf(results[0].type), nameOf },
    );
  return [...found];
}

/** Runs a block of operations on numbers. */
function evaluator({ arguments: given, operations, results }: Block): KernelFunction {
  const places = new ValueMap<number>();
  const values: number[] = [];
  const placeFor = (value: Value): number => {
    places.set(value, values.length);
    return values.push(0) - 1;
  };
  const placeOf = (value: Value): number => places.get(value) ?? placeFor(value);
  for (const value of given) placeFor(value);
  const steps = operations.flatMap((operation) => {
    const { op, operands, attributes } = operation;
    const to = placeFor(operation.results[0]);
    const dtype = dtypeOf(operation.results[0].type);
    const meaning = op.scalar;
    if (meaning === null) {
      values[to] = Number(attributes.value);
      return [];
    }
    const from = operands.map(placeOf);
    const round = meaning.exact === true ? (x: number): number => x : dtypes[dtype].round;
    return [{ meaning, from, to, round, about: { attributes, dtype }, args: from.map(() => 0) }];
  });
  const result = placeOf(results[0]);
  return (...args) => {
    for (let i = 0; i < args.length; i++) values[i] = args[i];
    for (const { meaning, from, to, round, about, args } of steps) {
      for (let k = 0; k < from.length; k++) args[k] = values[from[k]];
      values[to] = round(meaning.compute(args, about));
    }
    return values[result];
  };
}

/** Arms with fewer operations cost less than a branch that is guessed wrong. */
const least = 12;

/** The text of the function of a block of operations, in which what few arguments need stands in branches. */
class KernelText {
  readonly #body: Block;
  readonly #uses: readonly Kernel[];
  readonly #names = new ValueMap<string>();
  readonly #arms: Arms;

  constructor(body: Block, uses: readonly Kernel[]) {
    const { arguments: given, operations, results } = body;
    this.#body = body;
    this.#uses = uses;
    for (const [i, value] of given.entries()) this.#names.set(value, `x${i}`);
    const computed = operations.filter(({ op }) => op.scalar !== null);
    for (const { op, results, attributes } of operations)
      if (op.scalar === null) this.#names.set(results[0], literal(Number(attributes.value)));
    for (const [i, operation] of computed.entries()) this.#names.set(operation.results[0], `v${i}`);
    this.#arms = new Arms(computed, results, { least, chooses });
  }

  /** The text of a function that makes it, of the kernels that it uses. */
  get maker(): string {
    const { arguments: given, results } = this.#body;
    const uses = this.#uses.map((_, i) => `k${i}`).join(", ");
    const lines = this.#arms.outside.flatMap((operation) => this.#statement(operation));
    const header = `(${given.map((x) => this.#name(x)).join(", ")}) => {`;
    const body = [...lines, `return ${this.#name(results[0])};`].join("\n    ");
    return `(${uses}) => {\n  const fround = Math.fround;\n  return ${header}\n    ${body}\n  };\n}`;
  }

  #name(value: Value): string {
    return this.#names.get(value) ?? "";
  }

  #statement(operation: Operation, within?: string): readonly string[] {
    const { op, operands, results, attributes } = operation;
    const [name, dtype] = [this.#name(results[0]), dtypeOf(results[0].type)];
    const atoms = operands.map((value) => this.#name(value));
    const arms = chooses(operation) ? [1, 2].map((operand) => this.#arms.inside(operation, operand, within)) : [];
    if (arms.some(({ operations }) => operations.length > 0)) {
      const [taken, other] = arms.map(({ key, operations }, k) =>
        [...operations.flatMap((o) => this.#statement(o, key)), `${name} = ${atoms[k + 1]};`].map(
          (line) => `  ${line}`,
        ),
      );
      return [`let ${name};`, `if (${atoms[0]}) {`, ...taken, "} else {", ...other, "}"];
    }
    const nameOf = (kernel: Kernel): string => `k${this.#uses.indexOf(kernel)}`;
    const text = op.scalar?.spell(atoms, { attributes, dtype, nameOf }) ?? "";
    return [`const ${name} = ${op.scalar?.exact === true ? text : spellRound(text, dtype)};`];
  }
}

function chooses({ op }: Operation): boolean {
  return op === selectOp;
}

function literal(x: number): string {
  if (Object.is(x, -0)) return "(-0)";
  return x < 0 ? `(${x})` : String(x);
}
