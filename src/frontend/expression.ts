// Expressions: JavaScript's arithmetic in a text becomes a function over f64 scalars.

import {
  buildFunc,
  currentBlock,
  didYouMean,
  type Func,
  fail,
  isScalar,
  printType,
  scalar,
  type Type,
  type Value,
} from "../ir/index.ts";
import * as ops from "../ops/index.ts";
import { type Expression, type Parsed, parseExpression } from "./expression-syntax.ts";

type Apply = (...args: Value[]) => Value;

interface NamedFunction {
  readonly least: number;
  readonly most: number;
  readonly apply: Apply;
}

const f64 = scalar("f64");
const bool = scalar("bool");
const number = (x: number): Value => ops.constant(x, f64);
const unary = (apply: (x: Value) => Value): NamedFunction => ({ least: 1, most: 1, apply });
const binary = (apply: (x: Value, y: Value) => Value): NamedFunction => ({ least: 2, most: 2, apply });
const reciprocal = (of: (x: Value) => Value): NamedFunction => unary((x) => ops.div(number(1), of(x)));
const folded = (apply: (x: Value, y: Value) => Value, empty: number): NamedFunction => ({
  least: 0,
  most: Infinity,
  apply: (...xs) => (xs.length === 0 ? number(empty) : xs.reduce(apply)),
});

/** Math.round: halves go up, and what is as large as it has no fraction stays; -0 stays -0. */
function roundHalfUp(x: Value): Value {
  const floor = ops.floor(x);
  const isUpper = ops.compare(ops.sub(x, floor), number(0.5), "ge");
  const up = ops.add(floor, number(1));
  return ops.select(isUpper, ops.select(ops.compare(up, number(0), "eq"), number(-0), up), floor);
}

/** What Math has, and what mathematics has beside it. */
const functions: ReadonlyMap<string, NamedFunction> = new Map(
  Object.entries({
    abs: unary(ops.abs),
    sign: unary(ops.sign),
    sqrt: unary(ops.sqrt),
    cbrt: unary(ops.cbrt),
    exp: unary(ops.exp),
    expm1: unary(ops.expm1),
    log: unary(ops.log),
    log2: unary(ops.log2),
    log10: unary(ops.log10),
    log1p: unary(ops.log1p),
    sin: unary(ops.sin),
    cos: unary(ops.cos),
    tan: unary(ops.tan),
    asin: unary(ops.asin),
    acos: unary(ops.acos),
    atan: unary(ops.atan),
    sinh: unary(ops.sinh),
    cosh: unary(ops.cosh),
    tanh: unary(ops.tanh),
    asinh: unary(ops.asinh),
    acosh: unary(ops.acosh),
    atanh: unary(ops.atanh),
    floor: unary(ops.floor),
    ceil: unary(ops.ceil),
    round: unary(roundHalfUp),
    trunc: unary(ops.trunc),
    fround: unary((x) => ops.cast(ops.cast(x, "f32"), "f64")),
    atan2: binary(ops.atan2),
    pow: binary(ops.pow),
    hypot: folded(ops.hypot, 0),
    max: folded(ops.maximum, -Infinity),
    min: folded(ops.minimum, Infinity),
    sec: reciprocal(ops.cos),
    csc: reciprocal(ops.sin),
    cot: reciprocal(ops.tan),
  } satisfies Record<string, NamedFunction>),
);

const constants: ReadonlyMap<string, number> = new Map(
  (["E", "PI", "LN2", "LN10", "LOG2E", "LOG10E", "SQRT2", "SQRT1_2"] as const).map((name) => [name, Math[name]]),
);

const comparisons: ReadonlyMap<string, ops.Direction> = new Map([
  ["==", "eq"],
  ["===", "eq"],
  ["!=", "ne"],
  ["!==", "ne"],
  ["<", "lt"],
  ["<=", "le"],
  [">", "gt"],
  [">=", "ge"],
] as const);

const arithmetic: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ["+", ops.add],
  ["-", ops.sub],
  ["*", ops.mul],
  ["/", ops.div],
  ["%", ops.rem],
  ["^", ops.pow],
]);

const logic: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ["&&", ops.and],
  ["||", ops.or],
]);

/**
 * The function of an expression: one f64 argument for each name, one result. Names come before constants of the user,
 * these before those of Math; functions are called, so a name may be the same.
 *
 * @throws AdjointError at the expression's column: code `syntax`, `name`, `arity`, or `dtype` where a boolean meets a
 * number.
 */
export function expressionFunc(text: string, names: readonly string[], own: Readonly<Record<string, number>>): Func {
  const parsed = parseExpression(text);
  return buildFunc(
    { name: "main", argumentNames: names, origin: parsed.originOf(parsed.root) },
    names.map(() => f64),
    (...args) => {
      const known = new Map(names.map((name, i) => [name, args[i]]));
      return [new Reader(parsed, known, own).value(parsed.root)];
    },
  );
}

/** The names of an expression that stand for nothing known: its arguments, in order of appearance. */
export function expressionNames(text: string): readonly string[] {
  const names = new Set<string>();
  const open = [parseExpression(text).root];
  for (let e = open.pop(); e !== undefined; e = open.pop()) {
    if (e.type === "Identifier" && !constants.has(String(e.name))) names.add(String(e.name));
    const parts = e.type === "CallExpression" ? e.arguments : e.type === "MemberExpression" ? [] : Object.values(e);
    for (const part of (parts as unknown[]).toReversed()) if (isExpression(part)) open.push(part);
  }
  return [...names];
}

function isExpression(x: unknown): x is Expression {
  return typeof x === "object" && x !== null && "type" in x;
}

/** What is still to do: read an expression, or put together the operation of one whose operands are read. */
type Task = { readonly read: Expression } | { readonly combine: Expression; readonly count: number };

/** Reads expressions in post-order on a stack of its own, since a sum of a million terms nests as deep. */
class Reader {
  readonly #parsed: Parsed;
  readonly #names: ReadonlyMap<string, Value>;
  readonly #own: Readonly<Record<string, number>>;

  constructor(parsed: Parsed, names: ReadonlyMap<string, Value>, own: Readonly<Record<string, number>>) {
    this.#parsed = parsed;
    this.#names = names;
    this.#own = own;
  }

  value(root: Expression): Value {
    const tasks: Task[] = [{ read: root }];
    const values: Value[] = [];
    for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
      if ("read" in task) {
        const operands = this.#operands(task.read);
        tasks.push({ combine: task.read, count: operands.length });
        for (const operand of operands.toReversed()) tasks.push({ read: operand });
      } else {
        currentBlock().origin = this.#parsed.originOf(task.combine);
        values.push(this.#combine(task.combine, values.splice(values.length - task.count)));
      }
    }
    return values[0];
  }

  /** What has to be read before. The branches of a ternary stand in regions of their own. */
  #operands(e: Expression): readonly Expression[] {
    switch (e.type) {
      case "UnaryExpression":
        return [e.argument as Expression];
      case "BinaryExpression":
        return [e.left as Expression, e.right as Expression];
      case "ConditionalExpression":
        return [e.test as Expression];
      case "CallExpression":
        return e.arguments as readonly Expression[];
      default:
        return [];
    }
  }

  #combine(e: Expression, operands: readonly Value[]): Value {
    switch (e.type) {
      case "Literal":
        return this.#literal(e);
      case "Identifier":
        return this.#identifier(e, String(e.name));
      case "MemberExpression":
        return this.#identifier(e, this.#mathName(e));
      case "UnaryExpression":
        return this.#unary(e, operands[0]);
      case "BinaryExpression":
        return this.#binary(e, operands[0], operands[1]);
      case "ConditionalExpression":
        return this.#conditional(e, operands[0]);
      case "CallExpression":
        return this.#call(e, operands);
      case "Compound":
        return this.#parsed.fail("syntax", e, "got no expression, or several, expected one");
      default:
        return this.#parsed.fail("syntax", e, `${described[e.type] ?? "this"} has no meaning in an expression`);
    }
  }

  #literal(e: Expression): Value {
    if (typeof e.value === "number") return number(e.value);
    if (typeof e.value === "boolean") return ops.constant(e.value, bool);
    return this.#parsed.fail("syntax", e, `${e.value === null ? "null" : "a string"} has no meaning in an expression`);
  }

  #identifier(e: Expression, name: string): Value {
    const isMath = e.type === "MemberExpression";
    const value = isMath ? undefined : this.#names.get(name);
    if (value !== undefined) return value;
    const constant = !isMath && Object.hasOwn(this.#own, name) ? this.#own[name] : constants.get(name);
    if (constant !== undefined) return number(constant);
    const shown = isMath ? `Math.${shorten(name)}` : shorten(name);
    if (functions.has(name)) return this.#parsed.fail("name", e, `${shown} is a function`, `call it: ${shown}(…)`);
    const known = [...this.#names.keys(), ...Object.keys(this.#own), ...constants.keys()];
    return this.#parsed.fail("name", e, `unknown name '${shown}'`, didYouMean(name, known) ?? this.#listNames());
  }

  #listNames(): string {
    const names = [...this.#names.keys()].map(shorten);
    return names.length === 0 ? "the expression has no arguments" : `the arguments are ${names.slice(0, 8).join(", ")}`;
  }

  /** `Math.name`, and no other member of anything. */
  #mathName(e: Expression): string {
    const { object, property, computed } = e as Expression & { object: Expression; property: Expression };
    if (object.type !== "Identifier" || object.name !== "Math" || computed === true || property.type !== "Identifier") {
      this.#parsed.fail("syntax", e, "members have no meaning in an expression", "only Math has some");
    }
    return String(property.name);
  }

  #unary(e: Expression, x: Value): Value {
    if (e.operator === "!") return ops.not(this.#bool(e, x, "operand of !"));
    const operand = this.#number(e, x, `operand of ${e.operator}`);
    return e.operator === "-" ? ops.neg(operand) : operand;
  }

  #binary(e: Expression, x: Value, y: Value): Value {
    const operator = String(e.operator);
    const compute = arithmetic.get(operator);
    if (compute !== undefined) {
      return compute(this.#number(e, x, `left of ${operator}`), this.#number(e, y, `right of ${operator}`));
    }
    const combine = logic.get(operator);
    if (combine !== undefined) {
      return combine(this.#bool(e, x, `left of ${operator}`), this.#bool(e, y, `right of ${operator}`));
    }
    const direction = comparisons.get(operator);
    if (direction === undefined) return this.#parsed.fail("syntax", e, `the operator ${operator} has no meaning here`);
    if (x.type !== y.type) {
      this.#parsed.fail(
        "dtype",
        e,
        `${operator} compares ${printType(x.type)} with ${printType(y.type)}, expected one of them`,
      );
    }
    return ops.compare(x, y, direction);
  }

  /** A branch is computed only where it is taken; one that computes nothing is selected. */
  #conditional(e: Expression, test: Value): Value {
    const predicate = this.#bool(e, test, "test of ?");
    const parts = [e.consequent as Expression, e.alternate as Expression];
    const types: Type[] = [];
    const branch = (part: Expression) => () => {
      const value = this.value(part);
      types.push(value.type);
      if (types.length === 2 && types[0] !== types[1]) {
        const [a, b] = types.map(printType);
        this.#parsed.fail("dtype", e, `the branches of ? give ${a} and ${b}, expected one of them`);
      }
      return [value];
    };
    const [then, otherwise] = parts.map(branch);
    currentBlock().origin = this.#parsed.originOf(e);
    const isPlain = parts.every((part) => part.type === "Literal" || part.type === "Identifier");
    return isPlain ? ops.select(predicate, then()[0], otherwise()[0]) : ops.ifElse(predicate, then, otherwise)[0];
  }

  #call(e: Expression, args: readonly Value[]): Value {
    const callee = e.callee as Expression;
    if (callee.type !== "Identifier" && callee.type !== "MemberExpression") {
      this.#parsed.fail("syntax", e, "only functions of Math can be called");
    }
    const name = callee.type === "Identifier" ? String(callee.name) : this.#mathName(callee);
    const called = functions.get(name);
    const shown = shorten(name);
    if (called === undefined) {
      const hint = didYouMean(name, functions.keys()) ?? "the functions are those of Math, sec, csc and cot";
      return this.#parsed.fail("name", e, `unknown function '${shown}'`, hint);
    }
    if (args.length < called.least || args.length > called.most) {
      this.#parsed.fail("arity", e, `${shown}: got ${args.length} arguments, expected ${called.least}`);
    }
    for (const [i, x] of args.entries()) this.#number(e, x, `argument ${i} of ${shown}`);
    return called.apply(...args);
  }

  #number(e: Expression, x: Value, what: string): Value {
    if (x.type === f64) return x;
    return this.#parsed.fail("dtype", e, `the ${what} is a ${printType(x.type)}, expected a number`, "write p ? 1 : 0");
  }

  #bool(e: Expression, x: Value, what: string): Value {
    if (isScalar(x.type) && x.type === bool) return x;
    return this.#parsed.fail("dtype", e, `the ${what} is a number, expected a boolean`, "compare it: x != 0");
  }
}

const described: Readonly<Record<string, string>> = {
  ThisExpression: "this",
  ArrayExpression: "an array",
  SequenceExpression: "a sequence",
};

function shorten(name: string): string {
  const text = name.replace(/[\p{C}\p{Z}]/gu, "?");
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** The names of an expression's arguments: identifiers, each once, none of them what the syntax keeps. */
export function requireNames(names: unknown): asserts names is readonly string[] {
  if (!Array.isArray(names)) fail("argument", "compileExpression: the names of the arguments are not in an array");
  for (const [i, name] of names.entries()) {
    if (typeof name !== "string" || !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) {
      fail("name", `compileExpression: name ${i} is no identifier`, { hint: "letters, digits, _ and $" });
    }
    if (["true", "false", "null", "this", "Math"].includes(name))
      fail("name", `compileExpression: '${name}' cannot name an argument`);
    if (names.indexOf(name) < i) fail("name", `compileExpression: two arguments are called '${shorten(name)}'`);
  }
}
