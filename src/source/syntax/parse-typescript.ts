// TypeScript's syntax → the subset's tree. Syntax outside the subset is refused here. Only this file and those that it
// imports (syntax-reader, type-reader, expression-reader, syntax-operators, refusals) know the parser.

import ts from "typescript";
import { requireSound } from "./early-errors.ts";
import { ExpressionReader, unwrapped } from "./expression-reader.ts";
import { modifiersOf } from "./syntax-reader.ts";
import type { SourceText } from "./text.ts";
import type { Declared, FileTree, FunctionNode, ParameterNode, Statement, SwitchCase } from "./tree.ts";

const { SyntaxKind } = ts;

/** The modifiers that a function may have; `async` is refused with what to write instead. */
const asynchronous = [SyntaxKind.AsyncKeyword];
const exporting = [SyntaxKind.ExportKeyword, SyntaxKind.DefaultKeyword, SyntaxKind.AsyncKeyword];

/** Parses the text. Functions and constants become trees when they are first asked for. */
export function parseTypeScript(source: SourceText): FileTree {
  return new Parser(source).file();
}

class Parser extends ExpressionReader {
  readonly #functions = new Map<string, () => FunctionNode>();
  readonly #order: string[] = [];
  readonly #exported = new Set<string>();
  readonly #constants = new Map<string, () => Declared>();

  file(): FileTree {
    for (const s of this.tree.statements) this.fileStatement(s);
    // names can be exported above their declaration
    for (const s of this.tree.statements) if (ts.isExportDeclaration(s)) this.exports(s);
    const order = this.#order.map((name) => ({ name, isExported: this.#exported.has(name) }));
    return { functions: this.#functions, order, constants: this.#constants, types: this.types };
  }

  // ---- the file -----------------------------------------------------------------------------------------------------

  protected fileStatement(s: ts.Statement): void {
    // ambient declarations say nothing that runs
    if (modifiersOf(s).some((m) => m.kind === SyntaxKind.DeclareKeyword)) return;
    if (ts.isInterfaceDeclaration(s) || ts.isTypeAliasDeclaration(s)) this.typeDeclaration(s);
    else if (ts.isFunctionDeclaration(s)) this.fileFunction(s);
    else if (ts.isVariableStatement(s)) this.fileVariables(s);
    else if (saysNothing(s) || ts.isExportDeclaration(s)) return;
    else if (ts.isStatement(s) && !ts.isDeclarationStatement(s))
      this.refuse(s, "a statement outside of functions", "only functions are compiled: put it into one");
    else this.refuseKind(s);
  }

  protected fileFunction(s: ts.FunctionDeclaration): void {
    this.requireModifiers(s, exporting);
    // an overload's signature adds nothing to the implementation's
    if (s.body === undefined) return;
    const name = s.name?.text ?? "default";
    this.define(name, s, isExported(s), () => this.function(s, name));
  }

  protected fileVariables(s: ts.VariableStatement): void {
    this.requireModifiers(s, [SyntaxKind.ExportKeyword]);
    const { declarationList: list } = s;
    this.requireSome(list);
    if ((list.flags & ts.NodeFlags.BlockScoped) !== ts.NodeFlags.Const)
      this.refuse(s, "a variable outside of functions", "write const, or pass it as a parameter");
    for (const d of list.declarations) {
      this.requireValue(d, true);
      for (const name of namesOf(d.name)) this.requireName(name);
      const init = d.initializer === undefined ? undefined : unwrapped(d.initializer);
      if (init !== undefined && isFunction(init) && ts.isIdentifier(d.name)) this.fileArrow(s, d, init);
      else this.fileConstants(d);
    }
  }

  protected fileArrow(
    s: ts.Statement,
    d: ts.VariableDeclaration,
    init: ts.ArrowFunction | ts.FunctionExpression,
  ): void {
    const name = nameOf(d.name);
    if (init.name !== undefined && init.name.text !== name)
      this.refuse(init.name, "a second name for a function", "leave it out");
    this.define(name, d, isExported(s), () => ({ ...this.function(init, name), definedAt: this.at(d) }));
  }

  protected fileConstants(d: ts.VariableDeclaration): void {
    const read = onDemand(() => this.declared(d, true));
    for (const { text } of namesOf(d.name)) {
      this.requireNew(text, d);
      this.#constants.set(text, read);
    }
  }

  protected define(name: string, node: ts.Node, exported: boolean, read: () => FunctionNode): void {
    this.requireNew(name, node);
    this.#functions.set(name, onDemand(read));
    this.#order.push(name);
    if (exported) this.#exported.add(name);
  }

  protected requireNew(name: string, node: ts.Node): void {
    if (this.#functions.has(name) || this.#constants.has(name))
      this.fail("name", node, `'${name}' is declared twice`, "rename one of them");
  }

  /** `export { f }`. */
  protected exports(s: ts.ExportDeclaration): void {
    if (s.isTypeOnly) return;
    const { exportClause: clause } = s;
    if (s.moduleSpecifier !== undefined || clause === undefined || !ts.isNamedExports(clause)) this.refuseKind(s);
    for (const e of clause.elements) {
      const { text: name } = e.name;
      if (e.isTypeOnly || this.types.has(name)) continue;
      if (e.propertyName !== undefined) this.refuse(e, "export under another name", "give the function that name");
      if (!this.#functions.has(name) && !this.#constants.has(name))
        this.fail("name", e, `'${name}' is not declared`, "export what the file defines");
      this.#exported.add(name);
    }
  }

  // ---- functions ----------------------------------------------------------------------------------------------------

  protected function(
    node: ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction,
    name: string,
  ): FunctionNode {
    if (node.asteriskToken !== undefined) this.refuse(node, "a generator", "return an array");
    if (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Async)
      this.refuse(node, "an async function", "pass values in, once they are there");
    if (node.name !== undefined) this.requireName(node.name);
    const { body } = node;
    const statements: readonly Statement[] =
      body === undefined
        ? this.refuse(node, "a function without a body", "write it here")
        : ts.isBlock(body)
          ? this.statements(body.statements)
          : [{ kind: "return", at: this.at(body), value: this.expression(body) }];
    const parameters = node.parameters.filter((p) => !isThis(p)).map((p) => this.parameter(p));
    const fn = { at: this.at(node.name ?? node), name, parameters, body: statements, definedAt: null };
    requireSound(this.source, fn);
    return fn;
  }

  protected parameter(p: ts.ParameterDeclaration): ParameterNode {
    this.requireModifiers(p, []);
    if (p.dotDotDotToken !== undefined) this.refuse(p, "a rest parameter", "pass an array");
    return {
      at: this.at(p),
      pattern: this.binding(p.name),
      fallback: p.initializer === undefined ? null : this.expression(p.initializer),
      type: p.type === undefined ? null : this.type(p.type),
    };
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  protected statements(list: readonly ts.Statement[]): readonly Statement[] {
    return list.flatMap((s) => this.statement(s) ?? []);
  }

  /** Null for types, empty statements and directives, which do nothing. */
  protected statement(node: ts.Statement): Statement | null {
    return this.nested(node, () => this.statementOf(node));
  }

  /** A statement as the body of a branch, a loop or a label. */
  protected body(node: ts.Statement): Statement {
    const declares =
      ts.isFunctionDeclaration(node) ||
      (ts.isVariableStatement(node) && (node.declarationList.flags & ts.NodeFlags.BlockScoped) !== 0);
    if (declares) this.fail("syntax", node, "a declaration stands where a statement is expected", "put it into braces");
    return this.statement(node) ?? { kind: "block", at: this.at(node), body: [] };
  }

  protected statementOf(node: ts.Statement): Statement | null {
    const at = this.at(node);
    if (saysNothing(node)) return null;
    this.requireModifiers(node, ts.isFunctionDeclaration(node) ? asynchronous : []);
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return null;
    if (ts.isBlock(node)) return { kind: "block", at, body: this.statements(node.statements) };
    if (ts.isVariableStatement(node)) return this.declarations(node.declarationList);
    if (ts.isExpressionStatement(node)) return { kind: "expression", at, value: this.expression(node.expression) };
    if (ts.isIfStatement(node)) return this.if(node);
    if (ts.isWhileStatement(node) || ts.isDoStatement(node)) return this.while(node);
    if (ts.isForStatement(node)) return this.for(node);
    if (ts.isForOfStatement(node)) return this.forOf(node);
    if (ts.isBreakStatement(node)) return { kind: "break", at, label: node.label?.text ?? null };
    if (ts.isContinueStatement(node)) return { kind: "continue", at, label: node.label?.text ?? null };
    if (ts.isReturnStatement(node))
      return { kind: "return", at, value: node.expression === undefined ? null : this.expression(node.expression) };
    if (ts.isLabeledStatement(node)) {
      this.requireUnreserved(node.label);
      return { kind: "labelled", at, label: node.label.text, body: this.body(node.statement) };
    }
    if (ts.isSwitchStatement(node)) return this.switch(node);
    if (ts.isFunctionDeclaration(node))
      return node.body === undefined ? null : { kind: "define", at, fn: this.function(node, node.name?.text ?? "") };
    return this.refuseKind(node);
  }

  protected if(s: ts.IfStatement): Statement {
    const whenFalse = s.elseStatement === undefined ? null : this.body(s.elseStatement);
    const [test, whenTrue] = [this.expression(s.expression), this.body(s.thenStatement)];
    return { kind: "if", at: this.at(s), test, whenTrue, whenFalse };
  }

  protected while(s: ts.WhileStatement | ts.DoStatement): Statement {
    const kind = ts.isWhileStatement(s) ? "while" : "do";
    return { kind, at: this.at(s), test: this.expression(s.expression), body: this.body(s.statement) };
  }

  protected for(s: ts.ForStatement): Statement {
    const { initializer: init, condition, incrementor } = s;
    const at = this.at(s);
    const first: Statement | null =
      init === undefined
        ? null
        : ts.isVariableDeclarationList(init)
          ? this.declarations(init)
          : { kind: "expression", at: this.at(init), value: this.expression(init) };
    return {
      kind: "for",
      at,
      init: first,
      test: condition === undefined ? null : this.expression(condition),
      update: incrementor === undefined ? null : this.expression(incrementor),
      body: this.body(s.statement),
    };
  }

  protected forOf(s: ts.ForOfStatement): Statement {
    if (s.awaitModifier !== undefined) this.refuse(s, "for await", "pass the values as an array");
    const { initializer: init } = s;
    const shared = {
      kind: "for-of",
      at: this.at(s),
      iterable: this.expression(s.expression),
      body: this.body(s.statement),
    } as const;
    if (!ts.isVariableDeclarationList(init))
      return { ...shared, isConst: false, declares: false, pattern: this.pattern(init) };
    this.requireLexical(init);
    const isConst = (init.flags & ts.NodeFlags.Const) !== 0;
    const [one, another] = init.declarations;
    const surplus = one.initializer ?? another;
    if (surplus !== undefined)
      this.fail("syntax", surplus, "for … of declares one variable, without a value", "declare others before the loop");
    return { ...shared, isConst, declares: true, pattern: this.binding(one.name) };
  }

  protected switch(s: ts.SwitchStatement): Statement {
    const cases: readonly SwitchCase[] = s.caseBlock.clauses.map((c) => ({
      at: this.at(c),
      test: ts.isCaseClause(c) ? this.expression(c.expression) : null,
      body: this.statements(c.statements),
    }));
    return { kind: "switch", at: this.at(s), value: this.expression(s.expression), cases };
  }

  protected declarations(list: ts.VariableDeclarationList): Statement {
    this.requireLexical(list);
    const isConst = (list.flags & ts.NodeFlags.Const) !== 0;
    const items = list.declarations.map((d) => this.declared(d, isConst));
    return { kind: "declare", at: this.at(list), isConst, items };
  }

  protected requireSome(list: ts.VariableDeclarationList): void {
    if (list.declarations.length === 0) this.fail("syntax", list, "a declaration without a name", "name a variable");
  }

  protected requireLexical(list: ts.VariableDeclarationList): void {
    this.requireSome(list);
    const flags = list.flags & ts.NodeFlags.BlockScoped;
    if (flags !== ts.NodeFlags.Const && flags !== ts.NodeFlags.Let)
      this.refuse(list, flags === 0 ? "var" : "using", "write let or const");
  }

  protected requireValue(d: ts.VariableDeclaration, isConst: boolean): void {
    if (d.initializer !== undefined || (!isConst && ts.isIdentifier(d.name))) return;
    const what = ts.isIdentifier(d.name) ? "a constant" : "a pattern";
    this.fail("syntax", d, `${what} is declared without a value`, "give it one here");
  }

  protected declared(d: ts.VariableDeclaration, isConst: boolean): Declared {
    this.requireValue(d, isConst);
    return {
      at: this.at(d),
      pattern: this.binding(d.name),
      type: d.type === undefined ? null : this.type(d.type),
      init: d.initializer === undefined ? null : this.expression(d.initializer, nameOf(d.name)),
    };
  }
}

function isFunction(node: ts.Node): node is ts.ArrowFunction | ts.FunctionExpression {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node);
}

function isExported(node: ts.Node): boolean {
  return modifiersOf(node).some((m) => m.kind === SyntaxKind.ExportKeyword);
}

/** `this` among the parameters is a type for the body, and no parameter. */
function isThis(p: ts.ParameterDeclaration): boolean {
  return ts.isIdentifier(p.name) && p.name.text === "this";
}

/** Directives, imports of types, lone semicolons. */
function saysNothing(s: ts.Statement): boolean {
  if (ts.isExpressionStatement(s)) return ts.isStringLiteral(s.expression);
  return s.kind === SyntaxKind.EmptyStatement || (ts.isImportDeclaration(s) && isOfTypes(s.importClause));
}

function isOfTypes(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined || clause.isTypeOnly) return clause !== undefined;
  const { name, namedBindings: named } = clause;
  if (name !== undefined || named === undefined || !ts.isNamedImports(named)) return false;
  return named.elements.length > 0 && named.elements.every((e) => e.isTypeOnly);
}

/** Memoises: the value is computed at the first use. */
function onDemand<T>(read: () => T): () => T {
  let known: T | undefined;
  return () => (known ??= read());
}

/** The names that a pattern declares. */
function namesOf(name: ts.BindingName): readonly ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((e) => (ts.isOmittedExpression(e) ? [] : namesOf(e.name)));
}

function nameOf(name: ts.BindingName): string {
  return ts.isIdentifier(name) ? name.text : "";
}
