// Moves the documentation of ops out of their records, where the sources have it, into a table that the command and the
// testing kit load: a program that compiles functions has no use for it.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import MagicString from "magic-string";
import { visit } from "./pure-calls.mjs";

/** The properties that only the documentation reads, of a record and of a row that becomes one. */
const ofRecords = new Set(["summary", "docs"]);
const ofRows = new Set(["summary", "semantics", "example"]);

/** What each record says, as JSON; `folder` is for what is built on the way. */
async function table(root, folder) {
  const outfile = join(folder, "documentation.mjs");
  await build({
    stdin: { contents: 'export { standardOps } from "./src/ops/index.ts";', resolveDir: root },
    bundle: true,
    format: "esm",
    platform: "node",
    outfile,
    logLevel: "error",
  });
  const { standardOps } = await import(`${pathToFileURL(outfile)}?${Date.now()}`);
  rmSync(outfile);
  return JSON.stringify(
    Object.fromEntries([...standardOps.values()].map(({ name, summary, docs }) => [name, { summary, docs }])),
  );
}

/** The plugin. */
export function documentation(root, folder) {
  const ops = join(root, "src/ops");
  return {
    name: "documentation",
    transform: {
      filter: { id: /\.ts$/ },
      async handler(code, id) {
        if (id === join(ops, "documentation.ts")) {
          const text = readFileSync(id, "utf8");
          const filled = text.replace("= {};", `= ${await table(root, folder)};`);
          if (filled === text) throw new Error(`${id} has no table to fill`);
          return { code: filled, moduleType: "ts" };
        }
        return id.startsWith(ops) ? withoutDocumentation(code, this.parse(code, { lang: "ts" })) : undefined;
      },
    },
  };
}

function withoutDocumentation(code, program) {
  const text = new MagicString(code);
  visit(program, (node) => {
    if (node.type !== "ObjectExpression") return;
    const named = new Map(node.properties.map((p) => [p.key?.name, p]));
    if (!named.has("name")) return;
    const isRecord = named.get("docs")?.value.type === "ObjectExpression";
    const dropped = isRecord ? ofRecords : named.has("semantics") ? ofRows : null;
    if (dropped === null) return;
    for (const [name, { start, end }] of named)
      if (dropped.has(name)) text.remove(start, code[end] === "," ? end + 1 : end);
  });
  return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : undefined;
}
