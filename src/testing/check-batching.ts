// checkBatching: a mapped function gives what the function gives for each element, or the smallest program found for which it
// does not.

import { interpret, OutOfSteps } from "../compile/index.ts";
import {
  allocate,
  boundByName,
  buildFunc,
  dtypes,
  evaluateDim,
  type Func,
  findFunc,
  type Module,
  makeModule,
  messageOf,
  type NdArray,
  rankedOf,
  type Signature,
  signatureOf,
  sizeOf,
  symbol,
  type Type,
  tensorType,
} from "../ir/index.ts";
import { vmap } from "../ops/index.ts";
import { type CheckOptions, type CheckReport, check } from "./check.ts";
import { expectedOf, type Fault, verifyFault } from "./compare.ts";
import type { Subject, Trial, Verdict } from "./fault.ts";
import type { Dims } from "./generate/program.ts";
import { Random } from "./generate/random.ts";
import { differenceOf, type Outcome, outcomeOf } from "./outcome.ts";
import { attempt, blameIn, holdsLists, meaningOf, type Resolver, resolverOf, type Transforming } from "./resolver.ts";
import { sampleArguments, withSmallIntegers } from "./values.ts";

/**
 * Maps programs over each subset of their arguments, and over two axes, and compares what that gives with a loop of single
 * elements, bit for bit; where an element fails, the whole fails with the error of one. For an op the programs are uses of it
 * by its record, for a pass or pipeline random ones; what these leave of `vmap` the passes of the project resolve.
 *
 * @returns what was tried; `changed` are the programs of which mapped functions were compared.
 * @throws AdjointError `validate` with the smallest program found whose batch is wrong.
 * @example checkBatching(swish)
 */
export function checkBatching(subject: Transforming, options: CheckOptions = {}): CheckReport {
  const resolver = resolverOf("checkBatching", subject, options.programs);
  return check("checkBatching", subjectOf(resolver), { ...options, programs: resolver.programs }, options);
}

function subjectOf(resolver: Resolver): Subject {
  return {
    name: resolver.name,
    kind: resolver.kind,
    level: "tensor",
    fast: false,
    run: (module) => module,
    draw: (random) => resolver.draw(random),
    judge: (trial) => batchingVerdict(resolver, trial),
    blame: (trial) => blameIn(resolver, trial, (part) => batchingVerdict(part, trial).fault),
  };
}

/** A function of the module that maps @main over these arguments for each axis, the inner one first. */
interface Mapping {
  readonly entry: string;
  readonly mapped: readonly (readonly number[])[];
}

/** What is wrong with the batches of a program. */
export function batchingVerdict(
  resolver: Resolver,
  { program: { module: given, sizes, call }, context, seeds }: Trial,
): Verdict {
  const none: Verdict = { fault: null, after: null, isTried: false };
  const module = meaningOf(resolver, given, context);
  const main = module === null ? undefined : findFunc(module, "main");
  if (module === null || main === undefined || main.body.arguments.length === 0 || holdsLists(module)) return none;
  const signature = signatureOf(main);
  const lists = call?.mapped === undefined ? listsFor(signature, new Random(seeds[0])) : [call.mapped];
  const made = withMappings(module, signature, lists);
  const after = attempt(resolver, made.module, context);
  if (after === null) return none;
  const fault = (message: string): Verdict => ({ fault: { message, call: null }, after: null });
  if (typeof after === "string") return fault(`its batching fails: ${after}`);
  const invalid = verifyFault(after, "tensor");
  if (invalid !== null) return fault(`its batching: ${invalid.message}`);
  for (const mapping of made.mappings) {
    const of = signatureOf(required(made.module, mapping.entry));
    const calls =
      call?.mapped === undefined
        ? seeds.flatMap((seed) => withSubscripts(sampleArguments(of, { ...sizes, ...batchSizes(seed) }, seed)))
        : [call.args];
    for (const args of calls) {
      const found = faultOfMapping({ before: made.module, after }, mapping, args, sizes);
      if (found !== null) return { fault: found, after: null };
    }
  }
  return { fault: null, after: null, isTried: true };
}

/** The most arguments of which every subset is mapped. */
const mostForAll = 3;

function subsetsOf(count: number, random: Random): readonly (readonly number[])[] {
  const all = Array.from({ length: count }, (_, i) => i);
  const chosen = (mask: number): readonly number[] => all.filter((i) => ((mask >> i) & 1) === 1);
  if (count <= mostForAll) return Array.from({ length: 2 ** count - 1 }, (_, i) => chosen(i + 1));
  return [all, ...all.map((i) => [i]), all.filter(() => random.oneIn(2))].filter((list) => list.length > 0);
}

/** Each subset of the arguments of @main, and one of them mapped over two axes. */
function listsFor(main: Signature, random: Random): readonly Mapping["mapped"][] {
  const subsets = subsetsOf(main.arguments.length, random);
  return [...subsets.map((mapped) => [mapped]), [random.pick(subsets), random.pick(subsets)]];
}

/** The module with functions that map @main so. */
function withMappings(module: Module, main: Signature, lists: readonly Mapping["mapped"][]) {
  const funcs: Func[] = [];
  const mappings = lists.map((mapped, i): Mapping => {
    let of = main;
    for (const [level, list] of mapped.entries()) {
      const size = batches[level];
      const types = of.arguments.map((type, k) => (list.includes(k) ? along(type, size) : type));
      const { symbols, constraints } = of;
      const inner = of;
      const name = level === mapped.length - 1 ? `mapped${i}` : `mapped${i}_${level}`;
      const func = buildFunc({ name, symbols: [size, ...symbols], constraints }, types, (...args) =>
        vmap(inner, args, list, boundByName(symbols)),
      );
      funcs.push(func);
      of = signatureOf(func);
    }
    return { entry: of.name, mapped };
  });
  return { module: makeModule([...module.funcs, ...funcs]), mappings };
}

function required(module: Module, name: string) {
  const func = findFunc(module, name);
  if (func === undefined) throw new Error(`internal invariant broken: no @${name}`);
  return func;
}

function along(type: Type, size: string): Type {
  const { dtype, shape } = rankedOf(type);
  return tensorType(dtype, [symbol(size), ...shape]);
}

/** The sizes of a batch, and of a batch of batches; programs call theirs otherwise. */
const batches = ["Batch", "Batches"] as const;

/** How many elements batches have, by the seed of the arguments. */
const counts = [3, 2, 3, 1, 2, 0];

function batchSizes(seed: number): Dims {
  return { [batches[0]]: counts[seed % counts.length], [batches[1]]: 2 };
}

/** The arguments, and where some are integers, those that are subscripts of nearly all that has elements. */
function withSubscripts(args: readonly NdArray[]): readonly (readonly NdArray[])[] {
  const small = args.map(withSmallIntegers);
  return small.every((a, i) => a === args[i]) ? [args] : [args, small];
}

function faultOfMapping(
  { before, after }: { readonly before: Module; readonly after: Module },
  { entry, mapped }: Mapping,
  args: readonly NdArray[],
  sizes: Dims,
): Fault | null {
  const expected = eachAlone(before, mapped, args, sizes);
  if (expected === null) return null;
  const call = { entry: "main", args, mapped };
  let got: Outcome["results"];
  try {
    got = outcomeOf(() => interpret(after, entry, args, { steps: mostSteps })).results;
  } catch (error) {
    if (error instanceof OutOfSteps) return null;
    return { message: `its batching does not run: ${messageOf(error)}`, call };
  }
  const failed = expected.errors[0];
  if (failed !== undefined) {
    if (typeof got === "string" && expected.errors.includes(got.replace(placeInBatch, ""))) return null;
    const shown = typeof got === "string" ? got : "results";
    return { message: `its batching: got ${shown}, expected ${[...new Set(expected.errors)].join(" or ")}`, call };
  }
  // what all elements of a batch have in common is computed once, and may fail though there is none
  if (typeof got === "string" && extentsOf(mapped, args).includes(0)) return null;
  const message = differenceOf({ results: expected.results, seen: [] }, { results: got, seen: [] });
  return message === null ? null : { message: `its batching: ${message}`, call };
}

/** Which element fails is said of a batch alone, or of batches in one another. */
const placeInBatch = / in element (\d+ of the batch|\[[\d, ]+\] of the batches)/;

/** Elements of a batch together run for as many steps. */
const mostSteps = 500_000;

/** What the elements give one by one: the results stacked, or the errors of those that fail. */
interface Alone {
  readonly results: readonly NdArray[];
  readonly errors: readonly string[];
}

function eachAlone(module: Module, mapped: Mapping["mapped"], args: readonly NdArray[], sizes: Dims): Alone | null {
  const outer = mapped.at(-1);
  if (outer === undefined) return ofMain(module, args);
  const inner = mapped.slice(0, -1);
  const count = args[outer[0]].shape[0];
  const parts: (readonly NdArray[])[] = [];
  const errors: string[] = [];
  for (let i = 0; i < count; i++) {
    const own = args.map((a, k) => (outer.includes(k) ? elementOf(a, i) : a));
    const alone = eachAlone(module, inner, own, sizes);
    if (alone === null) return null;
    errors.push(...alone.errors);
    parts.push(alone.results);
  }
  if (errors.length > 0) return { results: [], errors };
  return { results: parts.length > 0 ? stacked(parts) : emptyBatch(module, mapped, args, sizes), errors };
}

function ofMain(module: Module, args: readonly NdArray[]): Alone | null {
  try {
    const outcome = expectedOf(module, "main", args);
    if (outcome === null) return null;
    const { results } = outcome;
    return typeof results === "string" ? { results: [], errors: [results] } : { results, errors: [] };
  } catch (error) {
    if (error instanceof OutOfSteps) return null;
    throw error;
  }
}

/** Element `i` along the leading axis. */
function elementOf({ dtype, shape, data }: NdArray, i: number): NdArray {
  const size = sizeOf(shape.slice(1));
  return { dtype, shape: shape.slice(1), data: data.slice(i * size, (i + 1) * size) };
}

function stacked(parts: readonly (readonly NdArray[])[]): readonly NdArray[] {
  return parts[0].map(({ dtype, shape }, k) => {
    const size = sizeOf(shape);
    const data = new dtypes[dtype].array(parts.length * size);
    for (const [i, part] of parts.entries()) data.set(part[k].data, i * size);
    return { dtype, shape: [parts.length, ...shape], data };
  });
}

/** The extents of the mapped axes, the inner one first: an argument tells it that has it, behind those of outer ones. */
function extentsOf(mapped: Mapping["mapped"], args: readonly NdArray[]): readonly number[] {
  return mapped.map(([i], level) => args[i].shape[mapped.slice(level + 1).filter((list) => list.includes(i)).length]);
}

/** What a batch of nothing gives: results of which nothing but the shape is told. */
function emptyBatch(
  module: Module,
  mapped: Mapping["mapped"],
  args: readonly NdArray[],
  sizes: Dims,
): readonly NdArray[] {
  const extents = extentsOf(mapped, args);
  return signatureOf(required(module, "main")).results.map((type) => {
    const { dtype, shape } = rankedOf(type);
    return allocate(dtype, [...extents.toReversed(), ...shape.map((d) => evaluateDim(d, (name) => sizes[name]))]);
  });
}
