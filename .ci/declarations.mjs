// What bundling does to declarations: there is no other file any more that an interface could add to, and a namespace of
// functions is a list of their names, where editors look for documentation.

import ts from "typescript";

/** Mends a bundle of declarations. */
export function mendedDeclarations() {
  return {
    name: "mended-declarations",
    renderChunk: {
      order: "post",
      handler(code) {
        const mended = documentedNames(mergedInterfaces(code));
        return mended === code ? null : { code: mended };
      },
    },
  };
}

/** `declare module "./tensor.ts" { interface Tensor … }` becomes the interface itself, beside the class that it adds to. */
function mergedInterfaces(code) {
  return code.replace(/^declare module "\.[^"]*" \{\n([\s\S]*?)^\}/gm, "$1");
}

/**
 * `declare namespace methods { export { abs, … } }`: each name gets the documentation of what it names, from which editors
 * show that of the methods of tensors.
 */
function documentedNames(code) {
  const file = ts.createSourceFile("chunk.d.ts", code, ts.ScriptTarget.ES2022, true);
  const documentation = new Map();
  for (const statement of file.statements) {
    const text = ts.getJSDocCommentsAndTags(statement).at(-1)?.getText(file);
    const declared = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
    for (const { name } of declared)
      if (text !== undefined && name !== undefined && !documentation.has(name.text)) documentation.set(name.text, text);
  }
  const lists = file.statements
    .filter((s) => ts.isModuleDeclaration(s) && s.body !== undefined)
    .flatMap((s) => s.body.statements)
    .filter((s) => ts.isExportDeclaration(s) && s.exportClause !== undefined)
    .flatMap((s) => s.exportClause.elements);
  let mended = code;
  for (const specifier of lists.toReversed()) {
    const text = documentation.get((specifier.propertyName ?? specifier.name).text);
    const start = specifier.getStart(file);
    if (text !== undefined && ts.getJSDocCommentsAndTags(specifier).length === 0)
      mended = `${mended.slice(0, start)}${text} ${mended.slice(start)}`;
  }
  return mended;
}
