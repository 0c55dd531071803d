// Says to bundlers which calls have no effects: those of functions marked @__NO_SIDE_EFFECTS__. Few bundlers look for that
// mark in another file, but all of them drop an unused `const x = /* @__PURE__ */ f()`.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import MagicString from "magic-string";

const mark = /@__NO_SIDE_EFFECTS__\s*(?:\*\/)?\s*(?:export\s+)?(?:function|const)\s+(\w+)/g;

/** The names of all functions below the folders that carry the mark. */
function markedIn(folders) {
  const names = new Set();
  for (const folder of folders) {
    for (const file of readdirSync(folder, { recursive: true })) {
      if (!file.endsWith(".ts")) continue;
      for (const [, name] of readFileSync(join(folder, file), "utf8").matchAll(mark)) names.add(name);
    }
  }
  return names;
}

/** The plugin; `folders` are those of the sources. */
export function pureCalls(folders) {
  const marked = markedIn(folders);
  return {
    name: "pure-calls",
    transform: {
      filter: { id: /\.ts$/ },
      handler(code, id) {
        if (!folders.some((folder) => id.startsWith(folder))) return;
        const text = new MagicString(code);
        visit(this.parse(code, { lang: "ts" }), (node) => {
          const isCall = node.type === "CallExpression" && node.callee.type === "Identifier";
          if (isCall && marked.has(node.callee.name)) text.appendLeft(node.start, "/* @__PURE__ */ ");
        });
        return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : undefined;
      },
    },
  };
}

/** Visits what runs when the module is loaded: no bodies of functions. */
function visit(node, act) {
  if (Array.isArray(node)) for (const item of node) visit(item, act);
  else if (node !== null && typeof node === "object") {
    if (/Function/.test(node.type)) return;
    if (typeof node.type === "string") act(node);
    for (const key in node) visit(node[key], act);
  }
}
