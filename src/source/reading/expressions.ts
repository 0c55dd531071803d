// Expressions, in JavaScript's order of evaluation.

import { currentBlock, type Operation } from "../../ir/index.ts";
import { and, cast, or, reduce, select } from "../../ops/index.ts";
import { type BooleanMeaning, describeMeaning, type Meaning, type NumberMeaning } from "../state/meaning.ts";
import { Scope } from "../state/scope.ts";
import type { Argument, Declared, Expression, Name, Of } from "../syntax/tree.ts";
import { binary, truth, unary } from "./arithmetic.ts";
import { contentsOf, copyOf, fieldOf, lengthOf, literal, readElement } from "./arrays.ts";
import { assign, assignPattern, destructure, update } from "./assign.ts";
import { builtin, builtinMember, builtinNames, callBuiltin, callMethod, construct, folds } from "./builtins.ts";
import { branch, type Fork, negated } from "./paths.ts";
import type { Reading } from "./reading.ts";
import { requireWhole } from "./wholes.ts";

export function evaluate(x: Reading, e: Expression): Meaning {
  return x.inside(e, () => evaluateNode(x, e));
}

function evaluateNode(x: Reading, e: Expression): Meaning {
  x.at(e.at);
  x.unfold(e.at);
  switch (e.kind) {
    case "number":
      return x.number(e.value);
    case "boolean":
      return x.boolean(e.value);
    case "name":
      return readName(x, e);
    case "unary":
      return unary(x, e.operator, evaluate(x, e.operand), e.at);
    case "binary":
      return evaluateBinary(x, e);
    case "logical":
      return chained(x, e, evaluate);
    case "conditional":
      return conditional(x, e);
    case "assign":
      return e.operator === null ? assignPattern(x, e.target, e.value) : assign(x, e);
    case "update":
      return update(x, e);
    case "sequence":
      return evaluateSequence(x, e);
    case "call":
      return evaluateCall(x, e);
    case "new":
      return evaluateNew(x, e);
    case "member":
      return member(x, e);
    case "index":
      return readIndex(x, e);
    case "array":
      return arrayLiteral(x, e);
    case "object": {
      const fields = e.entries.map((entry) => [entry.key, evaluate(x, entry.value)] as const);
      const object = x.record(false, fields, null, "object");
      requireWhole(x, object, e.at);
      return object;
    }
    case "function":
      return functionExpression(x, e);
  }
}

function functionExpression(x: Reading, { fn, ownName }: Of<"function">): Meaning {
  if (ownName === null) return { kind: "function", fn, scope: x.scope };
  const scope = new Scope(x.scope);
  scope.declare(ownName, { kind: "function", fn, scope });
  return { kind: "function", fn, scope };
}

/** Evaluates for what it does: what it gives does not matter, and so need not be of one type. */
export function perform(x: Reading, e: Expression): void {
  if (e.kind !== "logical" && e.kind !== "conditional") {
    evaluate(x, e);
    return;
  }
  x.inside(e, () => {
    const test = evaluateTest(x, e.kind === "logical" ? e.left : e.test);
    const [then, otherwise] =
      e.kind === "conditional" ? [e.whenTrue, e.whenFalse] : e.operator === "&&" ? [e.right, null] : [null, e.right];
    const performed = (part: Expression | null) => (): void => {
      if (part !== null) perform(x, part);
    };
    branch(x, test, e.at, performed(then), performed(otherwise));
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

function evaluateBinary(x: Reading, top: Of<"binary">): Meaning {
  const [first, chain] = chainOf(top);
  let left = evaluate(x, first);
  for (const e of chain) left = binary(x, e.operator, left, evaluate(x, e.right), e.at);
  return left;
}

function evaluateSequence(x: Reading, top: Of<"sequence">): Meaning {
  const [first, chain] = chainOf(top);
  let last = evaluate(x, first);
  for (const e of chain) last = evaluate(x, e.right);
  return last;
}

// ---- names ----------------------------------------------------------------------------------------------------------

export function readName(x: Reading, { name, at }: Name): Meaning {
  const binding = x.scope.lookup(name);
  if (binding?.kind === "function") return { kind: "function", fn: binding.fn, scope: binding.scope };
  if (binding?.kind === "variable") {
    const m = x.state.read(binding.location);
    return (
      m ??
      x.fail("name", at, `'${name}' is read before it has a value on every path`, "give it one where it is declared")
    );
  }
  const own = fileName(x, name, at) ?? builtin(x, name, at);
  return (
    own ??
    x.fail(
      "name",
      at,
      `'${name}' is not declared`,
      x.suggestion(name, namesOf(x)) ?? "declare it, or pass it as a parameter",
    )
  );
}

function namesOf(x: Reading): readonly string[] {
  return [...x.scope.names(), ...x.file.functions.keys(), ...x.file.constants.keys(), ...builtinNames];
}

/** A function or constant of the file. */
function fileName(x: Reading, name: string, at: number): Meaning | undefined {
  const fn = x.file.functions.get(name)?.();
  if (fn !== undefined) {
    x.requireDefined(name, fn.definedAt, at);
    return { kind: "function", fn, scope: x.fileScope };
  }
  const constant = x.file.constants.get(name)?.();
  if (constant === undefined) return undefined;
  x.requireDefined(name, constant.at, at);
  if (!x.constants.has(name)) readConstant(x, constant);
  return x.constants.get(name);
}

function readConstant(x: Reading, { at, init, pattern }: Declared): void {
  x.fileConstant(at, () => {
    const value = evaluate(x, init as Expression);
    destructure(x, pattern, value, (target, part) => x.setConstant((target as Name).name, part));
  });
}

// ---- lazy operators -------------------------------------------------------------------------------------------------

/** What decides a branch: only whether it is true matters. */
export function evaluateTest(x: Reading, e: Expression): BooleanMeaning {
  if (e.kind === "unary" && e.operator === "!") {
    const test = evaluateTest(x, e.operand);
    x.at(e.at);
    return negated(x, test);
  }
  if (e.kind === "logical") return chained(x, e, evaluateTest) as BooleanMeaning;
  return truth(x, evaluate(x, e), e.at);
}

function chained(x: Reading, top: Of<"logical">, read: (x: Reading, e: Expression) => Meaning): Meaning {
  const [first, chain] = chainOf(top);
  let left = read(x, first);
  for (const e of chain) {
    const before = left;
    left = x.inside(e, () => lazily(x, e, before, () => read(x, e.right)));
  }
  return left;
}

/** The right side is read only where the left one does not decide. */
function lazily(x: Reading, e: Of<"logical">, left: Meaning, right: () => Meaning): Meaning {
  x.at(e.at);
  const test = truth(x, left, e.left.at);
  const decides = e.operator === "||";
  // where a boolean decides, it is known
  const whole = (): Meaning => (left.kind === "boolean" ? x.boolean(decides) : left);
  const join: Join = (a, b) => {
    if (a.kind === "number" || b.kind === "number") return joined(x, test, a, b);
    return x.boolean(e.operator === "&&" ? and(test.value, a.value) : or(test.value, b.value));
  };
  return decides ? choose(x, test, e.at, whole, right, join) : choose(x, test, e.at, right, whole, join);
}

type Join = (a: NumberMeaning | BooleanMeaning, b: NumberMeaning | BooleanMeaning) => Meaning;

function joined(
  x: Reading,
  test: BooleanMeaning,
  a: NumberMeaning | BooleanMeaning,
  b: NumberMeaning | BooleanMeaning,
): Meaning {
  const value = select(test.value, a.value, b.value);
  return a.kind === "number" ? x.number(value) : x.boolean(value);
}

function conditional(x: Reading, e: Of<"conditional">): Meaning {
  const test = evaluateTest(x, e.test);
  const [then, otherwise] = [() => evaluate(x, e.whenTrue), () => evaluate(x, e.whenFalse)];
  return choose(x, test, e.at, then, otherwise, (a, b) => joined(x, test, a, b));
}

/**
 * One meaning or the other. Where neither changes, costs or fails, both are computed and joined; else the one that is not
 * asked for does not run.
 */
function choose(
  x: Reading,
  test: BooleanMeaning,
  at: number,
  then: () => Meaning,
  otherwise: () => Meaning,
  join: Join,
): Meaning {
  const result = x.location("value", "guarded");
  if (test.known !== null) return x.inside(x.event(), test.known ? then : otherwise);
  const set = (m: Meaning): void => x.state.write(result, m);
  let whole: Meaning | null = null;
  const isJoined = (forks: readonly Fork[]): boolean => {
    const isIdle = forks.every((f) => f.changes.size === 1 && f.path.isAlive && isCheap(f.builder.operations));
    const [a, b] = forks.map((f) => f.changes.get(result) as Meaning);
    if (!isIdle || a.kind !== b.kind || (a.kind !== "number" && a.kind !== "boolean")) return false;
    for (const f of forks) for (const operation of f.builder.operations) currentBlock().append(operation);
    whole = join(a, b as Extract<Meaning, { kind: "number" | "boolean" }>);
    return true;
  };
  branch(
    x,
    test,
    at,
    () => set(then()),
    () => set(otherwise()),
    { shortcut: isJoined },
  );
  const m = whole ?? x.state.read(result);
  x.state.write(result, undefined);
  return m ?? { kind: "nothing" };
}

const fewOperations = 4;

/** Few enough to compute for nothing. */
export function isCheap(operations: readonly Operation[]): boolean {
  const isCheapOp = ({ op }: Operation): boolean => op.effect === "pure" && (op.traits.cheap || op.traits.constant);
  return operations.length <= fewOperations && operations.every(isCheapOp);
}

// ---- parts ----------------------------------------------------------------------------------------------------------

function member(x: Reading, e: Of<"member">): Meaning {
  const object = evaluate(x, e.object);
  if (object.kind === "builtin") return builtinMember(x, object, e.name, e.at);
  if (object.kind !== "reference")
    return x.fail("dtype", e.at, `got ${describeMeaning(object)}, which has no field '${e.name}'`);
  const { cell } = object;
  if (cell.kind === "array" || cell.isTuple) {
    if (e.name === "length") return lengthOf(x, cell, e.at);
    return x.fail(
      "unsupported",
      e.at,
      `'${e.name}' of ${describeMeaning(object)} is not compiled`,
      "length, slice and fill are",
    );
  }
  const field = cell.fields.get(e.name);
  if (field !== undefined) return fieldOf(x, field, e.at);
  return x.fail("name", e.at, `the object has no field '${e.name}'`, x.suggestion(e.name, cell.fields.keys()));
}

function readIndex(x: Reading, e: Of<"index">): Meaning {
  const object = evaluate(x, e.object);
  const cell = x.reference(object, e.at, "an array");
  const index = x.index(evaluate(x, e.index), e.index.at);
  return readElement(x, cell, index, e.at);
}

function arrayLiteral(x: Reading, e: Of<"array">): Meaning {
  if (!e.items.some((item) => item.isSpread))
    return literal(
      x,
      e.items.map((item) => evaluate(x, item.value)),
      e.at,
    );
  const [only] = e.items;
  if (e.items.length > 1)
    x.fail(
      "unsupported",
      e.at,
      "a spread beside other elements is not compiled",
      "make an array of the whole length, and fill it in loops",
    );
  return copyOf(x, x.reference(evaluate(x, only.value), e.at, "an array"), "number[]", e.at);
}

// ---- calls ----------------------------------------------------------------------------------------------------------

function evaluateCall(x: Reading, e: Of<"call">): Meaning {
  const { callee } = e;
  if (callee.kind === "member") {
    const object = evaluate(x, callee.object);
    if (object.kind === "reference") {
      const field = object.cell.kind === "record" ? object.cell.fields.get(callee.name) : undefined;
      if (field === undefined) return callMethod(x, object, callee.name, argumentsOf(x, e.args), e.at);
    } else if (object.kind !== "builtin")
      x.fail("dtype", e.at, `got ${describeMeaning(object)}, which has no method '${callee.name}'`);
  }
  const f = evaluate(x, callee);
  if (f.kind === "builtin") return callBuiltin(x, f, builtinArguments(x, f.name, e.args), e.at);
  if (f.kind !== "function") return x.fail("dtype", e.at, `got ${describeMeaning(f)}, expected a function`);
  return x.verbs.call(x, f, argumentsOf(x, e.args), e.at);
}

function evaluateNew(x: Reading, e: Of<"new">): Meaning {
  if (x.scope.lookup(e.name) !== undefined || x.file.functions.has(e.name) || x.file.constants.has(e.name))
    x.fail("unsupported", e.at, `new ${e.name} is not compiled`, "call a function that gives an object");
  return construct(x, e.name, argumentsOf(x, e.args), e.at);
}

function argumentsOf(x: Reading, args: readonly Argument[]): readonly Meaning[] {
  return args.map(({ isSpread, value }) => {
    if (isSpread) x.fail("unsupported", value.at, "a spread argument is not compiled", "write each argument");
    return evaluate(x, value);
  });
}

/** Math.max(...xs) takes the elements of a tuple, or the largest of an array. */
function builtinArguments(x: Reading, name: string, args: readonly Argument[]): readonly Meaning[] {
  return args.flatMap(({ isSpread, value }) => {
    const m = evaluate(x, value);
    if (!isSpread) return [m];
    const cell = x.reference(m, value.at, "an array");
    if (cell.kind === "record" && cell.isTuple) return [...cell.fields.values()].map((f) => fieldOf(x, f, value.at));
    const kind = folds.get(name);
    if (kind === undefined || cell.kind === "record")
      return x.fail("unsupported", value.at, "a spread of an array is not compiled", "write a loop");
    x.at(value.at);
    return [x.number(reduce(cast(contentsOf(x, cell), "f64"), { kind, axes: [0] }))];
  });
}
