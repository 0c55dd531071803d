// checkBatching: a mapped function gives what the function gives for each element, or the smallest program found for which it
// does not.

import { interpret, OutOfSteps } from "../compile/index.ts";
import {
  allocate,
  buildFunc,
  dtypes,
  evaluateDim,
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
  type TensorType,
  type Type,
  tensorType,
} from "../ir/index.ts";
import { vmap } from "../ops/index.ts";
import type { PassContext } from "../rewrite/index.ts";
import { type CheckOptions, type CheckReport, check } from "./check.ts";
import { expectedOf, type Fault, verifyFault } from "./compare.ts";
import type { Subject, Verdict } from "./fault.ts";
import type { Dims, Program } from "./generate/programs.ts";
import { Random } from "./generate/random.ts";
import { differenceOf, type Outcome, outcomeOf } from "./outcome.ts";
import { attempt, holdsLists, meaningOf, type Resolver, resolverOf, type Transforming } from "./resolver.ts";
import { sampleArguments } from "./values.ts";

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
  return check("checkBatching", subjectOf(resolver), options);
}

function subjectOf(resolver: Resolver): Subject {
  return {
    name: resolver.name,
    call: "checkBatching(subject, ",
    level: "tensor",
    fast: false,
    run: (module) => module,
    draw: (random) => resolver.draw(random),
    judge: (program, context, seeds) => batchingVerdict(resolver, program, context, seeds),
  };
}

/** A function of the module that maps one of the functions before it. */
interface Mapping {
  readonly entry: string;
  readonly mapped: readonly number[];
  /** The mapping that is mapped again; null for @main. */
  readonly inner: Mapping | null;
}

/** What is wrong with the batches of a program. */
export function batchingVerdict(
  resolver: Resolver,
  { module: given, sizes }: Program,
  context: PassContext,
  seeds: readonly number[],
): Verdict {
  const none: Verdict = { fault: null, after: null, isTried: false };
  const module = meaningOf(resolver, given, context);
  const main = module === null ? undefined : findFunc(module, "main");
  if (module === null || main === undefined || main.body.arguments.length === 0 || holdsLists(module)) return none;
  const made = withMappings(module, signatureOf(main), new Random(seeds[0]));
  const after = attempt(resolver, made.module, context);
  if (after === null) return none;
  const fault = (message: string): Verdict => ({ fault: { message, call: null }, after: null });
  if (typeof after === "string") return fault(`its batching fails: ${after}`);
  const invalid = verifyFault(after, "tensor");
  if (invalid !== null) return fault(`its batching: ${invalid.message}`);
  for (const mapping of made.mappings) {
    for (const seed of seeds) {
      const found = faultOfMapping({ before: made.module, after }, mapping, sizes, seed);
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

/** The module with a function for each subset of the arguments of @main, and one that maps over two axes. */
function withMappings(module: Module, main: Signature, random: Random) {
  const subsets = subsetsOf(main.arguments.length, random);
  let all = module;
  const mappings: Mapping[] = [];
  const add = (inner: Mapping | null, mapped: readonly number[]): void => {
    const of = inner === null ? main : signatureOf(required(all, inner.entry));
    const entry = `mapped${mappings.length}`;
    const size = inner === null ? inside : outside;
    const types = of.arguments.map((type, i) => (mapped.includes(i) ? along(type, size) : type));
    const symbols = [size, ...of.symbols];
    const func = buildFunc({ name: entry, symbols, constraints: of.constraints }, types, (...args) =>
      vmap(of, args, mapped, Object.fromEntries(of.symbols.map((name) => [name, symbol(name)]))),
    );
    all = makeModule([...all.funcs, func]);
    mappings.push({ entry, mapped, inner });
  };
  for (const mapped of subsets) add(null, mapped);
  add(random.pick(mappings), random.pick(subsets));
  return { module: all, mappings };
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
const inside = "Batch";
const outside = "Batches";

/** How many elements batches have, by the seed of the arguments. */
const counts = [3, 2, 3, 1, 2, 0];

function faultOfMapping(
  { before, after }: { readonly before: Module; readonly after: Module },
  mapping: Mapping,
  sizes: Dims,
  seed: number,
): Fault | null {
  const count = counts[seed % counts.length];
  const dims = { ...sizes, [inside]: count, [outside]: 2 };
  const signature = signatureOf(required(before, mapping.entry));
  const args = sampleArguments(signature, dims, seed);
  const expected = eachAlone(before, mapping, args, dims);
  if (expected === null) return null;
  const how = `vmap of @main over arguments ${showMapping(mapping)}`;
  const call = { entry: "main", args };
  let got: Outcome["results"];
  try {
    got = outcomeOf(() => interpret(after, mapping.entry, args, { steps: mostSteps })).results;
  } catch (error) {
    if (error instanceof OutOfSteps) return null;
    return { message: `its batching: ${how} does not run: ${messageOf(error)}`, call };
  }
  const failed = expected.errors[0];
  if (failed !== undefined) {
    if (typeof got === "string" && expected.errors.includes(got.replace(placeInBatch, ""))) return null;
    const shown = typeof got === "string" ? got : "results";
    return { message: `its batching: ${how} gives ${shown}, expected ${expected.errors.join(" or ")}`, call };
  }
  // what all elements of a batch have in common is computed once, and may fail though there is none
  if (count === 0 && typeof got === "string") return null;
  const message = differenceOf({ results: expected.results, seen: [] }, { results: got, seen: [] });
  return message === null ? null : { message: `its batching: ${how}: ${message}`, call };
}

/** Which element fails is said of a batch alone, or of batches in one another. */
const placeInBatch = / in element (\d+ of the batch|\[[\d, ]+\] of the batches)/;

/** Elements of a batch together run for as many steps. */
const mostSteps = 500_000;

function showMapping({ mapped, inner }: Mapping): string {
  const own = `[${mapped.join(", ")}]`;
  return inner === null ? own : `${showMapping(inner)}, and that over ${own}`;
}

/** What the elements give one by one: the results stacked, or the errors of those that fail. */
interface Alone {
  readonly results: readonly NdArray[];
  readonly errors: readonly string[];
}

function eachAlone(module: Module, mapping: Mapping, args: readonly NdArray[], dims: Dims): Alone | null {
  const { mapped, inner } = mapping;
  const [count] = args[mapped[0]].shape;
  const parts: (readonly NdArray[])[] = [];
  const errors: string[] = [];
  for (let i = 0; i < count; i++) {
    const own = args.map((a, k) => (mapped.includes(k) ? elementOf(a, i) : a));
    const alone = inner === null ? ofMain(module, own) : eachAlone(module, inner, own, dims);
    if (alone === null) return null;
    errors.push(...alone.errors);
    parts.push(alone.results);
  }
  if (errors.length > 0) return { results: [], errors };
  return { results: stacked(parts, signatureOf(required(module, mapping.entry)), count, dims), errors };
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

function stacked(
  parts: readonly (readonly NdArray[])[],
  signature: Signature,
  count: number,
  dims: Dims,
): readonly NdArray[] {
  return signature.results.map((type, k) => {
    const { dtype, shape } = type as TensorType;
    if (count === 0)
      return allocate(
        dtype,
        shape.map((d, i) => (i === 0 ? 0 : evaluateDim(d, (name) => dims[name]))),
      );
    const [first] = parts;
    const size = sizeOf(first[k].shape);
    const data = new dtypes[dtype].array(count * size);
    for (const [i, part] of parts.entries()) data.set(part[k].data, i * size);
    return { dtype, shape: [count, ...first[k].shape], data };
  });
}
