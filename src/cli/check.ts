// adjoint check: the testing kit on what a module of the user exports.

import { AdjointError, counted } from "../ir/index.ts";
import type { Command } from "./command.ts";
import { loadExports, loadTesting, requireAtMost, UsageError } from "./io.ts";
import { jsonText } from "./json.ts";

interface Values {
  readonly only: readonly string[];
  readonly runs?: string;
  readonly seed?: string;
  readonly replay?: string;
  readonly corpus?: string;
  readonly timeBudget?: string;
  readonly json?: boolean;
}

export const checkCommand: Command<Values> = {
  name: "check",
  usage: "PASS.js [options]",
  summary: "Tries the passes, rules, pipelines, ops and backends of a module on random programs.",
  help: `Each export of PASS.js that is a pass, a rule, a pipeline, an op or a backend, and each rule of an array of them, is run on
random programs, as by checkPass, checkRule, … of adjoint/testing. What is wrong is reported by the smallest program found,
and the exit code is 1 then.`,
  options: [
    { flags: "--only <NAME>", what: "this export alone; more than once for several", isList: true },
    { flags: "--runs <N>", what: "random programs for each" },
    { flags: "--seed <N>", what: "which random programs; 1 where left out" },
    { flags: "--replay <N>", what: "the one program that a report names" },
    { flags: "--corpus <FOLDER>", what: "files of IR that are tried first; failures are added to it" },
    { flags: "--time-budget <SECONDS>", what: "the most seconds of processor time for each; 60 where left out" },
    { flags: "--json", what: "what was tried, as JSON; errors, too" },
  ],
  examples: [
    ["adjoint check passes.js", "all that the module exports"],
    ["adjoint check passes.js --only fold --runs 10000 --seed 7", "one pass, on more programs than usual"],
  ],
  async run(words, values, io) {
    if (words.length === 0) throw new UsageError("PASS.js is missing");
    requireAtMost(1, words);
    const [path] = words;
    if (path.endsWith(".ir"))
      throw new UsageError(`'${path}' is IR, expected a module of JavaScript`, {
        hint: "adjoint reduce and adjoint bisect take IR",
      });
    const { checkAny } = await loadTesting();
    const exported = await loadExports(path, io);
    const missing = values.only.find((name) => !exported.has(name));
    if (missing !== undefined)
      throw new UsageError(`${path} exports no '${missing}', but ${[...exported.keys()].join(", ")}`);
    const seconds = numberOf("--time-budget", values.timeBudget, "a number above 0", (x) => x > 0);
    const asked = {
      runs: numberOf("--runs", values.runs, "a whole number from 0", isCount),
      seed: numberOf("--seed", values.seed, "a whole number", Number.isSafeInteger),
      replay: numberOf("--replay", values.replay, "a whole number from 0", isCount),
      corpus: values.corpus,
      timeBudget: seconds === undefined ? undefined : seconds * 1000,
    };
    const reports: object[] = [];
    let wrong = 0;
    for (const [name, thing] of exported) {
      if (values.only.length > 0 && !values.only.includes(name)) continue;
      for (const check of checkAny(name, thing)) {
        io.terminal?.progress(`trying ${check.name}`);
        try {
          const { programs, changed, stopped } = check.run(asked);
          reports.push({ name: check.name, programs, changed, stopped });
          const end = stopped === null ? "" : ", where its time ended (--time-budget SECONDS gives it more)";
          if (!values.json) io.out(`${check.name}: ${counted(programs, "program")}, ${changed} changed${end}\n`);
        } catch (error) {
          if (!(error instanceof AdjointError) || error.code !== "validate") throw error;
          wrong++;
          const message = asCommand(error.message, path, name).replace(/^pipeline is/, `${check.name} is`);
          reports.push({ name: check.name, wrong: message });
          if (!values.json) io.err(`${message.trimEnd()}\n\n`);
        }
      }
    }
    if (reports.length === 0)
      throw new UsageError(
        `${path} exports no pass, rule, pipeline, op or backend, but ${[...exported.keys()].join(", ")}`,
      );
    if (values.json) io.out(jsonText(reports));
    if (wrong > 0) throw new AdjointError("validate", `${path}: ${wrong} of ${reports.length} wrong`);
  },
};

/** The report, of which one line says how to see it again, as a command. */
function asCommand(report: string, path: string, name: string): string {
  return report.replace(/\nreplay: check\w+\(\w+, \{ (?:\.\.\.options, )?(.*) \}\)$/m, (_, options: string) => {
    const flags = [...options.matchAll(/(\w+): ("(?:[^"\\]|\\.)*"|[^,]+)/g)].map(([, o, value]) => ` --${o} ${value}`);
    return `\nreplay: adjoint check ${path} --only ${name}${flags.join("")}`;
  });
}

const isCount = (x: number): boolean => Number.isSafeInteger(x) && x >= 0;

function numberOf(
  option: string,
  text: string | undefined,
  expected: string,
  fits: (x: number) => boolean,
): number | undefined {
  if (text === undefined) return undefined;
  const x = text.trim() === "" ? Number.NaN : Number(text);
  if (!fits(x)) throw new UsageError(`${option} is '${text}', expected ${expected}`);
  return x;
}
