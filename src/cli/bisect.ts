// adjoint bisect: the pass, and then the single rewrite, that gets a module wrong.

import { printModule } from "../ir/index.ts";
import { type Command, loadTesting, readModule, readOptions, UsageError } from "./io.ts";
import { knownPasses, passLine, pipelineOf } from "./pass-names.ts";

const options = {
  passes: { type: "string" },
  from: { type: "string" },
  entry: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

export const bisect: Command = {
  name: "bisect",
  usage: "bisect FILE|- [--passes a,b] [--from PASS.js] [--entry f] [--json]",
  summary: "Finds the pass, and then the single rewrite, that gets IR wrong.",
  help: `Runs the passes, and halves how many of their runs happen, and then how many rewrites of the one that does it: the first
without which what the module means is kept. Prints what goes wrong, and the IR that the pass was given. Without --passes,
the \`// pass:\` line of the file says which run; without one, the default pipeline does.

  --passes a,b          the passes, in order
  --from PASS.js        a module whose exported passes, rules and pipelines --passes can name, too
  --entry f             the function of a file of TypeScript; the last exported one where left out
  --json                the same as JSON`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, options);
    if (positionals.length > 1) throw new UsageError(`unexpected argument '${positionals[1]}'`);
    const { module, text } = await readModule(positionals[0], io, values.entry);
    const names = values.passes ?? passLine(text);
    const pipeline = pipelineOf(names, await knownPasses(values.from, io, names));
    const { bisectFailure, describeBisection } = await loadTesting();
    const found = bisectFailure(module, pipeline);
    if (found === null) {
      io.out(values.json ? "null\n" : "nothing fails: the passes keep what the module means\n");
      return;
    }
    const { pass, run, runs, rewrite, message, before } = found;
    if (values.json) {
      io.out(`${JSON.stringify({ pass, run, runs, rewrite, message, before: printModule(before) }, null, 2)}\n`);
      return;
    }
    const again = `adjoint reduce FILE --passes ${pass}${values.from === undefined ? "" : ` --from ${values.from}`}`;
    io.out(`${describeBisection(found)}\n\n// before it: ${again}\n${printModule(before)}`);
  },
};
