// What TypeScript makes of programs that use the package: its messages, and what an editor shows.

import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../..", import.meta.url));
const config = ts.getParsedCommandLineOfConfigFile(
  `${root}tsconfig.json`,
  { incremental: false },
  {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic(diagnostic) {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
    },
  },
);
if (config === undefined) throw new Error("tsconfig.json cannot be read");
const options = { ...config.options, noUnusedLocals: false, noUnusedParameters: false };

/** A host with files that exist in memory alone, as if they lay in the folder of the tests. */
function hostWith(files: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  return {
    ...host,
    fileExists: (path) => files.has(path) || host.fileExists(path),
    readFile: (path) => files.get(path) ?? host.readFile(path),
    getSourceFile: (path, target) =>
      files.has(path)
        ? ts.createSourceFile(path, files.get(path) ?? "", target, true)
        : host.getSourceFile(path, target),
  };
}

const pathOf = (name: string): string => `${root}test/${name}.ts`;

/** The messages for each of these programs: the whole chain of each, one per line. */
export function messagesOf(programs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const files = new Map(Object.entries(programs).map(([name, text]) => [pathOf(name), text]));
  const program = ts.createProgram([...files.keys()], options, hostWith(files));
  const textOf = (path: string): string => {
    const file = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map((d) => ts.flattenDiagnosticMessageText(d.messageText, "\n")).join("\n");
  };
  return Object.fromEntries(Object.keys(programs).map((name) => [name, textOf(pathOf(name))]));
}

/** How many types the compiler makes of generic ones for a program: what it costs, whatever the machine. */
export function instantiationsOf(text: string): number {
  const path = pathOf("instantiations");
  return instantiationsIn(path, hostWith(new Map([[path, text]])));
}

/** The same for a file of the project by itself, as where a consumer has the declarations checked too. */
export function instantiationsOfFile(path: string): number {
  return instantiationsIn(root + path, hostWith(new Map()));
}

function instantiationsIn(path: string, host: ts.CompilerHost): number {
  const program = ts.createProgram([path], options, host);
  program.getSemanticDiagnostics(program.getSourceFile(path));
  return program.getInstantiationCount();
}

/** The names of the members of the `x` that a program declares, and what an editor shows of each as documentation. */
export function documentedMembers(program: string): ReadonlyMap<string, string> {
  const path = pathOf("documented");
  let text = `${program}\nx.`;
  const files = new Map([[path, text]]);
  const host = hostWith(files);
  const service = ts.createLanguageService({
    fileExists: (name) => host.fileExists(name),
    readFile: (name) => host.readFile(name),
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    getCurrentDirectory: () => root,
    getScriptFileNames: () => [path],
    getScriptVersion: (name) => (name === path ? String(text.length) : "0"),
    getScriptSnapshot(name) {
      const content = host.readFile(name);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCompilationSettings: () => options,
    getDefaultLibFileName: (o) => ts.getDefaultLibFilePath(o),
  });
  const names = service.getCompletionsAtPosition(path, text.length, {})?.entries.map((entry) => entry.name) ?? [];
  text = `${program}\n${names.map((name) => `x.${name};`).join("\n")}`;
  files.set(path, text);
  const shown = (name: string): string => {
    const info = service.getQuickInfoAtPosition(path, text.indexOf(`\nx.${name};`) + "\nx.".length);
    return ts.displayPartsToString(info?.documentation ?? []);
  };
  return new Map(names.map((name) => [name, shown(name)]));
}
