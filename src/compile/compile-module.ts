// compileModule: choose the pipeline and the backend, run the passes, and keep the log.

import { passParts, programPipelines, refineTo } from "../../passes/index.ts";
import {
  type Backend,
  type BackendOptions,
  compilesAtOnce,
  type Executable,
  interpretBackend,
  isBackend,
  registeredBackends,
} from "../backend/index.ts";
import {
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
import { bringAll, here } from "../parts/index.ts";
import { type CompileLog, type Pass, Pipeline } from "../rewrite/index.ts";
import { type Check, type RunOptions, requireCheck, runProgramPasses } from "./run-passes.ts";

export interface CompileOptions {
  /** The function to run; the last public one where left out. */
  readonly entry?: string;
  /**
   * `auto` takes generated JavaScript where it may run, and the interpreter elsewhere. Any other is a backend itself, or what it
   * was registered as.
   */
  readonly backend?: "auto" | "interpret" | "js" | (string & {}) | Backend;
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
  ops: true,
};

/** Fails (code `option`) where `options` has a name or a value that compile does not know. `who` is the function that takes them. */
export function requireCompileOptions(options: unknown, who = "compile"): asserts options is CompileOptions {
  requireOptions(who, options, Object.keys(optionNames));
  const { backend, check, fast, pipeline, observe, debug } = options as CompileOptions;
  if (!isBackend(backend)) requireChoice(who, "backend", backend, ["auto", ...backends().keys()]);
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
  if (pipeline !== undefined && typeof pipeline?.run !== "function")
    fail("option", `${who}: option 'pipeline' is no Pipeline`, { hint: "write new Pipeline([…])" });
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
}

/** The backends of a program, by name. */
function backends(): ReadonlyMap<string, Backend> {
  return new Map<string, Backend>([
    ...[interpretBackend, here.js].map((b) => [b.name, b] as const),
    ...registeredBackends(),
  ]);
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
  const prepared = prepare(module, options, null);
  const { backend, lowered, backendOptions } = prepared;
  const late = backend.compileAsync?.(lowered, backendOptions);
  return finish(prepared, late === undefined ? executableOf(prepared) : await late);
}

function compiled(module: Module, options: CompileOptions, refined: Refined): Compiled {
  const prepared = prepare(module, options, refined);
  return finish(prepared, executableOf(prepared));
}

/** @throws AdjointError `option` for a backend that has to wait. */
function executableOf({ backend, lowered, backendOptions }: Prepared): Executable {
  if (compilesAtOnce(backend)) return backend.compile(lowered, backendOptions);
  return fail("option", `backend '${backend.name}' cannot compile at once`, {
    hint: "write await compileModuleAsync(…)",
  });
}

type Refined = ((entry: string) => Pass) | null;

/** What a backend is given. */
interface Prepared extends Omit<Compiled, "executable" | "source"> {
  readonly backend: Backend;
  readonly backendOptions: BackendOptions;
}

function prepare(module: Module, options: CompileOptions, refined: Refined): Prepared {
  requireCompileOptions(options);
  const entry = entryOf(module, options.entry);
  if (entry.body.results.some(({ type }) => type.kind === "memref"))
    fail("structure", `@${entry.name} returns memory, expected numbers or tensors`, {
      origin: entry.origin,
      hint: "take the memory as an argument, and return nothing",
    });
  const debug = options.debug ?? isDebugging();
  const chosen = debug ? interpretBackend : chooseBackend(options.backend ?? "auto");
  const passOptions = { fast: options.fast, check: options.check, ops: options.ops, target: chosen.target };
  const { pipeline = programPipelines.tensor } = options;
  const reason = "the types of the arguments that come";
  const first = refined === null ? [] : [{ pass: refined(entry.name), reason }];
  const optimised = runProgramPasses(module, new Pipeline(first).concat(pipeline), passOptions);
  const func = findFunc(optimised.module, entry.name) ?? fail("name", `the pipeline dropped the entry @${entry.name}`);
  const signature = signatureOf(func);
  const mayLower = chosen.pipeline !== undefined || passParts.lowerToLoops.isHere;
  const backend = mayLower || isOfNumbers(optimised.module) ? chosen : interpretBackend;
  const lowered = backend.level === "tensor" ? optimised.module : loweredFor(backend, optimised, passOptions);
  const backendOptions = { entry: entry.name, signature, observe: options.observe, debug };
  const { module: tensors, log } = optimised;
  return { given: module, module: tensors, lowered, entry: entry.name, signature, log, backend, backendOptions };
}

function finish({ backend: _backend, backendOptions: _options, ...made }: Prepared, executable: Executable): Compiled {
  return { ...made, executable, source: executable.source };
}

/** The module as loops over memory, some of them over vectors. */
function loweredFor(
  { name, level, pipeline = programPipelines.loop }: Backend,
  { module, log }: { module: Module; log: CompileLog },
  options: RunOptions,
): Module {
  const lowered = runProgramPasses(module, pipeline, { ...options, log });
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

function chooseBackend(asked: string | Backend): Backend {
  const name = typeof asked === "string" ? asked : asked.name;
  if (name === "auto") {
    if (here.js.isAvailable()) return here.js;
    warnOfInterpreting();
    return interpretBackend;
  }
  const known = typeof asked === "string" ? backends().get(asked) : asked;
  const backend = known ?? fail("option", `unknown backend '${name}'`);
  if (!backend.isAvailable())
    fail("option", `backend '${name}' cannot run here${name === "js" ? ", where new Function is forbidden" : ""}`, {
      hint: "leave the option out, or write interpret",
    });
  return backend;
}

let isWarned = false;

/** Says once that programs run slowly here, and what to do. Whoever asked for the interpreter knows. */
function warnOfInterpreting(): void {
  if (isWarned) return;
  isWarned = true;
  console.warn(
    "Adjoint: the content security policy forbids generated code here, so functions are interpreted, which takes 10 to 100 times as long: compile them ahead of time with f.toModule(), allow script-src 'unsafe-eval', or write backend: \"interpret\" where that is meant",
  );
}
