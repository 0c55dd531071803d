// Expressions, in JavaScript's order of evaluation.

import { currentBlock, isPure, type Operation } from "../../ir/index.ts";
import { and, cast, or, reduce, select } from "../../ops/index.ts";
import {
  type AbstractBoolean,
  type AbstractNumber,
  type AbstractValue,
  describeValue,
} from "../state/abstract-value.ts";
import { Scope } from "../state/scope.ts";
import type { Argument, Declared, Expression, Name, Of } from "../syntax/tree.ts";
import { binary, truth, unary } from "./arithmetic.ts";
import { contentsOf, copyOf, fieldOf, lengthOf, literal, readElement } from "./arrays.ts";
import { assign, assignPattern, destructure, update } from "./assign.ts";
import { requireBounded } from "./bounded.ts";
import { branch, negated } from "./branch.ts";
import { builtin, builtinMember, builtinNames, callBuiltin, callMethod, construct, folds } from "./builtins.ts";
import { callHost } from "./host-functions.ts";
import type { Arm } from "./join.ts";
import type { Reading } from "./reading.ts";

/** The value of an expression. `name` is the hint for the operation of an operator or an index, which makes a new value. */
export function evaluate(cx: Reading, e: Expression, name: string | null = null): AbstractValue {
  return cx.inside(e, () => evaluateNode(cx, e, name));
}

function evaluateNode(cx: Reading, e: Expression, name: string | null): AbstractValue {
  cx.at(e.at);
  cx.unfold(e.at);
  switch (e.kind) {
    case "number":
      return cx.number(e.value);
    case "boolean":
      return cx.boolean(e.value);
    case "name":
      return readName(cx, e);
    case "unary":
      return unary(cx, e.operator, evaluate(cx, e.operand), e.at, name);
    case "binary":
      return evaluateBinary(cx, e, name);
    case "logical":
      return chained(cx, e, (cx, e) => evaluate(cx, e));
    case "conditional":
      return conditional(cx, e);
    case "assign":
      return e.operator === null ? assignPattern(cx, e.target, e.value) : assign(cx, e);
    case "update":
      return update(cx, e);
    case "sequence":
      return evaluateSequence(cx, e);
    case "call":
      return evaluateCall(cx, e);
    case "new":
      return evaluateNew(cx, e);
    case "member":
      return member(cx, e);
    case "index":
      return readIndex(cx, e, name);
    case "array":
      return arrayLiteral(cx, e);
    case "object": {
      const fields = e.entries.map((entry) => [entry.key, evaluate(cx, entry.value)] as const);
      const object = cx.record(false, fields, null, "object");
      requireBounded(cx, object, e.at);
      return object;
    }
    case "function":
      return functionExpression(cx, e);
  }
}

function functionExpression(cx: Reading, { fn, ownName }: Of<"function">): AbstractValue {
  if (ownName === null) return { kind: "function", fn, scope: cx.scope };
  const scope = new Scope(cx.scope);
  scope.declare(ownName, { kind: "function", fn, scope });
  return { kind: "function", fn, scope };
}

/** Evaluates an expression for its side effects. Its value is dropped, so the two arms need not have one type. */
export function perform(cx: Reading, e: Expression): void {
  if (e.kind !== "logical" && e.kind !== "conditional") {
    evaluate(cx, e);
    return;
  }
  cx.inside(e, () => {
    const test = evaluateTest(cx, e.kind === "logical" ? e.left : e.test);
    const [then, otherwise] =
      e.kind === "conditional" ? [e.whenTrue, e.whenFalse] : e.operator === "&&" ? [e.right, null] : [null, e.right];
    const performed = (arm: Expression | null) => (): void => {
      if (arm !== null) perform(cx, arm);
    };
    branch(cx, test, e.at, performed(then), performed(otherwise));
  });
}

type Leaning = "binary" | "logical" | "sequence";

/** A chain of operators leans to the left, as deep as it is long: its first operand, and the operators from there on. */
function chainOf<K extends Leaning>(top: Of<K>): readonly [Expression, readonly Of<K>[]] {
  const chain: Of<K>[] = [];
  const { kind } = top as Expression;
  let first: Expression = top;
  while (first.kind === kind) {
    chain.push(first as Of<K>);
    first = (first as Of<Leaning>).left;
  }
  return [first, chain.reverse()];
}

function evaluateBinary(cx: Reading, top: Of<"binary">, name: string | null): AbstractValue {
  const [first, chain] = chainOf(top);
  let left = evaluate(cx, first);
  for (const e of chain) left = binary(cx, e.operator, left, evaluate(cx, e.right), e.at, e === top ? name : null);
  return left;
}

function evaluateSequence(cx: Reading, top: Of<"sequence">): AbstractValue {
  const [first, chain] = chainOf(top);
  let last = evaluate(cx, first);
  for (const e of chain) last = evaluate(cx, e.right);
  return last;
}

// ---- names ----------------------------------------------------------------------------------------------------------

function readName(cx: Reading, { name, at }: Name): AbstractValue {
  const binding = cx.scope.lookup(name);
  if (binding?.kind === "function") return { kind: "function", fn: binding.fn, scope: binding.scope };
  if (binding?.kind === "variable") {
    const m = cx.state.read(binding.location);
    return (
      m ??
      cx.fail("name", at, `'${name}' is read before it has a value on every path`, "give it one where it is declared")
    );
  }
  const own = fileName(cx, name, at) ?? hostName(cx, name) ?? builtin(cx, name, at);
  return (
    own ??
    cx.fail(
      "name",
      at,
      `'${name}' is not declared`,
      cx.suggestion(name, namesOf(cx)) ?? "declare it, or pass it as a parameter",
    )
  );
}

function namesOf(cx: Reading): readonly string[] {
  const { functions, constants } = cx.file;
  return [...cx.scope.names(), ...functions.keys(), ...constants.keys(), ...cx.host.functions.keys(), ...builtinNames];
}

function hostName(cx: Reading, name: string): AbstractValue | undefined {
  return cx.host.functions.has(name) ? { kind: "host", name } : undefined;
}

/** A function or constant of the file. */
function fileName(cx: Reading, name: string, at: number): AbstractValue | undefined {
  const fn = cx.file.functions.get(name)?.();
  if (fn !== undefined) {
    cx.requireDefined(name, fn.definedAt, at);
    return { kind: "function", fn, scope: cx.fileScope };
  }
  const constant = cx.file.constants.get(name)?.();
  if (constant === undefined) return undefined;
  cx.requireDefined(name, constant.at, at);
  if (!cx.constants.has(name)) readConstant(cx, constant);
  return cx.constants.get(name);
}

function readConstant(cx: Reading, { at, init, pattern }: Declared): void {
  cx.fileConstant(at, () => {
    const value = evaluate(cx, init as Expression);
    destructure(cx, pattern, value, (target, part) => cx.setConstant((target as Name).name, part));
  });
}

// ---- lazy operators -------------------------------------------------------------------------------------------------

/** The condition of a branch, of which only the truth matters. */
export function evaluateTest(cx: Reading, e: Expression): AbstractBoolean {
  if (e.kind === "unary" && e.operator === "!") {
    const test = evaluateTest(cx, e.operand);
    cx.at(e.at);
    return negated(cx, test);
  }
  if (e.kind === "logical") return chained(cx, e, evaluateTest) as AbstractBoolean;
  return truth(cx, evaluate(cx, e), e.at);
}

function chained(cx: Reading, top: Of<"logical">, read: (cx: Reading, e: Expression) => AbstractValue): AbstractValue {
  const [first, chain] = chainOf(top);
  let left = read(cx, first);
  for (const e of chain) {
    const before = left;
    left = cx.inside(e, () => lazily(cx, e, before, () => read(cx, e.right)));
  }
  return left;
}

/** `&&` and `||`: the right side runs only where the left one does not decide. */
function lazily(cx: Reading, e: Of<"logical">, left: AbstractValue, right: () => AbstractValue): AbstractValue {
  cx.at(e.at);
  const test = truth(cx, left, e.left.at);
  const decides = e.operator === "||";
  // a boolean that decides is a constant in its arm
  const decided = (): AbstractValue => (left.kind === "boolean" ? cx.boolean(decides) : left);
  const combine: Combine = (a, b) => {
    if (a.kind === "number" || b.kind === "number") return selected(cx, test, a, b);
    return cx.boolean(e.operator === "&&" ? and(test.value, a.value) : or(test.value, b.value));
  };
  return decides ? choose(cx, test, e.at, decided, right, combine) : choose(cx, test, e.at, right, decided, combine);
}

type Combine = (a: AbstractNumber | AbstractBoolean, b: AbstractNumber | AbstractBoolean) => AbstractValue;

function selected(
  cx: Reading,
  test: AbstractBoolean,
  a: AbstractNumber | AbstractBoolean,
  b: AbstractNumber | AbstractBoolean,
): AbstractValue {
  const value = select(test.value, a.value, b.value);
  return a.kind === "number" ? cx.number(value) : cx.boolean(value);
}

function conditional(cx: Reading, e: Of<"conditional">): AbstractValue {
  const test = evaluateTest(cx, e.test);
  const [then, otherwise] = [() => evaluate(cx, e.whenTrue), () => evaluate(cx, e.whenFalse)];
  return choose(cx, test, e.at, then, otherwise, (a, b) => selected(cx, test, a, b));
}

/**
 * The value of one arm or the other. Where both are cheap and without effects, both are computed and combined by a select;
 * otherwise an `if` runs one of them.
 */
function choose(
  cx: Reading,
  test: AbstractBoolean,
  at: number,
  then: () => AbstractValue,
  otherwise: () => AbstractValue,
  combine: Combine,
): AbstractValue {
  const result = cx.location("value", "guarded");
  if (test.known !== null) return cx.inside(cx.event(), test.known ? then : otherwise);
  const set = (m: AbstractValue): void => cx.state.write(result, m);
  let combined: AbstractValue | null = null;
  const isCombined = (arms: readonly Arm[]): boolean => {
    const isPure = arms.every((arm) => arm.changes.size === 1 && arm.path.isAlive && isCheap(arm.builder.operations));
    const [a, b] = arms.map((arm) => arm.changes.get(result) as AbstractValue);
    if (!isPure || a.kind !== b.kind || (a.kind !== "number" && a.kind !== "boolean")) return false;
    for (const arm of arms) for (const operation of arm.builder.operations) currentBlock().append(operation);
    combined = combine(a, b as Extract<AbstractValue, { kind: "number" | "boolean" }>);
    return true;
  };
  branch(
    cx,
    test,
    at,
    () => set(then()),
    () => set(otherwise()),
    { shortcut: isCombined },
  );
  const m = combined ?? cx.state.read(result);
  cx.state.write(result, undefined);
  return m ?? { kind: "nothing" };
}

const fewOperations = 4;

/** Whether operations are few, cheap and pure, and so may run where their results are not used. */
export function isCheap(operations: readonly Operation[]): boolean {
  const isCheapOp = ({ op }: Operation): boolean => isPure(op.effects) && (op.traits.cheap || op.traits.constant);
  return operations.length <= fewOperations && operations.every(isCheapOp);
}

// ---- fields and elements --------------------------------------------------------------------------------------------

function member(cx: Reading, e: Of<"member">): AbstractValue {
  const object = evaluate(cx, e.object);
  if (object.kind === "builtin") return builtinMember(cx, object, e.name, e.at);
  if (object.kind !== "reference")
    return cx.fail("dtype", e.at, `got ${describeValue(object)}, which has no field '${e.name}'`);
  const { cell } = object;
  if (cell.kind === "array" || cell.isTuple) {
    if (e.name === "length") return lengthOf(cx, cell, e.at);
    return cx.fail(
      "unsupported",
      e.at,
      `'${e.name}' of ${describeValue(object)} is not compiled`,
      "length, slice and fill are",
    );
  }
  const field = cell.fields.get(e.name);
  if (field !== undefined) return fieldOf(cx, field, e.at);
  return cx.fail("name", e.at, `the object has no field '${e.name}'`, cx.suggestion(e.name, cell.fields.keys()));
}

function readIndex(cx: Reading, e: Of<"index">, name: string | null): AbstractValue {
  const object = evaluate(cx, e.object);
  const cell = cx.reference(object, e.at, "an array");
  const index = cx.index(evaluate(cx, e.index), e.index.at);
  return readElement(cx, cell, index, e.at, name);
}

function arrayLiteral(cx: Reading, e: Of<"array">): AbstractValue {
  if (!e.items.some((item) => item.isSpread))
    return literal(
      cx,
      e.items.map((item) => evaluate(cx, item.value)),
      e.at,
    );
  const [only] = e.items;
  if (e.items.length > 1)
    cx.fail(
      "unsupported",
      e.at,
      "a spread beside other elements is not compiled",
      "make an array of the whole length, and fill it in loops",
    );
  return copyOf(cx, cx.reference(evaluate(cx, only.value), e.at, "an array"), "number[]", e.at);
}

// ---- calls ----------------------------------------------------------------------------------------------------------

function evaluateCall(cx: Reading, e: Of<"call">): AbstractValue {
  const { callee } = e;
  if (callee.kind === "member") {
    const object = evaluate(cx, callee.object);
    if (object.kind === "reference") {
      const field = object.cell.kind === "record" ? object.cell.fields.get(callee.name) : undefined;
      if (field === undefined) return callMethod(cx, object, callee.name, argumentsOf(cx, e.args), e.at);
    } else if (object.kind !== "builtin")
      cx.fail("dtype", e.at, `got ${describeValue(object)}, which has no method '${callee.name}'`);
  }
  const f = evaluate(cx, callee);
  if (f.kind === "builtin") return callBuiltin(cx, f, builtinArguments(cx, f.name, e.args), e.at);
  if (f.kind === "host") return callHost(cx, f, argumentsOf(cx, e.args), e.at);
  if (f.kind !== "function") return cx.fail("dtype", e.at, `got ${describeValue(f)}, expected a function`);
  return cx.evaluators.call(cx, f, argumentsOf(cx, e.args), e.at);
}

function evaluateNew(cx: Reading, e: Of<"new">): AbstractValue {
  if (cx.scope.lookup(e.name) !== undefined || cx.file.functions.has(e.name) || cx.file.constants.has(e.name))
    cx.fail("unsupported", e.at, `new ${e.name} is not compiled`, "call a function that gives an object");
  return construct(cx, e.name, argumentsOf(cx, e.args), e.at);
}

function argumentsOf(cx: Reading, args: readonly Argument[]): readonly AbstractValue[] {
  return args.map(({ isSpread, value }) => {
    if (isSpread) cx.fail("unsupported", value.at, "a spread argument is not compiled", "write each argument");
    return evaluate(cx, value);
  });
}

/** A splat argument, as in Math.max(...xs): the elements of a tuple, or the extremum of an array. */
function builtinArguments(cx: Reading, name: string, args: readonly Argument[]): readonly AbstractValue[] {
  return args.flatMap(({ isSpread, value }) => {
    const m = evaluate(cx, value);
    if (!isSpread) return [m];
    const cell = cx.reference(m, value.at, "an array");
    if (cell.kind === "record" && cell.isTuple) return [...cell.fields.values()].map((f) => fieldOf(cx, f, value.at));
    const kind = folds.get(name);
    if (kind === undefined || cell.kind === "record")
      return cx.fail("unsupported", value.at, "a spread of an array is not compiled", "write a loop");
    cx.at(value.at);
    return [cx.number(reduce(cast(contentsOf(cx, cell), "f64"), { kind, axes: [0] }))];
  });
}
