// The syntax of expressions: jsep's parser with powers as mathematics writes them, and bounds that hold for any text.
//
// jsep has one configuration for all; bundled, as it is here, it is ours alone. Power is no binary operator of its table:
// after every token a hook takes `^` or `**` with its right side, so that it binds tighter than a minus before it and
// groups to the right: -x^2^3 is -(x^(2^3)).

import jsep from "jsep";
import { AdjointError, fail, type Origin, originAt } from "../ir/index.ts";

export type Expression = jsep.Expression;

const file = "<expression>";
const longest = 1_000_000;
/** Parentheses, minus signs, powers and ternaries inside each other; each takes some of the parser's stack. */
const deepest = 256;

const binaryOperators: readonly (readonly [string, number])[] = [
  ["||", 1],
  ["&&", 2],
  ["==", 6],
  ["!=", 6],
  ["===", 6],
  ["!==", 6],
  ["<", 7],
  [">", 7],
  ["<=", 7],
  [">=", 7],
  ["+", 9],
  ["-", 9],
  ["*", 10],
  ["/", 10],
  ["%", 10],
];

/** jsep's parser, as hooks see it. */
interface Parser {
  readonly expr: string;
  index: number;
  readonly code: number;
  gobbleSpaces(): void;
  gobbleNumericLiteral(): Expression;
  gobbleToken(): Expression | false;
  throwError(message: string): never;
}

interface Step {
  node?: Expression | false;
}

/** Where each expression starts in the text being parsed, and where the tokens being read do. */
let starts = new WeakMap<Expression, number>();
let open: number[] = [];

configure();

function configure(): void {
  jsep.removeAllBinaryOps();
  for (const [operator, precedence] of binaryOperators) jsep.addBinaryOp(operator, precedence);
  jsep.removeUnaryOp("~");
  jsep.hooks.add("gobble-expression", function (this: Parser) {
    enter(this);
  } as jsep.HookCallback);
  jsep.hooks.add("after-expression", leave as jsep.HookCallback);
  jsep.hooks.add("gobble-token", function (this: Parser, step: Step) {
    enter(this);
    if (isDigit(this.code) || this.code === 46) step.node = this.gobbleNumericLiteral();
  } as jsep.HookCallback);
  jsep.hooks.add("after-token", function (this: Parser, step: Step) {
    const start = leave(step);
    takePower(this, step, start);
  } as jsep.HookCallback);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function enter(parser: Parser): void {
  open.push(parser.index);
  if (open.length > 2 * deepest) {
    fail("syntax", `the expression is nested more than ${deepest} deep`, at(parser.expr, parser.index));
  }
}

function leave(step: Step): number {
  const start = open.pop() ?? 0;
  if (step.node && !starts.has(step.node)) starts.set(step.node, start);
  return start;
}

/** `base ^ exponent`, where a power follows; the exponent takes powers of its own. */
function takePower(parser: Parser, step: Step, start: number): void {
  if (!step.node) return;
  parser.gobbleSpaces();
  const { expr, index } = parser;
  const width = expr.startsWith("**", index) ? 2 : expr[index] === "^" ? 1 : 0;
  if (width === 0) return;
  parser.index += width;
  enter(parser);
  const right = parser.gobbleToken();
  open.pop();
  if (!right) parser.throwError("Expected expression after ^");
  step.node = { type: "BinaryExpression", operator: "^", left: step.node, right };
  starts.set(step.node, start);
}

/** A parsed text, whose expressions know their places. */
export interface Parsed {
  readonly root: Expression;
  originOf(expression: Expression): Origin;
  /** Fails at an expression, with a caret. */
  fail(code: "syntax" | "name" | "dtype" | "arity", expression: Expression, reason: string, hint?: string): never;
}

/** @throws AdjointError code `syntax`, with the column and a caret, for what is no single expression. */
export function parseExpression(text: string): Parsed {
  if (text.length > longest)
    fail("syntax", `the expression has ${text.length} characters, expected at most ${longest}`);
  starts = new WeakMap();
  open = [];
  const root = parsed(text);
  const own = starts;
  const startOf = (expression: Expression): number => {
    const start = own.get(leftmost(expression, own)) ?? 0;
    // operands are asked for before what they are in, so that long sums stay linear
    own.set(expression, start);
    return start;
  };
  return {
    root,
    originOf: (expression) => at(text, startOf(expression)).origin,
    fail: (code, expression, reason, hint) => fail(code, reason, { ...at(text, startOf(expression)), hint }),
  };
}

function parsed(text: string): Expression {
  try {
    return jsep(text);
  } catch (error) {
    if (error instanceof AdjointError) throw error;
    const { description, index } = error as { readonly description?: string; readonly index?: number };
    if (description === undefined || index === undefined) throw error;
    return fail("syntax", `the expression does not parse: ${describe(description)}`, at(text, index));
  }
}

/** The parser's words, on one line and short. */
function describe(description: string): string {
  const text = description.replace(/[^ -~]/g, "?").replace(/ at character \d+$/, "");
  return text.length > 80 ? `${text.slice(0, 80)}…` : text[0].toLowerCase() + text.slice(1);
}

/** A binary expression starts where its left side does. */
function leftmost(expression: Expression, own: WeakMap<Expression, number>): Expression {
  let e = expression;
  while (!own.has(e)) {
    const next = (e.left ?? e.test ?? e.object ?? e.callee) as Expression | undefined;
    if (next === undefined) return e;
    e = next;
  }
  return e;
}

function at(text: string, index: number): { readonly origin: Origin; readonly frame: string } {
  const before = text.slice(0, index);
  const line = before.split("\n").length;
  const column = index - (before.lastIndexOf("\n") + 1) + 1;
  const whole = text.split("\n")[line - 1] ?? "";
  const from = Math.max(0, column - 41);
  const shown = whole.slice(from, from + 80).replace(/[\p{C}]/gu, "?");
  return { origin: originAt(file, line, column), frame: `  ${shown}\n  ${" ".repeat(column - 1 - from)}^` };
}
