// adjoint compile: IR, a function of TypeScript or an expression as a standalone JavaScript module.

import { gradPipeline } from "../../passes/index.ts";
import { compile, compileExpression } from "../api/index.ts";
import { type Facts, runPasses } from "../compile/index.ts";
import { expressionNames } from "../frontend/index.ts";
import { withGradient } from "./grad.ts";
import {
  askedOf,
  type Command,
  type Io,
  isTypeScript,
  loadSource,
  readModule,
  readOptions,
  readProgram,
  requireOther,
  UsageError,
  writeFile,
} from "./io.ts";

const options = {
  expr: { type: "string" },
  output: { type: "string", short: "o" },
  gradient: { type: "boolean", default: false },
  hessian: { type: "boolean", default: false },
  wrt: { type: "string" },
  types: { type: "boolean", default: false },
  entry: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

export const compileCommand: Command = {
  name: "compile",
  usage: 'compile FILE|-|--expr "…" [--entry f] [-o OUT.js] [--gradient] [--hessian] [--wrt x,y] [--types] [--json]',
  summary: "Writes a standalone ES module: no imports, no eval, the same bytes each time.",
  help: `Of IR, numbers go in as numbers, tensors as typed arrays or { data, shape }; tensors come out as { data, shape }. Of
TypeScript, the function takes and gives what it says itself.

  --expr "sin(x*y)"     an expression instead of a file; its names are the arguments, in order of appearance
  --entry f             the function to export; left out, the last public one of IR, the last exported one of TypeScript
  --gradient            the function's results and its gradient: [value, gradient] of an expression and of TypeScript
  --hessian             [value, gradient, hessian] of an expression and of TypeScript
  --wrt x,y             the parameters of TypeScript to differentiate with respect to; all that have derivatives where left out
  -o OUT.js             writes a file instead of standard output, and with --types OUT.d.ts beside it (OUT.d.mts of OUT.mjs)
  --types               the declarations; without -o, instead of the code
  --json                code and types as data`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, options);
    requireOther(values.output, positionals[0]);
    if (values.json && values.output !== undefined) throw new UsageError("--json goes to standard output, without -o");
    const f = await compiled(values, positionals, io);
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
  readonly hessian: boolean;
  readonly wrt?: string;
  readonly entry?: string;
}

async function compiled(values: Values, positionals: readonly string[], io: Io): Promise<Facts> {
  const { expr, gradient, hessian } = values;
  if ((expr === undefined) === (positionals.length === 0)) throw new UsageError("expected FILE or --expr, one of them");
  if (positionals.length > 1) throw new UsageError(`unexpected argument '${positionals[1]}'`);
  const [path] = positionals;
  const isSource = path !== undefined && isTypeScript(path);
  if (values.wrt !== undefined && !isSource) throw new UsageError("--wrt is for files of TypeScript");
  if (expr !== undefined) return compileExpression(expr, expressionNames(expr), { gradient, hessian, backend: "js" });
  return isSource ? fromSource(path, values, io) : fromModule(path, values, io);
}

async function fromSource(path: string, { entry, gradient, hessian, wrt }: Values, io: Io): Promise<Facts> {
  if (wrt !== undefined && !gradient && !hessian) throw new UsageError("--wrt goes with --gradient or --hessian");
  const { compileProgram } = await loadSource();
  const { program } = await readProgram(path, io, entry);
  const names = wrt?.split(",").map((name) => name.trim());
  return askedOf(path, () => compileProgram(program, { gradient, hessian, wrt: names, backend: "js" }));
}

async function fromModule(path: string, { entry, gradient, hessian }: Values, io: Io): Promise<Facts> {
  if (hessian) throw new UsageError("--hessian is for expressions and files of TypeScript");
  const { module } = await readModule(path, io);
  if (!gradient) return askedOf(path, () => compile(module, { entry, backend: "js" }));
  const name = entry ?? module.funcs.findLast((f) => f.visibility === "public")?.name;
  if (name === undefined) throw new UsageError("the module has no public function");
  const { module: withBoth } = runPasses(withGradient(module, name, undefined), gradPipeline);
  return compile(withBoth, { backend: "js" });
}
