// Random expressions: well-formed ones agree with JavaScript to the bit, any other text ends in one error of ours.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdjointError, compileExpression } from "../src/index.ts";
import { runs } from "./support/runs.ts";

/** One expression in two spellings: with parentheses only where precedence asks for them, and as JavaScript with all. */
interface Spelled {
  readonly ours: string;
  readonly js: string;
  /** How tight it binds. */
  readonly level: number;
}

const levels = {
  conditional: 0,
  or: 1,
  and: 2,
  equality: 6,
  relational: 7,
  sum: 9,
  product: 10,
  unary: 11,
  power: 12,
  atom: 13,
};

function within({ ours, level }: Spelled, least: number): string {
  return level < least ? `(${ours})` : ours;
}

function atom(text: string): Spelled {
  return { ours: text, js: text, level: levels.atom };
}

/** A binary operator that groups to the left. */
function binary(operator: string, level: number) {
  return (a: Spelled, b: Spelled): Spelled => ({
    ours: `${within(a, level)} ${operator} ${within(b, level + 1)}`,
    js: `(${a.js} ${operator} ${b.js})`,
    level,
  });
}

function power(operator: string) {
  return (a: Spelled, b: Spelled): Spelled => ({
    ours: `${within(a, levels.atom)}${operator}${within(b, levels.unary)}`,
    js: `pow(${a.js}, ${b.js})`,
    level: levels.power,
  });
}

function called(name: string, prefix: string) {
  return (...args: readonly Spelled[]): Spelled => ({
    ours: `${prefix}${name}(${args.map((a) => a.ours).join(",")})`,
    js: name === "pow" ? `pow(${args.map((a) => a.js)})` : `Math.${name}(${args.map((a) => a.js)})`,
    level: levels.atom,
  });
}

function unary(operator: string) {
  return (a: Spelled): Spelled => ({
    ours: `${operator} ${within(a, levels.unary)}`,
    js: `(${operator} ${a.js})`,
    level: levels.unary,
  });
}

function conditional(p: Spelled, a: Spelled, b: Spelled): Spelled {
  return {
    ours: `${within(p, levels.or)}?${a.ours}:${b.ours}`,
    js: `(${p.js} ? ${a.js} : ${b.js})`,
    level: levels.conditional,
  };
}

const oneArgument =
  "abs sign sqrt cbrt exp expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh floor ceil round trunc fround clz32".split(
    " ",
  );
const twoArguments = "atan2 pow hypot max min imul".split(" ");
const applied = (f: (...args: Spelled[]) => Spelled, ...args: fc.Arbitrary<Spelled>[]): fc.Arbitrary<Spelled> =>
  fc.tuple(...args).map((list) => f(...list));
const oneOf = (names: readonly string[]) =>
  fc.tuple(fc.constantFrom(...names), fc.constantFrom("", "Math.")).map(([name, prefix]) => called(name, prefix));

const trees = fc.letrec<{ number: Spelled; bool: Spelled }>((tie) => {
  const [number, bool] = [tie("number"), tie("bool")];
  const binaries = (operators: readonly string[], level: number) =>
    fc.constantFrom(...operators).chain((o) => applied(binary(o, level), number, number));
  return {
    number: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.constantFrom(..."x y 1 0.5 3 2 0 1e300 2e-3 .25 Math.PI Math.LN2 NaN Infinity 0x10".split(" ")).map(atom),
      binaries(["+", "-"], levels.sum),
      binaries(["*", "/", "%"], levels.product),
      fc.constantFrom("^", "**").chain((o) => applied(power(o), number, number)),
      fc.constantFrom("-", "+").chain((o) => applied(unary(o), number)),
      oneOf(oneArgument).chain((f) => applied(f, number)),
      oneOf(twoArguments).chain((f) => applied(f, number, number)),
      applied(conditional, bool, number, number),
    ),
    bool: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom("true", "false").map(atom),
      binaries(["<", ">", "<=", ">="], levels.relational),
      binaries(["===", "!==", "==", "!="], levels.equality),
      applied(binary("==", levels.equality), bool, bool),
      applied(binary("&&", levels.and), bool, bool),
      applied(binary("||", levels.or), bool, bool),
      applied(unary("!"), bool),
      applied(conditional, bool, bool, bool),
    ),
  };
});

const numbers = [0, -0, 1, -1, 0.5, 2.5, -3.25, 3, 1e3, 1e-3, 1e300, 2 ** 31, Number.NaN, Infinity, -Infinity];
/** As the op is defined: x·x for exponent 2, whatever the engine's pow rounds to. */
const pow = (x: number, y: number): number => (y === 2 ? x * x : x ** y);

describe("a random well-formed expression", () => {
  it.each(["number", "bool"] as const)("has the bits of the same text as JavaScript: %s", (kind) => {
    const at = fc.constantFrom(...numbers);
    fc.assert(
      fc.property(trees[kind], fc.array(fc.tuple(at, at), { minLength: 4, maxLength: 4 }), ({ ours, js }, points) => {
        const want = new Function("x", "y", "pow", `return ${js};`);
        for (const backend of ["js", "interpret"] as const) {
          const f = compileExpression(ours, ["x", "y"], { backend });
          for (const [x, y] of points) expect(f(x, y), `${ours} at ${x}, ${y}, ${backend}`).toBe(want(x, y, pow));
        }
      }),
      runs(300),
    );
  });

  it("has the same value beside its gradient and Hessian, and a gradient in any text's arguments", () => {
    fc.assert(
      fc.property(trees.number, fc.constantFrom(...numbers), fc.constantFrom(...numbers), ({ ours }, x, y) => {
        const want = compileExpression(ours, ["x", "y"])(x, y);
        const [value, gradient, hessian] = compileExpression(ours, ["x", "y"], { hessian: true })(x, y);
        expect(value).toBe(want);
        expect(gradient).toHaveLength(2);
        expect(hessian[0][1]).toBe(hessian[1][0]);
        expect(compileExpression(ours, ["x", "y"], { gradient: true })(x, y)).toEqual([want, gradient]);
      }),
      runs(60),
    );
  });
});

const pieces =
  "x sin Math . ( ) [ ] ` $ { } ' \" \\u0061 \\ = => ; , ? : ^ ** - -- ++ + ! && || < 1 1e9 .5 0x 1_ constructor __proto__ process new function this null true \n π \u2028 / // /* % ~ ?. ?? @ #".split(
    " ",
  );

/** What compiling it ends in, which has to be a function of ours or an error of ours with a place. */
function endsWell(text: string): void {
  try {
    compileExpression(text, ["x"]);
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    expect(["syntax", "name", "arity", "dtype"]).toContain(error.code);
    expect(error.origin?.file).toBe("<expression>");
    expect(error.frame).toMatch(/^ {2}[^\n]*\n *\^$/);
    expect(error.message).not.toContain("\n");
    expect(error.message.length).toBeLessThan(300);
  }
}

describe("any text", () => {
  it("made of an expression's pieces compiles or is one error with its place", () => {
    const text = fc.array(fc.constantFrom(...pieces, " "), { maxLength: 14 }).map((parts) => parts.join(""));
    fc.assert(fc.property(text, endsWell), runs(3000));
  });

  it("made of any characters does", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 30 }), endsWell), runs(1000));
  });

  it("that is a well-formed expression with something put in does", () => {
    const text = fc
      .tuple(trees.number, fc.constantFrom(...pieces), fc.nat())
      .map(([{ ours }, piece, n]) => `${ours.slice(0, n % ours.length)}${piece}${ours.slice(n % ours.length)}`);
    fc.assert(fc.property(text, endsWell), runs(500));
  });
});
