// The bindings of one compiled function: one for each form in which it is called more than once.

import type { Binding, CallForm, Compiled, Holders, ValueKind } from "../compile/index.ts";
import { plainArray, Tensor, type Tree, tracksGradient } from "../frontend/index.ts";
import type { NdArray } from "../ir/index.ts";

/** The most forms of calls that one compiled function has bindings for. */
const mostForms = 16;

/** What a binding depends on besides the function and what its calls pass. */
export interface Wanted extends Pick<CallForm, "fixed" | "isOrdered" | "isInto"> {
  /** Whether results of rank 0 are numbers whatever is passed. */
  readonly isAlwaysPlain: boolean;
  readonly mayServe: Holders["mayServe"];
  readonly placed: (error: unknown) => unknown;
}

const holdArray = (array: NdArray): Tensor => new Tensor(array);

export class Bindings {
  readonly #compiled: Compiled;
  readonly #arguments: Tree;
  readonly #results: Tree;
  readonly #captured: readonly Tensor[];
  readonly #forms = new Map<string, Binding | "met once" | "has none">();

  constructor(compiled: Compiled, args: Tree, results: Tree, captured: readonly Tensor[]) {
    this.#compiled = compiled;
    this.#arguments = args;
    this.#results = results;
    this.#captured = captured;
  }

  /** The binding for calls like one with these leaves, which went well; null where it is the first, or none fits. */
  like(leaves: readonly unknown[], wanted: Wanted): Binding | null {
    const kinds: ValueKind[] = [];
    for (const leaf of leaves) {
      const kind = kindOf(leaf);
      if (kind === null) return null;
      kinds.push(kind);
    }
    const sizes = wanted.fixed.map(({ size }) => size);
    const key = `${wanted.isInto} ${kinds.join()} ${sizes.join()}`;
    const known = this.#forms.get(key);
    if (typeof known === "object") return known;
    if (known === "has none" || (known === undefined && this.#forms.size >= mostForms)) return null;
    const binding = known === undefined ? null : this.#bind(kinds, wanted);
    this.#forms.set(key, binding ?? (known === undefined ? "met once" : "has none"));
    return binding;
  }

  #bind(leaves: readonly ValueKind[], { isAlwaysPlain, mayServe, placed, ...wanted }: Wanted): Binding | null {
    const isPlain = isAlwaysPlain || leaves.every((kind) => kind === "scalar");
    const form = { ...wanted, leaves, isPlain, arguments: this.#arguments, results: this.#results };
    return this.#compiled.executable.bind(
      { ...form, captured: this.#captured },
      { arrayOf: plainArray, hold: holdArray, mayServe, failed: placed },
    );
  }
}

function kindOf(leaf: unknown): ValueKind | null {
  if (typeof leaf === "number" || typeof leaf === "boolean") return "scalar";
  if (leaf instanceof Tensor) return tracksGradient(leaf) ? null : "held";
  if (ArrayBuffer.isView(leaf)) return "flat";
  return Array.isArray(leaf) ? "numbers" : null;
}
