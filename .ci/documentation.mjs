// Moves the documentation of ops, passes and pipelines out of their records, where the sources have it, into tables that the
// command and the testing kit load: a program that compiles functions has no use for it.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import MagicString from "magic-string";
import { visit } from "./pure-calls.mjs";

/** The properties that only the documentation reads, of a record and of a row that becomes one. */
const ofRecords = new Set(["summary", "docs"]);
const ofRows = new Set(["summary", "semantics", "example"]);
const ofPasses = new Set(["summary", "example"]);

/** What each op, pass and stage says, as JSON; `folder` is for what is built on the way. */
async function tables(root, folder) {
  const outfile = join(folder, "documentation.mjs");
  await build({
    stdin: {
      contents: 'export { standardOps } from "./src/ops/index.ts"; export * from "./passes/index.ts";',
      resolveDir: root,
    },
    bundle: true,
    format: "esm",
    platform: "node",
    outfile,
    logLevel: "error",
  });
  const { standardOps, standardPasses, tensorPipeline, loopPipeline, vectorPipeline, gradPipeline } = await import(
    `${pathToFileURL(outfile)}?${Date.now()}`
  );
  rmSync(outfile);
  const reasonsOf = ({ stages }) => stages.map(({ reason }) => reason);
  const named = (records, textsOf) =>
    JSON.stringify(Object.fromEntries([...records.values()].map((record) => [record.name, textsOf(record)])));
  return {
    ops: named(standardOps, ({ summary, docs, attributes }) => ({ summary, docs, attributes: summaries(attributes) })),
    passes: named(standardPasses, ({ summary, example }) => ({ summary, example })),
    stages: JSON.stringify({
      tensor: reasonsOf(tensorPipeline),
      loop: reasonsOf(loopPipeline),
      vector: reasonsOf(vectorPipeline),
      grad: reasonsOf(gradPipeline),
    }),
  };
}

/** What each attribute of an op is. */
function summaries(attributes) {
  return Object.fromEntries(Object.entries(attributes).map(([name, { summary }]) => [name, summary]));
}

/** The plugin. */
export function documentation(root, folder) {
  const [ops, passes] = ["src/ops", "passes"].map((folder) => join(root, folder));
  return {
    name: "documentation",
    transform: {
      filter: { id: /\.ts$/ },
      async handler(code, id) {
        if (id === join(ops, "documentation.ts")) {
          const text = readFileSync(id, "utf8");
          const made = await tables(root, folder);
          const filled = Object.values(made).reduce((code, table) => code.replace("= {};", () => `= ${table};`), text);
          if (!filled.includes(made.stages)) throw new Error(`${id} has no tables to fill`);
          return { code: filled, moduleType: "ts" };
        }
        return id.startsWith(ops) || id.startsWith(passes)
          ? withoutDocumentation(code, this.parse(code, { lang: "ts" }))
          : undefined;
      },
    },
  };
}

function withoutDocumentation(code, program) {
  const text = new MagicString(code);
  visit(program, (node) => {
    // of the project's own rows; those of users keep what is made of theirs
    if (node.type === "CallExpression" && node.callee.name === "defineOwn") dropMade(text, code, node.arguments[0]);
    if (node.type !== "ObjectExpression") return;
    const named = new Map(node.properties.map((p) => [p.key?.name, p]));
    if (named.has("pass") && named.has("reason")) drop(text, code, named.get("reason"));
    const isAttribute = named.has("kind") && named.has("summary") && !named.has("name");
    if (isAttribute) drop(text, code, named.get("summary"));
    if (!named.has("name")) return;
    const isRecord = named.get("docs")?.value.type === "ObjectExpression";
    const isPass = named.has("summary") && named.has("run");
    const dropped = isRecord ? ofRecords : named.has("semantics") ? ofRows : isPass ? ofPasses : null;
    if (dropped === null) return;
    for (const [name, property] of named) if (dropped.has(name)) drop(text, code, property);
  });
  return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : undefined;
}

/** Removes documentation that is made from a row. */
function dropMade(text, code, { properties = [] }) {
  const docs = properties.find((p) => p.key?.name === "docs" && p.value.type === "CallExpression");
  if (docs !== undefined) drop(text, code, docs);
}

function drop(text, code, { start, end }) {
  text.remove(start, code[end] === "," ? end + 1 : end);
}
