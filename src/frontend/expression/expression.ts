// Expressions: JavaScript's arithmetic in a text becomes a function of f64 scalars.

import { counted, currentBlock, didYouMean, fail, printType, scalar, type Type, type Value } from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { callUsers } from "../handle/boundary.ts";
import { applyKeepingRank, asTensor, literal, type Operand } from "../handle/lift.ts";
import { currentTrace } from "../handle/scope.ts";
import { Tensor } from "../handle/tensor.ts";
import { nameParameters, type TracedFunction } from "../trace/trace.ts";
import { constants, functions, mathConstants, requireName, requireNames, shorten } from "./expression-names.ts";
import { type Expression, type Parsed, parseExpression } from "./expression-syntax.ts";

type Of<K extends Expression["type"]> = Extract<Expression, { type: K }>;

/** What a text may name beside its arguments and Math, and what it is for. */
export interface ExpressionUse {
  readonly constants: Readonly<Record<string, number>>;
  /** Functions of tensors, each giving a scalar: a number or a boolean. */
  readonly functions: Readonly<Record<string, TracedFunction>>;
  /** Whether the result has to be a number. */
  readonly isDifferentiated: boolean;
}

const f64 = scalar("f64");
const bool = scalar("bool");

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

type Binary = (x: Value, y: Value) => Value;

const arithmetic: ReadonlyMap<string, Binary> = new Map([
  ["+", ops.add],
  ["-", ops.sub],
  ["*", ops.mul],
  ["/", ops.div],
  ["%", ops.rem],
  ["^", ops.pow],
]);

const logic: ReadonlyMap<string, Binary> = new Map([
  ["&&", ops.and],
  ["||", ops.or],
]);

/**
 * The function of an expression, to be traced: it takes an f64 scalar for each name. A name means the argument, else the constant or function
 * that the user gives, else that of Math; `Math.name` always means that of Math.
 *
 * @throws AdjointError code `syntax`, at its place in the text; what the text names is looked up in the trace, with codes
 * `name`, `arity`, and `dtype` where a boolean meets a number.
 */
export function expressionFunction(text: string, names: readonly string[], use: ExpressionUse): TracedFunction {
  requireNames(names);
  const parsed = parseExpression(text);
  const own = ownNames(use);
  const fn = (...args: readonly Operand[]): Tensor => {
    const tensors = args.map((arg) => asTensor(fn, arg, null));
    for (const [i, t] of tensors.entries()) requireScalar(t, names[i]);
    return applyKeepingRank(fn, tensors, (...values) => {
      const known = new Map(names.map((name, i) => [name, values[i]]));
      const value = new Reader(parsed, known, own).value(parsed.root);
      if (use.isDifferentiated && value.type !== f64) {
        const reason = "the expression gives a boolean, which has no derivative";
        parsed.fail("no-derivative", parsed.root, reason, "write p ? 1 : 0");
      }
      return [value];
    })[0];
  };
  Object.defineProperty(fn, "name", { value: "main" });
  return nameParameters(fn, names);
}

interface Own {
  readonly constants: ReadonlyMap<string, number>;
  readonly functions: ReadonlyMap<string, TracedFunction>;
}

function ownNames({ constants, functions }: ExpressionUse): Own {
  for (const name of Object.keys(constants)) requireName(name, "the name of a constant");
  for (const name of Object.keys(functions)) requireName(name, "the name of a function");
  return { constants: new Map(Object.entries(constants)), functions: new Map(Object.entries(functions)) };
}

function requireScalar({ type }: Tensor, name: string): void {
  if (type === f64) return;
  fail("dtype", `argument '${shorten(name)}' of an expression is ${printType(type)}, expected f64`, {
    hint: "an expression computes with numbers; write tensor functions for others",
  });
}

/** The names of an expression that stand for nothing known: its arguments, in order of appearance. */
export function expressionNames(text: string): readonly string[] {
  const names = new Set<string>();
  const open = [parseExpression(text).root];
  for (let e = open.pop(); e !== undefined; e = open.pop()) {
    if (e.type === "Identifier" && !constants.has(e.name)) names.add(e.name);
    const parts = e.type === "ConditionalExpression" ? [e.test, e.consequent, e.alternate] : operandsOf(e);
    for (let i = parts.length - 1; i >= 0; i--) open.push(parts[i]);
  }
  return [...names];
}

/** What is still to do: read an expression, or put together the operation of one whose operands are read. */
type Task = { readonly read: Expression } | { readonly combine: Expression; readonly count: number };

/** Reads expressions in post-order on a stack of its own, since a sum of a million terms nests as deep. */
class Reader {
  readonly #parsed: Parsed;
  readonly #names: ReadonlyMap<string, Value>;
  readonly #own: Own;

  constructor(parsed: Parsed, names: ReadonlyMap<string, Value>, own: Own) {
    this.#parsed = parsed;
    this.#names = names;
    this.#own = own;
  }

  value(root: Expression): Value {
    const tasks: Task[] = [{ read: root }];
    const values: Value[] = [];
    for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
      if ("read" in task) {
        const operands = operandsOf(task.read);
        tasks.push({ combine: task.read, count: operands.length });
        for (let i = operands.length - 1; i >= 0; i--) tasks.push({ read: operands[i] });
      } else {
        currentBlock().origin = this.#parsed.originOf(task.combine);
        values.push(this.#combine(task.combine, values.splice(values.length - task.count)));
      }
    }
    return values[0];
  }

  #combine(e: Expression, operands: readonly Value[]): Value {
    switch (e.type) {
      case "Literal":
        return this.#literal(e);
      case "Identifier":
        return this.#identifier(e);
      case "MemberExpression":
        return this.#mathConstant(e);
      case "UnaryExpression":
        return this.#unary(e, operands[0]);
      case "BinaryExpression":
        return this.#binary(e, operands[0], operands[1]);
      case "ConditionalExpression":
        return this.#conditional(e, operands[0]);
      case "CallExpression":
        return this.#call(e, operands);
    }
  }

  #literal(e: Of<"Literal">): Value {
    if (e.value === null) return this.#parsed.fail("syntax", e, "null has no meaning in an expression");
    return ops.constant(e.value, typeof e.value === "number" ? f64 : bool);
  }

  #identifier(e: Of<"Identifier">): Value {
    const value = this.#names.get(e.name);
    if (value !== undefined) return value;
    const constant = this.#own.constants.get(e.name) ?? constants.get(e.name);
    if (constant !== undefined) return ops.constant(constant, f64);
    const shown = shorten(e.name);
    if (functions().has(e.name) || this.#own.functions.has(e.name))
      return this.#parsed.fail("name", e, `${shown} is a function`, `call it: ${shown}(…)`);
    const known = [...this.#names.keys(), ...this.#own.constants.keys(), ...constants.keys()];
    return this.#parsed.fail("name", e, `unknown name '${shown}'`, didYouMean(e.name, known) ?? this.#listNames());
  }

  #listNames(): string {
    const names = [...this.#names.keys()].slice(0, 8).map(shorten);
    return names.length === 0 ? "the expression has no arguments" : `the arguments are ${names.join(", ")}`;
  }

  #mathConstant(e: Of<"MemberExpression">): Value {
    const { name } = e.property;
    const constant = mathConstants.get(name);
    if (constant !== undefined) return ops.constant(constant, f64);
    const shown = `Math.${shorten(name)}`;
    if (functions().has(name)) return this.#parsed.fail("name", e, `${shown} is a function`, `call it: ${shown}(…)`);
    const hint = didYouMean(name, mathConstants.keys()) ?? `its constants are ${[...mathConstants.keys()].join(", ")}`;
    return this.#parsed.fail("name", e, `unknown name '${shown}'`, hint);
  }

  #unary(e: Of<"UnaryExpression">, x: Value): Value {
    if (e.operator === "!") return ops.not(this.#bool(e.argument, x, "operand of !"));
    if (e.operator !== "-" && e.operator !== "+")
      return this.#parsed.fail("syntax", e, `the operator ${e.operator} has no meaning in an expression`);
    const operand = this.#number(e.argument, x, `operand of ${e.operator}`);
    return e.operator === "-" ? ops.neg(operand) : operand;
  }

  #binary({ operator, left, right }: Of<"BinaryExpression">, x: Value, y: Value): Value {
    const compute = arithmetic.get(operator);
    if (compute !== undefined)
      return compute(this.#number(left, x, `left of ${operator}`), this.#number(right, y, `right of ${operator}`));
    const combine = logic.get(operator);
    if (combine !== undefined)
      return combine(this.#bool(left, x, `left of ${operator}`), this.#bool(right, y, `right of ${operator}`));
    if (x.type !== y.type) {
      const reason = `the right of ${operator} is a ${kindOf(y.type)}, its left a ${kindOf(x.type)}, expected two of a kind`;
      this.#parsed.fail("dtype", right, reason, "write p ? 1 : 0 for a number");
    }
    return ops.compare(x, y, comparisons.get(operator) as ops.Direction);
  }

  /** A branch is computed only where it is taken; one that computes nothing is selected. */
  #conditional(e: Of<"ConditionalExpression">, test: Value): Value {
    const predicate = this.#bool(e.test, test, "test of ?");
    const parts = [e.consequent, e.alternate];
    const types: Type[] = [];
    const branch = (part: Expression) => () => {
      const value = this.value(part);
      types.push(value.type);
      if (types.length === 2 && types[0] !== types[1]) {
        const [a, b] = types.map(kindOf);
        this.#parsed.fail("dtype", part, `the branches of ? give a ${a} and a ${b}, expected two of a kind`);
      }
      return [value];
    };
    const [then, otherwise] = parts.map(branch);
    const isPlain = parts.every((part) => part.type === "Literal" || part.type === "Identifier");
    const [origin, block] = [currentBlock().origin, currentBlock()];
    if (!isPlain) return ops.ifElse(predicate, then, otherwise)[0];
    const [a, b] = [then()[0], otherwise()[0]];
    block.origin = origin;
    return ops.select(predicate, a, b);
  }

  #call(e: Of<"CallExpression">, args: readonly Value[]): Value {
    const { callee } = e;
    for (const [i, x] of args.entries()) this.#number(e.arguments[i], x, `argument ${i} of ${calledName(callee)}`);
    const own = callee.type === "Identifier" ? this.#own.functions.get(callee.name) : undefined;
    if (own !== undefined) return this.#callOwn(e, own, args);
    const shown = calledName(callee);
    const name =
      callee.type === "Identifier" ? callee.name : callee.type === "MemberExpression" ? callee.property.name : "";
    const called = functions().get(name);
    if (called === undefined) {
      if (this.#names.has(shown))
        this.#parsed.fail("name", e, `${shown} is a number, not a function`, `write ${shown} * (…)`);
      const known = [...functions().keys(), ...this.#own.functions.keys()];
      const hint =
        didYouMean(name, known) ?? "the functions are those of Math, sec, csc, cot, and what functions gives";
      return this.#parsed.fail("name", e, `unknown function '${shown}'`, hint);
    }
    if (args.length < called.least || args.length > called.most)
      this.#parsed.fail("arity", e, `${shown}: got ${counted(args.length, "argument")}, expected ${called.least}`);
    return called.apply(...args);
  }

  /** A function of the user, traced at this place. */
  #callOwn(e: Of<"CallExpression">, fn: TracedFunction, args: readonly Value[]): Value {
    const block = currentBlock();
    const origin = block.origin;
    const result: unknown = callUsers(fn, ...args.map((value) => new Tensor({ value, builder: block })));
    block.origin = origin;
    const isLiteral = typeof result === "number" || typeof result === "boolean";
    if (!isLiteral && !(result instanceof Tensor))
      return this.#parsed.fail("argument", e, `${calledName(e.callee)} gives no tensor`, "is a return missing?");
    const value = isLiteral ? literal(result, null) : (currentTrace()?.value(result, origin) as Value);
    if (value.type === f64 || value.type === bool) return value;
    const reason = `${calledName(e.callee)} gives ${printType(value.type)}, expected f64 or bool`;
    return this.#parsed.fail("dtype", e, reason, "reduce or cast it to one number");
  }

  #number(e: Expression, x: Value, what: string): Value {
    if (x.type === f64) return x;
    return this.#parsed.fail("dtype", e, `the ${what} is a boolean, expected a number`, "write p ? 1 : 0");
  }

  #bool(e: Expression, x: Value, what: string): Value {
    if (x.type === bool) return x;
    return this.#parsed.fail("dtype", e, `the ${what} is a number, expected a boolean`, "compare it: x != 0");
  }
}

/** What has to be read before. The branches of a ternary stand in regions of their own. */
function operandsOf(e: Expression): readonly Expression[] {
  switch (e.type) {
    case "UnaryExpression":
      return [e.argument];
    case "BinaryExpression":
      return [e.left, e.right];
    case "ConditionalExpression":
      return [e.test];
    case "CallExpression":
      return e.arguments;
    default:
      return [];
  }
}

function kindOf(type: Type): string {
  return type === bool ? "boolean" : "number";
}

function calledName(callee: Expression): string {
  if (callee.type === "MemberExpression") return `Math.${shorten(callee.property.name)}`;
  return callee.type === "Identifier" ? shorten(callee.name) : "";
}
