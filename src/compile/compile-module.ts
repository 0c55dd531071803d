// compileModule: choose the pipeline and the backend, run the passes, and keep the log.

import { passParts, programPipelines, refineTo } from "../../passes/index.ts";
import {
  type Backend,
  type BackendOptions,
  backendNames,
  compilesAtOnce,
  type Executable,
  interpretBackend,
  isBackend,
  type Lower,
} from "../backend/index.ts";
import {
  AdjointError,
  type Func,
  fail,
  findFunc,
  isDebugging,
  isScalar,
  type Module,
  type OpTable,
  requireChoice,
  requireOptions,
  type Signature,
  signatureOf,
  stackFrom,
  type Type,
  type Value,
  walk,
} from "../ir/index.ts";
import { bringAll } from "../parts/index.ts";
import { CompileLog, type Pass, Pipeline } from "../rewrite/index.ts";
import { type Choice, chooseBackend, interpreted } from "./choose-backend.ts";
import { type Check, type RunOptions, requireCheck, runProgramPasses } from "./run-passes.ts";

export interface CompileOptions {
  /** The function to run; the last public one where left out. */
  readonly entry?: string;
  /**
   * `auto` takes generated JavaScript for programs of numbers and small tensors, and WebAssembly for those of large ones, which
   * its vectors make faster; where one of them may not run, the other, and else the interpreter. `wasm` is WebAssembly with
   * vectors; where that may not run, or has no code for a program, JavaScript takes its place. Any other is a backend itself,
   * or what it was registered as.
   */
  readonly backend?: "auto" | "interpret" | "js" | "wasm" | (string & {}) | Backend;
  /** The tensor-level passes, in place of the default ones. */
  readonly pipeline?: Pipeline;
  /** Allow rewrites of class `fast`. */
  readonly fast?: boolean;
  readonly check?: Check;
  /** Receives the values of `probe` operations. */
  readonly observe?: BackendOptions["observe"];
  /**
   * Runs in the interpreter, and ends at the first operation that makes a NaN or an infinity of finite numbers, with an
   * error that names it, its operands, the user's line and the iterations of the loops around. Left out, `debugNaNs`
   * decides.
   */
  readonly debug?: boolean;
  /**
   * `{ limit }`: how many bytes the memory of WebAssembly may have for calls of this function, 4 GiB where left out. To other
   * backends it says nothing.
   */
  readonly memory?: BackendOptions["memory"];
  /** The ops of the module, where it has other ops than the project's own. */
  readonly ops?: OpTable;
}

const optionNames: Readonly<Record<keyof CompileOptions, true>> = {
  backend: true,
  check: true,
  fast: true,
  pipeline: true,
  entry: true,
  observe: true,
  debug: true,
  memory: true,
  ops: true,
};

/**
 * Fails (code `option`) where `options` has a name or a value that compile does not know. `who` is the function that takes them,
 * and `others` are the names of options of its own.
 */
export function requireCompileOptions(
  options: unknown,
  who = "compile",
  others: readonly string[] = [],
): asserts options is CompileOptions {
  requireOptions(who, options, [...others, ...Object.keys(optionNames)]);
  const { backend, check, fast, pipeline, observe, debug, memory } = options as CompileOptions;
  if (!isBackend(backend)) requireChoice(who, "backend", backend, backendNames());
  requireCheck(who, check);
  if (fast !== undefined && typeof fast !== "boolean")
    fail("option", `${who}: option 'fast' is a ${typeof fast}, expected true or false`);
  if (debug !== undefined && typeof debug !== "boolean")
    fail("option", `${who}: option 'debug' is a ${typeof debug}, expected true or false`);
  if (debug === true && backend !== undefined && backend !== "auto" && backend !== "interpret") {
    const name = typeof backend === "string" ? backend : backend.name;
    fail("option", `${who}: debug runs in the interpreter, and backend is '${name}'`, { hint: "leave backend out" });
  }
  if (observe !== undefined && typeof observe !== "function")
    fail("option", `${who}: option 'observe' is a ${typeof observe}, expected a function of name, value and origin`);
  if (memory !== undefined) requireMemory(who, memory);
  if (pipeline !== undefined && typeof pipeline?.run !== "function")
    fail("option", `${who}: option 'pipeline' is no Pipeline`, { hint: "write new Pipeline([…])" });
}

function requireMemory(who: string, memory: unknown): void {
  if (typeof memory !== "object" || memory === null)
    fail("option", `${who}: option 'memory' is a ${typeof memory}, expected an object`, {
      hint: "write { limit: 2 ** 28 }",
    });
  requireOptions(`${who}: memory`, memory, ["limit"]);
  const { limit } = memory as { readonly limit?: unknown };
  if (limit !== undefined && !(Number.isSafeInteger(limit) && Number(limit) >= 2 ** 16))
    fail("option", `${who}: option 'memory.limit' is ${String(limit)}, expected bytes, at least ${2 ** 16}`);
}

/** A module with everything that compiling it gave. */
export interface Compiled {
  /** As it was given. */
  readonly given: Module;
  /** Optimised, at tensor level. */
  readonly module: Module;
  /** What the backend got: at loop level for generated code. */
  readonly lowered: Module;
  readonly entry: string;
  readonly signature: Signature;
  readonly executable: Executable;
  readonly log: CompileLog;
  /** The generated code; null where there is none. */
  readonly source: string | null;
  /** The name of the backend that runs it. */
  readonly backend: string;
  /** Why it is not the preferred one: what that has no code for. Null where it is. */
  readonly instead: string | null;
  /** The program at the level of another backend; of its own, where left out. */
  readonly lower: Lower;
}

/** Optimises a module and makes its entry callable; for more precise types of its arguments, where these are given. */
export function compileModule(module: Module, options: CompileOptions = {}, argumentTypes?: readonly Type[]): Compiled {
  bringAll();
  const refined = argumentTypes === undefined ? null : (entry: string): Pass => refineTo(entry, argumentTypes);
  return stackFrom(compileModule, () => compiled(module, options, refined));
}

/** As compileModule, for a module that the program traced: what made its operations brought what compiles them. */
export function compileProgram(module: Module, options: CompileOptions = {}): Compiled {
  return stackFrom(compileProgram, () => compiled(module, options, null));
}

/**
 * As compileModule, for any backend: one that has to wait for something before it can compile has no other way.
 *
 * @example const { executable } = await compileModuleAsync(module, { backend: gpu });
 */
export async function compileModuleAsync(module: Module, options: CompileOptions = {}): Promise<Compiled> {
  bringAll();
  const choice = choiceOf(options);
  const optimised = optimise(module, options, null, choice);
  const [backend, ...others] = choice.of(optimised.module);
  if (backend.compileAsync === undefined) return withFirst(optimised, [backend, ...others]);
  const prepared = lower(optimised, backend);
  return finish(prepared, await backend.compileAsync(prepared.lowered, prepared.backendOptions), optimised, null);
}

function compiled(module: Module, options: CompileOptions, refined: Refined): Compiled {
  const choice = choiceOf(options);
  const optimised = optimise(module, options, refined, choice);
  return withFirst(optimised, choice.of(optimised.module));
}

/** With the first of the backends; where that has no code for the program, with those behind it. */
function withFirst(optimised: Optimised, backends: readonly Backend[]): Compiled {
  let instead: string | null = null;
  for (const [i, backend] of backends.entries())
    try {
      const prepared = lower(optimised, backend);
      return finish(prepared, executableOf(prepared), optimised, instead);
    } catch (error) {
      if (i === backends.length - 1 || !(error instanceof AdjointError && error.code === "no-eval")) throw error;
      instead = `${backend.name} has no code for it: ${error.message}`;
    }
  throw new Error("internal invariant broken: there is a backend to choose");
}

function choiceOf(options: CompileOptions): Choice {
  requireCompileOptions(options);
  const isDebug = options.debug ?? isDebugging();
  return isDebug ? interpreted : chooseBackend(options.backend ?? "auto");
}

/** @throws AdjointError `option` for a backend that has to wait. */
function executableOf({ backend, lowered, backendOptions }: Prepared): Executable {
  if (compilesAtOnce(backend)) return backend.compile(lowered, backendOptions);
  return fail("option", `backend '${backend.name}' cannot compile at once`, {
    hint: "write await compileModuleAsync(…)",
  });
}

type Refined = ((entry: string) => Pass) | null;

/** A program after the passes at tensor level. */
interface Optimised extends Pick<Compiled, "given" | "module" | "entry" | "signature" | "log"> {
  readonly options: CompileOptions;
}

/** What a backend is given. */
interface Prepared extends Omit<Compiled, "executable" | "source" | "backend" | "instead" | "lower"> {
  readonly backend: Backend;
  readonly backendOptions: BackendOptions;
}

function optimise(given: Module, options: CompileOptions, refined: Refined, { first }: Choice): Optimised {
  const entry = entryOf(given, options.entry);
  if (entry.body.results.some(({ type }) => type.kind === "memref"))
    fail("structure", `@${entry.name} returns memory, expected numbers or tensors`, {
      origin: entry.origin,
      hint: "take the memory as an argument, and return nothing",
    });
  const { pipeline = programPipelines.tensor } = options;
  const reason = "the types of the arguments that come";
  const before = refined === null ? [] : [{ pass: refined(entry.name), reason }];
  const passes = new Pipeline(before).concat(pipeline);
  const { module, log } = runProgramPasses(given, passes, runOptions(options, first));
  const func = findFunc(module, entry.name) ?? fail("name", `the pipeline dropped the entry @${entry.name}`);
  return { given, module, entry: entry.name, signature: signatureOf(func), log, options };
}

function lower({ options, ...optimised }: Optimised, chosen: Backend): Prepared {
  const { module, entry, signature } = optimised;
  // another backend may begin again where this one gives up
  const log = new CompileLog(optimised.log);
  const mayLower = chosen.pipeline !== undefined || passParts.lowerToLoops.isHere;
  const backend = mayLower || isOfNumbers(module) ? chosen : interpretBackend;
  const lowered =
    backend.level === "tensor" ? module : loweredFor(backend, module, { ...runOptions(options, chosen), log });
  const debug = options.debug ?? isDebugging();
  const { observe, memory } = options;
  return { ...optimised, log, lowered, backend, backendOptions: { entry, signature, observe, debug, memory } };
}

function runOptions({ fast, check, ops }: CompileOptions, { target }: Backend): RunOptions {
  return { fast, check, ops, target };
}

function finish(prepared: Prepared, executable: Executable, optimised: Optimised, instead: string | null): Compiled {
  const { backend, backendOptions: _options, ...made } = prepared;
  return {
    ...made,
    executable,
    backend: backend.name,
    instead,
    lower: (other = backend) => (other.name === backend.name ? prepared : lower(optimised, other)),
    get source() {
      return executable.source;
    },
  };
}

/** The module as loops over memory, some of them over vectors. */
function loweredFor(
  { name, level, pipeline = programPipelines.loop }: Backend,
  module: Module,
  options: RunOptions,
): Module {
  const lowered = runProgramPasses(module, pipeline, options);
  if (lowered.level === "vector" && level !== "vector")
    fail("no-eval", `backend '${name}' has no vectors`, { hint: "run scalarise before" });
  return lowered.module;
}

function entryOf(module: Module, name: string | undefined): Func {
  if (name !== undefined) {
    const func = findFunc(module, name);
    if (func !== undefined) return func;
    const known = module.funcs.map((f) => `@${f.name}`).join(", ") || "none";
    fail("name", `the module has no function @${name}, expected one of ${known}`);
  }
  const last = module.funcs.findLast((f) => f.visibility === "public");
  return last ?? fail("name", "the module has no public function", { hint: "write func rather than private func" });
}

/** Whether all values are numbers. Of others, nothing is computed that counts, where nothing brought what lowers them. */
function isOfNumbers(module: Module): boolean {
  let found = true;
  const check = ({ type }: Value): void => {
    found &&= isScalar(type);
  };
  for (const { body } of module.funcs) {
    body.arguments.forEach(check);
    walk(body, ({ results }) => results.forEach(check));
  }
  return found;
}
