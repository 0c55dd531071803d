// Programs that are about one op: a use of it on arguments, and nothing that the use does not need.

import {
  AdjointError,
  BlockBuilder,
  type Dim,
  type DType,
  FuncScope,
  freeValues,
  type Module,
  makeBlock,
  makeFunc,
  makeModule,
  mustStay,
  type Op,
  type Operation,
  type OpTable,
  standsAt,
  symbol,
  type TensorType,
  tensorType,
  usedSymbols,
  type Value,
  ValueSet,
  walk,
  withBuilder,
} from "../../ir/index.ts";
import { standardOps } from "../../ops/index.ts";
import { idioms } from "./idioms.ts";
import { Pool } from "./pool.ts";
import { makeProgram, type Program } from "./program.ts";
import { randomProgram } from "./programs.ts";
import type { Random } from "./random.ts";
import { regionIdioms } from "./regions.ts";
import { isDescribed, tensorDTypes, useOf } from "./uses.ts";

/** How often arguments are drawn anew where the op has no use on them. */
const tries = 40;
/** Half are f64, in which derivatives can be told from differences. */
const usualDTypes: readonly DType[] = [...tensorDTypes, "f64", "f64", "f64", "f64", "f32"];
const sizes = [2, 3, 4, 5, 3, 2, 7, 1, 17, 0];

const n = symbol("N");
const shapes: readonly (readonly Dim[])[] = [
  [],
  [3],
  [n],
  [4],
  [2, 3],
  [3, 3],
  [2, n],
  [n, 2],
  [1],
  [1, 3],
  [2, 3, 2],
  [2, 2, n],
  [2, 2],
  [0],
  [5],
  [2, 3, 4],
];

/**
 * A program whose @main gives what a use of the op gives, on arguments; constants may be among its operands, and a use may
 * need operations before it. Null where none was found.
 */
export function programOfOp(
  given: Random,
  op: Op,
  { table = standardOps, dtypes = usualDTypes }: { readonly table?: OpTable; readonly dtypes?: readonly DType[] } = {},
): Program | null {
  const random = given.fork();
  const size = random.pick(sizes);
  // without an idiom of its own, an op may stand in those of others
  const isOwn = idioms.has(op) || regionIdioms.has(op) || isDescribed(op);
  for (let i = 0; i < (isOwn ? tries : 10 * tries); i++) {
    const module = useIn(random, op, dtypes);
    if (module !== null) return makeProgram(module, { N: size });
  }
  return amongOthers(random, op, table);
}

/** Values of one type, of another type, indices and a truth value. */
function argumentTypes(random: Random, dtypes: readonly DType[]): readonly TensorType[] {
  const type = tensorType(random.pick(dtypes), random.pick(shapes));
  const other = tensorType(random.pick(dtypes), random.pick(shapes));
  const integers = tensorType("i32", random.pick([[], [2], [3]]));
  const truth = tensorType("bool", random.pick([[], type.shape]));
  // what comes last is taken more often
  return [truth, ...(random.oneIn(2) ? [integers] : []), other, type, type, type];
}

function useIn(random: Random, op: Op, dtypes: readonly DType[]): Module | null {
  if (!standsAt(op, "tensor") || op.traits.transform) return null;
  const builder = new BlockBuilder(new FuncScope([], () => null, false));
  const args = argumentTypes(random, dtypes).map((type) => builder.argument(type));
  const base = baseOf(op);
  const results = withBuilder(builder, () => {
    const pool = new Pool(random, args, { isObserved: true });
    try {
      const made = usedOn(base, pool, args.some(tells) ? ["N"] : []);
      return base === op ? made : inPlaceOf(builder, base, op);
    } catch (error) {
      if (error instanceof AdjointError) return [];
      throw error;
    }
  });
  const uses = builder.operations.filter((o) => o.op === op);
  if (uses.length === 0) return null;
  const given = results.length > 0 ? results : uses.flatMap((o) => o.results);
  const module = needed(args, builder.operations, given.filter(isTensor));
  return holds(module, op) ? module : null;
}

function isTensor({ type }: Value): boolean {
  return type.kind === "tensor";
}

function usedOn(op: Op, pool: Pool, symbols: readonly string[]): readonly Value[] {
  const ofRegions = regionIdioms.get(op);
  if (ofRegions === undefined) {
    const idiom = idioms.get(op) ?? (isDescribed(op) ? null : pool.random.pick([...idioms.values()]));
    return idiom === null ? useOf(op, pool) : idiom(pool, symbols);
  }
  const plain = [...standardOps.values()].filter((o) => o.traits.elementwise && o.operands.length > 0);
  return ofRegions(pool, (own) => {
    for (let i = pool.random.below(4); i > 0; i--) own.add(useOf(pool.random.pick(plain), own));
  });
}

/**
 * The op of ours that a record is made from, `{ ...gatherOp, eval }`, which is used alike: then they have one description of
 * their attributes. The op itself where there is none.
 */
function baseOf(op: Op): Op {
  if (idioms.has(op) || regionIdioms.has(op)) return op;
  const isBase = (own: Op): boolean => own !== op && own.operands === op.operands && own.attributes === op.attributes;
  return [...idioms.keys(), ...regionIdioms.keys()].find(isBase) ?? op;
}

/** The last use of `base` as one of `op`, and nothing that follows it. */
function inPlaceOf(builder: BlockBuilder, base: Op, op: Op): readonly Value[] {
  const at = builder.operations.findLastIndex((o) => o.op === base);
  if (at < 0) return [];
  const [use] = builder.operations.splice(at);
  const { operands, attributes, regions, results, segments } = use;
  const parts = { attributes, regions, segments };
  try {
    return builder.emit(op, operands, parts);
  } catch (error) {
    // the operands do not determine the results
    if (error instanceof AdjointError)
      return builder.emit(op, operands, { ...parts, types: results.map((v) => v.type) });
    throw error;
  }
}

/** The function of these results, with the operations and arguments that they need. */
function needed(args: readonly Value[], all: readonly Operation[], results: readonly Value[]): Module {
  const wanted = new ValueSet(results);
  const operations = all.toReversed().filter((operation) => {
    if (!mustStay(operation.op.effects) && !operation.results.some((v) => wanted.has(v))) return false;
    for (const v of [...operation.operands, ...freeValues(...operation.regions)]) wanted.add(v);
    return true;
  });
  const body = makeBlock(args, operations.toReversed(), results);
  const symbols = [...usedSymbols(body)].filter((s) => s === "N");
  const used = args.filter((v) => wanted.has(v));
  // an argument tells the size of the symbol
  const isTold = symbols.length === 0 || used.some(tells);
  const kept = isTold ? used : args.filter((v) => wanted.has(v) || v === args.find(tells));
  const ofSymbol = kept.some(tells) ? ["N"] : [];
  return makeModule([
    makeFunc({
      name: "main",
      visibility: "public",
      symbols: ofSymbol,
      constraints: [],
      body: makeBlock(kept, body.operations, results),
    }),
  ]);
}

function tells({ type }: Value): boolean {
  return type.kind === "tensor" && type.shape.some((d) => String(d) === "N");
}

function holds(module: Module, op: Op): boolean {
  let found = false;
  for (const func of module.funcs) walk(func.body, (o) => void (found ||= o.op === op));
  return found;
}

/** A random program that prefers the op and has a use of it: for what needs a function to call. */
function amongOthers(random: Random, op: Op, table: OpTable): Program | null {
  for (let i = 0; i < tries && standsAt(op, "tensor"); i++) {
    const { transform } = op.traits;
    const program = randomProgram(random, { ops: table, focus: [op], operations: 4, transforms: transform });
    if (holds(program.module, op)) return program;
  }
  return null;
}
