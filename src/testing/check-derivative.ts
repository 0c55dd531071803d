// checkDerivative: derivatives are what differences say and agree with one another, or the smallest program found for which
// they do not.

import { interpret, OutOfSteps } from "../compile/index.ts";
import {
  AdjointError,
  type DType,
  findFunc,
  type Module,
  type NdArray,
  type Op,
  signatureOf,
  walk,
} from "../ir/index.ts";
import { records } from "../ops/index.ts";
import { type CheckOptions, type CheckReport, check } from "./check.ts";
import { noisy } from "./close.ts";
import { type Fault, verifyFault } from "./compare.ts";
import { Comparison, type Derived, type Tally } from "./derivative/comparison.ts";
import { placesOf, withDerivatives } from "./derivative/derivatives.ts";
import type { Subject, Trial, Verdict } from "./fault.ts";
import { meetsExtremes, mostSteps, watched } from "./instrument.ts";
import { attempt, blameIn, holdsLists, meaningOf, type Resolver, resolverOf, type Transforming } from "./resolver.ts";
import { sampleArguments } from "./values.ts";

/** What a check of derivatives tried. */
export interface DerivativeReport extends CheckReport {
  /** Elements of derivatives that were compared with differences. */
  readonly compared: number;
  /** Those left out since differences do not converge there, or are not finite. */
  readonly leftOut: number;
}

/**
 * Differentiates programs in forward and in reverse mode, and compares: forward mode with extrapolated differences for each
 * argument, reverse with forward mode, second derivatives of every pair of modes with one another and with differences, third
 * ones with differences. Points are ordinary ones inside the program's domain, which is found by trying, and ones with many
 * equal elements, which move together; cotangents of zero give zeros. For an op the programs are uses of it by its record, for a
 * pass or pipeline random ones; what these leave of `vjp` and `jvp` the passes of the project resolve.
 *
 * How far off differences are is measured by their extrapolation (Ridders, 1982), and how far rounding goes by a small change
 * of the point. A derivative that is no finite number is no fault where a number on the way is infinite, or so large or small
 * that its cube or that of its inverse is.
 *
 * @returns what was tried; `changed` are the programs of which derivatives were compared.
 * @throws AdjointError `validate` with the smallest program found whose derivative is wrong, to which argument and at which
 *   element.
 * @example checkDerivative(swish)
 */
export function checkDerivative(subject: Transforming, options: CheckOptions = {}): DerivativeReport {
  const resolver = resolverOf("checkDerivative", subject, options.programs);
  const tally = { compared: 0, leftOut: 0 };
  const asked = { ...options, programs: resolver.programs };
  const report = check("checkDerivative", subjectOf(resolver, tally), asked, options);
  return { ...report, ...tally };
}

/** What programs are made of: differences say more in f64. */
export const floats: readonly DType[] = ["f64", "f64", "f64", "f32"];

function subjectOf(resolver: Resolver, tally: Tally): Subject {
  return {
    name: resolver.name,
    kind: resolver.kind,
    level: "tensor",
    fast: false,
    run: (module) => module,
    draw: (random) => resolver.draw(random, floats),
    judge: (trial) => derivativeVerdict(resolver, trial, tally),
    blame: (trial) => blameIn(resolver, trial, (part) => derivativeVerdict(part, trial, tally).fault),
  };
}

/** What is wrong with the derivatives of a program. */
export function derivativeVerdict(
  resolver: Resolver,
  { program: { module: given, sizes, call }, context, seeds }: Trial,
  tally: Tally,
): Verdict {
  const none: Verdict = { fault: null, after: null, isTried: false };
  const module = meaningOf(resolver, given, context);
  const main = module === null ? undefined : findFunc(module, "main");
  if (module === null || main === undefined || holdsLists(module) || isDifferentOnPurpose(module)) return none;
  const signature = signatureOf(main);
  const places = placesOf(signature);
  if (places.arguments.length === 0 || places.results.length === 0) return none;
  const after = attempt(resolver, withDerivatives(module, signature), context);
  if (after === null) return none;
  const fault = (message: string): Verdict => ({ fault: { message, call: null }, after: null });
  if (typeof after === "string") return fault(`its derivative fails: ${after}`);
  const invalid = verifyFault(after, "tensor");
  if (invalid !== null) return fault(`its derivative: ${invalid.message}`);
  const isSingle = holdsSingle(module);
  const noises = new Map<number, Module>();
  const noisyOf = (sign: number): Module => {
    const made = noises.get(sign) ?? noisy(after, sign);
    noises.set(sign, made);
    return made;
  };
  const watching = watched(module);
  const derived: Derived = {
    places,
    isSingle,
    value: (args) => runOrNull(module, "main", args),
    derivative: (entry, args) => runOrNull(after, entry, args),
    noisy: (sign) => (entry, args) => runOrNull(noisyOf(sign), entry, args),
    isExtreme: (args) => meetsExtremes(watching, "main", args),
  };
  if (call !== undefined) {
    const comparison = new Comparison(derived, call.args, 0, tally);
    const found = call.entry === "main" ? comparison.faultHere(call.directions) : null;
    return { fault: found, after: null, isTried: comparison.isTried };
  }
  let isTried = false;
  for (const seed of seeds) {
    if (seed % 2 !== 0) continue;
    const comparison = new Comparison(derived, sampleArguments(signature, sizes, seed), seed, tally);
    const found: Fault | null = comparison.fault();
    if (found !== null) return { fault: found, after: null };
    isTried ||= comparison.isTried;
  }
  return { fault: null, after: null, isTried };
}

/** Null where the run fails, does not end within reason, or the arguments do not suit a smaller program. */
function runOrNull(module: Module, entry: string, args: readonly NdArray[]): readonly NdArray[] | null {
  try {
    return interpret(module, entry, args, { steps: mostSteps });
  } catch (error) {
    if (error instanceof OutOfSteps || error instanceof AdjointError) return null;
    throw error;
  }
}

/**
 * Ops whose derivative is not that of the function which they compute alone: they stop it, or stand in one themselves; the bits
 * of integers have none, though they may make a float again.
 */
const stated: ReadonlySet<Op> = new Set<Op>([records.stopGradient, records.vanish, records.absorb, records.bitcast]);

/** Derivatives that are not what differences say: those that a program states itself, and those that it stops. */
function isDifferentOnPurpose(module: Module): boolean {
  let found = false;
  for (const func of module.funcs) walk(func.body, ({ op }) => void (found ||= op.traits.wraps || stated.has(op)));
  return found;
}

/** Whether something is computed in f32. */
function holdsSingle(module: Module): boolean {
  let found = false;
  for (const func of module.funcs) {
    const note = (list: Module["funcs"][number]["body"]["arguments"]): void => {
      for (const { type } of list) found ||= type.kind === "tensor" && type.dtype === "f32";
    };
    note(func.body.arguments);
    walk(func.body, ({ results, regions }) => {
      note(results);
      for (const region of regions) note(region.arguments);
    });
  }
  return found;
}
