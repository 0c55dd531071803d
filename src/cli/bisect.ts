// adjoint bisect: the pass, and then the single rewrite, that gets a module wrong.

import { printModule } from "../ir/index.ts";
import { type Command, jsonOption } from "./command.ts";
import { loadTesting, readModule, requireAtMost } from "./io.ts";
import { jsonText } from "./json.ts";
import { knownPasses, passLine, pipelineOf, reporting } from "./pass-names.ts";

interface Values {
  readonly passes?: string;
  readonly from?: string;
  readonly entry?: string;
  readonly json?: boolean;
}

export const bisect: Command<Values> = {
  name: "bisect",
  usage: "FILE|- [options]",
  summary: "Finds the pass, and then the single rewrite, that gets IR wrong.",
  help: `Runs the passes, and halves how many of their runs happen, and then how many rewrites of the one that does it: the first
without which what the module means is kept. Prints what goes wrong, and the IR that the pass was given. Without --passes,
the \`// pass:\` line of the file says which run; without one, the default pipeline does.`,
  options: [
    { flags: "--passes <a,b>", what: "the passes, in order" },
    { flags: "--from <PASS.js>", what: "a module whose exported passes, rules and pipelines --passes can name, too" },
    { flags: "--entry <f>", what: "the function of a file of TypeScript; the last exported one where left out" },
    jsonOption,
  ],
  examples: [
    ["adjoint bisect wrong.ir", "which pass of the default pipeline gets it wrong"],
    ["adjoint bisect wrong.ir --passes cse,mine --from mine.js", "with a pass of one's own"],
  ],
  async run(words, values, io) {
    requireAtMost(1, words);
    const { module, text } = await readModule(words[0], io, values.entry);
    const names = values.passes ?? passLine(text);
    const pipeline = reporting(pipelineOf(names, await knownPasses(values.from, io, names)), "bisecting", io);
    const { bisectFailure, describeBisection } = await loadTesting();
    const found = bisectFailure(module, pipeline);
    if (found === null) {
      io.out(values.json ? "null\n" : "nothing fails: the passes keep what the module means\n");
      return;
    }
    const { pass, run, runs, rewrite, message, before } = found;
    if (values.json) {
      io.out(jsonText({ pass, run, runs, rewrite, message, before: printModule(before) }));
      return;
    }
    const again = `adjoint reduce FILE --passes ${pass}${values.from === undefined ? "" : ` --from ${values.from}`}`;
    io.out(`${describeBisection(found)}\n\n// before it: ${again}\n${printModule(before)}`);
  },
};
