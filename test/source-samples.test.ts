// ir-samples/source: what each construct of TypeScript becomes (name.ts → name.ir), and what is refused, with its message at
// the end of its line. `ADJOINT_BLESS=1` rewrites both.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { tensorPipeline } from "../passes/index.ts";
import { runPasses } from "../src/compile/index.ts";
import { type AdjointError, printModule } from "../src/ir/index.ts";
import { readSource } from "../src/source/index.ts";
import { errorOf } from "./support/errors.ts";

const blessing = process.env.ADJOINT_BLESS === "1";
const folder = fileURLToPath(new URL("../ir-samples/source/", import.meta.url));
const refused = `${folder}refused/`;
const sources = (path: string): readonly string[] => readdirSync(path).filter((name) => name.endsWith(".ts"));

/** `// run: main(1, 2) == 3`: what JavaScript gives, and so what the IR has to give. */
const runs = (text: string): readonly string[] => text.match(/^\/\/ run: .*$/gm) ?? [];

function irOf(name: string): string {
  const text = readFileSync(`${folder}${name}`, "utf8");
  const { module } = readSource(text, { file: name });
  const { module: simple } = runPasses(module, tensorPipeline);
  const directives = runs(text).map((line) => line.replace("run: ", "run: @"));
  return `// Made from ${name}.\n\n${printModule(simple)}${directives.join("\n")}\n`;
}

/** What the TypeScript itself gives, written as run lines write it. */
function given(text: string, call: string): string {
  const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  const args = /^main\((.*)\)$/.exec(call)?.[1] ?? "";
  const code = outputText.replace(/^export /gm, "");
  return new Function(
    "show",
    `${code}\nconst args = [${args}];\nconst result = main(...args);\nreturn show(result ?? args[0]);`,
  )(show);
}

function show(x: unknown): string {
  if (ArrayBuffer.isView(x)) return show([...(x as Float64Array)]);
  if (Array.isArray(x)) return `[${x.map(show).join(", ")}]`;
  return String(x);
}

describe("TypeScript becomes", () => {
  it.each(sources(folder))("the IR beside %s", (name) => {
    const path = `${folder}${name.replace(".ts", ".ir")}`;
    const ir = irOf(name);
    if (blessing) writeFileSync(path, ir);
    expect(ir).toBe(readFileSync(path, "utf8"));
  });

  const structured = new Set(["structured-results.ts", "structured-parameters.ts"]);
  it.each(sources(folder).filter((name) => !structured.has(name)))(
    "what %s says it gives when it runs itself",
    (name) => {
      const text = readFileSync(`${folder}${name}`, "utf8");
      expect(runs(text).length).toBeGreaterThan(0);
      for (const line of runs(text)) {
        const [call, expected] = line.slice("// run: ".length).split(" == ");
        expect(given(text, call), call).toBe(expected);
      }
    },
  );
});

function refusal(text: string, name: string): AdjointError {
  return errorOf(() => readSource(text, { file: name }));
}

describe("TypeScript is refused", () => {
  it.each(sources(refused))("at its line, with a reason: %s", (name) => {
    const stated = readFileSync(`${refused}${name}`, "utf8");
    const text = stated.replace(/ *\/\/ error: .*$/gm, "");
    const error = refusal(text, name);
    const line = error.origin?.line ?? 1;
    const lines = text.split("\n");
    lines[line - 1] += ` // error: ${error.code}: ${error.reason}`;
    if (blessing) writeFileSync(`${refused}${name}`, lines.join("\n"));
    expect(readFileSync(`${refused}${name}`, "utf8")).toBe(lines.join("\n"));
  });
});
