// Says to bundlers what has no effects, so that they drop it where it is unused: calls of functions marked
// @__NO_SIDE_EFFECTS__, since few bundlers look for that mark in another file, and constants that are computed.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import MagicString from "magic-string";

const mark = /@__NO_SIDE_EFFECTS__\s*(?:\*\/)?\s*(?:export\s+)?(?:function|const)\s+(\w+)/g;
/** Methods of arrays, strings and `Object` that make something of what they are given. */
const methods = new Set("concat entries filter flatMap freeze fromEntries join keys map slice split values".split(" "));
/** Classes whose instances are made without effects. */
const plain = new Set(["Map", "Set", "WeakMap", "WeakSet", "Pipeline"]);
/** The module of the function that computes a constant. */
const helper = "pure-calls";
const pure = "/* @__PURE__ */ ";

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
    resolveId: (id) => (id === helper ? `\0${helper}` : undefined),
    load: (id) => (id === `\0${helper}` ? "export function made(make) { return make(); }" : undefined),
    transform: {
      filter: { id: /\.ts$/ },
      handler(code, id) {
        if (!folders.some((folder) => id.startsWith(folder))) return;
        const text = new MagicString(code);
        const program = this.parse(code, { lang: "ts" });
        let isMade = false;
        const isMarked = ({ type, callee }) =>
          type === "CallExpression" && callee.type === "Identifier" && marked.has(callee.name);
        visit(program, (node) => isMarked(node) && text.appendLeft(node.start, pure), isFunction);
        for (const { init } of constants(program)) {
          if (init === null || !isComputed(init, isMarked, (name) => methods.has(name) || marked.has(name))) continue;
          // a whole expression that is dropped or kept: of a call alone, a bundler would keep the arguments
          text.prependLeft(init.start, `${pure}$made(() => (`).appendRight(init.end, "))");
          isMade = true;
        }
        for (const {
          start,
          end,
          id: { name },
        } of subclasses(program)) {
          // to extend a class counts as an effect
          text.prependLeft(start, `const ${name} = ${pure}$made(() => `).appendRight(end, ");");
          isMade = true;
        }
        if (isMade) text.append(`\nimport { made as $made } from "${helper}";\n`);
        return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : undefined;
      },
    },
  };
}

/** The declarations of the constants of a module. */
function constants({ body }) {
  const declarations = body.map((node) => (node.type === "ExportNamedDeclaration" ? node.declaration : node));
  return declarations.flatMap((node) => (node?.type === "VariableDeclaration" ? node.declarations : []));
}

/** The classes of a module that extend one of another module, and are used in their own alone. */
function subclasses({ body }) {
  return body.filter((node) => node.type === "ClassDeclaration" && node.superClass?.type === "MemberExpression");
}

/** Whether an expression is computed from others in a way that bundlers do not see to have no effects. */
function isComputed(init, isMarked, making) {
  let isPure = true;
  let isPlain = true;
  visit(
    init,
    (node) => {
      if (node.type === "SpreadElement") isPlain = false;
      if (node.type === "NewExpression") isPure &&= plain.has(node.callee.name);
      if (node.type === "AssignmentExpression" || node.type === "AwaitExpression" || node.type === "ImportExpression")
        isPure = false;
      if (node.type !== "CallExpression" || isMarked(node)) return;
      const { callee } = node;
      if (callee.type === "MemberExpression" && making(callee.property.name)) isPlain = false;
      else isPure = false;
    },
    isFunction,
  );
  return isPure && !isPlain;
}

/** What does not run when the module is loaded. */
function isFunction(node) {
  return /Function/.test(node.type);
}

/** Visits the nodes of a syntax tree, but none below one of which `isLeaf` holds. */
export function visit(node, act, isLeaf = () => false) {
  if (Array.isArray(node)) for (const item of node) visit(item, act, isLeaf);
  else if (node !== null && typeof node === "object" && !isLeaf(node)) {
    if (typeof node.type === "string") act(node);
    for (const key in node) visit(node[key], act, isLeaf);
  }
}
