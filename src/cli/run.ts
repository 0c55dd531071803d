// adjoint run: runs a function of an IR file on JSON arguments.

import { type CompileOptions, compileModule } from "../compile/index.ts";
import { counted, type Module, type NdArray, printType, requireFunc } from "../ir/index.ts";
import type { SourceProgram } from "../source/index.ts";
import { spell } from "../source/state/bind.ts";
import { type Command, jsonOption } from "./command.ts";
import { askedOf, type Io, isTypeScript, loadSource, readModule, readProgram, UsageError } from "./io.ts";
import { jsonText, oneLine } from "./json.ts";
import { nestedOf, readStructure, readValue } from "./values.ts";

const backends: readonly string[] = ["auto", "interpret", "js", "wasm"];

interface Values {
  readonly backend: string;
  readonly json?: boolean;
}

export const run: Command<Values> = {
  name: "run",
  usage: "FILE|- [@func] ARGS… [options]",
  summary: "Runs a function on JSON arguments and prints JSON results, one a line.",
  help: `Arguments are JSON: 1.5, true, [[1, 2], [3, 4]]; numbers also nan, inf, -inf ("nan" within arrays). For TypeScript they
are what the function takes: {"x": 1, "v": [2, 3]}; arrays that it writes to follow what it gives. Without @func the last
public function runs, of TypeScript the last exported one.`,
  options: [
    {
      flags: "--backend <name>",
      what: "interpret is the reference interpreter; js generates JavaScript, which auto does where it may run; wasm is WebAssembly",
      default: "auto",
    },
    { ...jsonOption, what: "all results as one JSON array; errors as JSON, too" },
  ],
  examples: [
    ["adjoint run model.ir @loss 1.5 '[1, 2, 3]'", "a function of a number and a vector"],
    ["adjoint run loss.ts '{\"x\": 1}' --json", "the last function of a file of TypeScript, for a program"],
  ],
  async run(words, values, io) {
    const [path, ...rest] = words;
    const entry = rest[0]?.startsWith("@") ? rest.shift()?.slice(1) : undefined;
    const { backend } = values;
    if (!backends.includes(backend)) throw new UsageError(`--backend is '${backend}', expected interpret, js or wasm`);
    const isSource = path !== undefined && isTypeScript(path);
    const results = isSource
      ? await runSource(path, await readProgram(path, io, entry), rest, backend)
      : runModule((await readModule(path, io)).module, { entry, backend }, rest, io);
    io.out(values.json ? jsonText(results) : results.map((r) => `${oneLine(r)}\n`).join(""));
  },
};

/** The results as arrays and numbers. */
function runModule(
  module: Module,
  options: Pick<CompileOptions, "entry" | "backend">,
  args: readonly string[],
  io: Io,
): readonly unknown[] {
  const observe = (name: string, value: NdArray): void => io.err(`probe ${name}: ${oneLine(nestedOf(value))}\n`);
  const compiled = compileModule(module, { ...options, observe });
  const { signature, executable } = compiled;
  const func = requireFunc(compiled.module, compiled.entry);
  const names = func.body.arguments.map((a) => a.name);
  if (args.length !== signature.arguments.length) {
    const parameters = signature.arguments.map((type, i) => `${names[i] ?? i}: ${printType(type)}`);
    throw new UsageError(
      `@${signature.name} takes ${counted(signature.arguments.length, "argument")}, got ${args.length}`,
      { more: `its arguments are ${parameters.join(", ") || "none"}` },
    );
  }
  const arrays = args.map((text, i) => readValue(text, signature.arguments[i], `argument ${names[i] ?? i}`));
  return executable.run(arrays).map(nestedOf);
}

/** The result, if there is one, and the arrays that were written to. */
async function runSource(
  path: string,
  { program }: { readonly program: SourceProgram },
  args: readonly string[],
  backend: CompileOptions["backend"],
): Promise<readonly unknown[]> {
  const { parameters, result, written, entry } = program;
  const { compileProgram } = await loadSource();
  const required = parameters.filter((p) => p.fallback === undefined).length;
  if (args.length > parameters.length || args.length < required) {
    const expected = required === parameters.length ? required : `${required} to ${parameters.length}`;
    const spelled = parameters.map(
      ({ name, structure, fallback }, i) =>
        `${name === "" ? i : name}${fallback === undefined ? "" : "?"}: ${spell(structure)}`,
    );
    throw new UsageError(`'${entry}' takes ${counted(expected, "argument")}, got ${args.length}`, {
      more: `its parameters are ${spelled.join(", ") || "none"}`,
    });
  }
  const leaves: unknown[] = [];
  const values = args.map((text, i) => {
    const { name, structure } = parameters[i];
    return readStructure(text, structure, `argument ${name === "" ? i : name}`, leaves);
  });
  const given: unknown = askedOf(path, () => compileProgram(program, { backend })(...values));
  return [...(result.kind === "nothing" ? [] : [given]), ...written.map((i) => leaves[i])];
}
