// Arbitraries for fast-check's own assert: programs that print as IR, and shrink by leaving operations out.

import fc from "fast-check";
import type { Module } from "../ir/index.ts";
import type { Dims } from "./generate/programs.ts";
import { makeProgram, type Program, type ProgramOptions, randomProgram } from "./generate/programs.ts";
import { Random } from "./generate/random.ts";
import { smallerModules } from "./reduce.ts";

class ProgramArbitrary extends fc.Arbitrary<Program> {
  readonly #options: ProgramOptions;

  constructor(options: ProgramOptions) {
    super();
    this.#options = options;
  }

  generate(random: fc.Random): fc.Value<Program> {
    const program = randomProgram(new Random(random.nextInt(-(2 ** 31), 2 ** 31 - 1)), this.#options);
    return new fc.Value(program, undefined);
  }

  canShrinkWithoutContext(value: unknown): value is Program {
    return typeof value === "object" && value !== null && "module" in value && "sizes" in value;
  }

  shrink({ module, sizes }: Program): fc.Stream<fc.Value<Program>> {
    const smaller = function* () {
      for (const candidate of smallerModules(module, "main"))
        yield new fc.Value(makeProgram(candidate, sizes), undefined);
    };
    return new fc.Stream(smaller());
  }
}

/** Random programs; a failing one shrinks to fewer operations and prints as IR. */
export function arbitraryProgram(options: ProgramOptions = {}): fc.Arbitrary<Program> {
  return new ProgramArbitrary(options);
}

/** The module of a program. */
export function buildProgram({ module }: Program): Module {
  return module;
}

/** The value of every dimension symbol of a program. */
export function sizesOf({ sizes }: Program): Dims {
  return sizes;
}
