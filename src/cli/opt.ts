// adjoint opt: runs passes over IR and shows what they do.

import { standardPasses } from "../../passes/index.ts";
import { type Check, runPasses } from "../compile/index.ts";
import { countOperations, printModule } from "../ir/index.ts";
import type { CompileLog } from "../rewrite/index.ts";
import { type Command, jsonOption } from "./command.ts";
import { type Io, isTypeScript, readModule, requireAtMost, UsageError } from "./io.ts";
import { jsonText } from "./json.ts";
import { passLine, passOf, pipelineOf, reporting } from "./pass-names.ts";
import { painterOf, paintLog } from "./terminal.ts";

interface Values {
  readonly entry?: string;
  readonly passes?: string;
  readonly printAfterAll?: boolean;
  readonly printBefore: readonly string[];
  readonly printAfter: readonly string[];
  readonly diff?: boolean;
  readonly timing?: boolean;
  readonly check: string;
  readonly origins?: boolean;
  readonly fast?: boolean;
  readonly json?: boolean;
}

export const opt: Command<Values> = {
  name: "opt",
  usage: "FILE|- [options]",
  summary: "Runs passes over IR and prints the result.",
  help: `Without --passes, the \`// pass: a, b\` line of a file of IR says what to run; without one, the default pipeline runs.
--passes "" shows what a file of TypeScript becomes, as it was read. The passes are ${[...standardPasses.keys()].join(", ")}.`,
  options: [
    { flags: "--entry <f>", what: "the function of a file of TypeScript; the last exported one where left out" },
    { flags: "--passes <a,b,c>", what: "the passes, in order" },
    { flags: "--print-after-all", what: "the module after each pass that changed something" },
    { flags: "--print-before <P>", what: "the module before pass P; more than once for several", isList: true },
    { flags: "--print-after <P>", what: "the module after pass P; more than once for several", isList: true },
    { flags: "--diff", what: "the lines each pass removed (-), added (+) or changed (~)" },
    { flags: "--timing", what: "milliseconds of each pass" },
    {
      flags: "--check <level>",
      what: "verify runs the verifier after every pass; validate also runs the interpreter before and after and compares bits; none checks nothing",
      default: "verify",
    },
    { flags: "--origins", what: "where each operation came from" },
    { flags: "--fast", what: "allows rewrites that change bits" },
    { ...jsonOption, what: "the log as JSON; errors, too" },
  ],
  examples: [
    ["adjoint opt model.ir", "the default pipeline"],
    ["adjoint opt model.ir --passes inline,cse --diff", "two passes, and what each of them changes"],
    ['adjoint opt loss.ts --passes "" --origins', "what a function of TypeScript becomes, with its lines"],
  ],
  async run(words, values, io) {
    requireAtMost(1, words);
    const [path] = words;
    const { module, text } = await readModule(path, io, values.entry);
    for (const name of [...values.printBefore, ...values.printAfter]) passOf(name);
    const pipeline = pipelineOf(
      values.passes ?? (path !== undefined && isTypeScript(path) ? undefined : passLine(text)),
    );
    const told = reporting(pipeline, "running", io);
    const { module: result, log } = runPasses(module, told, { check: checkOf(values.check), fast: values.fast });
    if (values.json) {
      io.out(jsonText({ passes: log, operations: countOperations(result), module: printModule(result) }));
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

function writeLog(log: CompileLog, values: Values, io: Io): void {
  const paint = painterOf(io.terminal?.outHasColours ?? false);
  const out = (text: string): void => io.out(paintLog(text, paint));
  const { printAfterAll: modules, diff, timing } = values;
  if (modules || diff || timing) out(`${log.text({ modules, diff, timing })}\n// ----- result\n`);
  for (const entry of log.entries) {
    if (values.printBefore.includes(entry.pass)) out(`// ----- before ${entry.pass}\n${printModule(entry.before)}`);
    if (values.printAfter.includes(entry.pass)) out(`// ----- after ${entry.pass}\n${printModule(entry.after)}`);
  }
}
