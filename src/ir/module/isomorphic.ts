// Whether two modules are the same but for the identity of their values, and if not, where they first differ.

import { ValueMap } from "../data/value-map.ts";
import { formatOrigin, type Origin } from "../diagnostics/origin.ts";
import { commonAttributes } from "../op/attribute-spec.ts";
import type { Constraint } from "../types/constraint.ts";
import { type Dim, sameDim } from "../types/dim.ts";
import { printType, sameType } from "../types/type.ts";
import { affineAttributes, bindOperands, indexDim } from "./affine.ts";
import { dimsIn, sameAttribute } from "./attributes.ts";
import { type Block, type Func, groupOf, type Module, type Operation, type Value } from "./module.ts";
import { defaultName, printFuncName, printValueName, withoutSuffix } from "./names.ts";

export interface IsomorphicOptions {
  /** Compare origins too. */
  readonly origins?: boolean;
  /** Compare name hints of values; true where left out. */
  readonly names?: boolean;
}

/**
 * Null if the modules are the same, else the first difference as a sentence. Name hints count up to the suffix `_n`,
 * and a value without one has the name of its op. Bounds and subscripts count by what they mean, however the
 * operation numbers its index operands.
 */
export function isomorphic(a: Module, b: Module, options: IsomorphicOptions = {}): string | null {
  const comparison = new Comparison(options.origins === true, options.names !== false);
  if (a.funcs.length !== b.funcs.length) return `${a.funcs.length} functions, then ${b.funcs.length}`;
  for (const [i, func] of a.funcs.entries()) {
    const difference = comparison.func(func, b.funcs[i]);
    if (difference !== null) return `${printFuncName(func.name)}: ${difference}`;
  }
  return null;
}

class Comparison {
  readonly #origins: boolean;
  readonly #names: boolean;
  readonly #there = new ValueMap<Value>();
  readonly #back = new ValueMap<Value>();

  constructor(origins: boolean, names: boolean) {
    this.#origins = origins;
    this.#names = names;
  }

  func(a: Func, b: Func): string | null {
    return (
      differ("name", printFuncName(a.name), printFuncName(b.name)) ??
      differ("visibility", a.visibility, b.visibility) ??
      differ("roles", a.roles.join(", "), b.roles.join(", ")) ??
      differ("symbols", a.symbols.join(", "), b.symbols.join(", ")) ??
      differ("constraints", this.#constraints(a.constraints), this.#constraints(b.constraints)) ??
      this.#origin(a.origin, b.origin) ??
      this.#block(a.body, b.body)
    );
  }

  #constraints(constraints: readonly Constraint[]): string {
    const one = (c: Constraint): string => {
      const origin = this.#origins && c.origin !== null ? ` from ${formatOrigin(c.origin)}` : "";
      return `${c.left} ${c.relation} ${c.right}${origin}`;
    };
    return constraints.map(one).join(", ");
  }

  #origin(a: Origin | null, b: Origin | null): string | null {
    if (!this.#origins) return null;
    return differ("origin", a === null ? "none" : formatOrigin(a), b === null ? "none" : formatOrigin(b));
  }

  #block(a: Block, b: Block): string | null {
    const args = this.#define(a.arguments, b.arguments, "argument", "arg");
    if (args !== null) return args;
    for (let i = 0; i < Math.min(a.operations.length, b.operations.length); i++) {
      const difference = this.#operation(a.operations[i], b.operations[i]);
      if (difference !== null) return `operation ${i} (${a.operations[i].op.name}): ${difference}`;
    }
    return (
      differ("number of operations", a.operations.length, b.operations.length) ??
      this.#uses(a.results, b.results, "block result")
    );
  }

  #operation(a: Operation, b: Operation): string | null {
    const early =
      differ("op", a.op.name, b.op.name) ??
      this.#operands(a, b) ??
      this.#attributes(a, b) ??
      this.#origin(a.origin, b.origin) ??
      differ("number of regions", a.regions.length, b.regions.length);
    if (early !== null) return early;
    for (const [i, region] of a.regions.entries()) {
      const difference = this.#block(region, b.regions[i]);
      if (difference !== null) return `region ${a.op.regions[i]?.name ?? i}: ${difference}`;
    }
    return this.#define(a.results, b.results, "result", defaultName(a.op.name));
  }

  /** Groups of index operands are left to the attributes that use them. */
  #operands(a: Operation, b: Operation): string | null {
    const { groups } = a.op;
    if (groups.length === 0) return this.#uses(a.operands, b.operands, "operand");
    const indexGroups = new Set(affineAttributes(a.op).values());
    for (const group of groups) {
      if (indexGroups.has(group)) continue;
      const difference = this.#uses(groupOf(a, group), groupOf(b, group), `operand of ${group}`);
      if (difference !== null) return difference;
    }
    return null;
  }

  #attributes(a: Operation, b: Operation): string | null {
    const affine = affineAttributes(a.op);
    for (const name of [...Object.keys(a.op.attributes), ...Object.keys(commonAttributes)]) {
      const group = affine.get(name);
      const same =
        group === undefined
          ? sameAttribute(a.attributes[name], b.attributes[name])
          : this.#sameAffine(
              dimsIn(a.attributes[name]),
              groupOf(a, group),
              dimsIn(b.attributes[name]),
              groupOf(b, group),
            );
      if (!same) return `attribute ${name} differs`;
    }
    return null;
  }

  /** The same expressions over values that correspond. */
  #sameAffine(a: readonly Dim[], from: readonly Value[], b: readonly Dim[], to: readonly Value[]): boolean {
    const left = a.map((d) => bindOperands(d, from, (v) => indexDim(this.#there.get(v) ?? v)));
    const right = b.map((d) => bindOperands(d, to, indexDim));
    return left.length === right.length && left.every((d, i) => sameDim(d, right[i]));
  }

  #define(a: readonly Value[], b: readonly Value[], what: string, fallback: string): string | null {
    if (a.length !== b.length) return `${a.length} ${what}s, then ${b.length}`;
    for (const [i, v] of a.entries()) {
      const w = b[i];
      if (!sameType(v.type, w.type)) return `${what} ${i} has type ${printType(v.type)}, then ${printType(w.type)}`;
      const [name, other] = [v, w].map((value) => withoutSuffix(value.name ?? fallback));
      if (this.#names && name !== other)
        return `${what} ${i} is ${printValueName(name)}, then ${printValueName(other)}`;
      this.#there.set(v, w);
      this.#back.set(w, v);
    }
    return null;
  }

  #uses(a: readonly Value[], b: readonly Value[], what: string): string | null {
    if (a.length !== b.length) return `${a.length} ${what}s, then ${b.length}`;
    for (const [i, v] of a.entries()) {
      if (this.#there.get(v) === b[i] && this.#back.get(b[i]) === v) continue;
      const [name, other] = [v, b[i]].map((value) => printValueName(value.name ?? "?"));
      return `${what} ${i} is ${name}, then ${other}, which stand for different values`;
    }
    return null;
  }
}

function differ(what: string, a: string | number, b: string | number): string | null {
  return a === b ? null : `${what} is ${a || "empty"}, then ${b || "empty"}`;
}
