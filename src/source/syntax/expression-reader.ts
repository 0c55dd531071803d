// Expressions and patterns: the parser's nodes → the subset's.

import ts from "typescript";
import { assignments, binary, logical } from "./syntax-operators.ts";
import type { Argument, Element, Expression, FunctionNode, Pattern, Target } from "./tree.ts";
import { TypeReader } from "./type-reader.ts";

const { SyntaxKind } = ts;

export abstract class ExpressionReader extends TypeReader {
  /** A function with its body. A subclass reads it, since statements contain expressions. */
  protected abstract function(
    node: ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction,
    name: string,
  ): FunctionNode;

  // ---- patterns -----------------------------------------------------------------------------------------------------

  protected binding(name: ts.BindingName): Pattern {
    return this.nested(name, () => this.bindingOf(name));
  }

  protected bindingOf(name: ts.BindingName): Pattern {
    const at = this.at(name);
    if (ts.isIdentifier(name)) {
      this.requireName(name);
      return { kind: "name", at, name: name.text };
    }
    if (ts.isArrayBindingPattern(name)) {
      const items = name.elements.map((e) => (ts.isOmittedExpression(e) ? null : this.element(e)));
      return { kind: "array-pattern", at, items };
    }
    const entries = name.elements.map((e) => {
      const key = e.propertyName ?? e.name;
      if (!ts.isIdentifier(key)) return this.refuse(key, "a computed or quoted name of a field", "write its name");
      return { ...this.element(e), key: key.text };
    });
    return { kind: "object-pattern", at, entries };
  }

  protected element(e: ts.BindingElement): Element {
    if (e.dotDotDotToken !== undefined) this.refuse(e, "a rest element", "name each one, or slice the array");
    return {
      pattern: this.binding(e.name),
      fallback: e.initializer === undefined ? null : this.expression(e.initializer),
    };
  }

  /** The left side of `=`. */
  protected pattern(node: ts.Expression): Pattern {
    return this.nested(node, () => this.patternOf(unwrapped(node)));
  }

  protected patternOf(node: ts.Expression): Pattern {
    const at = this.at(node);
    if (ts.isArrayLiteralExpression(node)) {
      const items = node.elements.map((e) => (ts.isOmittedExpression(e) ? null : this.assigned(e)));
      return { kind: "array-pattern", at, items };
    }
    if (!ts.isObjectLiteralExpression(node)) return this.target(node);
    const entries = node.properties.map((p) => {
      if (ts.isShorthandPropertyAssignment(p)) {
        const { objectAssignmentInitializer: initial, name } = p;
        const fallback = initial === undefined ? null : this.expression(initial);
        return { key: name.text, pattern: { kind: "name", at: this.at(name), name: name.text } as const, fallback };
      }
      if (!ts.isPropertyAssignment(p) || !ts.isIdentifier(p.name))
        return this.refuse(p, "this field of a pattern", "write name or name: target");
      return { key: p.name.text, ...this.assigned(p.initializer) };
    });
    return { kind: "object-pattern", at, entries };
  }

  protected assigned(node: ts.Expression): Element {
    if (ts.isSpreadElement(node)) return this.refuse(node, "a rest element", "name each one, or slice the array");
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.EqualsToken)
      return { pattern: this.pattern(node.left), fallback: this.expression(node.right) };
    return { pattern: this.pattern(node), fallback: null };
  }

  protected target(node: ts.Expression): Target {
    const e = this.expression(node);
    if (ts.isIdentifier(node)) this.requireName(node);
    if (e.kind === "name" || e.kind === "member" || e.kind === "index") return e;
    return this.fail("syntax", node, "nothing can be assigned to here", "assign to a variable, an element or a field");
  }

  // ---- expressions --------------------------------------------------------------------------------------------------

  /** `name` is given to a function that is the whole expression. */
  protected expression(node: ts.Expression, name = ""): Expression {
    return this.nested(node, () => this.expressionOf(node, name));
  }

  protected expressionOf(given: ts.Expression, name: string): Expression {
    const node = unwrapped(given);
    const at = this.at(node);
    if (ts.isNumericLiteral(node)) return { kind: "number", at, value: Number(node.text) };
    if (node.kind === SyntaxKind.TrueKeyword || node.kind === SyntaxKind.FalseKeyword)
      return { kind: "boolean", at, value: node.kind === SyntaxKind.TrueKeyword };
    if (ts.isIdentifier(node)) {
      this.requireUnreserved(node);
      return { kind: "name", at, name: node.text };
    }
    if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return this.unary(node);
    if (ts.isBinaryExpression(node)) return this.binary(node);
    if (ts.isConditionalExpression(node)) {
      const [test, whenTrue, whenFalse] = [node.condition, node.whenTrue, node.whenFalse].map((x) =>
        this.expression(x),
      );
      return { kind: "conditional", at, test, whenTrue, whenFalse };
    }
    if (ts.isPropertyAccessExpression(node)) return this.member(node);
    if (ts.isElementAccessExpression(node)) return this.indexed(node);
    if (ts.isCallExpression(node)) {
      this.refuseOptional(node, "f(…)");
      return { kind: "call", at, callee: this.expression(node.expression), args: this.arguments(node.arguments) };
    }
    if (ts.isNewExpression(node)) return this.construction(node);
    if (ts.isArrayLiteralExpression(node)) {
      const hole = node.elements.find(ts.isOmittedExpression);
      if (hole !== undefined) this.refuse(hole, "a hole in an array", "write a number");
      return { kind: "array", at, items: this.arguments(node.elements) };
    }
    if (ts.isObjectLiteralExpression(node)) return this.object(node);
    if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) {
      const ownName = node.name?.text ?? null;
      return { kind: "function", at, fn: this.function(node, ownName ?? name), ownName };
    }
    return this.refuseKind(node);
  }

  protected indexed(e: ts.ElementAccessExpression): Expression {
    this.refuseOptional(e, "a[i]");
    const [object, index] = [e.expression, e.argumentExpression].map((x) => this.expression(x));
    return { kind: "index", at: this.at(e), object, index };
  }

  protected member(e: ts.PropertyAccessExpression): Expression {
    this.refuseOptional(e, "a dot");
    if (!ts.isIdentifier(e.name)) return this.refuse(e, "a private name", "write a field");
    return { kind: "member", at: this.at(e), object: this.expression(e.expression), name: e.name.text };
  }

  protected construction(e: ts.NewExpression): Expression {
    if (!ts.isIdentifier(e.expression)) return this.refuse(e, "this constructor", "write new Float64Array(n)");
    return { kind: "new", at: this.at(e), name: e.expression.text, args: this.arguments(e.arguments ?? []) };
  }

  protected refuseOptional(
    e: { readonly questionDotToken?: ts.QuestionDotToken } & ts.Expression,
    instead: string,
  ): void {
    if (e.questionDotToken !== undefined) this.refuse(e, "?.", `write ${instead}: nothing is undefined here`);
  }

  protected arguments(list: readonly ts.Expression[]): readonly Argument[] {
    return list.map((e) =>
      ts.isSpreadElement(e)
        ? { isSpread: true, value: this.expression(e.expression) }
        : { isSpread: false, value: this.expression(e) },
    );
  }

  protected unary(e: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression): Expression {
    const at = this.at(e);
    const isPrefix = ts.isPrefixUnaryExpression(e);
    const { operator, operand } = e;
    if (operator === SyntaxKind.PlusPlusToken || operator === SyntaxKind.MinusMinusToken) {
      const sign = operator === SyntaxKind.PlusPlusToken ? "+" : "-";
      return { kind: "update", at, operator: sign, isPrefix, target: this.target(operand) };
    }
    const sign = ({ [SyntaxKind.PlusToken]: "+", [SyntaxKind.MinusToken]: "-", [SyntaxKind.TildeToken]: "~" } as const)[
      operator as SyntaxKindOfSign
    ];
    return { kind: "unary", at, operator: sign ?? "!", operand: this.expression(operand) };
  }

  /** A left-associative chain of operators is as deep as it is long, so it is read in a loop. */
  protected binary(top: ts.BinaryExpression): Expression {
    const chain: ts.BinaryExpression[] = [];
    let node: ts.Expression = top;
    while (ts.isBinaryExpression(node) && !assignments.has(node.operatorToken.kind)) {
      chain.push(node);
      node = unwrapped(node.left);
    }
    let left: Expression | null = chain.length === 0 ? null : this.expression(node);
    for (const e of chain.reverse()) left = this.joined(e, left as Expression);
    return left ?? this.assignment(top);
  }

  protected joined(e: ts.BinaryExpression, left: Expression): Expression {
    const { kind } = e.operatorToken;
    const at = this.at(e.operatorToken);
    if (kind === SyntaxKind.CommaToken) return { kind: "sequence", at, left, right: this.expression(e.right) };
    const lazy = logical.get(kind);
    if (lazy !== undefined) return { kind: "logical", at, operator: lazy, left, right: this.expression(e.right) };
    const operator = binary.get(kind);
    if (operator !== undefined) return { kind: "binary", at, operator, left, right: this.expression(e.right) };
    const text = e.operatorToken.getText(this.tree);
    return this.refuse(e.operatorToken, `the operator ${text}`, "nothing is undefined, null or an instance here");
  }

  protected assignment(e: ts.BinaryExpression): Expression {
    const operator = assignments.get(e.operatorToken.kind);
    const at = this.at(e);
    if (operator === undefined) return this.refuse(e.operatorToken, "this assignment", "write a = b");
    const target = operator === null ? this.pattern(e.left) : this.target(e.left);
    return { kind: "assign", at, operator, target, value: this.expression(e.right) };
  }

  protected object(node: ts.ObjectLiteralExpression): Expression {
    const seen = new Set<string>();
    const entries = node.properties.map((p) => {
      if (ts.isPropertyAssignment(p) || (ts.isShorthandPropertyAssignment(p) && !p.objectAssignmentInitializer)) {
        const { name } = p;
        if (!ts.isIdentifier(name)) return this.refuse(name, "a computed or quoted name of a field", "write its name");
        const key = name.text;
        if (key === "__proto__") this.refuse(name, "the field __proto__", "give it another name");
        if (seen.has(key)) this.fail("name", name, `the field '${key}' stands there twice`, "remove one of them");
        seen.add(key);
        const value: Expression = ts.isPropertyAssignment(p)
          ? this.expression(p.initializer, key)
          : { kind: "name", at: this.at(name), name: key };
        return { at: this.at(p), key, value };
      }
      if (ts.isShorthandPropertyAssignment(p))
        return this.fail("syntax", p, "a default in an object", "write name: value");
      return this.refuseKind(p);
    });
    return { kind: "object", at: this.at(node), entries };
  }
}

type SyntaxKindOfSign = ts.SyntaxKind.PlusToken | ts.SyntaxKind.MinusToken | ts.SyntaxKind.TildeToken;

/** The expression without parentheses and type assertions. */
export function unwrapped(node: ts.Expression): ts.Expression {
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
