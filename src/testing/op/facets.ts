// The facets of an op's record, each tested on a program that is a use of the op.

import { constantFolding, refineTo } from "../../../passes/index.ts";
import { jsBackend } from "../../backend/index.ts";
import { OutOfSteps } from "../../compile/index.ts";
import {
  buildFunc,
  Cloner,
  currentBlock,
  Dense,
  findFunc,
  isomorphic,
  type Module,
  makeModule,
  messageOf,
  type Op,
  parseModule,
  printModule,
  requireFunc,
  tensorType,
} from "../../ir/index.ts";
import { constant } from "../../ops/index.ts";
import type { PassContext } from "../../rewrite/index.ts";
import { backendVerdict, pipelinesFor } from "../check-backend.ts";
import { batchingVerdict } from "../check-batching.ts";
import { derivativeVerdict } from "../check-derivative.ts";
import { expectedOf, type Fault, resolvedOrNull, run, verifyFault } from "../compare.ts";
import type { Tally } from "../derivative/comparison.ts";
import type { Trial, Verdict } from "../fault.ts";
import { differenceOf } from "../outcome.ts";
import type { Resolver } from "../resolver.ts";
import { argumentsOf, sameArrays } from "../values.ts";
import { effectFault, type OpCall, traitsFault, typesFault } from "./traits.ts";

/** What an op can be tested for. */
export const facetNames = ["text", "effects", "types", "traits", "folding", "code", "batching", "derivative"] as const;
export type Facet = (typeof facetNames)[number];

/** One program that is tested, and with what. */
export interface FacetCase extends Trial {
  readonly resolver: Resolver;
  readonly op: Op;
  readonly tally: Tally;
}

/** What is wrong with a program in regard of a facet. */
export function facetFault(facet: Facet, of: FacetCase): Fault | null {
  const { context, resolver, tally } = of;
  switch (facet) {
    case "text":
      return textFault(of);
    case "types":
      return ofCalls(of, (call) => typesFault(call, context));
    case "effects":
      return ofCalls(of, effectFault);
    case "traits":
      return ofCalls(of, traitsFault);
    case "folding":
      return ofCalls(of, (call) => foldingFault(call, context));
    case "code":
      return prefixed("its code", codeVerdict(of));
    case "batching":
      return batchingVerdict(resolver, of).fault;
    case "derivative":
      return derivativeVerdict(resolver, of, tally).fault;
  }
}

function codeVerdict(trial: Trial): Verdict {
  const compiler = { backend: jsBackend, pipelines: pipelinesFor("loop"), compile: {} };
  try {
    return backendVerdict(compiler, trial);
  } catch (error) {
    return { fault: { message: `does not lower: ${messageOf(error)}`, call: null }, after: null };
  }
}

function prefixed(facet: string, { fault }: Verdict): Fault | null {
  return fault === null ? null : { ...fault, message: `${facet}: ${fault.message}` };
}

/** Whether the verifier takes it, and its text reads back as it is. */
function textFault({ program: { module }, context }: FacetCase): Fault | null {
  const invalid = verifyFault(module, "tensor");
  if (invalid !== null) return { ...invalid, message: `its type rule: ${invalid.message}` };
  const text = printModule(module);
  try {
    const again = parseModule(text, context.ops);
    const difference = isomorphic(module, again);
    if (difference !== null) return { message: `its text reads back as something else: ${difference}`, call: null };
    if (printModule(again) !== text) return { message: `its text reads back as\n${printModule(again)}`, call: null };
    return null;
  } catch (error) {
    return { message: `its text does not parse: ${messageOf(error)}`, call: null };
  }
}

/** What is wrong in one of the calls of a program, as it is without transforms. */
function ofCalls(
  { program: { module: given, sizes, call: kept }, seeds }: FacetCase,
  faultOf: (call: OpCall) => string | null,
): Fault | null {
  const module = resolvedOrNull(given);
  const main = module === null ? undefined : findFunc(module, "main");
  if (module === null || main === undefined) return null;
  for (const args of argumentsOf(main, { sizes, call: kept }, seeds)) {
    const call = { entry: "main", args };
    try {
      const passed = args.map((a) => ({ ...a, data: a.data.slice() }));
      const outcome = expectedOf(module, "main", passed);
      const written = passed.findIndex((a, i) => !sameArrays([a], [args[i]]));
      if (written >= 0) return { message: `its meaning writes to argument ${written}`, call };
      if (outcome === null) continue;
      const message = faultOf({ module, main, args, sizes, outcome });
      if (message !== null) return { message, call };
    } catch (error) {
      if (error instanceof OutOfSteps) continue;
      return {
        message: `its meaning fails with ${messageOf(error)}, expected an AdjointError or results`,
        call,
      };
    }
  }
  return null;
}

/** Constants in place of the arguments give the same, evaluated while compiling. */
function foldingFault({ module, main, args, outcome }: OpCall, context: PassContext): string | null {
  if (args.length === 0) return null;
  const types = args.map((a) => tensorType(a.dtype, a.shape));
  const known = refineTo(main.name, types).run(module, context);
  const folded = constantFolding.run(withConstants(known, args), context);
  const difference = differenceOf(outcome, run(folded, "main", []));
  return difference === null ? null : `its meaning under constant folding: @main: ${difference}`;
}

function withConstants(module: Module, args: OpCall["args"]): Module {
  const main = requireFunc(module, "main");
  const func = buildFunc({ name: "main" }, [], () => {
    const values = args.map((a) => {
      const type = tensorType(a.dtype, a.shape);
      return a.shape.length > 0
        ? constant(new Dense(a), type)
        : constant(a.dtype === "bool" ? a.data[0] !== 0 : a.data[0], type);
    });
    return new Cloner().inline(main.body, values, currentBlock());
  });
  return makeModule(module.funcs.map((f) => (f === main ? func : f)));
}
