// What bundling does to declarations that add to an interface of another file: there is no other file any more.

/**
 * `declare global { interface AdjointTensorMethods … }` becomes the interface itself, which merges with its other parts in
 * the file. So nothing is global, and `adjoint/mini`, whose declarations are a file of their own, has methods of its own.
 */
export function mergedInterfaces() {
  return {
    name: "merged-interfaces",
    renderChunk: {
      order: "post",
      handler(code) {
        const merged = code.replace(/^declare (?:global|module "\.[^"]*") \{\n([\s\S]*?)^\}/gm, "$1");
        return merged === code ? null : { code: merged };
      },
    },
  };
}
