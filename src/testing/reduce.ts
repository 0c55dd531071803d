// Shrinks a module that shows a fault: the smallest one found by steps that each keep the fault.

import { AdjointError, type Module, verify } from "../ir/index.ts";
import { type Step, tidied } from "./smaller/body.ts";
import { earlierResults, fewerArguments, fewerFunctions, fewerResults, unreadArguments } from "./smaller/functions.ts";
import { calleesInstead, callsInstead, fewerOperations, largeParts, regionsInstead } from "./smaller/operations.ts";
import { fewerCarried } from "./smaller/regions.ts";
import { easierConstants, fewerAttributes, fewerSymbols, simplerTypes, smallerShapes } from "./smaller/types.ts";

/** In the order in which they are tried: what drops much comes first. */
const steps: readonly Step[] = [
  fewerFunctions,
  largeParts,
  unreadArguments,
  regionsInstead,
  fewerResults,
  fewerOperations,
  earlierResults,
  unreadArguments,
  callsInstead,
  calleesInstead,
  fewerCarried,
  fewerArguments,
  smallerShapes,
  fewerSymbols,
  simplerTypes,
  fewerAttributes,
  easierConstants,
];

/** Tries of one reduction; programs of the kit need some hundreds. */
const maxTries = 20_000;
/** Rounds of all steps; few need more than three. */
const maxRounds = 10;

/**
 * A smaller module for which `shows` still holds. Halves of the operations go, then quarters, in the end single ones;
 * regions and callees take the place of their operations; results, carried values, arguments and functions go; arrays become
 * scalars, symbols numbers, dtypes f64, constants easy to read, until nothing more can. What the verifier refuses is not tried. The
 * function `entry` stays.
 *
 * @example reduceModule(module, "main", (m) => isWrong(m))
 */
export function reduceModule(module: Module, entry: string, shows: (module: Module) => boolean): Module {
  let smallest = module;
  let tries = 0;
  const take = (candidate: Module): Module | null => {
    if (++tries > maxTries || !isValid(candidate) || !shows(candidate)) return null;
    smallest = candidate;
    return candidate;
  };
  // where the fault needs an operation that nothing reads, such ones stay
  const dropsUnused = take(tidied(module, true)) !== null;
  for (let round = 0; round < maxRounds; round++) {
    const before = smallest;
    for (const step of steps) drive(step(smallest, entry), (candidate) => take(tidied(candidate, dropsUnused)));
    if (smallest === before) break;
  }
  return smallest;
}

/** Offers the candidates of a step, and tells it which were taken. */
function drive(candidates: ReturnType<Step>, take: (candidate: Module) => Module | null): void {
  for (let next = candidates.next(); next.done !== true; ) next = candidates.next(take(next.value));
}

function isValid(module: Module): boolean {
  try {
    verify(module);
    return true;
  } catch (error) {
    if (error instanceof AdjointError) return false;
    throw error;
  }
}

/** Valid modules that are one step smaller, the greatest steps first. */
export function* smallerModules(module: Module, entry: string): Generator<Module> {
  for (const step of steps) {
    const candidates = step(module, entry);
    for (let next = candidates.next(null); next.done !== true; next = candidates.next(null)) {
      const smaller = tidied(next.value, true);
      if (isValid(smaller)) yield smaller;
    }
  }
}
