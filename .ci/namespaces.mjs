// Makes the objects of `import * as`, which the bundler builds of a getter for each name, plain objects without a prototype:
// whoever reads them whole would have the engine compile hundreds of getters, and what has no prototype V8 makes as a table,
// which of hundreds of names takes a third of the time. The imports of modules have no cycles, so whatever such an object
// holds is there before it.

import MagicString from "magic-string";

const made = /(?:\/\* @__PURE__ \*\/ )?__exportAll\(\{((?:\s*[\w$]+: \(\) => [\w$]+,?)*)\s*\}\)/g;
const helper = /import \{ t as __exportAll \} from "[^"]*";\n/;

/** The plugin. */
export const namespaces = {
  name: "namespaces",
  renderChunk(code) {
    const text = new MagicString(code);
    text.replace(made, (_, names) => `{__proto__: null,${names.replaceAll("() => ", "")}\n}`).replace(helper, "");
    return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : null;
  },
  generateBundle(_, bundle) {
    const isUsed = Object.values(bundle).some(({ code }) => code?.includes("rolldown-runtime.js"));
    if (!isUsed) delete bundle["chunks/rolldown-runtime.js"];
  },
};
