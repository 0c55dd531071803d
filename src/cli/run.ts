// adjoint run: runs a function of an IR file on JSON arguments.

import { compileModule } from "../compile/index.ts";
import { type Func, findFunc } from "../ir/index.ts";
import { type Command, readModule, readOptions, readValue, UsageError, writeValue } from "./io.ts";

const options = {
  backend: { type: "string", default: "auto" },
  json: { type: "boolean", default: false },
} as const;

export const run: Command = {
  name: "run",
  usage: "run FILE|- [@func] ARGS… [--backend interpret|js] [--json]",
  summary: "Runs a function on JSON arguments and prints JSON results, one a line.",
  help: `Arguments are JSON: 1.5, true, [[1, 2], [3, 4]]; numbers also nan, inf, -inf ("nan" within arrays).
Without @func the last public function runs.

  --backend interpret   the reference interpreter; js generates JavaScript (the default where it may run)
  --json                all results as one JSON array`,
  run(args, io) {
    const { values, positionals } = readOptions(args, options);
    const [path, ...rest] = positionals;
    const { module } = readModule(path, io);
    const entry = rest[0]?.startsWith("@") ? rest.shift()?.slice(1) : undefined;
    const { backend } = values;
    if (backend !== "auto" && backend !== "interpret" && backend !== "js") {
      throw new UsageError(`--backend is '${backend}', expected interpret or js`);
    }
    const compiled = compileModule(module, {
      entry,
      backend,
      observe: (name, value) => io.err(`probe ${name}: ${writeValue(value)}\n`),
    });
    const { signature, executable } = compiled;
    if (rest.length !== signature.arguments.length) {
      throw new UsageError(`@${signature.name} takes ${signature.arguments.length} arguments, got ${rest.length}`);
    }
    const func = findFunc(compiled.module, compiled.entry) as Func;
    const names = func.body.arguments.map((a) => a.name);
    const arrays = rest.map((text, i) => readValue(text, signature.arguments[i], `argument ${names[i] ?? i}`));
    const results = executable.run(arrays).map(writeValue);
    io.out(values.json ? `[${results.join(", ")}]\n` : results.map((r) => `${r}\n`).join(""));
  },
};
