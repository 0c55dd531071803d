// adjoint run: runs a function of an IR file on JSON arguments.

import { type CompileOptions, compileModule } from "../compile/index.ts";
import { counted, type Module, type NdArray, requireFunc } from "../ir/index.ts";
import type { SourceProgram } from "../source/index.ts";
import {
  askedOf,
  type Command,
  type Io,
  isTypeScript,
  loadSource,
  readModule,
  readOptions,
  readProgram,
  UsageError,
} from "./io.ts";
import { readStructure, readValue, writePlain, writeValue } from "./values.ts";

const options = {
  backend: { type: "string", default: "auto" },
  json: { type: "boolean", default: false },
} as const;

export const run: Command = {
  name: "run",
  usage: "run FILE|- [@func] ARGS… [--backend interpret|js] [--json]",
  summary: "Runs a function on JSON arguments and prints JSON results, one a line.",
  help: `Arguments are JSON: 1.5, true, [[1, 2], [3, 4]]; numbers also nan, inf, -inf ("nan" within arrays). For TypeScript they
are what the function takes: {"x": 1, "v": [2, 3]}; arrays that it writes to follow what it gives.
Without @func the last public function runs, of TypeScript the last exported one.

  --backend interpret   the reference interpreter; js generates JavaScript (the default where it may run)
  --json                all results as one JSON array`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, options);
    const [path, ...rest] = positionals;
    const entry = rest[0]?.startsWith("@") ? rest.shift()?.slice(1) : undefined;
    const { backend } = values;
    if (backend !== "auto" && backend !== "interpret" && backend !== "js") {
      throw new UsageError(`--backend is '${backend}', expected interpret or js`);
    }
    const isSource = path !== undefined && isTypeScript(path);
    const results = isSource
      ? await runSource(path, await readProgram(path, io, entry), rest, backend)
      : runModule((await readModule(path, io)).module, { entry, backend }, rest, io);
    io.out(values.json ? `[${results.join(", ")}]\n` : results.map((r) => `${r}\n`).join(""));
  },
};

/** The results as JSON. */
function runModule(
  module: Module,
  options: Pick<CompileOptions, "entry" | "backend">,
  args: readonly string[],
  io: Io,
): readonly string[] {
  const observe = (name: string, value: NdArray): void => io.err(`probe ${name}: ${writeValue(value)}\n`);
  const compiled = compileModule(module, { ...options, observe });
  const { signature, executable } = compiled;
  if (args.length !== signature.arguments.length) {
    throw new UsageError(
      `@${signature.name} takes ${counted(signature.arguments.length, "argument")}, got ${args.length}`,
    );
  }
  const func = requireFunc(compiled.module, compiled.entry);
  const names = func.body.arguments.map((a) => a.name);
  const arrays = args.map((text, i) => readValue(text, signature.arguments[i], `argument ${names[i] ?? i}`));
  return executable.run(arrays).map(writeValue);
}

/** The result, if there is one, and the arrays that were written to. */
async function runSource(
  path: string,
  { program }: { readonly program: SourceProgram },
  args: readonly string[],
  backend: CompileOptions["backend"],
): Promise<readonly string[]> {
  const { parameters, result, written, entry } = program;
  const required = parameters.filter((p) => p.fallback === undefined).length;
  if (args.length > parameters.length || args.length < required) {
    const expected = required === parameters.length ? required : `${required} to ${parameters.length}`;
    throw new UsageError(`'${entry}' takes ${counted(expected, "argument")}, got ${args.length}`);
  }
  const { compileProgram } = await loadSource();
  const leaves: unknown[] = [];
  const values = args.map((text, i) => {
    const { name, structure } = parameters[i];
    return readStructure(text, structure, `argument ${name === "" ? i : name}`, leaves);
  });
  const given: unknown = askedOf(path, () => compileProgram(program, { backend })(...values));
  return [...(result.kind === "nothing" ? [] : [given]), ...written.map((i) => leaves[i])].map(writePlain);
}
