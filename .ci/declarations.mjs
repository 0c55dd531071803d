// What bundling does to declarations that add to an interface of another file: there is no other file any more.

/** `declare module "./tensor.ts" { interface Tensor … }` becomes the interface itself, beside the class that it adds to. */
export function mergedInterfaces() {
  return {
    name: "merged-interfaces",
    renderChunk: {
      order: "post",
      handler(code) {
        const merged = code.replace(/^declare module "\.[^"]*" \{\n([\s\S]*?)^\}/gm, "$1");
        return merged === code ? null : { code: merged };
      },
    },
  };
}
