// TypeScript's syntax → the subset's tree. What the subset lacks is refused here. Only this file and those that it builds
// on (syntax-reader, type-reader, expression-reader, syntax-operators, refusals) know the parser.

import ts from "typescript";
import { ExpressionReader } from "./expression-reader.ts";
import { refusalOf } from "./refusals.ts";
import type { SourceText } from "./text.ts";
import type { Declared, FileTree, FunctionNode, ParameterNode, Statement, SwitchCase, TypeNode } from "./tree.ts";

const { SyntaxKind } = ts;

/** Reads the text; functions and constants are turned into trees when they are asked for. */
export function parseTypeScript(source: SourceText): FileTree {
  return new Parser(source).file();
}

class Parser extends ExpressionReader {
  file(): FileTree {
    const functions = new Map<string, () => FunctionNode>();
    const order: { name: string; isExported: boolean }[] = [];
    const constants = new Map<string, () => Declared>();
    const types = new Map<string, TypeNode>();
    const once = (name: string, node: ts.Node): void => {
      if (functions.has(name) || constants.has(name))
        this.fail("name", node, `'${name}' is declared twice`, "rename one of them");
    };
    const define = (name: string, node: ts.Node, exported: boolean, read: () => FunctionNode): void => {
      once(name, node);
      functions.set(name, onDemand(read));
      order.push({ name, isExported: exported });
    };
    for (const s of this.tree.statements) {
      if (ts.isFunctionDeclaration(s)) {
        // an overload's signature says nothing that the implementation does not
        if (s.body === undefined) continue;
        define(s.name?.text ?? "default", s, isExported(s), () =>
          this.function(s, s.name?.text ?? "default", isExported(s)),
        );
      } else if (ts.isInterfaceDeclaration(s)) types.set(s.name.text, this.members(s, s.members));
      else if (ts.isTypeAliasDeclaration(s)) types.set(s.name.text, this.type(s.type));
      else if (ts.isImportDeclaration(s) && s.importClause?.isTypeOnly === true) continue;
      else if (ts.isVariableStatement(s)) {
        if ((s.declarationList.flags & ts.NodeFlags.Const) === 0)
          this.refuse(s, "a variable outside of functions", "write const, or pass it as a parameter");
        for (const d of s.declarationList.declarations) {
          const { initializer } = d;
          if (ts.isIdentifier(d.name) && initializer !== undefined && isFunction(initializer)) {
            const { text } = d.name;
            define(text, d, isExported(s), () => this.function(initializer, text, isExported(s)));
            continue;
          }
          const read = onDemand(() => this.declared(d));
          for (const { text } of namesOf(d.name)) {
            once(text, d);
            constants.set(text, read);
          }
        }
      } else if (s.kind !== SyntaxKind.EmptyStatement) {
        if (ts.isExpressionStatement(s) && ts.isStringLiteral(s.expression)) continue;
        const known = refusalOf(s.kind);
        if (ts.isStatement(s) && !ts.isDeclarationStatement(s))
          this.refuse(s, "a statement outside of functions", "only functions are compiled: put it into one");
        this.refuse(s, known.what, known.hint);
      }
    }
    return { functions, order, constants, types };
  }

  // ---- functions ----------------------------------------------------------------------------------------------------

  protected function(
    node: ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction,
    name: string,
    exported = false,
  ): FunctionNode {
    if (node.asteriskToken !== undefined) this.refuse(node, "a generator", "return an array");
    if (ts.getCombinedModifierFlags(node as ts.Declaration) & ts.ModifierFlags.Async)
      this.refuse(node, "an async function", "pass values in, once they are there");
    const { body } = node;
    const statements: readonly Statement[] =
      body === undefined
        ? this.refuse(node, "a function without a body", "write it here")
        : ts.isBlock(body)
          ? this.statements(body.statements)
          : [{ kind: "return", at: this.at(body), value: this.expression(body) }];
    const parameters = node.parameters.map((p) => this.parameter(p));
    return { at: this.at(node.name ?? node), name, parameters, body: statements, isExported: exported };
  }

  protected parameter(p: ts.ParameterDeclaration): ParameterNode {
    if (p.dotDotDotToken !== undefined) this.refuse(p, "a rest parameter", "pass an array");
    return {
      at: this.at(p),
      pattern: this.binding(p.name),
      fallback: p.initializer === undefined ? null : this.expression(p.initializer),
      type: p.type === undefined ? null : this.type(p.type),
      isOptional: p.questionToken !== undefined,
    };
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  protected statements(list: readonly ts.Statement[]): readonly Statement[] {
    return list.flatMap((s) => this.statement(s) ?? []);
  }

  /** Null for what says nothing: types and empty statements. */
  protected statement(node: ts.Statement): Statement | null {
    return this.nested(node, () => this.statementOf(node));
  }

  protected body(node: ts.Statement): Statement {
    return this.statement(node) ?? { kind: "block", at: this.at(node), body: [] };
  }

  protected statementOf(node: ts.Statement): Statement | null {
    const at = this.at(node);
    switch (node.kind) {
      case SyntaxKind.EmptyStatement:
      case SyntaxKind.InterfaceDeclaration:
      case SyntaxKind.TypeAliasDeclaration:
        return null;
      case SyntaxKind.Block:
        return { kind: "block", at, body: this.statements((node as ts.Block).statements) };
      case SyntaxKind.VariableStatement:
        return this.declarations((node as ts.VariableStatement).declarationList);
      case SyntaxKind.ExpressionStatement:
        return { kind: "expression", at, value: this.expression((node as ts.ExpressionStatement).expression) };
      case SyntaxKind.IfStatement: {
        const s = node as ts.IfStatement;
        const whenFalse = s.elseStatement === undefined ? null : this.body(s.elseStatement);
        return {
          kind: "if",
          at,
          test: this.expression(s.expression),
          whenTrue: this.body(s.thenStatement),
          whenFalse,
        };
      }
      case SyntaxKind.WhileStatement: {
        const s = node as ts.WhileStatement;
        return { kind: "while", at, test: this.expression(s.expression), body: this.body(s.statement) };
      }
      case SyntaxKind.DoStatement: {
        const s = node as ts.DoStatement;
        return { kind: "do", at, test: this.expression(s.expression), body: this.body(s.statement) };
      }
      case SyntaxKind.ForStatement:
        return this.for(node as ts.ForStatement);
      case SyntaxKind.ForOfStatement:
        return this.forOf(node as ts.ForOfStatement);
      case SyntaxKind.BreakStatement:
        return { kind: "break", at, label: (node as ts.BreakStatement).label?.text ?? null };
      case SyntaxKind.ContinueStatement:
        return { kind: "continue", at, label: (node as ts.ContinueStatement).label?.text ?? null };
      case SyntaxKind.ReturnStatement: {
        const { expression } = node as ts.ReturnStatement;
        return { kind: "return", at, value: expression === undefined ? null : this.expression(expression) };
      }
      case SyntaxKind.LabeledStatement: {
        const s = node as ts.LabeledStatement;
        return { kind: "labelled", at, label: s.label.text, body: this.body(s.statement) };
      }
      case SyntaxKind.SwitchStatement:
        return this.switch(node as ts.SwitchStatement);
      case SyntaxKind.FunctionDeclaration: {
        const s = node as ts.FunctionDeclaration;
        return s.body === undefined ? null : { kind: "define", at, fn: this.function(s, s.name?.text ?? "") };
      }
      default:
        return this.refuseKind(node);
    }
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
    return { ...shared, isConst, declares: true, pattern: this.binding(init.declarations[0].name) };
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
    return { kind: "declare", at: this.at(list), isConst, items: list.declarations.map((d) => this.declared(d)) };
  }

  protected requireLexical(list: ts.VariableDeclarationList): void {
    const flags = list.flags & ts.NodeFlags.BlockScoped;
    if (flags !== ts.NodeFlags.Const && flags !== ts.NodeFlags.Let)
      this.refuse(list, flags === 0 ? "var" : "using", "write let or const");
  }

  protected declared(d: ts.VariableDeclaration): Declared {
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
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((m) => m.kind === SyntaxKind.ExportKeyword);
}

/** What is read once, and not before it is needed. */
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
