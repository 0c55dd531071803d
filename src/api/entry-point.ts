// What users call: the bindings of the last few forms of calls, and behind them the code that takes any arguments.
//
// A call that fits a binding meets nothing but its generated code (src/backend/js/binding/binding.ts). All other calls, and those with
// errors, go to the general code, which alone notes who called.

import type { Binding } from "../compile/index.ts";
import { atBoundary } from "../frontend/index.ts";
import { watchDebugging } from "../ir/index.ts";

export type Call = (...args: unknown[]) => unknown;

/** Calls that come in turn in more forms than this go to the general code. */
const mostBindings = 4;

export class EntryPoint {
  readonly call: Call;
  /** The function that users have: this one, or one in front of it. */
  boundary: Call;
  readonly #general: Call;
  readonly #slot: { first: Call };
  /** In the order in which they are tried. */
  #bindings: readonly Binding[] = [];
  #isWatching = false;

  constructor(general: (args: readonly unknown[]) => unknown) {
    const slot: { first: Call } = { first: (...args) => atBoundary(this.boundary, () => general(args)) };
    // the rest says that it takes any number of arguments; engines pass `arguments` on without making an array of them
    const call = function (..._rest: unknown[]): unknown {
      // biome-ignore lint/complexity/noArguments: see above
      return slot.first.apply(undefined, arguments as unknown as unknown[]);
    };
    this.call = call;
    this.boundary = call;
    this.#general = slot.first;
    this.#slot = slot;
  }

  /** Errors of generated code, as those of the general code. */
  readonly placed = (error: unknown): unknown => {
    try {
      return atBoundary(this.boundary, () => {
        throw error;
      });
    } catch (placed) {
      return placed;
    }
  };

  /** Tries this binding first. */
  prefer(binding: Binding): void {
    if (!this.#isWatching) watchDebugging(this);
    this.#isWatching = true;
    this.#order([binding, ...this.#bindings.filter((other) => other !== binding)].slice(0, mostBindings));
  }

  /** Has the general code take all calls again. */
  forget(): void {
    this.#order([]);
  }

  #order(bindings: readonly Binding[]): void {
    for (const [i, binding] of bindings.entries()) binding.otherwise = bindings[i + 1]?.call ?? this.#general;
    this.#bindings = bindings;
    this.#slot.first = bindings[0]?.call ?? this.#general;
  }
}
