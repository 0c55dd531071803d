// adjoint compile: IR or an expression as a standalone JavaScript module.

import { gradPipeline } from "../../passes/index.ts";
import { type CompiledFunction, compile, compileExpression } from "../api/index.ts";
import { runPasses } from "../compile/index.ts";
import { expressionNames } from "../frontend/index.ts";
import { withGradient } from "./grad.ts";
import { type Command, type Io, readModule, readOptions, UsageError, writeFile } from "./io.ts";

const options = {
  expr: { type: "string" },
  output: { type: "string", short: "o" },
  gradient: { type: "boolean", default: false },
  types: { type: "boolean", default: false },
  entry: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

export const compileCommand: Command = {
  name: "compile",
  usage: 'compile FILE.ir|-|--expr "…" [--entry f] [-o OUT.js] [--gradient] [--types] [--json]',
  summary: "Writes a standalone ES module: no imports, no eval, the same bytes each time.",
  help: `Numbers go in as numbers, tensors as typed arrays or { data, shape }; tensors come out as { data, shape }.

  --expr "sin(x*y)"     an expression instead of a file; its names are the arguments, in order of appearance
  --entry f             the function to export; the last public one where left out
  --gradient            the function's results and its gradient
  -o OUT.js             writes a file instead of standard output, and with --types OUT.d.ts beside it
  --types               the declarations; without -o, instead of the code
  --json                code and types as data`,
  run(args, io) {
    const { values, positionals } = readOptions(args, options);
    const f = compiled(values, positionals, io);
    const { code, types } = f.toModule();
    const { output } = values;
    if (values.json) io.out(`${JSON.stringify({ code, types }, null, 2)}\n`);
    else if (output === undefined) io.out(values.types ? types : code);
    else {
      writeFile(output, code, io);
      if (values.types)
        writeFile(`${output.replace(/\.m?js$/, "")}${output.endsWith(".mjs") ? ".d.mts" : ".d.ts"}`, types, io);
    }
  },
};

interface Values {
  readonly expr?: string;
  readonly gradient: boolean;
  readonly entry?: string;
}

function compiled({ expr, gradient, entry }: Values, positionals: readonly string[], io: Io): CompiledFunction {
  if ((expr === undefined) === (positionals.length === 0)) throw new UsageError("expected FILE or --expr, one of them");
  if (positionals.length > 1) throw new UsageError(`unexpected argument '${positionals[1]}'`);
  if (expr !== undefined) return compileExpression(expr, expressionNames(expr), { gradient, backend: "js" });
  const { module } = readModule(positionals[0], io);
  if (!gradient) return compile(module, { entry, backend: "js" });
  const name = entry ?? module.funcs.findLast((f) => f.visibility === "public")?.name;
  if (name === undefined) throw new UsageError("the module has no public function");
  const { module: withBoth } = runPasses(withGradient(module, name, undefined), gradPipeline);
  return compile(withBoth, { backend: "js" });
}
