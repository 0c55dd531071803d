// TypeScript's syntax → the subset's tree. The only file that knows the parser; what the subset lacks is refused here.

import ts from "typescript";
import { refusalOf } from "./refusals.ts";
import type { SourceText } from "./text.ts";
import type {
  Argument,
  BinaryOperator,
  Declared,
  Element,
  Expression,
  FileTree,
  FunctionNode,
  LogicalOperator,
  ParameterNode,
  Pattern,
  Statement,
  SwitchCase,
  Target,
  TypeNode,
} from "./tree.ts";

const { SyntaxKind } = ts;

const binary: ReadonlyMap<ts.SyntaxKind, BinaryOperator> = new Map<ts.SyntaxKind, BinaryOperator>([
  [SyntaxKind.PlusToken, "+"],
  [SyntaxKind.MinusToken, "-"],
  [SyntaxKind.AsteriskToken, "*"],
  [SyntaxKind.SlashToken, "/"],
  [SyntaxKind.PercentToken, "%"],
  [SyntaxKind.AsteriskAsteriskToken, "**"],
  [SyntaxKind.EqualsEqualsToken, "=="],
  [SyntaxKind.EqualsEqualsEqualsToken, "=="],
  [SyntaxKind.ExclamationEqualsToken, "!="],
  [SyntaxKind.ExclamationEqualsEqualsToken, "!="],
  [SyntaxKind.LessThanToken, "<"],
  [SyntaxKind.LessThanEqualsToken, "<="],
  [SyntaxKind.GreaterThanToken, ">"],
  [SyntaxKind.GreaterThanEqualsToken, ">="],
  [SyntaxKind.AmpersandToken, "&"],
  [SyntaxKind.BarToken, "|"],
  [SyntaxKind.CaretToken, "^"],
  [SyntaxKind.LessThanLessThanToken, "<<"],
  [SyntaxKind.GreaterThanGreaterThanToken, ">>"],
  [SyntaxKind.GreaterThanGreaterThanGreaterThanToken, ">>>"],
]);

const logical: ReadonlyMap<ts.SyntaxKind, LogicalOperator> = new Map<ts.SyntaxKind, LogicalOperator>([
  [SyntaxKind.AmpersandAmpersandToken, "&&"],
  [SyntaxKind.BarBarToken, "||"],
]);

const assignments: ReadonlyMap<ts.SyntaxKind, BinaryOperator | LogicalOperator | null> = new Map<
  ts.SyntaxKind,
  BinaryOperator | LogicalOperator | null
>([
  [SyntaxKind.EqualsToken, null],
  [SyntaxKind.PlusEqualsToken, "+"],
  [SyntaxKind.MinusEqualsToken, "-"],
  [SyntaxKind.AsteriskEqualsToken, "*"],
  [SyntaxKind.SlashEqualsToken, "/"],
  [SyntaxKind.PercentEqualsToken, "%"],
  [SyntaxKind.AsteriskAsteriskEqualsToken, "**"],
  [SyntaxKind.AmpersandEqualsToken, "&"],
  [SyntaxKind.BarEqualsToken, "|"],
  [SyntaxKind.CaretEqualsToken, "^"],
  [SyntaxKind.LessThanLessThanEqualsToken, "<<"],
  [SyntaxKind.GreaterThanGreaterThanEqualsToken, ">>"],
  [SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken, ">>>"],
  [SyntaxKind.AmpersandAmpersandEqualsToken, "&&"],
  [SyntaxKind.BarBarEqualsToken, "||"],
]);

/** Deeper nesting than anyone writes: what reads a tree may recurse over its depth. */
const deepest = 250;

/** Reads the text; functions are turned into trees when they are asked for. */
export function parseTypeScript(source: SourceText): FileTree {
  return new Parser(source).file();
}

class Parser {
  readonly #source: SourceText;
  readonly #file: ts.SourceFile;
  #depth = 0;

  constructor(source: SourceText) {
    this.#source = source;
    this.#file = parsed(source);
    const [problem] = (this.#file as unknown as { readonly parseDiagnostics: readonly ts.DiagnosticWithLocation[] })
      .parseDiagnostics;
    if (problem !== undefined) {
      const text = ts.flattenDiagnosticMessageText(problem.messageText, " ").replace(/\.$/, "");
      source.fail("syntax", problem.start, lowerFirst(text));
    }
  }

  file(): FileTree {
    const functions = new Map<string, () => FunctionNode>();
    const order: { name: string; isExported: boolean }[] = [];
    const constants = new Map<string, Declared>();
    const types = new Map<string, TypeNode>();
    const once = (name: string, node: ts.Node): void => {
      if (functions.has(name) || constants.has(name))
        this.#fail("name", node, `'${name}' is declared twice`, "rename one of them");
    };
    const define = (name: string, node: ts.Node, exported: boolean, read: () => FunctionNode): void => {
      once(name, node);
      let known: FunctionNode | undefined;
      functions.set(name, () => (known ??= read()));
      order.push({ name, isExported: exported });
    };
    for (const s of this.#file.statements) {
      if (ts.isFunctionDeclaration(s)) {
        // an overload's signature says nothing that the implementation does not
        if (s.body === undefined) continue;
        define(s.name?.text ?? "default", s, isExported(s), () =>
          this.#function(s, s.name?.text ?? "default", isExported(s)),
        );
      } else if (ts.isInterfaceDeclaration(s)) types.set(s.name.text, this.#members(s, s.members));
      else if (ts.isTypeAliasDeclaration(s)) types.set(s.name.text, this.#type(s.type));
      else if (ts.isImportDeclaration(s) && s.importClause?.isTypeOnly === true) continue;
      else if (ts.isVariableStatement(s)) {
        if ((s.declarationList.flags & ts.NodeFlags.Const) === 0)
          this.#refuse(s, "a variable outside of functions", "write const, or pass it as a parameter");
        for (const d of s.declarationList.declarations) {
          if (!ts.isIdentifier(d.name))
            this.#refuse(d, "destructuring outside of functions", "give each constant a name");
          const { text } = d.name as ts.Identifier;
          const { initializer } = d;
          if (initializer !== undefined && isFunction(initializer))
            define(text, d, isExported(s), () => this.#function(initializer, text, isExported(s)));
          else {
            once(text, d);
            constants.set(text, this.#declared(d));
          }
        }
      } else if (s.kind !== SyntaxKind.EmptyStatement) {
        if (ts.isExpressionStatement(s) && ts.isStringLiteral(s.expression)) continue;
        const known = refusalOf(s.kind);
        if (ts.isStatement(s) && !ts.isDeclarationStatement(s))
          this.#refuse(s, "a statement outside of functions", "only functions are compiled: put it into one");
        this.#refuse(s, known.what, known.hint);
      }
    }
    return { functions, order, constants, types };
  }

  // ---- functions ----------------------------------------------------------------------------------------------------

  #function(
    node: ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction,
    name: string,
    exported = false,
  ): FunctionNode {
    if (node.asteriskToken !== undefined) this.#refuse(node, "a generator", "return an array");
    if (ts.getCombinedModifierFlags(node as ts.Declaration) & ts.ModifierFlags.Async)
      this.#refuse(node, "an async function", "pass values in, once they are there");
    const { body } = node;
    const statements: readonly Statement[] =
      body === undefined
        ? this.#refuse(node, "a function without a body", "write it here")
        : ts.isBlock(body)
          ? this.#statements(body.statements)
          : [{ kind: "return", at: this.#at(body), value: this.#expression(body) }];
    const parameters = node.parameters.map((p) => this.#parameter(p));
    return { at: this.#at(node.name ?? node), name, parameters, body: statements, isExported: exported };
  }

  #parameter(p: ts.ParameterDeclaration): ParameterNode {
    if (p.dotDotDotToken !== undefined) this.#refuse(p, "a rest parameter", "pass an array");
    return {
      at: this.#at(p),
      pattern: this.#binding(p.name),
      fallback: p.initializer === undefined ? null : this.#expression(p.initializer),
      type: p.type === undefined ? null : this.#type(p.type),
      isOptional: p.questionToken !== undefined,
    };
  }

  // ---- types --------------------------------------------------------------------------------------------------------

  #type(node: ts.TypeNode): TypeNode {
    return this.#nested(node, () => {
      const at = this.#at(node);
      if (ts.isParenthesizedTypeNode(node)) return this.#type(node.type);
      if (ts.isArrayTypeNode(node)) return { kind: "array-of", at, element: this.#type(node.elementType) };
      if (ts.isTypeOperatorNode(node)) return this.#type(node.type);
      if (ts.isNamedTupleMember(node)) return this.#type(node.type);
      if (ts.isTupleTypeNode(node)) return { kind: "tuple", at, items: node.elements.map((e) => this.#type(e)) };
      if (ts.isTypeLiteralNode(node)) return this.#members(node, node.members);
      if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName))
        return this.#typeName(node, node.typeName.text);
      if (node.kind === SyntaxKind.NumberKeyword) return { kind: "name", at, name: "number" };
      if (node.kind === SyntaxKind.BooleanKeyword) return { kind: "name", at, name: "boolean" };
      return { kind: "other", at, text: shortText(node.getText(this.#file)) };
    });
  }

  #typeName(node: ts.TypeReferenceNode, name: string): TypeNode {
    const at = this.#at(node);
    const [argument] = node.typeArguments ?? [];
    if (argument !== undefined && (name === "Array" || name === "ReadonlyArray"))
      return { kind: "array-of", at, element: this.#type(argument) };
    if (argument !== undefined && name === "Readonly") return this.#type(argument);
    return { kind: "name", at, name };
  }

  #members(node: ts.Node, members: ts.NodeArray<ts.TypeElement>): TypeNode {
    const at = this.#at(node);
    const known: { key: string; type: TypeNode }[] = [];
    for (const m of members) {
      if (
        !ts.isPropertySignature(m) ||
        m.type === undefined ||
        m.questionToken !== undefined ||
        !ts.isIdentifier(m.name)
      )
        return { kind: "other", at, text: shortText(node.getText(this.#file)) };
      known.push({ key: m.name.text, type: this.#type(m.type) });
    }
    return { kind: "object", at, keys: known.map((m) => m.key), items: known.map((m) => m.type) };
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  #statements(list: readonly ts.Statement[]): readonly Statement[] {
    return list.flatMap((s) => this.#statement(s) ?? []);
  }

  /** Null for what says nothing: types and empty statements. */
  #statement(node: ts.Statement): Statement | null {
    return this.#nested(node, () => this.#statementOf(node));
  }

  #body(node: ts.Statement): Statement {
    return this.#statement(node) ?? { kind: "block", at: this.#at(node), body: [] };
  }

  #statementOf(node: ts.Statement): Statement | null {
    const at = this.#at(node);
    switch (node.kind) {
      case SyntaxKind.EmptyStatement:
      case SyntaxKind.InterfaceDeclaration:
      case SyntaxKind.TypeAliasDeclaration:
        return null;
      case SyntaxKind.Block:
        return { kind: "block", at, body: this.#statements((node as ts.Block).statements) };
      case SyntaxKind.VariableStatement:
        return this.#declarations((node as ts.VariableStatement).declarationList);
      case SyntaxKind.ExpressionStatement:
        return { kind: "expression", at, value: this.#expression((node as ts.ExpressionStatement).expression) };
      case SyntaxKind.IfStatement: {
        const s = node as ts.IfStatement;
        const whenFalse = s.elseStatement === undefined ? null : this.#body(s.elseStatement);
        return {
          kind: "if",
          at,
          test: this.#expression(s.expression),
          whenTrue: this.#body(s.thenStatement),
          whenFalse,
        };
      }
      case SyntaxKind.WhileStatement: {
        const s = node as ts.WhileStatement;
        return { kind: "while", at, test: this.#expression(s.expression), body: this.#body(s.statement) };
      }
      case SyntaxKind.DoStatement: {
        const s = node as ts.DoStatement;
        return { kind: "do", at, test: this.#expression(s.expression), body: this.#body(s.statement) };
      }
      case SyntaxKind.ForStatement:
        return this.#for(node as ts.ForStatement);
      case SyntaxKind.ForOfStatement:
        return this.#forOf(node as ts.ForOfStatement);
      case SyntaxKind.BreakStatement:
        return { kind: "break", at, label: (node as ts.BreakStatement).label?.text ?? null };
      case SyntaxKind.ContinueStatement:
        return { kind: "continue", at, label: (node as ts.ContinueStatement).label?.text ?? null };
      case SyntaxKind.ReturnStatement: {
        const { expression } = node as ts.ReturnStatement;
        return { kind: "return", at, value: expression === undefined ? null : this.#expression(expression) };
      }
      case SyntaxKind.LabeledStatement: {
        const s = node as ts.LabeledStatement;
        return { kind: "labelled", at, label: s.label.text, body: this.#body(s.statement) };
      }
      case SyntaxKind.SwitchStatement:
        return this.#switch(node as ts.SwitchStatement);
      case SyntaxKind.FunctionDeclaration: {
        const s = node as ts.FunctionDeclaration;
        return s.body === undefined ? null : { kind: "define", at, fn: this.#function(s, s.name?.text ?? "") };
      }
      default:
        return this.#refuseKind(node);
    }
  }

  #for(s: ts.ForStatement): Statement {
    const { initializer: init, condition, incrementor } = s;
    const at = this.#at(s);
    const first: Statement | null =
      init === undefined
        ? null
        : ts.isVariableDeclarationList(init)
          ? this.#declarations(init)
          : { kind: "expression", at: this.#at(init), value: this.#expression(init) };
    return {
      kind: "for",
      at,
      init: first,
      test: condition === undefined ? null : this.#expression(condition),
      update: incrementor === undefined ? null : this.#expression(incrementor),
      body: this.#body(s.statement),
    };
  }

  #forOf(s: ts.ForOfStatement): Statement {
    if (s.awaitModifier !== undefined) this.#refuse(s, "for await", "pass the values as an array");
    const { initializer: init } = s;
    const shared = {
      kind: "for-of",
      at: this.#at(s),
      iterable: this.#expression(s.expression),
      body: this.#body(s.statement),
    } as const;
    if (!ts.isVariableDeclarationList(init))
      return { ...shared, isConst: false, declares: false, pattern: this.#pattern(init) };
    this.#requireLexical(init);
    const isConst = (init.flags & ts.NodeFlags.Const) !== 0;
    return { ...shared, isConst, declares: true, pattern: this.#binding(init.declarations[0].name) };
  }

  #switch(s: ts.SwitchStatement): Statement {
    const cases: readonly SwitchCase[] = s.caseBlock.clauses.map((c) => ({
      at: this.#at(c),
      test: ts.isCaseClause(c) ? this.#expression(c.expression) : null,
      body: this.#statements(c.statements),
    }));
    return { kind: "switch", at: this.#at(s), value: this.#expression(s.expression), cases };
  }

  #declarations(list: ts.VariableDeclarationList): Statement {
    this.#requireLexical(list);
    const isConst = (list.flags & ts.NodeFlags.Const) !== 0;
    return { kind: "declare", at: this.#at(list), isConst, items: list.declarations.map((d) => this.#declared(d)) };
  }

  #requireLexical(list: ts.VariableDeclarationList): void {
    const flags = list.flags & ts.NodeFlags.BlockScoped;
    if (flags !== ts.NodeFlags.Const && flags !== ts.NodeFlags.Let)
      this.#refuse(list, flags === 0 ? "var" : "using", "write let or const");
  }

  #declared(d: ts.VariableDeclaration): Declared {
    return {
      at: this.#at(d),
      pattern: this.#binding(d.name),
      type: d.type === undefined ? null : this.#type(d.type),
      init: d.initializer === undefined ? null : this.#expression(d.initializer, nameOf(d.name)),
    };
  }

  // ---- patterns -----------------------------------------------------------------------------------------------------

  #binding(name: ts.BindingName): Pattern {
    return this.#nested(name, () => this.#bindingOf(name));
  }

  #bindingOf(name: ts.BindingName): Pattern {
    const at = this.#at(name);
    if (ts.isIdentifier(name)) return { kind: "name", at, name: name.text };
    if (ts.isArrayBindingPattern(name)) {
      const items = name.elements.map((e) => (ts.isOmittedExpression(e) ? null : this.#element(e)));
      return { kind: "array-pattern", at, items };
    }
    const entries = name.elements.map((e) => {
      const key = e.propertyName ?? e.name;
      if (!ts.isIdentifier(key)) return this.#refuse(key, "a computed or quoted name of a field", "write its name");
      return { ...this.#element(e), key: key.text };
    });
    return { kind: "object-pattern", at, entries };
  }

  #element(e: ts.BindingElement): Element {
    if (e.dotDotDotToken !== undefined) this.#refuse(e, "a rest element", "name each one, or slice the array");
    return {
      pattern: this.#binding(e.name),
      fallback: e.initializer === undefined ? null : this.#expression(e.initializer),
    };
  }

  /** What stands left of `=`. */
  #pattern(node: ts.Expression): Pattern {
    return this.#nested(node, () => this.#patternOf(unwrapped(node)));
  }

  #patternOf(node: ts.Expression): Pattern {
    const at = this.#at(node);
    if (ts.isArrayLiteralExpression(node)) {
      const items = node.elements.map((e) => (ts.isOmittedExpression(e) ? null : this.#assigned(e)));
      return { kind: "array-pattern", at, items };
    }
    if (!ts.isObjectLiteralExpression(node)) return this.#target(node);
    const entries = node.properties.map((p) => {
      if (ts.isShorthandPropertyAssignment(p)) {
        const { objectAssignmentInitializer: initial, name } = p;
        const fallback = initial === undefined ? null : this.#expression(initial);
        return { key: name.text, pattern: { kind: "name", at: this.#at(name), name: name.text } as const, fallback };
      }
      if (!ts.isPropertyAssignment(p) || !ts.isIdentifier(p.name))
        return this.#refuse(p, "this field of a pattern", "write name or name: target");
      return { key: p.name.text, ...this.#assigned(p.initializer) };
    });
    return { kind: "object-pattern", at, entries };
  }

  #assigned(node: ts.Expression): Element {
    if (ts.isSpreadElement(node)) return this.#refuse(node, "a rest element", "name each one, or slice the array");
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.EqualsToken)
      return { pattern: this.#pattern(node.left), fallback: this.#expression(node.right) };
    return { pattern: this.#pattern(node), fallback: null };
  }

  #target(node: ts.Expression): Target {
    const e = this.#expression(node);
    if (e.kind === "name" || e.kind === "member" || e.kind === "index") return e;
    return this.#refuse(node, "this as the target of an assignment", "assign to a variable, an element or a field");
  }

  // ---- expressions --------------------------------------------------------------------------------------------------

  /** `name` is what a function is called that is the whole of it. */
  #expression(node: ts.Expression, name = ""): Expression {
    return this.#nested(node, () => this.#expressionOf(node, name));
  }

  #expressionOf(given: ts.Expression, name: string): Expression {
    const node = unwrapped(given);
    const at = this.#at(node);
    switch (node.kind) {
      case SyntaxKind.NumericLiteral:
        return { kind: "number", at, value: Number((node as ts.NumericLiteral).text) };
      case SyntaxKind.TrueKeyword:
      case SyntaxKind.FalseKeyword:
        return { kind: "boolean", at, value: node.kind === SyntaxKind.TrueKeyword };
      case SyntaxKind.Identifier:
        return { kind: "name", at, name: (node as ts.Identifier).text };
      case SyntaxKind.PrefixUnaryExpression:
      case SyntaxKind.PostfixUnaryExpression:
        return this.#unary(node as ts.PrefixUnaryExpression | ts.PostfixUnaryExpression);
      case SyntaxKind.BinaryExpression:
        return this.#binary(node as ts.BinaryExpression);
      case SyntaxKind.ConditionalExpression: {
        const e = node as ts.ConditionalExpression;
        const [test, whenTrue, whenFalse] = [e.condition, e.whenTrue, e.whenFalse].map((x) => this.#expression(x));
        return { kind: "conditional", at, test, whenTrue, whenFalse };
      }
      case SyntaxKind.PropertyAccessExpression: {
        const e = node as ts.PropertyAccessExpression;
        if (e.questionDotToken !== undefined) this.#refuse(e, "?.", "write a dot: nothing is undefined here");
        if (!ts.isIdentifier(e.name)) return this.#refuse(e, "a private name", "write a field");
        return { kind: "member", at, object: this.#expression(e.expression), name: e.name.text };
      }
      case SyntaxKind.ElementAccessExpression: {
        const e = node as ts.ElementAccessExpression;
        if (e.questionDotToken !== undefined) this.#refuse(e, "?.", "write a[i]: nothing is undefined here");
        return {
          kind: "index",
          at,
          object: this.#expression(e.expression),
          index: this.#expression(e.argumentExpression),
        };
      }
      case SyntaxKind.CallExpression: {
        const e = node as ts.CallExpression;
        if (e.questionDotToken !== undefined) this.#refuse(e, "?.", "write f(…): nothing is undefined here");
        return { kind: "call", at, callee: this.#expression(e.expression), args: this.#arguments(e.arguments) };
      }
      case SyntaxKind.NewExpression: {
        const e = node as ts.NewExpression;
        if (!ts.isIdentifier(e.expression)) return this.#refuse(e, "this constructor", "write new Float64Array(n)");
        return { kind: "new", at, name: e.expression.text, args: this.#arguments(e.arguments ?? []) };
      }
      case SyntaxKind.ArrayLiteralExpression: {
        const { elements } = node as ts.ArrayLiteralExpression;
        const hole = elements.find(ts.isOmittedExpression);
        if (hole !== undefined) this.#refuse(hole, "a hole in an array", "write a number");
        return { kind: "array", at, items: this.#arguments(elements) };
      }
      case SyntaxKind.ObjectLiteralExpression:
        return this.#object(node as ts.ObjectLiteralExpression);
      case SyntaxKind.ArrowFunction:
      case SyntaxKind.FunctionExpression: {
        const e = node as ts.ArrowFunction | ts.FunctionExpression;
        return { kind: "function", at, fn: this.#function(e, e.name?.text ?? name) };
      }
      default:
        return this.#refuseKind(node);
    }
  }

  #arguments(list: readonly ts.Expression[]): readonly Argument[] {
    return list.map((e) =>
      ts.isSpreadElement(e)
        ? { isSpread: true, value: this.#expression(e.expression) }
        : { isSpread: false, value: this.#expression(e) },
    );
  }

  #unary(e: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression): Expression {
    const at = this.#at(e);
    const isPrefix = ts.isPrefixUnaryExpression(e);
    const { operator, operand } = e;
    if (operator === SyntaxKind.PlusPlusToken || operator === SyntaxKind.MinusMinusToken) {
      const sign = operator === SyntaxKind.PlusPlusToken ? "+" : "-";
      return { kind: "update", at, operator: sign, isPrefix, target: this.#target(operand) };
    }
    const sign = ({ [SyntaxKind.PlusToken]: "+", [SyntaxKind.MinusToken]: "-", [SyntaxKind.TildeToken]: "~" } as const)[
      operator as SyntaxKindOfSign
    ];
    return { kind: "unary", at, operator: sign ?? "!", operand: this.#expression(operand) };
  }

  /** A chain of operators leans to the left, and is read from there without recursion. */
  #binary(top: ts.BinaryExpression): Expression {
    const chain: ts.BinaryExpression[] = [];
    let node: ts.Expression = top;
    while (ts.isBinaryExpression(node) && !assignments.has(node.operatorToken.kind)) {
      chain.push(node);
      node = unwrapped(node.left);
    }
    let left: Expression | null = chain.length === 0 ? null : this.#expression(node);
    for (const e of chain.reverse()) left = this.#joined(e, left as Expression);
    return left ?? this.#assignment(top);
  }

  #joined(e: ts.BinaryExpression, left: Expression): Expression {
    const { kind } = e.operatorToken;
    const at = this.#at(e.operatorToken);
    if (kind === SyntaxKind.CommaToken) return { kind: "sequence", at, items: [left, this.#expression(e.right)] };
    const lazy = logical.get(kind);
    if (lazy !== undefined) return { kind: "logical", at, operator: lazy, left, right: this.#expression(e.right) };
    const operator = binary.get(kind);
    if (operator !== undefined) return { kind: "binary", at, operator, left, right: this.#expression(e.right) };
    const text = e.operatorToken.getText(this.#file);
    return this.#refuse(e.operatorToken, `the operator ${text}`, "nothing is undefined, null or an instance here");
  }

  #assignment(e: ts.BinaryExpression): Expression {
    const operator = assignments.get(e.operatorToken.kind);
    const at = this.#at(e);
    if (operator === undefined) return this.#refuse(e.operatorToken, "this assignment", "write a = b");
    const target = operator === null ? this.#pattern(e.left) : this.#target(e.left);
    return { kind: "assign", at, operator, target, value: this.#expression(e.right) };
  }

  #object(node: ts.ObjectLiteralExpression): Expression {
    const seen = new Set<string>();
    const entries = node.properties.map((p) => {
      if (ts.isPropertyAssignment(p) || ts.isShorthandPropertyAssignment(p)) {
        const { name } = p;
        if (!ts.isIdentifier(name)) return this.#refuse(name, "a computed or quoted name of a field", "write its name");
        const key = name.text;
        if (key === "__proto__") this.#refuse(name, "the field __proto__", "give it another name");
        if (seen.has(key)) this.#fail("name", name, `the field '${key}' stands there twice`, "remove one of them");
        seen.add(key);
        const value: Expression = ts.isPropertyAssignment(p)
          ? this.#expression(p.initializer, key)
          : { kind: "name", at: this.#at(name), name: key };
        return { at: this.#at(p), key, value };
      }
      return this.#refuseKind(p);
    });
    return { kind: "object", at: this.#at(node), entries };
  }

  // ---- places and refusals ------------------------------------------------------------------------------------------

  #at(node: ts.Node): number {
    return node.getStart(this.#file);
  }

  #nested<T>(node: ts.Node, read: () => T): T {
    if (++this.#depth > deepest)
      this.#refuse(node, `nesting deeper than ${deepest}`, "split it into functions, or name its parts");
    const result = read();
    this.#depth--;
    return result;
  }

  #refuseKind(node: ts.Node): never {
    const { what, hint } = refusalOf(node.kind);
    return this.#refuse(node, what, hint);
  }

  #refuse(node: ts.Node, what: string, hint: string): never {
    return this.#fail("unsupported", node, `${what} is not compiled`, hint);
  }

  #fail(code: "unsupported" | "name", node: ts.Node, reason: string, hint: string): never {
    return this.#source.fail(code, this.#at(node), reason, hint);
  }
}

type SyntaxKindOfSign = ts.SyntaxKind.PlusToken | ts.SyntaxKind.MinusToken | ts.SyntaxKind.TildeToken;

/** The parser recurses over the depth of the text. */
function parsed(source: SourceText): ts.SourceFile {
  try {
    return ts.createSourceFile(source.file, source.text, ts.ScriptTarget.ES2022, false, ts.ScriptKind.TS);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return source.fail("unsupported", 0, `nesting deeper than ${deepest} is not compiled`, "split it into functions");
  }
}

function isFunction(node: ts.Node): node is ts.ArrowFunction | ts.FunctionExpression {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node);
}

function isExported(node: ts.Node): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((m) => m.kind === SyntaxKind.ExportKeyword);
}

/** Without parentheses, and without what only types say. */
function unwrapped(node: ts.Expression): ts.Expression {
  let inner = node;
  while (
    ts.isParenthesizedExpression(inner) ||
    ts.isAsExpression(inner) ||
    ts.isNonNullExpression(inner) ||
    ts.isSatisfiesExpression(inner) ||
    ts.isTypeAssertionExpression(inner)
  )
    inner = inner.expression;
  return inner;
}

function nameOf(name: ts.BindingName): string {
  return ts.isIdentifier(name) ? name.text : "";
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function shortText(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
}
