// What an editor shows of the members of a tensor: run in a project in which the package is installed, it prints the names of
// those that have no documentation.

import ts from "typescript";

const file = ts.sys.resolvePath("editor.ts");
const program = 'import type { Tensor } from "adjoint";\ndeclare const x: Tensor;\nx.';
const options = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [] };
let text = program;
const service = ts.createLanguageService({
  ...ts.sys,
  getScriptFileNames: () => [file],
  getScriptVersion: (name) => (name === file ? String(text.length) : "0"),
  getScriptSnapshot(name) {
    const content = name === file ? text : ts.sys.readFile(name);
    return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
  },
  fileExists: (name) => name === file || ts.sys.fileExists(name),
  useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
  getCompilationSettings: () => options,
  getDefaultLibFileName: (o) => ts.getDefaultLibFilePath(o),
});
const names = service.getCompletionsAtPosition(file, text.length, {}).entries.map(({ name }) => name);
text = `${program}${names.join(";\nx.")};`;
const undocumented = names.filter((name) => {
  const place = text.indexOf(`x.${name};`) + "x.".length;
  return ts.displayPartsToString(service.getQuickInfoAtPosition(file, place)?.documentation ?? []) === "";
});
console.log(JSON.stringify({ members: names.length, undocumented }));
