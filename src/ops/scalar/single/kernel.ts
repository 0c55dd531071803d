// A function of f32 as a kernel: run operation by operation, and as text for generated code.

import {
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

/** What is computed for one side of a choice alone: the choice, and which of its operands. */
interface Arm {
  readonly choice: Operation;
  readonly operand: number;
}

/** Fewer operations than these cost less than a branch that is guessed wrong. */
const shortest = 12;

/** The text of the function of a block of operations, in which what few arguments need stands in branches. */
class KernelText {
  readonly #body: Block;
  readonly #uses: readonly Kernel[];
  readonly #names = new ValueMap<string>();
  /** What each arm holds, in order; null for what all arguments need. */
  readonly #held = new Map<string, Operation[]>();

  constructor(body: Block, uses: readonly Kernel[]) {
    this.#body = body;
    this.#uses = uses;
    for (const [i, value] of body.arguments.entries()) this.#names.set(value, `x${i}`);
    for (const [i, { op, results, attributes }] of body.operations.entries())
      this.#names.set(results[0], op.traits.constant ? literal(Number(attributes.value)) : `v${i}`);
    this.#place();
  }

  /** The text of a function that makes it, of the kernels that it uses. */
  get maker(): string {
    const { arguments: given, results } = this.#body;
    const uses = this.#uses.map((_, i) => `k${i}`).join(", ");
    const lines = [...this.#lines(""), `return ${this.#name(results[0])};`];
    const header = `(${given.map((x) => this.#name(x)).join(", ")}) => {`;
    return `(${uses}) => {\n  const fround = Math.fround;\n  return ${header}\n    ${lines.join("\n    ")}\n  };\n}`;
  }

  #name(value: Value): string {
    return this.#names.get(value) ?? "";
  }

  /** Puts each operation where all its uses are: from the last to the first, so that theirs are known. */
  #place(): void {
    const { operations, results } = this.#body;
    const paths = new ValueMap<readonly Arm[]>();
    const use = (value: Value, path: readonly Arm[]): void => {
      const before = paths.get(value);
      paths.set(value, before === undefined ? path : common(before, path));
    };
    use(results[0], []);
    const sizes = new Map<string, number>();
    const placed: [Operation, readonly Arm[]][] = [];
    for (const operation of operations.toReversed()) {
      if (operation.op.traits.constant) continue;
      const path = paths.get(operation.results[0]) ?? [];
      placed.push([operation, path]);
      for (let depth = 1; depth <= path.length; depth++) {
        const key = this.#key(path.slice(0, depth));
        sizes.set(key, (sizes.get(key) ?? 0) + 1);
      }
      const chooses = operation.op.name === "select";
      for (const [operand, value] of operation.operands.entries())
        use(value, chooses && operand > 0 ? [...path, { choice: operation, operand }] : path);
    }
    for (const [operation, path] of placed.toReversed()) {
      const short = path.findIndex((_, depth) => (sizes.get(this.#key(path.slice(0, depth + 1))) ?? 0) < shortest);
      const key = this.#key(short < 0 ? path : path.slice(0, short));
      const held = this.#held.get(key);
      if (held === undefined) this.#held.set(key, [operation]);
      else held.push(operation);
    }
  }

  #key(path: readonly Arm[]): string {
    return path.map(({ choice, operand }) => `${this.#name(choice.results[0])}:${operand}/`).join("");
  }

  #lines(path: string): readonly string[] {
    return (this.#held.get(path) ?? []).flatMap((operation) => this.#statement(operation, path));
  }

  #statement(operation: Operation, path: string): readonly string[] {
    const { op, operands, results, attributes } = operation;
    const [name, dtype] = [this.#name(results[0]), dtypeOf(results[0].type)];
    const atoms = operands.map((value) => this.#name(value));
    const arms = op.name === "select" ? [1, 2].map((operand) => this.#lines(`${path}${name}:${operand}/`)) : [];
    if (arms.some((lines) => lines.length > 0)) {
      const [taken, other] = arms.map((lines, k) =>
        [...lines, `${name} = ${atoms[k + 1]};`].map((line) => `  ${line}`),
      );
      return [`let ${name};`, `if (${atoms[0]}) {`, ...taken, "} else {", ...other, "}"];
    }
    const nameOf = (kernel: Kernel): string => `k${this.#uses.indexOf(kernel)}`;
    const text = op.scalar?.spell(atoms, { attributes, dtype, nameOf }) ?? "";
    return [`const ${name} = ${op.scalar?.exact === true ? text : spellRound(text, dtype)};`];
  }
}

function common(a: readonly Arm[], b: readonly Arm[]): readonly Arm[] {
  const differ = a.findIndex((arm, i) => b[i]?.choice !== arm.choice || b[i]?.operand !== arm.operand);
  return differ < 0 ? a : a.slice(0, differ);
}

function literal(x: number): string {
  if (Object.is(x, -0)) return "(-0)";
  return x < 0 ? `(${x})` : String(x);
}
