// checkBackend: a backend gives what the interpreter gives, or the smallest program found for which it does not.

import {
  expandWindows,
  inline,
  loopPipeline,
  lowerToLoops,
  placeResults,
  planInPlace,
  tensorPipeline,
  tile,
} from "../../passes/index.ts";
import {
  type Backend,
  type BackendOptions,
  compilesAtOnce,
  type Executable,
  type SynchronousBackend,
} from "../backend/index.ts";
import { OutOfSteps, runPasses } from "../compile/index.ts";
import { type Func, fail, type Module, messageOf, type NdArray, ndscalar, signatureOf } from "../ir/index.ts";
import { Pipeline } from "../rewrite/index.ts";
import { type CheckOptions, type CheckReport, check } from "./check.ts";
import { expectedOf, type Fault, resolvedOrNull } from "./compare.ts";
import type { Subject, Trial, Verdict } from "./fault.ts";
import type { Program } from "./generate/program.ts";
import { requireKind } from "./options.ts";
import { differenceOf, type Outcome, outcomeOf } from "./outcome.ts";
import { argumentsOf } from "./values.ts";

export interface BackendCheckOptions extends CheckOptions {
  /** What a program goes through before the backend gets it. Where left out: what its level needs, optimised or not in turn. */
  readonly pipeline?: Pipeline;
  /** Options of the backend that keep what a program means. */
  readonly compile?: Partial<Omit<BackendOptions, "entry" | "signature" | "observe">>;
}

/**
 * Compiles random programs with a backend, and compares what each public function gives with what the interpreter gives: bits
 * of results, errors with their messages, what probes see; several calls of one executable, with an observer and without, and
 * on plain numbers where the executable takes these. Transforms are resolved first, and a backend of loop level gets loops.
 *
 * @returns what was tried; `changed` are the programs whose results were compared.
 * @throws AdjointError `validate` with the smallest program found that the backend gets wrong.
 * @example checkBackend(jsBackend, { runs: 500 })
 */
export function checkBackend(backend: Backend, options: BackendCheckOptions = {}): CheckReport {
  requireKind("checkBackend", backend, "backend");
  const { pipeline, compile = {}, ...rest } = options;
  if (pipeline !== undefined && !(pipeline instanceof Pipeline))
    fail("option", "checkBackend: option 'pipeline' is no Pipeline", { hint: "write new Pipeline([…])" });
  if (!compilesAtOnce(backend)) fail("option", `checkBackend: backend '${backend.name}' cannot compile at once`);
  const whole = pipeline ?? (backend.pipeline && tensorPipeline.concat(backend.pipeline));
  const pipelines = whole === undefined ? pipelinesFor(backend.level) : [whole];
  const subject: Subject = {
    name: `backend ${backend.name}`,
    kind: "backend",
    level: "tensor",
    fast: false,
    run: (module) => module,
    judge: (trial) => backendVerdict({ backend, pipelines, compile }, trial),
  };
  return check("checkBackend", subject, rest, options);
}

/** The backend of a check: with which options, behind which pipelines. */
export interface Compiler {
  readonly backend: SynchronousBackend;
  readonly pipelines: readonly Pipeline[];
  readonly compile: BackendCheckOptions["compile"];
}

/** A program as it is and optimised, at the level of a backend. */
export function pipelinesFor(level: Backend["level"]): readonly Pipeline[] {
  const lowering = new Pipeline([
    { pass: inline, reason: "calls and derivatives are resolved" },
    { pass: planInPlace, reason: "tensors are changed where they stand" },
    { pass: placeResults, reason: "and computed where they have to come to stand" },
    { pass: lowerToLoops, reason: "backends take loops over memory" },
    { pass: tile, reason: "contractions are loops there" },
    { pass: expandWindows, reason: "and so are windows" },
  ]);
  return level === "tensor" ? [new Pipeline([]), tensorPipeline] : [lowering, tensorPipeline.concat(loopPipeline)];
}

/** What is wrong with what a backend makes of a program. */
export function backendVerdict({ backend, pipelines, compile }: Compiler, { program, context, seeds }: Trial): Verdict {
  const module = resolvedOrNull(program.module);
  if (module === null) return { fault: null, after: null };
  for (const pipeline of pipelines) {
    const after = runPasses(module, pipeline, { ops: context.ops, target: backend.target }).module;
    for (const func of module.funcs) {
      if (func.visibility !== "public") continue;
      const fault = faultOfFunction({ backend, compile, module, after, func }, program, seeds);
      if (fault !== null) return { fault, after: null };
    }
  }
  return { fault: null, after: null, isTried: true };
}

interface Compiled {
  readonly backend: SynchronousBackend;
  readonly compile: BackendCheckOptions["compile"];
  readonly module: Module;
  readonly after: Module;
  readonly func: Func;
}

function faultOfFunction(of: Compiled, program: Program, seeds: readonly number[]): Fault | null {
  const signature = signatureOf(of.func);
  const entry = of.func.name;
  const calls = argumentsOf(of.func, program, seeds).flatMap((args) => {
    const expected = outcomeWithin(of.module, entry, args);
    return expected === null ? [] : [{ args, expected }];
  });
  let observe: (name: string, value: NdArray) => void = () => {};
  let executables: readonly Executable[];
  try {
    const options = { ...of.compile, entry, signature };
    executables = [
      of.backend.compile(of.after, { ...options, observe: (name, value) => observe(name, value) }),
      of.backend.compile(of.after, options),
    ];
  } catch (error) {
    return { message: `@${entry} does not compile: ${messageOf(error)}`, call: null };
  }
  const run = (executable: Executable, args: readonly NdArray[]): Outcome =>
    outcomeOf((observer) => {
      observe = observer;
      return executable.run(copies(args));
    });
  // the first call again: memory of calls before may be in use
  for (const { args, expected } of [...calls, ...calls.slice(0, 1)]) {
    const call = { entry, args };
    const [observed, unobserved] = executables;
    const message =
      differs(expected, () => run(observed, args)) ??
      prefixed(
        "without an observer ",
        differs({ ...expected, seen: [] }, () => run(unobserved, args)),
      ) ??
      prefixed("on plain numbers ", scalarDifference(observed, args, expected));
    if (message !== null) return { message: `@${entry}: ${message}`, call };
  }
  return null;
}

function prefixed(how: string, message: string | null): string | null {
  return message === null ? null : how + message;
}

/** Null where the arguments do not suit the function, or a loop does not end within reason. */
function outcomeWithin(module: Module, entry: string, args: readonly NdArray[]): Outcome | null {
  try {
    return expectedOf(module, entry, args);
  } catch (error) {
    if (error instanceof OutOfSteps) return null;
    throw error;
  }
}

function differs(expected: Outcome, run: () => Outcome): string | null {
  try {
    return differenceOf(expected, run());
  } catch (error) {
    return `does not run: ${messageOf(error)}`;
  }
}

function copies(args: readonly NdArray[]): readonly NdArray[] {
  return args.map((a) => ({ ...a, data: a.data.slice() }));
}

/** The function on plain numbers, which gives the same numbers. */
function scalarDifference({ scalar }: Executable, args: readonly NdArray[], { results }: Outcome): string | null {
  if (scalar === null || typeof results === "string") return null;
  const given = scalar(...args.map(({ dtype, data }) => (dtype === "bool" ? data[0] !== 0 : data[0])));
  const list = Array.isArray(given) ? given : results.length === 0 ? [] : [given];
  const got = list.map((x, i) => ndscalar(results[i]?.dtype ?? "f64", Number(x)));
  return differenceOf({ results, seen: [] }, { results: got, seen: [] });
}
