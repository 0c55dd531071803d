// Random well-typed programs: public and private functions of random steps, in which every value is observed.

import {
  AdjointError,
  BlockBuilder,
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
  usedSymbols,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { echo } from "./echo.ts";
import { idioms } from "./idioms.ts";
import { Pool } from "./pool.ts";
import type { Random } from "./random.ts";
import { exampleUse, namesFunctions, regionUse } from "./records.ts";
import { regionIdioms } from "./regions.ts";
import { argumentTypes, missing, type Style, styleOf } from "./signatures.ts";
import { type Application, callOf, transformOf, transformOps } from "./transforms.ts";
import { undo } from "./undo.ts";
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

/** What a derivative is asked for; what it does not need is left out. */
export interface Directions {
  /** How each float argument moves. */
  readonly tangents?: readonly NdArray[];
  /** What each float result counts. */
  readonly cotangents?: readonly NdArray[];
  /** What each part of a gradient counts that is differentiated again. */
  readonly weights?: readonly NdArray[];
}

/** A call of a public function. */
export interface Call {
  readonly entry: string;
  readonly args: readonly NdArray[];
  /** Of a mapped function: the arguments that have a leading axis more, for each axis that is mapped, the inner one first. */
  readonly mapped?: readonly (readonly number[])[];
  /** Of a derivative: along what it is taken. */
  readonly directions?: Directions;
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
  /** Of floats mostly, each step from the last one: what derivatives are taken of. */
  readonly isSmooth?: boolean;
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
    const isKnown = (op: Op): boolean => idioms.has(op) || regionIdioms.has(op) || op === ops.callOp;
    const drawn = records.filter((op) => isKnown(op) || !(namesFunctions(op) || op.traits.memory));
    const plain = drawn.filter((op) => op.regions.length === 0 && op !== ops.callOp && !isEffect(op));
    const often = plain.flatMap((op) => Array.from({ length: waysOf(op) }, () => op));
    this.elementwise = often.filter((op) => op.traits.elementwise && op.operands.length > 0);
    this.others = often.filter((op) => !this.elementwise.includes(op));
    this.regions = drawn.filter((op) => op.regions.length > 0);
    this.effects = drawn.filter(isEffect);
  }
}

/** How often an op is listed: more often where its attributes have many words. */
function waysOf({ attributes }: Op): number {
  return Object.values(attributes).reduce((sum, { words = [] }) => sum + Math.floor(words.length / 3), 1);
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

type Kind = "theme" | "echo" | "call" | keyof Vocabulary;
type Frequency = readonly [kind: Kind, times: number];

/** How often a step is of a kind, in a usual program. */
const usualFrequencies: readonly Frequency[] = [
  ["theme", 18],
  ["elementwise", 7],
  ["others", 6],
  ["echo", 4],
  ["call", 2],
  ["effects", 1],
  ["regions", 4],
];

/** How often an operand is the last value in functions that derivatives are taken of: once in so many times. */
const smoothLastOneIn = 2;

class Generator {
  readonly random: Random;
  readonly #options: ProgramOptions;
  readonly #words: Vocabulary;
  readonly #sizes: Record<string, number> = {};
  readonly #funcs: Func[] = [];
  /** The ops that half of the steps use, so that neighbours of every kind occur. */
  readonly #theme: readonly Op[];
  /** How often a step is of a kind, in this program. */
  readonly #frequencies: readonly Frequency[];
  readonly #lastOneIn: number;
  /** The transforms that it has. */
  readonly #transforms: readonly Op[];
  #line = 0;

  constructor(random: Random, options: ProgramOptions) {
    this.random = random;
    this.#options = options;
    this.#words = vocabularyOf(options.ops ?? ops.standardOps);
    const { elementwise, others } = this.#words;
    const focus = (options.focus ?? []).filter((op) => !op.traits.transform);
    const wanted = transformOps.filter((op) => options.focus?.includes(op));
    this.#transforms = wanted.length > 0 ? wanted : transformOps;
    const isDense = focus.length > 0 && random.oneIn(2);
    const preferred = focus.length === 0 ? [] : [0, 0, 0, 0].slice(isDense ? 0 : 2).map(() => random.pick(focus));
    const free = [...random.shuffled(others).slice(0, 3), random.pick(elementwise), random.pick(elementwise)];
    this.#theme = isDense ? preferred : [...preferred, ...preferred, ...free.slice(0, 2 + random.below(4))];
    this.#lastOneIn = random.pick(isDense ? [2, 2, 3] : [3, 3, 2, 6]);
    this.#frequencies = this.#frequenciesOf(isDense);
  }

  /**
   * Each program has some kinds of steps more often than others, and some not at all: what goes wrong wants several of a
   * kind, and others hide it (Groce et al., "Swarm Testing", 2012).
   */
  #frequenciesOf(isDense: boolean): readonly Frequency[] {
    const { random } = this;
    const { regions = true, effects = true } = this.#options;
    const isLeftOut = (kind: Kind): boolean =>
      (kind === "regions" && !regions) ||
      (kind === "effects" && !effects) ||
      (kind in this.#words && this.#words[kind as keyof Vocabulary].length === 0);
    return usualFrequencies.map(([kind, usual]) => {
      const times = kind === "theme" ? (isDense ? 3 : 1) : random.pick([0, 1, 1, 1, 4]);
      return [kind, isLeftOut(kind) ? 0 : usual * times];
    });
  }

  #kind(): Kind {
    let left = this.random.below(this.#frequencies.reduce((sum, [, count]) => sum + count, 0));
    return this.#frequencies.find(([, count]) => (left -= count) < 0)?.[0] ?? "theme";
  }

  program(): Program {
    if (this.#options.transforms === true) this.#transformed();
    else this.#usual();
    return makeProgram(makeModule(this.#funcs), this.#sizes);
  }

  #usual(): void {
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
  }

  /** A function, a transform of it, perhaps a transform of that, and so on to a public one. */
  #transformed(): void {
    const { random } = this;
    const symbols = random.pick([["N"], ["N", "M"], ["K"]]);
    if (random.oneIn(4)) this.#function({ name: "inner", visibility: "private", symbols, steps: 2, isSmooth: true });
    this.#function({ name: "callee", visibility: "private", symbols, steps: 1 + random.below(5), isSmooth: true });
    for (let order = random.pick([1, 1, 1, 2, 2, 3]); order > 0; order--) {
      const callee = signatureOf(this.#funcs[this.#funcs.length - 1]);
      const name = order === 1 ? "main" : `order${order}`;
      if (!this.#wrapped(name, order === 1 ? "public" : "private", callee)) break;
    }
    if (!this.#funcs.some((f) => f.name === "main"))
      this.#function({ name: "main", visibility: "public", symbols, steps: 3 });
  }

  /** A function that takes what a transform of the callee takes, and gives its results and what follows from them. */
  #wrapped(name: string, visibility: FunctionPlan["visibility"], callee: Signature): boolean {
    const { random } = this;
    if (callee.arguments.length === 0) return false;
    const sizes = Object.fromEntries(callee.symbols.map((s): [string, Dim] => [s, random.oneIn(3) ? 2 : symbol(s)]));
    const application = transformOf(random, random.pick(this.#transforms), callee, sizes);
    const builder = this.#builder([]);
    const results = withBuilder(builder, () =>
      this.#attempt(() => {
        const all = application.takes.map((type) => builder.argument(type));
        const pool = new Pool(random, all, visibility === "public");
        this.#steps(pool, random.pick([0, 0, 1, 2]), 0, []);
        const values = all.map((v, i) => (random.oneIn(4) ? pool.like(application.takes[i]) : v));
        pool.add(application.apply(values));
        this.#steps(pool, random.pick([0, 0, 1, 3]), 0, []);
        return this.#observed(pool);
      }),
    );
    if (results.length === 0) return false;
    const body = builder.finish(results);
    const symbols = [...usedSymbols(body)];
    for (const s of symbols) this.#sizes[s] ??= random.pick(usualSizes);
    this.#funcs.push(makeFunc({ name, visibility, symbols, body }));
    return true;
  }

  #builder(constraints: readonly Constraint[]): BlockBuilder {
    const signature = (callee: string): Signature | null => {
      const func = this.#funcs.find((f) => f.name === callee);
      return func === undefined ? null : signatureOf(func);
    };
    return new BlockBuilder(new FuncScope(constraints, signature, false));
  }

  #function({ name, visibility, symbols: named, steps, isSmooth = false }: FunctionPlan): void {
    const { random } = this;
    const style = styleOf(random, named);
    const types = this.#typesOf(style, visibility, isSmooth);
    const symbols = named.filter((s) => types.some(({ shape }) => shape.some((d) => String(d) === s)));
    const constraints = isSmooth ? [] : this.#constraintsOn(symbols);
    const builder = this.#builder(constraints);
    for (const s of symbols) this.#sizes[s] ??= random.pick(usualSizes);
    const args = types.map((type) => builder.argument(type));
    const results = withBuilder(builder, () => {
      const pool = new Pool(random, args, visibility === "public", isSmooth ? smoothLastOneIn : this.#lastOneIn);
      this.#steps(pool, steps, 0, symbols);
      return this.#observed(pool);
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

  /** The arguments of a function: of its style, and now and then those that a function there takes. */
  #typesOf(style: Style, visibility: FunctionPlan["visibility"], isSmooth: boolean): readonly TensorType[] {
    const { random } = this;
    const list = argumentTypes(random, style, this.#options.dtypes, isSmooth);
    const callee = random.oneIn(2) ? this.#funcs.find((f) => f.visibility === "private") : undefined;
    if (callee === undefined || visibility !== "public") return list;
    const own = style.symbols.length > 0 ? style.symbols.map((s): Dim => symbol(s)) : [2];
    const sizes = Object.fromEntries(callee.symbols.map((s, i) => [s, own[i % own.length]]));
    const more = [...list, ...callOf(signatureOf(callee), sizes).takes];
    return more.concat(missing(more, style.symbols, "f64"));
  }

  /**
   * All values but those of few operations: a pass may drop what nothing reads, but for effects and what may fail in it. Some
   * constants are among the results, too.
   */
  #observed(pool: Pool): readonly Value[] {
    const { random } = this;
    const computed = new Set(pool.values);
    const kept = currentBlock().operations.flatMap(({ op, regions, results }) => {
      if (op.traits.constant) return random.oneIn(5) ? results : [];
      // what may fail is removable where nothing reads it, and then so is its error
      const isDropped = op.effect !== "mayFail" && random.oneIn(regions.length > 0 ? 6 : 20);
      return isDropped ? [] : results.filter((v) => computed.has(v));
    });
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
    // most of the time of an error that is caught here would go into where it came from
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return body();
    } catch (error) {
      if (!(error instanceof AdjointError)) throw error;
      builder.operations.length = before;
      return [];
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  #step(pool: Pool, depth: number, symbols: readonly string[]): readonly Value[] {
    const { random } = this;
    const at = { depth, symbols };
    switch (this.#kind()) {
      case "theme":
        return this.#use(random.pick(this.#theme), pool, at);
      case "others":
        return this.#use(random.pick(this.#words.others), pool, at);
      case "echo":
        return random.oneIn(3) ? undo(pool) : echo(pool);
      case "call":
        return this.#call(pool, symbols);
      case "effects":
        return this.#use(random.pick(this.#words.effects), pool, at);
      case "regions":
        if (depth < mostDepth) return this.#use(random.pick(this.#words.regions), pool, at);
        break;
      default:
    }
    return this.#use(random.pick(this.#words.elementwise), pool, at);
  }

  #use(op: Op, pool: Pool, { depth, symbols }: Place): readonly Value[] {
    if (op === ops.callOp) return this.#call(pool, symbols);
    const steps = (own: Pool): void =>
      this.#steps(own, this.random.below(Math.max(2, stepsInside - depth)), depth + 1, symbols);
    if (op.regions.length > 0 && depth >= mostDepth) return [];
    const known = regionIdioms.get(op)?.(pool, steps) ?? idioms.get(op)?.(pool, symbols);
    if (known !== undefined) return known;
    const { operations } = currentBlock();
    const before = operations.length;
    const drawn = op.regions.length > 0 ? regionUse(op, pool, steps) : isDescribed(op) ? useOf(op, pool) : [];
    const isMade = operations.length > before;
    return isMade ? drawn : exampleUse(op, pool, this.#options.ops ?? ops.standardOps);
  }

  /** A call of a private function, twice the same now and then. */
  #call(pool: Pool, symbols: readonly string[]): readonly Value[] {
    const { random } = this;
    const callees = this.#funcs.filter((f) => f.visibility === "private");
    if (callees.length === 0) return [];
    const callee = signatureOf(random.pick(callees));
    const choices: readonly Dim[] = [2, 3, ...symbols.map((s) => symbol(s)), ...symbols.map((s) => symbol(s))];
    const sizes = Object.fromEntries(callee.symbols.map((s) => [s, random.pick(choices)]));
    const { takes, apply }: Application = callOf(callee, sizes);
    const values = takes.map((type) => pool.like(type));
    return random.oneIn(4) ? [...apply(values), ...apply(values)] : apply(values);
  }
}
