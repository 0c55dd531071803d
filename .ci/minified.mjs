// Takes out of what is published what engines read for nothing: whitespace, long names of variables, letters beyond ASCII
// (with one, a file takes two bytes a letter in memory). Functions and classes keep their names, which stacks and profiles
// show. The minifier forgets annotations and escapes, so they pass through it as others that are as long: its source map
// stays true.

import MagicString from "magic-string";

/** Before an operand that is all there is to a call without effects. */
const annotation = { is: "/*@__PURE__*/", passesAs: "$__PURE__$$**" };
const escapes = /@u([0-9a-f]{4})/g;

export const minify = {
  // it makes functions of other shapes, which V8 inlines less well: a call on small tensors takes a third longer
  compress: false,
  mangle: { toplevel: true, keepNames: true },
  codegen: { removeWhitespace: true },
};

/** The plugin. */
export const minified = {
  name: "minified",
  renderChunk(code) {
    if (escapes.test(code)) throw new Error("the sources have what escapes pass as: @u0000");
    const text = new MagicString(code);
    text.replace(/\/\* @__PURE__ \*\/ /g, () => annotation.passesAs);
    text.replace(/[^\0-\x7f]/g, (letter) => `@u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
    return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : null;
  },
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle))
      if (chunk.type === "chunk")
        chunk.code = chunk.code.replaceAll(annotation.passesAs, annotation.is).replace(escapes, "\\u$1");
  },
};
