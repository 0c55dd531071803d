// Random well-typed programs: public and private functions of random steps, in which every value is observed.

import {
  BlockBuilder,
  type Constraint,
  constraint,
  currentBlock,
  type Dim,
  type Func,
  FuncScope,
  makeFunc,
  makeModule,
  type Op,
  rankedOf,
  type Signature,
  sameDim,
  signatureOf,
  symbol,
  type TensorType,
  usedSymbols,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import { type NewArgument, Pool } from "./pool.ts";
import { type Course, makeProgram, mayFail, mayFailIn, type Program, type ProgramOptions } from "./program.ts";
import type { Random } from "./random.ts";
import { argumentTypes, missing, type Style, styleOf } from "./signatures.ts";
import { Steps } from "./steps.ts";
import { callOf, transformOf, transformOps } from "./transforms.ts";
import { twinOf } from "./variations.ts";

/** Sizes of dimension symbols: small ones that are not alike, with 0, 1 and one beyond the width of vectors among them. */
const usualSizes = [2, 3, 4, 5, 2, 3, 7, 1, 17, 0];

/** How often what is differentiated is one op by itself, where nothing else is undefined: once in so many times. */
const singleOneIn = 2;

/** How many arguments a function takes at most where operands are wanted that there are none of. */
const mostArguments = 7;

/** A random program, which the stream and the course determine. */
export function randomProgram(random: Random, options: ProgramOptions = {}, course: Partial<Course> = {}): Program {
  const { turn = random.below(2 ** 31), sought = [] } = course;
  return new Generator(random, options, { turn, sought }).program();
}

interface FunctionPlan {
  readonly name: string;
  readonly visibility: "public" | "private";
  readonly symbols: readonly string[];
  readonly steps: number;
  /** Of floats mostly, each step from the last one: what derivatives are taken of. */
  readonly isSmooth?: boolean;
}

/** A function around a transform of another one. */
interface Wrapping {
  readonly name: string;
  readonly callee: Signature;
  /** Whether nothing else is in it. */
  readonly isAlone: boolean;
}

/** How often an operand is the last value in functions that derivatives are taken of: once in so many times. */
const smoothLastOneIn = 2;

/** Whether a value is a tensor that has this size itself along one of its axes. */
function hasSize({ type }: Value, size: Dim): boolean {
  return type.kind === "tensor" && rankedOf(type).shape.some((d) => sameDim(d, size));
}

class Generator {
  readonly random: Random;
  readonly #options: ProgramOptions;
  readonly #course: Course;
  readonly #sizes: Record<string, number> = {};
  readonly #funcs: Func[] = [];
  readonly #steps: Steps;
  /** A private function and one like it, or none. */
  #twins: readonly Func[] = [];
  /** The transforms that it has. */
  readonly #transforms: readonly Op[];

  constructor(random: Random, options: ProgramOptions, course: Course) {
    this.random = random;
    this.#course = course;
    this.#options = options;
    const wanted = transformOps.filter((op) => options.focus?.includes(op));
    this.#transforms = wanted.length > 0 ? wanted : transformOps;
    this.#steps = new Steps(random, options, () => this.#funcs.filter((f) => !mayFailIn(f.body)));
  }

  program(): Program {
    if (this.#options.transforms === true) this.#transformed();
    else this.#usual();
    return makeProgram(makeModule(this.#funcs), this.#sizes);
  }

  #usual(): void {
    const { random } = this;
    const given = this.#options.operations ?? 12;
    // pairs stand beside these
    const most = this.#course.turn === null ? given : Math.ceil(given / 3);
    const callees = random.pick([0, 1, 1, 2]);
    for (let i = 0; i < callees; i++) {
      const symbols = random.pick([["N"], ["K"], ["K", "L"], ["N", "M"]]);
      this.#function({ name: `callee${i === 0 ? "" : i}`, visibility: "private", symbols, steps: 1 + random.below(5) });
    }
    const last = this.#funcs[this.#funcs.length - 1];
    const twin = last !== undefined && random.oneIn(8) ? twinOf(last, "twin", random) : null;
    if (twin !== null) {
      this.#funcs.push(twin);
      this.#twins = [last, twin];
    }
    if (random.oneIn(5)) {
      this.#function({ name: "other", visibility: "public", symbols: ["N"], steps: 1 + random.below(4) });
    }
    this.#function({
      name: "main",
      visibility: "public",
      symbols: ["N", "M"],
      steps: 1 + random.below(most),
    });
  }

  /** A function, a transform of it, perhaps a transform of that, and so on to a public one. */
  #transformed(): void {
    const { random } = this;
    const symbols = random.pick([["N"], ["N", "M"], ["K"]]);
    if (random.oneIn(4)) this.#function({ name: "inner", visibility: "private", symbols, steps: 2, isSmooth: true });
    const isSingle = this.#course.turn !== null && this.#course.turn % singleOneIn === 0;
    const steps = isSingle ? 0 : 1 + random.below(5);
    this.#function({ name: "callee", visibility: "private", symbols, steps, isSmooth: true });
    const chain = isSingle
      ? this.#steps.chainOfSingles(this.#turnOfSingles, this.#transforms)
      : Array.from({ length: random.pick([1, 1, 2, 2, 2, 3]) }, () => random.pick(this.#transforms));
    for (const [i, transform] of chain.entries()) {
      const callee = signatureOf(this.#funcs[this.#funcs.length - 1]);
      const order = chain.length - i;
      const name = order === 1 ? "main" : `order${order}`;
      if (!this.#wrapped(transform, { name, callee, isAlone: isSingle })) break;
    }
    if (!this.#funcs.some((f) => f.name === "main"))
      this.#function({ name: "main", visibility: "public", symbols, steps: 3 });
  }

  /** A function that takes what a transform of the callee takes, and gives its results and, unless alone, what follows from them. */
  #wrapped(transform: Op, { name, callee, isAlone }: Wrapping): boolean {
    const { random } = this;
    const visibility = name === "main" ? "public" : "private";
    if (callee.arguments.length === 0) return false;
    const sizes = Object.fromEntries(callee.symbols.map((s): [string, Dim] => [s, random.oneIn(3) ? 2 : symbol(s)]));
    const application = transformOf(random, transform, callee, sizes);
    const builder = this.#builder([]);
    const results = withBuilder(builder, () =>
      this.#steps.attempt(() => {
        const all = application.takes.map((type) => builder.argument(type));
        const pool = new Pool(random, all, { isObserved: visibility === "public" });
        this.#steps.append(pool, isAlone ? 0 : random.pick([0, 0, 1, 2]), { depth: 0, symbols: [] });
        const values = all.map((v, i) => (random.oneIn(4) ? pool.like(application.takes[i]) : v));
        pool.add(application.apply(values));
        this.#steps.append(pool, isAlone ? 0 : random.pick([0, 0, 1, 3]), { depth: 0, symbols: [] });
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

  get #turnOfSingles(): number {
    return Math.floor((this.#course.turn ?? 0) / singleOneIn);
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
      const pool = new Pool(random, args, {
        isObserved: visibility === "public",
        lastOneIn: isSmooth ? smoothLastOneIn : this.#steps.lastOneIn,
        newArgument: isSmooth || this.#course.turn === null ? undefined : this.#newArgument(builder),
      });
      if (name === "main" && !isSmooth) this.#steps.appendPairs(pool, this.#course, { depth: 0, symbols });
      if (steps === 0) this.#steps.appendSingles(pool, this.#turnOfSingles, this.#transforms, { depth: 0, symbols });
      this.#steps.append(pool, steps, { depth: 0, symbols });
      if (name === "main") pool.add(this.#steps.attempt(() => this.#bothCalled(pool)));
      return visibility === "private" && !isSmooth && random.oneIn(16) ? [] : this.#observed(pool);
    });
    const body = builder.finish(results);
    this.#funcs.push(makeFunc({ name, visibility, symbols, constraints, body }));
  }

  /** Takes one argument more, of the dtypes and the symbols that arguments may have. */
  #newArgument(builder: BlockBuilder): NewArgument {
    const { dtypes } = this.#options;
    return (type) => {
      const isTaken = dtypes === undefined || dtypes.includes(type.dtype);
      const isPlain = type.shape.every((d) => typeof d === "number" || builder.arguments.some((v) => hasSize(v, d)));
      return isTaken && isPlain && builder.arguments.length < mostArguments ? builder.argument(type) : null;
    };
  }

  /** What two functions give that are alike, for the same values. */
  #bothCalled(pool: Pool): readonly Value[] {
    const [first, second] = this.#twins.map(signatureOf);
    if (first === undefined) return [];
    const sizes = Object.fromEntries(first.symbols.map((s) => [s, 2]));
    const values = callOf(first, sizes).takes.map((type) => pool.like(type));
    return [first, second].flatMap((callee) => callOf(callee, sizes).apply(values));
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
    return more.concat(missing(more, style.symbols, this.#options.dtypes?.[0] ?? "f64"));
  }

  /**
   * All values but those of few operations: a pass may drop what nothing reads, but for effects and what may fail in it. Some
   * constants are among the results, too.
   */
  #observed(pool: Pool): readonly Value[] {
    const { random } = this;
    const computed = new Set(pool.values);
    const kept = currentBlock().operations.flatMap((operation) => {
      const { op, regions, results } = operation;
      if (op.traits.constant) return random.oneIn(5) ? results : [];
      // what may fail is removable where nothing reads it, and then so is its error
      const isDropped = !mayFail(operation) && random.oneIn(regions.length > 0 ? 6 : 20);
      return isDropped ? [] : results.filter((v) => computed.has(v));
    });
    return kept.length > 0 ? kept : [pool.any()];
  }
}
