// Random well-typed programs: public and private functions of random steps, in which every value is observed.

import {
  AdjointError,
  BlockBuilder,
  bindType,
  type Constraint,
  constraint,
  currentBlock,
  type Dim,
  type DType,
  type Func,
  FuncScope,
  type Module,
  makeFunc,
  makeModule,
  type NdArray,
  type Op,
  type OpTable,
  originAt,
  printModule,
  type Signature,
  signatureOf,
  symbol,
  type TensorType,
  type Type,
  tensorType,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { echo } from "./echo.ts";
import { idioms } from "./idioms.ts";
import { Pool } from "./pool.ts";
import type { Random } from "./random.ts";
import { regionIdioms } from "./regions.ts";
import { isDescribed, useOf } from "./uses.ts";

/** The size of each dimension symbol. */
export type Dims = Readonly<Record<string, number>>;

/** What programs are made of. */
export interface ProgramOptions {
  /** The ops that stand in programs; a user's own among them. */
  readonly ops?: OpTable;
  /** The dtypes of arguments. */
  readonly dtypes?: readonly DType[];
  /** The most operations of a function, those of its regions apart; 12 where left out. */
  readonly operations?: number;
  /** Whether programs have branches, loops and functions with derivatives of their own. */
  readonly regions?: boolean;
  /** Whether programs have effects: probes and checks. */
  readonly effects?: boolean;
  /** Whether programs hold derivatives and mapped functions, which a pass has to resolve. */
  readonly transforms?: boolean;
  /** Ops that programs prefer. */
  readonly focus?: readonly Op[];
}

/** A call of a public function. */
export interface Call {
  readonly entry: string;
  readonly args: readonly NdArray[];
}

/** A module with public functions, and the size of each of their dimension symbols. */
export interface Program {
  readonly module: Module;
  readonly sizes: Dims;
  /** The only call that is compared; where left out, calls with sampled arguments are. */
  readonly call?: Call;
  /** The text of the module. */
  toString(): string;
}

export function makeProgram(module: Module, sizes: Dims, call?: Call): Program {
  return { module, sizes, call, toString: () => printModule(module) };
}

/** Sizes of dimension symbols: small ones that are not alike, with 0, 1 and one beyond the width of vectors among them. */
const usualSizes = [2, 3, 4, 5, 2, 3, 7, 1, 17, 0];

/** Steps of a region; nested ones have fewer. */
const stepsInside = 4;
const mostDepth = 3;

/** A random program, which the stream determines. */
export function randomProgram(random: Random, options: ProgramOptions = {}): Program {
  return new Generator(random, options).program();
}

interface FunctionPlan {
  readonly name: string;
  readonly visibility: "public" | "private";
  readonly symbols: readonly string[];
  readonly steps: number;
}

/** The ops of a table by how they come into programs. */
class Vocabulary {
  readonly elementwise: readonly Op[];
  readonly others: readonly Op[];
  readonly regions: readonly Op[];
  readonly effects: readonly Op[];

  constructor(table: OpTable) {
    const records = [...table.values()].filter((op) => op.level !== "loop" && !op.traits.transform);
    const isEffect = (op: Op): boolean => op.effect === "effect" && op.regions.length === 0;
    const plain = records.filter((op) => (idioms.has(op) || isDescribed(op)) && !isEffect(op));
    this.elementwise = plain.filter((op) => op.traits.elementwise && op.operands.length > 0);
    this.others = plain.filter((op) => !this.elementwise.includes(op));
    this.regions = records.filter((op) => regionIdioms.has(op));
    this.effects = records.filter((op) => isEffect(op) && idioms.has(op));
  }
}

const vocabularies = new WeakMap<OpTable, Vocabulary>();

function vocabularyOf(table: OpTable): Vocabulary {
  let found = vocabularies.get(table);
  if (found === undefined) vocabularies.set(table, (found = new Vocabulary(table)));
  return found;
}

/** Where a step stands: how deep in regions, and what its function can speak of. */
interface Place {
  readonly depth: number;
  readonly symbols: readonly string[];
}

class Generator {
  readonly random: Random;
  readonly #options: ProgramOptions;
  readonly #words: Vocabulary;
  readonly #sizes: Record<string, number> = {};
  readonly #funcs: Func[] = [];
  /** The ops that half of the steps use, so that neighbours of every kind occur. */
  readonly #theme: readonly Op[];
  #line = 0;

  constructor(random: Random, options: ProgramOptions) {
    this.random = random;
    this.#options = options;
    this.#words = vocabularyOf(options.ops ?? ops.standardOps);
    const { elementwise, others } = this.#words;
    const focus = options.focus ?? [];
    const preferred = focus.length === 0 ? [] : [random.pick(focus), random.pick(focus)];
    const free = [...random.shuffled(others).slice(0, 3), random.pick(elementwise), random.pick(elementwise)];
    this.#theme = [...preferred, ...preferred, ...free.slice(0, 2 + random.below(4))];
  }

  program(): Program {
    const { random } = this;
    const most = this.#options.operations ?? 12;
    const callees = random.pick([0, 1, 1, 2]);
    for (let i = 0; i < callees; i++) {
      const symbols = random.pick([["N"], ["K"], ["K", "L"], ["N", "M"]]);
      this.#function({ name: `callee${i === 0 ? "" : i}`, visibility: "private", symbols, steps: 1 + random.below(5) });
    }
    if (random.oneIn(5)) {
      this.#function({ name: "other", visibility: "public", symbols: ["N"], steps: 1 + random.below(4) });
    }
    this.#function({ name: "main", visibility: "public", symbols: ["N", "M"], steps: 1 + random.below(most) });
    return makeProgram(makeModule(this.#funcs), this.#sizes);
  }

  #function({ name, visibility, symbols, steps }: FunctionPlan): void {
    const { random } = this;
    const constraints = this.#constraintsOn(symbols);
    const types = this.#argumentTypes(symbols, visibility);
    const signature = (callee: string): Signature | null => {
      const func = this.#funcs.find((f) => f.name === callee);
      return func === undefined ? null : signatureOf(func);
    };
    const builder = new BlockBuilder(new FuncScope(constraints, signature, false));
    const args = types.map((type) => builder.argument(type));
    const results = withBuilder(builder, () => {
      const pool = new Pool(random, args, visibility === "public");
      this.#steps(pool, steps, 0, symbols);
      return this.#observed(pool, args);
    });
    const body = builder.finish(results);
    this.#funcs.push(makeFunc({ name, visibility, symbols, constraints, body }));
  }

  /** What is known of the symbols, which have sizes for which it holds. */
  #constraintsOn(symbols: readonly string[]): readonly Constraint[] {
    const { random } = this;
    for (const name of symbols) this.#sizes[name] ??= random.pick(usualSizes);
    return symbols.flatMap((name) => {
      if (!random.oneIn(4)) return [];
      const least = random.pick([1, 2, 3]);
      return this.#sizes[name] < least ? [] : [constraint(symbol(name), ">=", least)];
    });
  }

  /** Two or three of each of a few types; the last one determines the symbols that no other does. */
  #argumentTypes(symbols: readonly string[], visibility: string): readonly TensorType[] {
    const { random } = this;
    const shapes = shapesOver(symbols);
    const dtypes = this.#options.dtypes ?? usualDTypes;
    const dtype = random.pick(dtypes);
    const types = Array.from({ length: random.pick([1, 2, 2, 3]) }, () =>
      tensorType(random.oneIn(3) ? random.pick(dtypes) : dtype, random.pick(shapes)),
    );
    const list = types.flatMap((type) => (random.oneIn(4) ? [type] : [type, type]));
    const callee = random.oneIn(2) ? this.#funcs.find((f) => f.visibility === "private") : undefined;
    if (callee !== undefined && visibility === "public") {
      const bound = Object.fromEntries(callee.symbols.map((s, i) => [s, symbol(symbols[i % symbols.length])]));
      list.push(...signatureOf(callee).arguments.map((type) => bindType(type, bound) as TensorType));
    }
    if (this.#options.dtypes === undefined && random.oneIn(4)) list.push(tensorType("i32"));
    if (this.#options.dtypes === undefined && random.oneIn(3)) list.push(tensorType("bool"));
    const isFound = (name: string) => list.some(({ shape }) => shape.some((d) => String(d) === name));
    return symbols.every(isFound)
      ? list
      : [
          ...list,
          tensorType(
            dtype,
            symbols.map((s) => symbol(s)),
          ),
        ];
  }

  /** All values but few: a pass may drop what nothing reads. Effects stay, and so does what they see. */
  #observed(pool: Pool, args: readonly Value[]): readonly Value[] {
    const computed = pool.values.filter((v) => !args.includes(v));
    // what may fail is removable where nothing reads it, and then so is its error
    const failing = new Set(currentBlock().operations.flatMap((o) => (o.op.effect === "mayFail" ? o.results : [])));
    const kept = computed.filter((v) => failing.has(v) || !this.random.oneIn(10));
    return kept.length > 0 ? kept : [pool.any()];
  }

  #steps(pool: Pool, count: number, depth: number, symbols: readonly string[]): void {
    for (let i = 0; i < count; i++) pool.add(this.#attempt(() => this.#step(pool, depth, symbols)));
  }

  /** What a step gives; nothing where it turns out not to fit, and then nothing is left of it. */
  #attempt(body: () => readonly Value[]): readonly Value[] {
    const builder = currentBlock();
    const before = builder.operations.length;
    builder.origin = originAt("program.ts", ++this.#line, 1);
    try {
      return body();
    } catch (error) {
      if (!(error instanceof AdjointError)) throw error;
      builder.operations.length = before;
      return [];
    }
  }

  #step(pool: Pool, depth: number, symbols: readonly string[]): readonly Value[] {
    const { random } = this;
    const { regions = true, effects = true, transforms = false } = this.#options;
    const at = { depth, symbols };
    const kind = random.below(40);
    if (kind < 18) return this.#use(random.pick(this.#theme), pool, at);
    if (kind < 25) return this.#use(random.pick(this.#words.elementwise), pool, at);
    if (kind < 31) return this.#use(random.pick(this.#words.others), pool, at);
    if (kind < 34) return echo(pool);
    if (kind < 35) return transforms ? this.#transform(pool, symbols) : this.#call(pool, symbols);
    if (kind < 36 && effects) return this.#use(random.pick(this.#words.effects), pool, at);
    if (!regions || depth >= mostDepth) return this.#use(random.pick(this.#words.elementwise), pool, at);
    return this.#use(random.pick(this.#words.regions), pool, at);
  }

  #use(op: Op, pool: Pool, { depth, symbols }: Place): readonly Value[] {
    if (op.traits.transform) return this.#options.transforms === true ? this.#transform(pool, symbols) : [];
    const ofRegions = regionIdioms.get(op);
    if (ofRegions !== undefined) {
      if (depth >= mostDepth) return [];
      return ofRegions(pool, (own) => {
        this.#steps(own, this.random.below(Math.max(2, stepsInside - depth)), depth + 1, symbols);
      });
    }
    if (op === ops.callOp) return this.#call(pool, symbols);
    return idioms.get(op)?.(pool, symbols) ?? (isDescribed(op) ? useOf(op, pool) : []);
  }

  /** A call of a private function, twice the same now and then. */
  #call(pool: Pool, symbols: readonly string[]): readonly Value[] {
    const application = this.#application(pool, symbols);
    if (application === null) return [];
    const { callee, args, explicit } = application;
    const results = ops.call(callee, args, explicit);
    return this.random.oneIn(4) ? [...results, ...ops.call(callee, args, explicit)] : results;
  }

  /** A private function, sizes for its symbols, and arguments that fit. */
  #application(pool: Pool, symbols: readonly string[]) {
    const callees = this.#funcs.filter((f) => f.visibility === "private");
    if (callees.length === 0) return null;
    const callee = signatureOf(this.random.pick(callees));
    const sizes: readonly Dim[] = [2, 3, ...symbols.map((s) => symbol(s)), ...symbols.map((s) => symbol(s))];
    const explicit = Object.fromEntries(callee.symbols.map((s) => [s, this.random.pick(sizes)]));
    const args = callee.arguments.map((type) => pool.like(bindType(type, explicit) as TensorType));
    return { callee, args, explicit };
  }

  /** A derivative of a function, or the function mapped over a new axis. */
  #transform(pool: Pool, symbols: readonly string[]): readonly Value[] {
    const application = this.#application(pool, symbols);
    if (application === null) return [];
    const { callee, args, explicit } = application;
    const floats = callee.results.filter(ops.isFloatType);
    const like = (types: readonly Type[]) => types.map((type) => pool.like(bindType(type, explicit) as TensorType));
    switch (this.random.below(3)) {
      case 0:
        return ops.vjp(callee, args, like(floats), undefined, explicit);
      case 1:
        return ops.jvp(callee, args, like(callee.arguments.filter(ops.isFloatType)), undefined, explicit);
      default: {
        const size = this.random.pick([2, 3, 1]);
        const mapped = args.map((_, i) => i).filter((i) => i === 0 || this.random.oneIn(2));
        const wider = args.map((v, i) => {
          const { dtype, shape } = v.type as TensorType;
          return mapped.includes(i) ? pool.like(tensorType(dtype, [size, ...shape])) : v;
        });
        return ops.vmap(callee, wider, mapped, explicit);
      }
    }
  }
}

const usualDTypes: readonly DType[] = [
  "f64",
  "f64",
  "f64",
  "f64",
  "f32",
  "f32",
  "f32",
  "i32",
  "i32",
  "i32",
  "u32",
  "u32",
  "u8",
  "bool",
];

/** Shapes over the symbols of a function; few of them hold nothing. */
function shapesOver(symbols: readonly string[]): readonly (readonly Dim[])[] {
  const [n, m = 2] = symbols.map((s): Dim => symbol(s));
  return [
    [],
    [],
    [],
    [n],
    [n],
    [3],
    [4],
    [2, 3],
    [3, 3],
    [n, m],
    [2, n],
    [1, n],
    [1],
    [2, 3, 2],
    [2, 3, 4],
    [2, 2, n],
    [2, 2],
    [2, 2, 2],
    [0],
  ];
}
