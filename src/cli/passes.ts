// adjoint passes: the passes, and where and why the default pipeline runs one.

import { loopPipeline, standardPasses, tensorPipeline } from "../../passes/index.ts";
import { runPasses } from "../compile/index.ts";
import { printModule } from "../ir/index.ts";
import { parse } from "../ops/index.ts";
import { type Pass, Pipeline, type Stage } from "../rewrite/index.ts";
import { type Command, jsonOption } from "./command.ts";
import { columns, type Io, show } from "./io.ts";

export const passesCommand: Command<{ readonly json?: boolean }> = {
  name: "passes",
  usage: "[NAME] [options]",
  summary: "Lists the passes and the default pipeline, or shows one pass.",
  help: `NAME is a pass, as in opt --passes. A pipeline is an ordered list of passes, each line with its reason; lines with one
group run until a round changes nothing.`,
  options: [jsonOption],
  examples: [
    ["adjoint passes", "all of them, and in which order they run"],
    ["adjoint passes cse", "what one does, by an example"],
  ],
  run(words, values, io) {
    const list = (all: readonly Pass[]): string => overview(all, io);
    show({ what: "pass", things: standardPasses, overview: list, page, describe }, words, values, io);
  },
};

const pipelines = { "tensor level": tensorPipeline, "loop level": loopPipeline };

function overview(all: readonly Pass[], io: Io): string {
  const parts = [
    columns(
      all.map((pass) => [pass.name, pass.summary]),
      0,
      io,
    ),
  ];
  for (const [level, { stages }] of Object.entries(pipelines)) {
    const rows = stages.map((stage) => [stage.group === undefined ? "" : "repeat", stage.pass.name, stage.reason]);
    parts.push(`the default pipeline, ${level}:\n${columns(rows, 1, io)}`);
  }
  return parts.join("\n");
}

function stagesOf(pass: Pass): readonly { readonly level: string; readonly stage: Stage }[] {
  return Object.entries(pipelines).flatMap(([level, { stages }]) =>
    stages.flatMap((stage) => (stage.pass.name === pass.name ? [{ level, stage }] : [])),
  );
}

function describe(pass: Pass): object {
  const { name, summary, level = "tensor", resolves = false, lowers = null, idempotent = false, example } = pass;
  const runs = stagesOf(pass).map(({ level, stage }) => ({ level, reason: stage.reason }));
  return { name, summary, level, resolves, lowers, idempotent, runs, example };
}

function page(pass: Pass): string {
  const runs = stagesOf(pass).map(({ level, stage }) => `  ${level}: ${stage.reason}`);
  const where = runs.length === 0 ? "runs only when asked for" : `runs at\n${runs.join("\n")}`;
  return `${pass.name}: ${pass.summary}\n\n${where}\n${exampleOf(pass)}`;
}

/** The example before and after: the pass itself says what it does to it. */
function exampleOf(pass: Pass): string {
  if (pass.example === undefined) return "";
  const before = parse(pass.example, { file: `<example of ${pass.name}>` });
  const { module } = runPasses(before, new Pipeline([{ pass: pass.small ?? pass, reason: pass.summary }]), {
    check: "verify",
  });
  return `\n// before\n${printModule(before)}\n// after\n${printModule(module)}`;
}
