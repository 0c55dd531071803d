// Programs made from the pattern of a rewrite rule: its variables become arguments, constants or what other ops give, so that
// the rule has something to rewrite.

import {
  AdjointError,
  BlockBuilder,
  type Dim,
  type DType,
  emit,
  type Func,
  FuncScope,
  makeFunc,
  makeModule,
  type OpTable,
  sameType,
  symbol,
  tensorType,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import type { Pattern } from "../../rewrite/index.ts";
import { type Leaf, type OperationPattern, PatternValues } from "./pattern-values.ts";
import { Pool } from "./pool.ts";
import { makeProgram, type Program, type ProgramOptions } from "./program.ts";
import type { Random } from "./random.ts";
import { attributesOf, typesOf } from "./uses.ts";

const n = symbol("N");
const shapes: readonly (readonly Dim[])[] = [[], [], [], [3], [n], [2, 3], [2, 2], [0], [1, n], [2, 3, 2]];
const sizes = [2, 3, 5, 1, 0];
const usualDTypes: readonly DType[] = ["f64", "f64", "f32", "i32", "u32", "u8", "bool", "f64"];

/** What the programs of patterns are made of. */
type Material = Pick<ProgramOptions, "ops" | "dtypes">;

/**
 * A program with a public function for each of the patterns that fits something: each gives all that it computes, and fails on
 * its own. Null where none fits.
 */
export function programOfPatterns(
  random: Random,
  patterns: readonly Pattern[],
  material: Material = {},
): Program | null {
  const funcs: Func[] = [];
  for (const pattern of patterns) {
    const name = funcs.length === 0 ? "main" : `main${funcs.length}`;
    const func = functionOfPattern(random, pattern, { name, material });
    if (func !== null) funcs.push(func);
  }
  return funcs.length === 0 ? null : makeProgram(makeModule(funcs), { N: random.pick(sizes) });
}

/** A function that holds the pattern, and gives all that it computes; null where nothing that was tried fits. */
function functionOfPattern(
  random: Random,
  pattern: Pattern,
  { name, material }: { readonly name: string; readonly material: Material },
): Func | null {
  if (pattern.kind !== "operation") return null;
  const builder = new BlockBuilder(new FuncScope([], () => null, false));
  try {
    const results = withBuilder(builder, () => resultsOf(random, pattern, builder, material));
    const isOpen = builder.arguments.some((a) => a.type.kind === "tensor" && a.type.shape.includes(n));
    const needsSymbol = !isOpen && [...builder.operations.flatMap((o) => o.results)].some(mentionsSymbol);
    if (needsSymbol) builder.argument(tensorType(material.dtypes?.[0] ?? "f64", [n]));
    return makeFunc({ name, symbols: isOpen || needsSymbol ? ["N"] : [], body: builder.finish(results) });
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

function mentionsSymbol({ type }: Value): boolean {
  return type.kind === "tensor" && type.shape.some((d) => typeof d !== "number");
}

/** What the pattern gives, and now and then what it does on the way, which then has another use. */
function resultsOf(
  random: Random,
  pattern: OperationPattern,
  builder: BlockBuilder,
  { ops: table = ops.standardOps, dtypes }: Material,
): readonly Value[] {
  const drawn = usualDTypes.filter((dtype) => dtypes === undefined || dtypes.includes(dtype));
  const type = tensorType(random.pick(drawn.length > 0 ? drawn : usualDTypes), random.pick(shapes));
  const root = new PatternValues(random, { type, shapes, leaf: leafOf(random, builder, table), symbols: ["N"] }).value(
    pattern,
  );
  const others = builder.operations.flatMap((o) => (o.op.traits.constant ? [] : o.results));
  return [root, ...others.filter((v) => v !== root && v.type.kind === "tensor" && random.oneIn(3))];
}

/** Any value of a type: an argument, a constant, or what some op gives. */
function leafOf(random: Random, builder: BlockBuilder, table: OpTable): Leaf {
  const none = new Pool(random, []);
  const isOrdinary = random.oneIn(2);
  const constantOneIn = random.pick([6, 6, 6, 2, 2, 1]);
  const unary = [...table.values()].filter((op) => op.traits.elementwise && op.operands.length === 1);
  return (type) => {
    if (random.oneIn(constantOneIn)) return isOrdinary ? none.ordinary(type) : none.constant(type);
    const argument = builder.argument(type);
    if (!random.oneIn(5) || unary.length === 0) return argument;
    const op = random.pick(unary);
    const attributes = attributesOf(op, type, random);
    const types = typesOf(op, [type], attributes, null);
    return types !== null && sameType(types[0], type) ? emit(op, [argument], { attributes })[0] : argument;
  };
}
