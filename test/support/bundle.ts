// Programs as a bundler makes them: what dist has, and what the program uses of it.

import { fileURLToPath } from "node:url";
import { buildSync, type Format } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The text of the bundle of a program that imports from `./dist`. */
export function bundle(program: string, format: Format = "esm"): string {
  const { outputFiles } = buildSync({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    minify: true,
    format,
    globalName: format === "iife" ? "exported" : undefined,
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].text;
}

/** What a bundled program exports, after it ran. */
export function bundled(program: string): Record<string, (...args: unknown[]) => unknown> {
  return new Function(`${bundle(program, "iife")}\nreturn exported;`)();
}
