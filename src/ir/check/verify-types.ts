// What must hold of types and dimensions in one function; each distinct one is checked once.

import { counted } from "../diagnostics/counted.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { fail } from "../diagnostics/errors.ts";
import type { Operation } from "../module/module.ts";
import { attributeDims } from "../module/walk.ts";
import { hasMemory, type Level } from "../op/op-spec.ts";
import type { Assumptions } from "../types/constraint.ts";
import { collectSymbols, type Dim, forEachVariable } from "../types/dim.ts";
import { mostLanes, printType, type Type, type VectorType } from "../types/type.ts";

export class TypeChecker {
  readonly #symbols: ReadonlySet<string>;
  readonly #assumptions: Assumptions;
  readonly #level: Level | null;
  readonly #known = new WeakSet<Type>();
  readonly #dims = new Set<string>();
  readonly #sizes = new Set<string>();

  constructor(symbols: readonly string[], assumptions: Assumptions, level: Level | null) {
    this.#symbols = new Set(symbols);
    this.#assumptions = assumptions;
    this.#level = level;
  }

  /** Symbols declared, extents, strides and offsets not negative, the kind of type legal at the level. */
  check(type: Type, what: string): void {
    if (this.#known.has(type)) return;
    this.#known.add(type);
    if (type.kind === "list") {
      this.check(type.element, what);
      return;
    }
    if (type.kind === "unranked") {
      if (this.#level === null || !hasMemory(this.#level)) return;
      fail("structure", `${what} has type ${printType(type)}, but shapes are known at the loop level`, {
        hint: "run refine-shapes before",
      });
    }
    if (type.kind === "memref" && this.#level !== null && !hasMemory(this.#level)) {
      fail("structure", `${what} has type ${printType(type)}, which belongs to the loop level`);
    }
    if (type.kind === "vector") this.#checkVector(type, what);
    for (const d of type.shape) this.#checkSize(d, what, "an extent");
    if (type.kind === "memref" && type.layout !== undefined) this.#checkLayout(type.shape, type.layout, what);
  }

  #checkLayout(shape: readonly Dim[], [offset, ...strides]: readonly Dim[], what: string): void {
    if (strides.length !== shape.length)
      fail("shape", `${what} has ${counted(strides.length, "stride")}, expected ${shape.length}, one per axis`);
    for (const d of strides) this.#checkSize(d, what, "a stride");
    this.#checkSize(offset ?? 0, what, "an offset");
  }

  #checkVector(type: VectorType, what: string): void {
    const [lanes] = type.shape;
    if (!Number.isSafeInteger(lanes) || lanes < 2 || lanes > mostLanes)
      fail("shape", `${what} has type ${printType(type)}, expected at least 2 lanes and at most ${mostLanes}`);
    if (this.#level !== null && this.#level !== "vector")
      fail("structure", `${what} has type ${printType(type)}, which belongs to the vector level`);
  }

  /** Every symbol of a dimension is declared. */
  checkDim(d: Dim, what: string): void {
    if (typeof d === "number") {
      if (!Number.isSafeInteger(d)) fail("shape", `${what} has the dimension ${d}, expected an integer below 2^53`);
      return;
    }
    if (this.#dims.has(d.key)) return;
    forEachVariable(d, (v) => this.#requireDeclared(v.key, what));
    this.#dims.add(d.key);
  }

  /** Dimensions among the attributes; operands in them are the operation's own. */
  checkAttributes(operation: Operation): void {
    for (const d of attributeDims(operation)) {
      if (typeof d === "number" || this.#dims.has(d.key)) continue;
      for (const name of collectSymbols(d, new Set())) this.#requireDeclared(name, operation.op.name);
    }
  }

  #requireDeclared(name: string, what: string): void {
    if (this.#symbols.has(name)) return;
    const hint = didYouMean(name, this.#symbols) ?? `declare it with the function: <${name}>`;
    fail("name", `${what} uses the dimension symbol ${name}, which is not declared`, { hint });
  }

  #checkSize(d: Dim, what: string, ofWhat: string): void {
    this.checkDim(d, what);
    if (typeof d === "number" ? d >= 0 : this.#sizes.has(d.key)) return;
    if (this.#assumptions.decide(d, ">=", 0) === "refuted") {
      fail("shape", `${what} has ${ofWhat} of ${d}, expected at least 0`);
    }
    this.#sizes.add(`${d}`);
  }
}
