// Which exports of the project are used: by a file other than their own, or by a public face.

import { dirname, relative, resolve } from "node:path";
import ts from "typescript";

export interface ModuleFile {
  readonly path: string;
  readonly file: ts.SourceFile;
}

/** A name that a file declares and exports; a type may be exported for the sake of another export's signature alone. */
interface Declared {
  readonly name: string;
  readonly isType: boolean;
}

/** `export { name as alias } from target`; `*` for all names. */
interface Forward {
  readonly name: string;
  readonly alias: string;
  readonly target: string;
}

class ModuleExports {
  readonly declared = new Map<string, Declared>();
  readonly forwards: Forward[] = [];
}

/** `path: name` of each export in `files` that no other file and no face uses. */
export function unusedExports(
  root: string,
  files: readonly ModuleFile[],
  users: readonly ModuleFile[],
  faces: readonly string[],
): readonly string[] {
  const exports = new Map([...files, ...users].map((f) => [f.path, exportsOf(root, f)]));
  const used = new Set<string>();
  const use = (path: string, name: string, seen = new Set<string>()): void => {
    const module = exports.get(path);
    const key = `${path}: ${name}`;
    if (module === undefined || seen.has(key)) return;
    seen.add(key);
    if (name === "*") for (const own of module.declared.keys()) used.add(`${path}: ${own}`);
    else if (module.declared.has(name)) used.add(key);
    for (const forward of module.forwards) {
      if (forward.alias === "*") use(forward.target, name, seen);
      else if (name === "*" || forward.alias === name) use(forward.target, forward.name, seen);
    }
  };
  for (const face of faces) use(face, "*");
  for (const file of [...files, ...users]) for (const [target, name] of importsOf(root, file)) use(target, name);
  return files.flatMap(({ path, file }) =>
    [...(exports.get(path)?.declared.values() ?? [])]
      .filter(({ name, isType }) => !used.has(`${path}: ${name}`) && !(isType && countOf(file, name) > 1))
      .map(({ name }) => `${path}: ${name}`),
  );
}

function pathOf(root: string, from: string, specifier: ts.Expression | undefined): string | null {
  if (specifier === undefined || !ts.isStringLiteral(specifier) || !specifier.text.startsWith(".")) return null;
  return relative(root, resolve(root, dirname(from), specifier.text));
}

function exportsOf(root: string, { path, file }: ModuleFile): ModuleExports {
  const found = new ModuleExports();
  for (const s of file.statements) {
    if (ts.isExportDeclaration(s)) {
      const target = pathOf(root, path, s.moduleSpecifier);
      if (target === null) continue;
      if (s.exportClause === undefined) found.forwards.push({ name: "*", alias: "*", target });
      else if (ts.isNamespaceExport(s.exportClause))
        found.forwards.push({ name: "*", alias: s.exportClause.name.text, target });
      else
        for (const e of s.exportClause.elements)
          found.forwards.push({ name: (e.propertyName ?? e.name).text, alias: e.name.text, target });
    } else if (ts.canHaveModifiers(s) && ts.getModifiers(s)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword))
      for (const declared of declarationsOf(s)) found.declared.set(declared.name, declared);
  }
  return found;
}

function declarationsOf(s: ts.Statement): readonly Declared[] {
  if (ts.isVariableStatement(s)) return s.declarationList.declarations.flatMap((d) => namesIn(d.name));
  const isType = ts.isInterfaceDeclaration(s) || ts.isTypeAliasDeclaration(s);
  if (isType || ts.isFunctionDeclaration(s) || ts.isClassDeclaration(s))
    return s.name === undefined ? [] : [{ name: s.name.text, isType }];
  return [];
}

function namesIn(name: ts.BindingName): readonly Declared[] {
  if (ts.isIdentifier(name)) return [{ name: name.text, isType: false }];
  return name.elements.flatMap((e) => (ts.isOmittedExpression(e) ? [] : namesIn(e.name)));
}

/** The names that a file imports, with the file they come from; of a namespace, the members that it reads. */
function importsOf(root: string, { path, file }: ModuleFile): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  for (const s of file.statements) {
    if (!ts.isImportDeclaration(s)) continue;
    const target = pathOf(root, path, s.moduleSpecifier);
    const bindings = s.importClause?.namedBindings;
    if (target === null || bindings === undefined) continue;
    if (ts.isNamedImports(bindings))
      for (const e of bindings.elements) found.push([target, (e.propertyName ?? e.name).text]);
    else for (const name of membersOf(file, bindings.name.text)) found.push([target, name]);
  }
  return found;
}

/** The members of a namespace that a file reads; `*` where the namespace is used as a whole. */
function membersOf(file: ts.SourceFile, namespace: string): ReadonlySet<string> {
  const members = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === namespace && !ts.isNamespaceImport(node.parent)) {
      const { parent } = node;
      if (ts.isPropertyAccessExpression(parent) && parent.expression === node) members.add(parent.name.text);
      else if (ts.isQualifiedName(parent) && parent.left === node) members.add(parent.right.text);
      else members.add("*");
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return members;
}

function countOf(file: ts.SourceFile, name: string): number {
  let count = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === name) count++;
    ts.forEachChild(node, visit);
  };
  visit(file);
  return count;
}
