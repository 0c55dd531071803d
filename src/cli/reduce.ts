// adjoint reduce: the smallest IR that still fails, for a pipeline or for a command of the user.

import { AdjointError, counted, countOperations, type Module, printModule } from "../ir/index.ts";
import type { Command } from "./command.ts";
import {
  type Io,
  isTypeScript,
  loadTesting,
  readModule,
  requireAtMost,
  requireOther,
  UsageError,
  writeFile,
} from "./io.ts";
import { knownPasses, passLine, pipelineOf, reporting } from "./pass-names.ts";

interface Values {
  readonly passes?: string;
  readonly from?: string;
  readonly predicate?: string;
  readonly entry?: string;
  readonly timeBudget?: string;
  readonly output?: string;
}

export const reduce: Command<Values> = {
  name: "reduce",
  usage: "FILE|- [options]",
  summary: "Reduces IR that fails to a few lines that still do.",
  help: `Operations, functions, arguments, shapes and constants go as long as what fails goes on failing. Without --predicate,
what fails are passes: one ends with an error, gives IR that is not valid, or changes what the module means (bits of
results, errors, what probes see) for sample inputs. Without --passes, the \`// pass:\` line of the file says which run;
without one, the default pipeline does.`,
  options: [
    { flags: "--passes <a,b>", what: "the passes, in order" },
    { flags: "--from <PASS.js>", what: "a module whose exported passes, rules and pipelines --passes can name, too" },
    {
      flags: "--predicate <command>",
      what: "runs with the path of a file of IR behind its last argument, and exits with 0 where the file is still interesting, as for creduce and cvise (mlir-reduce's scripts say it the other way round)",
    },
    {
      flags: "--entry <f>",
      what: "with --predicate the function that stays; the last public one where left out. Passes keep the one that differs. Of a file of TypeScript, the function that is read",
    },
    { flags: "--time-budget <SECONDS>", what: "the most seconds that it takes; 60 where left out" },
    { flags: "-o, --output <OUT.ir>", what: "where the IR goes; to standard output where left out" },
  ],
  examples: [
    ["adjoint reduce wrong.ir --passes cse,mine --from mine.js", "IR that a pass of one's own gets wrong"],
    ['adjoint reduce big.ir --predicate "./still-fails.sh" -o small.ir', "IR that a script finds interesting"],
  ],
  async run(words, values, io) {
    requireAtMost(1, words);
    const [path] = words;
    requireOther(values.output, path);
    if (values.predicate !== undefined && (values.passes !== undefined || values.from !== undefined))
      throw new UsageError("--predicate runs a command, and --passes and --from name passes", {
        hint: "give one of them",
      });
    const isSource = path !== undefined && isTypeScript(path);
    if (values.entry !== undefined && values.predicate === undefined && !isSource)
      throw new UsageError("--entry is for --predicate and for files of TypeScript", {
        hint: "what the passes get wrong says which function stays",
      });
    const { module, text } = await readModule(path, io, isSource ? values.entry : undefined);
    const milliseconds = secondsOf(values.timeBudget) * 1000;
    const reduced =
      values.predicate === undefined
        ? await byPasses(module, values.passes ?? passLine(text), values.from, milliseconds, io)
        : await byCommand(module, values.predicate, isSource ? undefined : values.entry, milliseconds, io);
    if (values.output === undefined) io.out(reduced.text);
    else writeFile(values.output, reduced.text, io);
    io.err(`${counted(countOperations(reduced.module), "operation")} of ${countOperations(module)}${reduced.why}\n`);
  },
};

interface Reduced {
  readonly module: Module;
  readonly text: string;
  /** What fails, for the last line. */
  readonly why: string;
}

async function byPasses(
  module: Module,
  names: string | undefined,
  from: string | undefined,
  timeBudget: number,
  io: Io,
): Promise<Reduced> {
  const pipeline = reporting(pipelineOf(names, await knownPasses(from, io, names)), "reducing", io);
  const { reduceFailure } = await loadTesting();
  const failure = reduceFailure(module, pipeline, { timeBudget });
  if (failure === null) {
    throw new AdjointError("argument", "nothing fails: the passes keep what the module means", {
      hint: "give the passes that fail with --passes, or a command with --predicate",
    });
  }
  const header = names === undefined ? "" : `// pass: ${names}\n`;
  return { module: failure.module, text: `${header}${printModule(failure.module)}`, why: `: ${failure.message}` };
}

async function byCommand(
  module: Module,
  command: string,
  entry: string | undefined,
  timeBudget: number,
  io: Io,
): Promise<Reduced> {
  const { reduceModule } = await loadTesting();
  const last = entry ?? module.funcs.findLast((f) => f.visibility === "public")?.name;
  if (last === undefined || !module.funcs.some((f) => f.name === last))
    throw new UsageError(
      entry === undefined ? "the module has no public function" : `the module has no function @${entry}`,
    );
  const deadline = performance.now() + timeBudget;
  const exitCode = (candidate: Module): number | null => {
    io.terminal?.progress(`reducing: ${counted(countOperations(candidate), "operation")}`);
    const left = deadline - performance.now();
    return left > 0 ? io.exitCode(command, printModule(candidate), left) : null;
  };
  const code = exitCode(module);
  if (code !== 0) {
    const ends = code === null ? `does not end within ${timeBudget / 1000} s` : `exits with ${code}`;
    throw new AdjointError("argument", `'${command}' ${ends} for the file itself, expected 0`, {
      hint: code === 127 ? "no such command" : "it exits with 0 where a file is interesting",
    });
  }
  const smallest = reduceModule(module, last, (m) => exitCode(m) === 0);
  return { module: smallest, text: printModule(smallest), why: "" };
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return 60;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new UsageError(`--time-budget is '${text}', expected seconds above 0`);
  return seconds;
}
