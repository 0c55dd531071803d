// The grammar of expressions: jsep's parser, strict as JavaScript is, with powers as mathematics writes them.
//
// jsep is made for being lenient: it takes `max(x y)`, `x;` and `(x,)`. What is below overrides its methods in a class of
// our own, so that whoever else uses jsep keeps theirs. Power is no binary operator of a table: what follows a token as
// `^` or `**` belongs to it, so that it binds tighter than a minus before it and groups to the right: -x^2^3 is -(x^(2^3)).

import jsep from "jsep";
import { AdjointError, type ErrorCode, fail, lazy, type Origin } from "../../ir/index.ts";
import { frameAt, operatorBefore, placesIn, printable } from "./expression-places.ts";

interface Identifier {
  readonly type: "Identifier";
  readonly name: string;
}

/** All that the grammar gives. The power's operator is `^`, however it was written. */
export type Expression =
  | { readonly type: "Literal"; readonly value: number | boolean | null }
  | Identifier
  | { readonly type: "MemberExpression"; readonly object: Identifier; readonly property: Identifier }
  | { readonly type: "UnaryExpression"; readonly operator: string; readonly argument: Expression }
  | {
      readonly type: "BinaryExpression";
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly type: "ConditionalExpression";
      readonly test: Expression;
      readonly consequent: Expression;
      readonly alternate: Expression;
    }
  | { readonly type: "CallExpression"; readonly callee: Expression; readonly arguments: readonly Expression[] };

const longest = 1_000_000;
/** Parentheses, signs, powers and ternaries inside each other; each takes some of the parser's stack. */
const deepest = 256;

/** Longer ones first. Their precedence is JavaScript's, as jsep has it. */
const operators = ["===", "!==", "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%"] as const;

const spaces = /\s*/y;
/**
 * Patterns of Unicode's classes, by their text: of a literal an engine checks all letters there are when it loads the file.
 */
const unicode = (pattern: string, flags = "uy"): (() => RegExp) => lazy(() => new RegExp(pattern, flags));
const identifier = unicode(String.raw`[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*`);
const afterNumber = unicode(String.raw`[\p{ID_Continue}$.]`);
const lastName = unicode(String.raw`([\p{ID_Start}$_][\p{ID_Continue}$]*)\s+$`, "u");
const firstName = unicode(String.raw`^[\p{ID_Continue}$.]+`, "u");
/** JavaScript's, without those that begin with a needless 0. */
const number =
  /0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|(?:(?:0|[1-9](?:_?\d)*)(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?/y;
/** What an operator, a parenthesis or a comma is followed by. */
const operand = "a number, a name or (";

/** The part of jsep's parser that is used here; its own types leave the class out. */
interface Parser {
  readonly expr: string;
  index: number;
  /** The character at `index`; empty at the end. */
  readonly char: string;
  gobbleSpaces(): void;
  gobbleExpression(): Expression;
  gobbleBinaryOp(): string | false;
  gobbleToken(): Expression;
  gobbleTokenProperty(node: Expression): Expression;
  gobbleNumericLiteral(): Expression;
  gobbleStringLiteral(): Expression;
  gobbleIdentifier(): Identifier;
  gobbleArguments(): Expression[];
  gobbleGroup(): Expression;
  gobbleArray(): Expression;
}

const base = jsep as unknown as { readonly Jsep: new (text: string) => Parser };

class Grammar extends base.Jsep {
  /** Where tokens start, and the parentheses around them. */
  readonly starts = new WeakMap<Expression, { readonly own: number; readonly outer: number }>();
  #tokens = 0;
  #expressions = 0;

  /** The one expression that the text is. */
  whole(): Expression {
    const root = this.gobbleExpression();
    if (this.char !== "") this.#unexpected("an operator or the end", this.#hintBehind(root));
    return root;
  }

  override gobbleExpression(): Expression {
    this.#bound(++this.#expressions);
    const expression = super.gobbleExpression();
    this.#expressions--;
    return expression;
  }

  override gobbleToken(): Expression {
    this.gobbleSpaces();
    const start = this.index;
    this.#bound(++this.#tokens);
    this.#refuseSteps();
    const token = super.gobbleToken() as Expression | false | { readonly type: "ThisExpression" };
    if (!token) return this.#unexpected(operand);
    if (token.type === "ThisExpression") return this.#meaningless("this", start);
    this.starts.set(token, { own: this.starts.get(leftmost(token, this.starts))?.own ?? start, outer: start });
    const power = this.#power(token, start);
    this.#tokens--;
    return power;
  }

  /** `base ^ exponent`, where a power follows; the exponent takes powers of its own. */
  #power(base: Expression, start: number): Expression {
    this.gobbleSpaces();
    const width = this.expr.startsWith("**", this.index) ? 2 : this.char === "^" ? 1 : 0;
    if (width === 0) return base;
    this.index += width;
    const power: Expression = { type: "BinaryExpression", operator: "^", left: base, right: this.gobbleToken() };
    this.starts.set(power, { own: start, outer: start });
    return power;
  }

  override gobbleBinaryOp(): string | false {
    this.gobbleSpaces();
    this.#refuseSteps();
    const operator = operators.find((o) => this.expr.startsWith(o, this.index));
    if (operator === undefined) return false;
    this.index += operator.length;
    return operator;
  }

  /** Calls of functions and members of Math, and nothing that looks like more of these. */
  override gobbleTokenProperty(node: Expression): Expression {
    let expression = node;
    for (this.gobbleSpaces(); ; this.gobbleSpaces()) {
      if (this.char === "(") expression = this.#call(expression);
      else if (this.char === ".") expression = this.#member(expression);
      else if (this.char === "[") this.#meaningless("a subscript", this.index);
      else return expression;
    }
  }

  #call(callee: Expression): Expression {
    if (callee.type !== "Identifier" && callee.type !== "MemberExpression")
      this.#fail("only a name can be called", this.index);
    this.index++;
    return { type: "CallExpression", callee, arguments: this.gobbleArguments() };
  }

  #member(object: Expression): Expression {
    if (object.type !== "Identifier" || object.name !== "Math")
      this.#fail("members have no meaning in an expression", this.index, "only Math has some");
    this.index++;
    this.gobbleSpaces();
    return { type: "MemberExpression", object, property: this.gobbleIdentifier() };
  }

  /** What stands between the parentheses of a call; the first one is read. */
  override gobbleArguments(): Expression[] {
    const list: Expression[] = [];
    this.gobbleSpaces();
    if (this.char !== ")") list.push(this.gobbleExpression());
    while (this.char === ",") {
      this.index++;
      list.push(this.gobbleExpression());
    }
    this.#close(", or )");
    return list;
  }

  override gobbleGroup(): Expression {
    this.index++;
    const expression = this.gobbleExpression();
    this.#close("an operator or )");
    return expression;
  }

  override gobbleSpaces(): void {
    spaces.lastIndex = this.index;
    spaces.test(this.expr);
    this.index = spaces.lastIndex;
  }

  override gobbleNumericLiteral(): Expression {
    const digits = matchAt(number, this.expr, this.index);
    if (digits === undefined) return this.#unexpected(operand);
    this.index += digits.length;
    const more = matchAt(afterNumber(), this.expr, this.index);
    if (more !== undefined) {
      const hint = isIdentifier(more) ? `write ${digits.length > 20 ? "2" : digits} * ${more}` : undefined;
      this.#fail(`got '${more}' right after a number`, this.index, hint);
    }
    return { type: "Literal", value: Number(digits.replaceAll("_", "")) };
  }

  override gobbleIdentifier(): Identifier {
    const name = matchAt(identifier(), this.expr, this.index);
    if (name === undefined) return this.#unexpected("a name");
    this.index += name.length;
    return { type: "Identifier", name };
  }

  override gobbleStringLiteral(): Expression {
    return this.#meaningless("a string", this.index);
  }

  override gobbleArray(): Expression {
    return this.#meaningless("an array", this.index);
  }

  #bound(depth: number): void {
    if (depth > deepest) this.#fail(`the expression is nested more than ${deepest} deep`, this.index);
  }

  /** `++` and `--` change a variable in JavaScript, and are two signs nowhere. */
  #refuseSteps(): void {
    const two = this.expr.slice(this.index, this.index + 2);
    if (two === "--" || two === "++")
      this.#fail(`${two} has no meaning in an expression`, this.index, `write ${two[0]} ${two[0]}`);
  }

  #close(expected: string): void {
    if (this.char !== ")") this.#unexpected(expected);
    this.index++;
  }

  /** What may be meant where something stands behind an expression: a call without parentheses, a comparison. */
  #hintBehind(root: Expression): string | undefined {
    const rest = this.expr.slice(this.index);
    if (/^=(?!=)/.test(rest)) return "write == to compare";
    const before = lastName().exec(this.expr.slice(0, this.index))?.[1];
    const name = firstName().exec(rest)?.[0];
    if (root.type === "Literal" || before === undefined || name === undefined) return undefined;
    return `write ${before}(${name}) for a function, ${before} * ${name} for a product`;
  }

  #unexpected(expected: string, hint?: string): never {
    const got = String.fromCodePoint(this.expr.codePointAt(this.index) ?? 0);
    const shown = this.char === "" ? "the end of the text" : `'${printable(got)}'`;
    return this.#fail(`got ${shown}, expected ${expected}`, this.index, hint);
  }

  #meaningless(what: string, index: number): never {
    return this.#fail(`${what} has no meaning in an expression`, index);
  }

  #fail(reason: string, index: number, hint?: string): never {
    return fail("syntax", reason, { ...frameAt(this.expr, index), hint });
  }
}

/** Whether a text is an identifier of JavaScript, reserved or not. */
export function isIdentifier(text: string): boolean {
  return matchAt(identifier(), text, 0) === text;
}

/** What a sticky pattern finds at `index`. */
function matchAt(pattern: RegExp, text: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0];
}

/** A parsed text, whose expressions know their places. */
export interface Parsed {
  readonly root: Expression;
  /** The place of a binary operator, of anything else its start. */
  originOf(expression: Expression): Origin;
  /** Fails at the start of an expression, with a caret. */
  fail(code: ErrorCode, expression: Expression, reason: string, hint?: string): never;
}

/** @throws AdjointError code `syntax`, with the column and a caret, for what is no single expression. */
export function parseExpression(text: string): Parsed {
  if (text.length > longest) {
    const reason = `the expression has ${text.length} characters, expected at most ${longest}`;
    fail("syntax", reason, frameAt(text, longest));
  }
  const grammar = new Grammar(text);
  const root = parsed(grammar);
  const { starts } = grammar;
  const place = placesIn(text);
  const startOf = (expression: Expression): number => starts.get(leftmost(expression, starts))?.own ?? 0;
  return {
    root,
    originOf: (expression) =>
      place(
        expression.type === "BinaryExpression"
          ? operatorBefore(text, starts.get(leftmost(expression.right, starts))?.outer ?? 0, expression.operator)
          : startOf(expression),
      ),
    fail: (code, expression, reason, hint) => fail(code, reason, { ...frameAt(text, startOf(expression)), hint }),
  };
}

function parsed(grammar: Grammar): Expression {
  try {
    return grammar.whole();
  } catch (error) {
    if (error instanceof AdjointError) throw error;
    const { description, index } = error as { readonly description?: string; readonly index?: number };
    if (description === undefined || index === undefined) throw error;
    const words = printable(description.slice(0, 80));
    return fail("syntax", words[0].toLowerCase() + words.slice(1), frameAt(grammar.expr, index));
  }
}

/** The first token of a binary or conditional expression. */
function leftmost(expression: Expression, starts: Grammar["starts"]): Expression {
  let e = expression;
  while (!starts.has(e)) {
    if (e.type === "BinaryExpression") e = e.left;
    else if (e.type === "ConditionalExpression") e = e.test;
    else return e;
  }
  return e;
}
