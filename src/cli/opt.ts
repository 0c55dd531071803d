// adjoint opt: runs passes over IR and shows what they do.

import { standardPasses } from "../../passes/index.ts";
import { type Check, runPasses } from "../compile/index.ts";
import { countOperations, printModule } from "../ir/index.ts";
import type { CompileLog } from "../rewrite/index.ts";
import { type Command, type Io, isTypeScript, readModule, readOptions, UsageError } from "./io.ts";
import { passLine, passOf, pipelineOf } from "./pass-names.ts";

const options = {
  entry: { type: "string" },
  passes: { type: "string" },
  "print-after-all": { type: "boolean", default: false },
  "print-before": { type: "string", multiple: true, default: [] as string[] },
  "print-after": { type: "string", multiple: true, default: [] as string[] },
  diff: { type: "boolean", default: false },
  timing: { type: "boolean", default: false },
  check: { type: "string", default: "verify" },
  origins: { type: "boolean", default: false },
  fast: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

export const opt: Command = {
  name: "opt",
  usage:
    "opt FILE|- [--entry f] [--passes a,b,c] [--print-after-all] [--print-before=P] [--print-after=P] [--diff] [--timing] [--check verify|validate|none] [--origins] [--fast] [--json]",
  summary: "Runs passes over IR and prints the result.",
  help: `Without --passes, the \`// pass: a, b\` line of a file of IR says what to run; without one, the default pipeline runs.
--passes "" shows what a file of TypeScript becomes, as it was read.

  --entry f             the function of a file of TypeScript; the last exported one where left out
  --passes a,b,c        the passes, in order: ${[...standardPasses.keys()].join(", ")}
  --print-after-all     the module after each pass that changed something
  --print-before=P      the module before pass P; --print-after=P after it
  --diff                the lines each pass removed (-), added (+) or changed (~)
  --timing              milliseconds of each pass
  --check verify        the verifier after every pass (the default); validate also runs the interpreter before and
                        after and compares bits; none checks nothing
  --origins             prints where each operation came from
  --fast                allows rewrites that change bits
  --json                the log as JSON`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, options);
    if (positionals.length > 1) throw new UsageError(`unexpected argument '${positionals[1]}'`);
    const [path] = positionals;
    const { module, text } = await readModule(path, io, values.entry);
    for (const name of [...values["print-before"], ...values["print-after"]]) passOf(name);
    const pipeline = pipelineOf(
      values.passes ?? (path !== undefined && isTypeScript(path) ? undefined : passLine(text)),
    );
    const { module: result, log } = runPasses(module, pipeline, { check: checkOf(values.check), fast: values.fast });
    if (values.json) {
      io.out(
        `${JSON.stringify({ passes: log, operations: countOperations(result), module: printModule(result) }, null, 2)}\n`,
      );
      return;
    }
    writeLog(log, values, io);
    io.out(printModule(result, { origins: values.origins ? "comment" : false }));
  },
};

function checkOf(name: string): Check {
  if (name === "none" || name === "verify" || name === "validate") return name;
  throw new UsageError(`--check is '${name}', expected none, verify or validate`);
}

interface LogOptions {
  readonly "print-after-all": boolean;
  readonly "print-before": readonly string[];
  readonly "print-after": readonly string[];
  readonly diff: boolean;
  readonly timing: boolean;
}

function writeLog(log: CompileLog, values: LogOptions, io: Io): void {
  if (values["print-after-all"] || values.diff || values.timing) {
    io.out(
      `${log.text({ modules: values["print-after-all"], diff: values.diff, timing: values.timing })}\n// ----- result\n`,
    );
  }
  for (const entry of log.entries) {
    if (values["print-before"].includes(entry.pass))
      io.out(`// ----- before ${entry.pass}\n${printModule(entry.before)}`);
    if (values["print-after"].includes(entry.pass)) io.out(`// ----- after ${entry.pass}\n${printModule(entry.after)}`);
  }
}
