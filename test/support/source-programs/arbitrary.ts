// fast-check's arbitraries of program trees. The first choice of each kind is the plainest one, to which it shrinks.

import fc from "fast-check";
import type { Case, FunctionTree, Given, Index, Num, ProgramTree, Result, Statement, Test } from "./tree.ts";

/** Which programs are made. */
export interface Kind {
  /** Only what has a derivative nearly everywhere, of values that stay moderate. */
  readonly isSmooth: boolean;
  /** Whether the result is one number, as derivatives want it. */
  readonly isNumber?: boolean;
}

type Weighted<T> = readonly (readonly [number, fc.Arbitrary<T>])[];

interface Tied {
  num: Num;
  index: Index;
  test: Test;
  statement: Statement;
  given: Given;
  fn: FunctionTree;
  case: Case;
}

const ref = fc.nat(11);
const name = fc.nat(60);
const rarely = fc.nat(5).map((n) => n === 5);
const bool = fc.boolean();
const one = <T extends string>(...items: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...items);

/** Null once in `freq`. */
const orNull = <T>(x: fc.Arbitrary<T>, freq: number): fc.Arbitrary<T | null> => fc.option<T>(x, { freq });

/** A node with a kind of its own. */
function node<K extends string, T extends object>(
  kind: K,
  fields: { [P in keyof T]: fc.Arbitrary<T[P]> },
): fc.Arbitrary<{ readonly kind: K } & T> {
  return fc.record({ kind: fc.constant(kind), ...fields }) as unknown as fc.Arbitrary<{ readonly kind: K } & T>;
}

/** One of those with a weight; at the depth's end the first. */
function oneOf<T>(depthIdentifier: string, maxDepth: number, all: Weighted<T>): fc.Arbitrary<T> {
  const choices = all.filter(([weight]) => weight > 0).map(([weight, arbitrary]) => ({ weight, arbitrary }));
  return fc.oneof({ depthIdentifier, maxDepth, withCrossShrink: true }, ...choices);
}

const plainLiterals = one(
  ..."1 0 -1 2 3 0.5 -0 1e3 NaN Infinity -Infinity 2147483648 -2147483649 4294967295 1e-310 0.1 -2.5 1e308".split(" "),
);
const smoothLiterals = one("1", "0.5", "-0.25", "1.25", "2", "0");
const mathPlain =
  "abs floor ceil trunc round sign sqrt cbrt fround clz32 min max atan2 pow imul hypot sin cos exp log log1p tanh log2 expm1";
const mathSmooth = "sin cos tanh atan abs min max";

type Tie = <K extends keyof Tied>(key: K) => fc.Arbitrary<Tied[K]>;

function numbers(tie: Tie, { isSmooth }: Kind): fc.Arbitrary<Num> {
  const [x, y, index, test] = [tie("num"), tie("num"), tie("index"), tie("test")];
  const some = (w: number): number => (isSmooth ? 0 : w);
  const literal = node("literal", { text: isSmooth ? smoothLiterals : plainLiterals });
  const leaf = oneOf<Num>("leaf", 9, [
    [3, node("variable", { ref })],
    [2, literal],
  ]);
  const operators = isSmooth
    ? one("+", "-", "*", "/")
    : one(..."+ - * / % ** | & ^ << >> >>>".split(" "), "+", "-", "*");
  const operator = isSmooth ? one("", "+", "-", "*") : one(..." + - * / % | ^ >>> ** || && << &".split(" "));
  return oneOf<Num>("num", 3, [
    [7, leaf],
    [2, node("element", { array: ref, index })],
    [6, node("binary", { operator: operators, x, y })],
    [1, node("length", { array: ref })],
    [2, node("unary", { operator: isSmooth ? one("-") : one("-", "~", "+", "~~"), x })],
    [3, node("math", { name: one(...(isSmooth ? mathSmooth : mathPlain).split(" ")), args: fc.tuple(x, y) })],
    [2, node("choose", { test, x, y })],
    [2, node("set", { ref, operator, x })],
    [2, node("update", { ref, operator: one("++", "--"), isPrefix: bool })],
    [1, node("set-element", { array: ref, index, operator, x })],
    [1, node("update-element", { array: ref, index, operator: one("++", "--", "--pre", "++pre") })],
    [some(2), node("logical", { operator: one("&&", "||"), x, y })],
    [1, node("comma", { x, y })],
    [1, node("number-of", { test })],
    [3, node("call", { ref, args: fc.tuple(x, y), arrays: ref })],
  ]);
}

function indices(tie: Tie, { isSmooth }: Kind): fc.Arbitrary<Index> {
  const x = tie("num");
  return oneOf<Index>("index", 9, [
    [4, node("fixed", { n: fc.nat(3) })],
    [5, node("counter", { ref })],
    [3, node("wrapped", { x })],
    [isSmooth ? 0 : 2, node("masked", { x })],
    [isSmooth ? 0 : 1, node("raw", { x })],
  ]);
}

function tests(tie: Tie, { isSmooth }: Kind): fc.Arbitrary<Test> {
  const [x, y, t, u] = [tie("num"), tie("num"), tie("test"), tie("test")];
  const relations = isSmooth ? one("<", ">", "<=", ">=") : one("<", ">", "<=", ">=", "===", "!==", "==", "!=");
  const predicates = "Number.isNaN Number.isFinite Number.isInteger isNaN isFinite Number.isSafeInteger";
  const some = (w: number): number => (isSmooth ? 0 : w);
  return oneOf<Test>("test", 3, [
    [2, node("literal", { text: one("true", "false") })],
    [3, node("variable", { ref })],
    [4, node("counter", { ref, operator: one("===", "<", ">=", "!=="), n: fc.nat(3) })],
    [isSmooth ? 2 : 5, node("compare", { operator: relations, x, y })],
    [2, node("not", { x: t })],
    [3, node("both", { operator: one("&&", "||"), x: t, y: u })],
    [1, node("same", { operator: one("===", "!=="), x: t, y: u })],
    [1, node("choose", { test: t, x: u, y: tie("test") })],
    [some(2), node("predicate", { name: one(...predicates.split(" ")), x })],
    [some(1), node("truth", { x })],
    [1, node("set", { ref, x: t })],
    [1, node("call", { ref, args: fc.tuple(x, y), arrays: ref })],
  ]);
}

const steps = fc.nat(3).map((n) => n + 1);

function statements(tie: Tie, kind: Kind): fc.Arbitrary<Statement> {
  const [x, y, test, body] = [tie("num"), tie("num"), tie("test"), bodies(tie, 4)];
  const loop = { name, steps, isLabelled: bool, test, body };
  const operator = one("", "&&", "||");
  const maybe = orNull(x, 3);
  const heads = one("up", "down", "twos", "pair", "length", "test", "fuel", "effect", "bare");
  const made = one("literal", "zeros", "filled", "slice", "alias", "like", "typed", "from", "spread");
  return oneOf<Statement>("statement", 3, [
    [6, node("evaluate", { x: stores(tie, kind) })],
    [5, node("let", { name, isConst: rarely, x })],
    [2, node("let-boolean", { name, isConst: rarely, x: test })],
    [1, node("set-boolean", { ref, operator, x: test })],
    [4, node("jump", { test, to: ref, x: maybe })],
    [2, node("return", { test: orNull(test, 12), given: tie("given") })],
    [6, node("if", { test, body, otherwise: orNull(body, 2) })],
    [6, node("for", { head: heads, x: stores(tie, kind), ...loop })],
    [3, node("while", { head: one("post", "also", "first", "fuel"), ...loop })],
    [3, node("do", { head: one("pre", "also", "effect", "once"), ...loop })],
    [2, node("for-of", { name, array: ref, isConst: bool, isLabelled: bool, body })],
    [3, node("switch", { x, cases: fc.array(tie("case"), { maxLength: 4, size: "max" }) })],
    [1, node("block", { isLabelled: bool, body })],
    [3, node("function", { fn: tie("fn") })],
    [3, node("array", { name, made, type: ref, array: ref, items: fc.tuple(x, y) })],
    [2, node("object", { name, x, y, test })],
    [1, node("alias-object", { name, ref })],
    [2, node("take-apart", { names: fc.tuple(name, name), how: fc.nat(5), x, y, ref, arrays: ref })],
    [2, node("swap", { p: ref, q: ref, x: maybe })],
    [1, node("swap-elements", { array: ref, i: tie("index"), j: tie("index") })],
    [2, node("do-call", { ref, args: fc.tuple(x, y), arrays: ref })],
    [1, node("late", { name, test, x, y })],
  ]);
}

/** An expression that does something: assigns, counts, calls. */
function stores(tie: Tie, { isSmooth }: Kind): fc.Arbitrary<Num> {
  const [x, y, index] = [tie("num"), tie("num"), tie("index")];
  const operator = isSmooth ? one("", "+", "-", "*") : one(..." + - * / % | ^ >>> ** || && << &".split(" "));
  return oneOf<Num>("store", 9, [
    [5, node("set", { ref, operator, x })],
    [4, node("set-element", { array: ref, index, operator, x })],
    [2, node("update", { ref, operator: one("++", "--"), isPrefix: bool })],
    [1, node("update-element", { array: ref, index, operator: one("++", "--", "--pre", "++pre") })],
    [1, node("call", { ref, args: fc.tuple(x, y), arrays: ref })],
    [1, node("logical", { operator: one("&&", "||"), x, y: node("set", { ref, operator, x: y }) })],
  ]);
}

function bodies(tie: Tie, maxLength: number): fc.Arbitrary<readonly Statement[]> {
  return fc.array(tie("statement"), { maxLength, size: "max", depthIdentifier: "statement" });
}

const results = one<Result>("number", "tuple", "nothing", "boolean");

function functions(tie: Tie): fc.Arbitrary<FunctionTree> {
  return fc.record({
    style: one("declaration", "arrow", "block", "expression"),
    name,
    numbers: fc.nat(2),
    arrays: fc.nat(2).map((n) => (n === 2 ? 2 : n)),
    fallback: orNull(tie("num"), 2),
    result: results,
    body: bodies(tie, 3),
    given: tie("given"),
  });
}

export function programTree(kind: Kind): fc.Arbitrary<ProgramTree> {
  const tied = fc.letrec<Tied>((tie) => {
    const t = tie as unknown as Tie;
    return {
      num: numbers(t, kind),
      index: indices(t, kind),
      test: tests(t, kind),
      statement: statements(t, kind),
      given: fc.record({ x: t("num"), y: t("num"), test: t("test"), array: ref }),
      fn: functions(t),
      case: fc.record({
        label: fc.option(one("0", "1", "2", "3", "-1", "0.5"), { freq: 5 }),
        body: bodies(t, 3),
        isBroken: bool,
      }),
    };
  });
  return fc.record({
    functions: fc.array(tied.fn, { maxLength: 2 }),
    isMainFirst: bool,
    hasArrays: fc.nat(3).map((n) => n > 0),
    isSmooth: fc.constant(kind.isSmooth),
    fallback: kind.isSmooth ? fc.constant(null) : fc.option(one("0.5", "-2", "NaN"), { freq: 3 }),
    result:
      kind.isSmooth || kind.isNumber
        ? fc.constant<Result>("number")
        : one<Result>("number", "tuple", "boolean", "object", "array"),
    body: fc.array(tied.statement, { maxLength: 9, size: "max" }),
    given: tied.given,
  });
}
