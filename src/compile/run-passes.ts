// Runs a pipeline with a log. The error of a pass that fails, breaks the IR or changes a bit has IR that reproduces it.

import {
  AdjointError,
  type ErrorCode,
  fail,
  hasMemory,
  holdsReuses,
  isScalar,
  type LegalAt,
  type Level,
  type Module,
  messageOf,
  type OpTable,
  opsIn,
  printType,
  requireChoice,
  stackFrom,
} from "../ir/index.ts";
import { constantOp } from "../ops/index.ts";
import { bringChecks, bringPlans, bringTexts, here } from "../parts/index.ts";
import { CompileLog, type Pass, type PassContext, type Pipeline, printing } from "../rewrite/index.ts";
import type { Target } from "../target/index.ts";

/**
 * `verify` runs the verifier after every pass. `validate` also runs the interpreter before and after a pass, on sample
 * inputs, and compares bits of results and of memory, once transforms are resolved.
 */
export type Check = (typeof checks)[number];
const checks = ["none", "verify", "validate"] as const;

export interface RunOptions {
  readonly ops?: OpTable;
  readonly fast?: boolean;
  readonly check?: Check;
  /** What code is made for; JavaScript where left out. */
  readonly target?: Target;
  /** The log to continue. */
  readonly log?: CompileLog;
}

/** The one op that passes know by name: others they import. */
const namedOps: OpTable = new Map([[constantOp.name, constantOp]]);

/** The module after all passes of the pipeline, and their log. */
export function runPasses(
  module: Module,
  pipeline: Pipeline,
  options: RunOptions = {},
): { module: Module; log: CompileLog } {
  bringChecks();
  bringTexts();
  bringPlans();
  const { module: after, log } = stackFrom(runPasses, () => runProgramPasses(module, pipeline, options));
  return { module: after, log };
}

/** Fails where the option `check` has a value that it has not, or one for which nothing is in the program. */
export function requireCheck(who: string, check: unknown): void {
  requireChoice(who, "check", check, checks);
  if (here.checks === null && check !== undefined && check !== "none")
    fail("option", `${who}: option 'check' is '${check}', but what checks passes is not in this program`, {
      hint: 'call bringChecks(), imported from "adjoint/mini", before',
    });
}

/**
 * As runPasses, with the level of the module after all passes, for a program whose options were read: what takes the option
 * `check` brought what it does.
 */
export function runProgramPasses(
  module: Module,
  pipeline: Pipeline,
  options: RunOptions = {},
): { module: Module; log: CompileLog; level: Level } {
  const log = options.log ?? new CompileLog();
  const warn = (message: string): void => {
    if (log.warn(message)) console.warn(`adjoint: ${message}`);
  };
  const { target } = options;
  const context: PassContext = { ops: options.ops ?? namedOps, fast: options.fast ?? false, target, warn };
  const check = options.check ?? "none";
  const validator = check === "validate" && here.checks !== null ? new here.checks.Validator() : null;
  let level = levelOf(module);
  const result = pipeline.run(module, (pass, given) => {
    // whose memory a result stands in holds of the operations as they are: what may move them knows nothing of it
    const before = level === "fused" && pass.level !== "fused" ? (here.unplanned?.(given) ?? given) : given;
    if (takesMemory(pass) && !hasMemory(level)) requireNumbers(pass, before);
    const after = attempt(pass, before, "structure", () => log.run(pass, before, context));
    // numbers are the same at both levels, so that they do not change when they are lowered
    level = pass.lowers ?? (takesMemory(pass) && !hasMemory(level) ? "loop" : level);
    if (after === before) return after;
    if (check !== "none") attempt(pass, before, "verify", () => here.checks?.verify(after, { level }));
    if (pass.isNear !== true) attempt(pass, before, "validate", () => validator?.compare(before, after));
    return after;
  });
  return { module: result, log, level };
}

/** Whether a pass is of a level at which modules have memory. */
function takesMemory({ level }: Pass): boolean {
  return level === "loop" || level === "vector";
}

/** The level of a module, by its ops, and by what it says of memory. Programs of scalars are at tensor level. */
function levelOf(module: Module): Level {
  const found = new Set<LegalAt>();
  for (const { body } of module.funcs) {
    for (const { type } of body.arguments) {
      if (type.kind === "memref") found.add("loop");
      if (type.kind === "vector") found.add("vector");
    }
    for (const { level } of opsIn(body)) found.add(level);
  }
  const level = (["vector", "loop", "fused"] as const).find((level) => found.has(level)) ?? "tensor";
  return level === "tensor" && holdsReuses(module) ? "fused" : level;
}

/** Fails where a pass of the loop level is given tensors. */
function requireNumbers({ name }: Pass, { funcs }: Module): void {
  for (const { body } of funcs) {
    const tensor = body.arguments.find(({ type }) => !isScalar(type) && type.kind !== "list");
    if (tensor === undefined) continue;
    const type = printType(tensor.type);
    fail("structure", `pass ${name} takes loops over memory, got an argument of type ${type}`, {
      hint: "run lower-to-loops before it",
    });
  }
}

/** Runs `body`, and adds to its error the IR that reproduces it. The user's own errors keep their code. */
function attempt<T>(pass: Pass, before: Module, code: ErrorCode, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof AdjointError && code === "structure") throw withReproducer(error, pass, before, error.code);
    throw withReproducer(error, pass, before, code);
  }
}

function withReproducer(error: unknown, pass: Pass, before: Module, code: ErrorCode): AdjointError {
  const isOurs = error instanceof AdjointError;
  const reason = isOurs ? error.reason : messageOf(error);
  const text = printing()?.printModule(before);
  const isUsers = isOurs && code === error.code && code !== "verify" && code !== "validate";
  return new AdjointError(code, isUsers ? reason : `pass ${pass.name}: ${reason}`, {
    origin: isOurs ? error.origin : null,
    reproducer: text && `// pass: ${pass.name}\n${text}`,
    cause: isOurs ? error.cause : error,
  });
}
