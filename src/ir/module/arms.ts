// What only one side of a choice needs: it may stand in a branch.

import { ValueMap } from "../data/value-map.ts";
import type { Operation, Value } from "./module.ts";

/** One side of a choice: the operand that it gives. */
interface Arm {
  readonly choice: Operation;
  readonly operand: number;
}

type Path = readonly Arm[];

const whole = "";

/** The elementwise operations of a block, by the arms of choices that alone use them; small arms count as none. */
export class Arms {
  /** By the keys of arms, in order. */
  readonly #held = new Map<string, Operation[]>();

  /**
   * Of operations in order, where `results` are used behind them. An operation for which `chooses` holds takes its second
   * operand or its third, as its first says.
   */
  constructor(
    operations: readonly Operation[],
    results: readonly Value[],
    { least, chooses }: { readonly least: number; readonly chooses: (operation: Operation) => boolean },
  ) {
    const paths = new ValueMap<Path>();
    const use = (value: Value, path: Path): void => {
      const before = paths.get(value);
      paths.set(value, before === undefined ? path : common(before, path));
    };
    for (const value of results) use(value, []);
    const sizes = new Map<string, number>();
    const placed: [Operation, Path][] = [];
    for (const operation of operations.toReversed()) {
      const path = operation.op.scalar === null ? [] : (paths.get(operation.results[0]) ?? []);
      placed.push([operation, path]);
      for (let depth = 1; depth <= path.length; depth++) {
        const key = keyOf(path.slice(0, depth));
        sizes.set(key, (sizes.get(key) ?? 0) + 1);
      }
      for (const [operand, value] of operation.operands.entries())
        use(value, operand > 0 && chooses(operation) ? [...path, { choice: operation, operand }] : path);
    }
    for (const [operation, path] of placed.toReversed()) {
      const small = path.findIndex((_, depth) => (sizes.get(keyOf(path.slice(0, depth + 1))) ?? 0) < least);
      const key = keyOf(small < 0 ? path : path.slice(0, small));
      const held = this.#held.get(key);
      if (held === undefined) this.#held.set(key, [operation]);
      else held.push(operation);
    }
  }

  /** What stands in no arm. */
  get outside(): readonly Operation[] {
    return this.#held.get(whole) ?? [];
  }

  /** What stands in an arm of a choice, and in no arm inside of it; the choice stands `within` an arm. */
  inside(
    choice: Operation,
    operand: number,
    within = whole,
  ): { readonly key: string; readonly operations: readonly Operation[] } {
    const key = within + keyOf([{ choice, operand }]);
    return { key, operations: this.#held.get(key) ?? [] };
  }
}

function keyOf(path: Path): string {
  return path.map(({ choice, operand }) => `${choice.results[0].id}:${operand}/`).join("");
}

function common(a: Path, b: Path): Path {
  const differ = a.findIndex((arm, i) => b[i]?.choice !== arm.choice || b[i]?.operand !== arm.operand);
  return differ < 0 ? a : a.slice(0, differ);
}
