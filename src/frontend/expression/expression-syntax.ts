// The grammar of expressions: JavaScript's, as strict as there, with powers as mathematics writes them.
//
// Binary operators are read by precedence, without recursion, since a sum may have a million terms. Power is none of them: what
// follows a token as `^` or `**` belongs to it, so that it binds tighter than a minus before it and groups to the right:
// -x^2^3 is -(x^(2^3)).

import { type ErrorCode, fail, lazy, type Origin } from "../../ir/index.ts";
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

/** Longer ones first, with JavaScript's precedence: the higher one binds tighter. */
const operators: ReadonlyMap<string, number> = new Map([
  ["===", 3],
  ["!==", 3],
  ["==", 3],
  ["!=", 3],
  ["<=", 4],
  [">=", 4],
  ["&&", 2],
  ["||", 1],
  ["<", 4],
  [">", 4],
  ["+", 5],
  ["-", 5],
  ["*", 6],
  ["/", 6],
  ["%", 6],
]);
const spelled = [...operators.keys()];

const literals: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
] as const);

const spaces = /\s*/y;
/**
 * Patterns of Unicode's classes, by their text: of a literal an engine checks all letters there are when it loads the file.
 */
const unicode = (pattern: string, flags = "uy"): (() => RegExp) => lazy(() => new RegExp(pattern, flags));
const identifier = unicode("[\\p{ID_Start}$_][\\p{ID_Continue}$\\u200c\\u200d]*");
const afterNumber = unicode("[\\p{ID_Continue}$.]");
const lastName = unicode("([\\p{ID_Start}$_][\\p{ID_Continue}$]*)\\s+$", "u");
const firstName = unicode("^[\\p{ID_Continue}$.]+", "u");
/** JavaScript's, without those that begin with a needless 0. */
const number =
  /0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|(?:(?:0|[1-9](?:_?\d)*)(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?/y;
/** What an operator, a parenthesis or a comma is followed by. */
const operand = "a number, a name or (";

class Grammar {
  readonly #text: string;
  /** Where the next character is. */
  #at = 0;
  /** Where tokens start, and the parentheses around them. */
  readonly starts = new WeakMap<Expression, { readonly own: number; readonly outer: number }>();
  #tokens = 0;
  #expressions = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next character; empty at the end. */
  get #next(): string {
    return this.#text.charAt(this.#at);
  }

  /** Whether the next character is this one, which is then read. */
  #accept(mark: string): boolean {
    if (this.#next !== mark) return false;
    this.#at++;
    return true;
  }

  /** The one expression that the text is. */
  whole(): Expression {
    const root = this.#expression();
    if (this.#next !== "") this.#unexpected("an operator or the end", this.#hintBehind(root));
    return root;
  }

  /** `test ? consequent : alternate`, or what is no ternary. */
  #expression(): Expression {
    this.#bound(++this.#expressions);
    let expression = this.#binary();
    this.#skipSpaces();
    if (this.#accept("?")) {
      const consequent = this.#expression();
      this.#skipSpaces();
      if (!this.#accept(":")) this.#fail("expected :", this.#at);
      expression = { type: "ConditionalExpression", test: expression, consequent, alternate: this.#expression() };
    }
    this.#expressions--;
    return expression;
  }

  /** Tokens with operators between them, each of which takes what is to the left of it and binds no looser. */
  #binary(): Expression {
    const operands = [this.#token()];
    const open: string[] = [];
    for (;;) {
      const operator = this.#operator();
      const precedence = operator === null ? 0 : (operators.get(operator) ?? 0);
      for (let last = open.at(-1); last !== undefined && precedence <= (operators.get(last) ?? 0); last = open.at(-1)) {
        const [left, right] = operands.splice(-2);
        operands.push({ type: "BinaryExpression", operator: last, left, right });
        open.pop();
      }
      if (operator === null) return operands[0];
      open.push(operator);
      operands.push(this.#token());
    }
  }

  /** A number, a name with what belongs to it, a group, or one of these behind a sign; and its powers. */
  #token(): Expression {
    this.#skipSpaces();
    const start = this.#at;
    this.#bound(++this.#tokens);
    this.#refuseSteps();
    const token = this.#atom();
    this.starts.set(token, { own: this.starts.get(leftmost(token, this.starts))?.own ?? start, outer: start });
    const power = this.#power(token, start);
    this.#tokens--;
    return power;
  }

  #atom(): Expression {
    const start = this.#at;
    const next = this.#next;
    if (/[\d.]/.test(next)) return this.#number();
    if (next === "'" || next === '"') return this.#meaningless("a string", start);
    if (next === "[") return this.#meaningless("an array", start);
    if (/[-+!~]/.test(next)) {
      this.#at++;
      return { type: "UnaryExpression", operator: next, argument: this.#token() };
    }
    if (next === "(") return this.#properties(this.#group());
    // what may begin a name in some language is read as one, and refused as one
    if (!/[\w$\u0080-\uffff]/.test(next)) return this.#unexpected(operand);
    const name = this.#identifier();
    const literal = name.name === "this" ? null : literals.get(name.name);
    const expression = this.#properties(literal === undefined ? name : { type: "Literal", value: literal });
    return name.name === "this" ? this.#meaningless("this", start) : expression;
  }

  /** `base ^ exponent`, where a power follows; the exponent takes powers of its own. */
  #power(base: Expression, start: number): Expression {
    this.#skipSpaces();
    const width = this.#text.startsWith("**", this.#at) ? 2 : this.#next === "^" ? 1 : 0;
    if (width === 0) return base;
    this.#at += width;
    const power: Expression = { type: "BinaryExpression", operator: "^", left: base, right: this.#token() };
    this.starts.set(power, { own: start, outer: start });
    return power;
  }

  #operator(): string | null {
    this.#skipSpaces();
    this.#refuseSteps();
    const operator = spelled.find((o) => this.#text.startsWith(o, this.#at));
    if (operator === undefined) return null;
    this.#at += operator.length;
    return operator;
  }

  /** Calls of functions and members of Math, and nothing that looks like more of these. */
  #properties(node: Expression): Expression {
    let expression = node;
    for (this.#skipSpaces(); ; this.#skipSpaces()) {
      if (this.#next === "(") expression = this.#call(expression);
      else if (this.#next === ".") expression = this.#member(expression);
      else if (this.#next === "[") this.#meaningless("a subscript", this.#at);
      else return expression;
    }
  }

  #call(callee: Expression): Expression {
    if (callee.type !== "Identifier" && callee.type !== "MemberExpression")
      this.#fail("only a name can be called", this.#at);
    this.#at++;
    return { type: "CallExpression", callee, arguments: this.#arguments() };
  }

  #member(object: Expression): Expression {
    if (object.type !== "Identifier" || object.name !== "Math")
      this.#fail("members have no meaning in an expression", this.#at, "only Math has some");
    this.#at++;
    this.#skipSpaces();
    return { type: "MemberExpression", object, property: this.#identifier() };
  }

  /** What stands between the parentheses of a call; the first one is read. */
  #arguments(): Expression[] {
    const list: Expression[] = [];
    this.#skipSpaces();
    if (this.#next !== ")") list.push(this.#expression());
    while (this.#accept(",")) list.push(this.#expression());
    this.#close(", or )");
    return list;
  }

  #group(): Expression {
    this.#at++;
    const expression = this.#expression();
    this.#close("an operator or )");
    return expression;
  }

  #skipSpaces(): void {
    spaces.lastIndex = this.#at;
    spaces.test(this.#text);
    this.#at = spaces.lastIndex;
  }

  #number(): Expression {
    const digits = matchAt(number, this.#text, this.#at);
    if (digits === undefined) return this.#unexpected(operand);
    this.#at += digits.length;
    const more = matchAt(afterNumber(), this.#text, this.#at);
    if (more !== undefined) {
      const hint = isIdentifier(more) ? `write ${digits.length > 20 ? "2" : digits} * ${more}` : undefined;
      this.#fail(`got '${more}' right after a number`, this.#at, hint);
    }
    return { type: "Literal", value: Number(digits.replaceAll("_", "")) };
  }

  #identifier(): Identifier {
    const name = matchAt(identifier(), this.#text, this.#at);
    if (name === undefined) return this.#unexpected("a name");
    this.#at += name.length;
    return { type: "Identifier", name };
  }

  #bound(depth: number): void {
    if (depth > deepest) this.#fail(`the expression is nested more than ${deepest} deep`, this.#at);
  }

  /** `++` and `--` change a variable in JavaScript, and are two signs nowhere. */
  #refuseSteps(): void {
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (two === "--" || two === "++")
      this.#fail(`${two} has no meaning in an expression`, this.#at, `write ${two[0]} ${two[0]}`);
  }

  #close(expected: string): void {
    if (!this.#accept(")")) this.#unexpected(expected);
  }

  /** What may be meant where something stands behind an expression: a call without parentheses, a comparison. */
  #hintBehind(root: Expression): string | undefined {
    const rest = this.#text.slice(this.#at);
    if (/^=(?!=)/.test(rest)) return "write == to compare";
    const before = lastName().exec(this.#text.slice(0, this.#at))?.[1];
    const name = firstName().exec(rest)?.[0];
    if (root.type === "Literal" || before === undefined || name === undefined) return undefined;
    return `write ${before}(${name}) for a function, ${before} * ${name} for a product`;
  }

  #unexpected(expected: string, hint?: string): never {
    const got = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    const shown = this.#next === "" ? "the end of the text" : `'${printable(got)}'`;
    return this.#fail(`got ${shown}, expected ${expected}`, this.#at, hint);
  }

  #meaningless(what: string, index: number): never {
    return this.#fail(`${what} has no meaning in an expression`, index);
  }

  #fail(reason: string, index: number, hint?: string): never {
    return fail("syntax", reason, { ...frameAt(this.#text, index), hint });
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
  const root = grammar.whole();
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
