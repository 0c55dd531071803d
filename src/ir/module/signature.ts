// Calling a function: which dimension each of its symbols stands for, and the types that follow.

import { counted } from "../diagnostics/counted.ts";
import { fail } from "../diagnostics/errors.ts";
import { asAtom, type Dim, substituteDim, symbol } from "../types/dim.ts";
import { mapDims, printType, rankedOf, type Type } from "../types/type.ts";
import type { Signature } from "./module.ts";

/** The symbol a dimension consists of; null if it is anything else. */
export function asSymbol(d: Dim): string | null {
  const atom = asAtom(d);
  return atom?.kind === "symbol" ? atom.name : null;
}

/**
 * For each result of a function on tensors, the `inout` argument whose final contents it is; null for the others. The last
 * results are the contents of these arguments, in order.
 */
export function finalContents({ arguments: args, roles, results }: Signature): readonly (number | null)[] {
  const written = [...args.keys()].filter((i) => roles[i] === "inout" && args[i].kind === "tensor");
  const first = results.length - written.length;
  return results.map((_, k) => (k < first ? null : written[k - first]));
}

/** Symbols that stand for those of the same names around, as in a call of a function that was made from its caller. */
export function boundByName(symbols: readonly string[]): Readonly<Record<string, Dim>> {
  return Object.fromEntries(symbols.map((name) => [name, symbol(name)]));
}

/**
 * What each symbol of the callee stands for: as `explicit` says, else the dimension of an argument where the
 * parameter's type has the bare symbol. A symbol that neither gives is an error (code `shape`).
 */
export function bindSymbols(
  callee: Signature,
  args: readonly Type[],
  explicit: Readonly<Record<string, Dim>> = {},
): Readonly<Record<string, Dim>> {
  if (args.length !== callee.arguments.length) {
    fail("arity", `@${callee.name}: got ${counted(args.length, "argument")}, expected ${callee.arguments.length}`);
  }
  const bound = inferSymbols(callee, args);
  for (const [name, d] of Object.entries(explicit)) {
    if (!callee.symbols.includes(name)) fail("name", `@${callee.name} declares no dimension symbol ${name}`);
    bound[name] = d;
  }
  for (const name of callee.symbols) {
    if (!Object.hasOwn(bound, name)) {
      fail("shape", `@${callee.name}: symbol ${name} does not follow from the argument types`, {
        hint: `bind it: @${callee.name}<${name} = …>(…)`,
      });
    }
  }
  return bound;
}

/** The symbols that the argument types alone determine. */
export function inferSymbols(callee: Signature, args: readonly Type[]): Record<string, Dim> {
  const bound: Record<string, Dim> = {};
  for (const [i, parameter] of callee.arguments.entries()) {
    // any rank will do; a copy for the rank that comes is made when shapes are refined
    if (parameter.kind === "unranked") continue;
    // an empty list tells nothing of its elements when it runs
    if (parameter.kind === "list") continue;
    const got = rankedOf(args[i], `@${callee.name}: argument ${i}`).shape;
    const expected = parameter.shape;
    if (got.length !== expected.length) {
      fail("shape", `@${callee.name}: argument ${i} has type ${printType(args[i])}, expected ${printType(parameter)}`);
    }
    for (const [axis, d] of expected.entries()) {
      const name = asSymbol(d);
      if (name !== null && !Object.hasOwn(bound, name)) bound[name] = got[axis];
    }
  }
  return bound;
}

/** A type of the callee as the caller sees it. */
export function bindType(type: Type, bound: Readonly<Record<string, Dim>>): Type {
  return mapDims(type, (d) => substituteDim(d, (name) => (Object.hasOwn(bound, name) ? bound[name] : undefined)));
}
