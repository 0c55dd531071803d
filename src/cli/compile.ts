// adjoint compile: IR, a function of TypeScript or an expression as a standalone module.

import { gradPipeline } from "../../passes/index.ts";
import { compile, compileExpression } from "../api/index.ts";
import { type Facts, runPasses } from "../compile/index.ts";
import { expressionNames } from "../frontend/index.ts";
import { type Command, jsonOption } from "./command.ts";
import { withGradient } from "./grad.ts";
import {
  askedOf,
  type Io,
  isTypeScript,
  loadSource,
  readModule,
  readProgram,
  requireAtMost,
  requireOther,
  UsageError,
  writeFile,
} from "./io.ts";
import { jsonText } from "./json.ts";

export const compileCommand: Command<Values> = {
  name: "compile",
  usage: 'FILE|-|--expr "…" [options]',
  summary: "Writes a standalone ES module: no imports, no eval, the same bytes each time.",
  help: `Of IR, numbers go in as numbers, tensors as typed arrays or { data, shape }; tensors come out as { data, shape }. Of
TypeScript, the function takes and gives what it says itself.`,
  options: [
    {
      flags: "--expr <text>",
      what: "an expression instead of a file; its names are the arguments, in order of appearance",
    },
    {
      flags: "--entry <f>",
      what: "the function to export; left out, the last public one of IR, the last exported one of TypeScript",
    },
    {
      flags: "--gradient",
      what: "the function's results and its gradient: [value, gradient] of an expression and of TypeScript",
    },
    { flags: "--hessian", what: "[value, gradient, hessian] of an expression and of TypeScript" },
    {
      flags: "--wrt <x,y>",
      what: "the parameters of TypeScript to differentiate with respect to; all that have derivatives where left out",
    },
    {
      flags: "-o, --output <OUT.js>",
      what: "a file instead of standard output, and with --types OUT.d.ts beside it (OUT.d.mts of OUT.mjs), with --wat OUT.wat",
    },
    { flags: "--types", what: "the declarations; without -o, instead of the code" },
    {
      flags: "--target <js|wasm>",
      what: "js, or wasm: WebAssembly inside of the module, and JavaScript where a host has none",
      default: "js",
    },
    { flags: "--wat", what: "of --target wasm the text of the WebAssembly; without -o, instead of the code" },
    { ...jsonOption, what: "code and types as JSON; errors, too" },
  ],
  examples: [
    ["adjoint compile loss.ts --gradient --types -o loss.js", "a function of TypeScript and its gradient, with types"],
    ['adjoint compile --expr "sin(x*y)" --gradient', "an expression"],
    ["adjoint compile model.ir --entry main -o model.js", "a function of a file of IR"],
    ["adjoint compile model.ir --target wasm --types -o model.js", "the same with WebAssembly inside, and types"],
  ],
  async run(words, values, io) {
    const { output, target } = values;
    requireOther(output, words[0]);
    if (values.json && output !== undefined) throw new UsageError("--json goes to standard output, without -o");
    if (target !== "js" && target !== "wasm") throw new UsageError(`--target is '${target}', expected js or wasm`);
    if (values.wat && target === "js") throw new UsageError("--wat goes with --target wasm");
    if (values.wat && values.types && output === undefined && !values.json)
      throw new UsageError("--types and --wat are two texts: write one of them, or -o");
    const f = await compiled({ ...values, target }, words, io);
    const { code, types } = f.toModule({ target });
    const wat = values.wat ? watOf(f) : undefined;
    if (values.json) io.out(jsonText({ code, types, ...(wat !== undefined && { wat }) }));
    else if (output === undefined) io.out(wat ?? (values.types ? types : code));
    else {
      const stem = output.replace(/\.m?js$/, "");
      writeFile(output, code, io);
      if (values.types) writeFile(`${stem}${output.endsWith(".mjs") ? ".d.mts" : ".d.ts"}`, types, io);
      if (wat !== undefined) writeFile(`${stem}.wat`, wat, io);
    }
  },
};

/** The text of the WebAssembly that a function runs as. */
function watOf({ backend, source }: Facts): string {
  if (backend === "wasm") return `${source}\n`;
  throw new UsageError("--wat: there is no WebAssembly of this program here", {
    hint: "the module says why, without --wat",
  });
}

interface Values {
  readonly expr?: string;
  readonly gradient?: boolean;
  readonly hessian?: boolean;
  readonly wrt?: string;
  readonly entry?: string;
  readonly output?: string;
  readonly types?: boolean;
  readonly target: string;
  readonly wat?: boolean;
  readonly json?: boolean;
}

/** The options of what is compiled. */
type Asked = Values & { readonly target: "js" | "wasm" };

async function compiled(values: Asked, words: readonly string[], io: Io): Promise<Facts> {
  const { expr, gradient, hessian, target: backend } = values;
  if ((expr === undefined) === (words.length === 0)) throw new UsageError("expected FILE or --expr, one of them");
  requireAtMost(1, words);
  const [path] = words;
  const isSource = path !== undefined && isTypeScript(path);
  if (values.wrt !== undefined && !isSource) throw new UsageError("--wrt is for files of TypeScript");
  if (expr !== undefined) return compileExpression(expr, expressionNames(expr), { gradient, hessian, backend });
  return isSource ? fromSource(path, values, io) : fromModule(path, values, io);
}

async function fromSource(
  path: string,
  { entry, gradient, hessian, wrt, target: backend }: Asked,
  io: Io,
): Promise<Facts> {
  if (wrt !== undefined && !gradient && !hessian) throw new UsageError("--wrt goes with --gradient or --hessian");
  const { compileProgram } = await loadSource();
  const { program } = await readProgram(path, io, entry);
  const names = wrt?.split(",").map((name) => name.trim());
  return askedOf(path, () => compileProgram(program, { gradient, hessian, wrt: names, backend }));
}

async function fromModule(path: string, { entry, gradient, hessian, target: backend }: Asked, io: Io): Promise<Facts> {
  if (hessian) throw new UsageError("--hessian is for expressions and files of TypeScript");
  const { module } = await readModule(path, io);
  if (!gradient) return askedOf(path, () => compile(module, { entry, backend }));
  const name = entry ?? module.funcs.findLast((f) => f.visibility === "public")?.name;
  if (name === undefined) throw new UsageError("the module has no public function");
  const { module: withBoth } = runPasses(withGradient(module, name, undefined), gradPipeline);
  return compile(withBoth, { backend });
}
