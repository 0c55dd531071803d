// The steps of random programs: operations of several kinds, each program with some kinds more often than others.

import {
  AdjointError,
  currentBlock,
  type Dim,
  emit,
  type Func,
  mustStay,
  type Op,
  originAt,
  sameType,
  signatureOf,
  symbol,
  tensorType,
  touchesMemory,
  type Value,
} from "../../ir/index.ts";
import * as ops from "../../ops/index.ts";
import { echo, twin } from "./echo.ts";
import { expression } from "./expressions.ts";
import { idioms } from "./idioms.ts";
import { conversions, pairUse, type Uses } from "./neighbours.ts";
import { dtypeOf, type Pool } from "./pool.ts";
import type { Course, ProgramOptions } from "./program.ts";
import type { Random } from "./random.ts";
import { exampleUse, regionUse } from "./records.ts";
import { regionIdioms } from "./regions.ts";
import { callOf, chainsOf } from "./transforms.ts";
import { undo } from "./undo.ts";
import { attributesOf, isDescribed, useOf } from "./uses.ts";
import { type Vocabulary, vocabularyOf } from "./vocabulary.ts";

/** So many ops are differentiated and mapped by themselves in one program. */
const singlesAtOnce = 2;

/** Steps of a region; nested ones have fewer. */
const stepsInside = 4;
const mostDepth = 3;

/** Where a step stands: how deep in regions, and what its function can speak of. */
export interface Place {
  readonly depth: number;
  readonly symbols: readonly string[];
}

/** The kinds of steps that some ops are listed for. */
type Listed = "elementwise" | "others" | "effects" | "regions";
type Kind = Listed | "theme" | "expression" | "chain" | "echo" | "call" | "stopped";
type Frequency = readonly [kind: Kind, times: number];

/** How often a step is of a kind, in a program whose functions are differentiated and mapped: each op matters by itself. */
const smoothFrequencies: readonly Frequency[] = [
  ["theme", 18],
  ["expression", 3],
  ["chain", 1],
  ["elementwise", 7],
  ["others", 6],
  ["echo", 4],
  ["call", 2],
  ["effects", 2],
  ["regions", 4],
  ["stopped", 2],
];

/** How often a step is of a kind, in a usual program. */
const usualFrequencies: readonly Frequency[] = [
  ["theme", 13],
  ["expression", 10],
  ["chain", 6],
  ["elementwise", 3],
  ["others", 4],
  ["echo", 4],
  ["call", 2],
  ["effects", 2],
  ["regions", 4],
];

function isListed(kind: Kind): kind is Listed {
  return kind === "elementwise" || kind === "others" || kind === "effects" || kind === "regions";
}

export class Steps {
  readonly #random: Random;
  readonly #options: ProgramOptions;
  /** The functions that can be called. */
  readonly #callees: () => readonly Func[];
  readonly #words: Vocabulary;
  /** The ops that half of the steps use, so that neighbours of every kind occur. */
  readonly #theme: readonly Op[];
  /** How often a step is of a kind, in this program. */
  readonly #frequencies: readonly Frequency[];
  /** How often an operand is the last value, in this program: once in so many times. */
  readonly lastOneIn: number;
  readonly #hasEffects: boolean;
  #line = 0;

  constructor(random: Random, options: ProgramOptions, callees: () => readonly Func[]) {
    this.#random = random;
    this.#options = options;
    this.#callees = callees;
    this.#words = vocabularyOf(options.ops ?? ops.standardOps);
    const { elementwise, others } = this.#words;
    this.#hasEffects = options.effects !== false && this.#words.effects.length > 0;
    const focus = (options.focus ?? []).filter((op) => !op.traits.transform);
    const isDense = focus.length > 0 && random.oneIn(2);
    const preferred = focus.length === 0 ? [] : [0, 0, 0, 0].slice(isDense ? 0 : 2).map(() => random.pick(focus));
    const free = [...random.shuffled(others).slice(0, 3), random.pick(elementwise), random.pick(elementwise)];
    this.#theme = isDense ? preferred : [...preferred, ...preferred, ...free.slice(0, 2 + random.below(4))];
    this.lastOneIn = random.pick(isDense ? [2, 2, 3] : [3, 3, 2, 6]);
    this.#frequencies = this.#frequenciesOf(isDense);
  }

  /**
   * Each program has some kinds of steps more often than others, and some not at all: what goes wrong wants several of a
   * kind, and others hide it (Groce et al., "Swarm Testing", 2012).
   */
  #frequenciesOf(isDense: boolean): readonly Frequency[] {
    const random = this.#random;
    const { regions = true, effects = true, transforms = false } = this.#options;
    const isLeftOut = (kind: Kind): boolean =>
      (kind === "regions" && !regions) ||
      (kind === "effects" && !effects) ||
      (kind === "stopped" && !this.#words.elementwise.includes(ops.records.stopGradient)) ||
      (kind === "chain" && this.#words.moving.length === 0) ||
      (isListed(kind) && this.#words[kind].length === 0);
    const frequencies = transforms ? smoothFrequencies : usualFrequencies;
    return frequencies.map(([kind, usual]) => {
      const times = kind === "theme" ? (isDense ? 3 : 1) : random.pick([0, 1, 1, 1, 4]);
      return [kind, isLeftOut(kind) ? 0 : usual * times];
    });
  }

  #kind(): Kind {
    let left = this.#random.below(this.#frequencies.reduce((sum, [, count]) => sum + count, 0));
    return this.#frequencies.find(([, count]) => (left -= count) < 0)?.[0] ?? "theme";
  }

  /** Appends so many steps on values of the pool, to which it adds what they give. */
  append(pool: Pool, count: number, at: Place): void {
    for (let i = 0; i < count; i++) pool.add(this.attempt(() => this.#step(pool, at)));
  }

  /** Appends the pairs of ops whose turn it is, and a chain of conversions; instead of some of them, pairs that are sought. */
  appendPairs(pool: Pool, { turn, sought }: Course, at: Place): void {
    if (turn === null) return;
    const random = this.#random;
    const { regions = true, effects = true } = this.#options;
    const { pairs } = this.#words;
    const isAllowed = (op: Op): boolean =>
      pairs.ops.has(op) && (regions || op.regions.length === 0) && (effects || !mustStay(op.effects));
    const uses: Uses = {
      use: (op, own) => this.#known(op, own, at, this.#inside(at)),
      attempt: (body) => this.attempt(body),
    };
    for (const turned of pairs.at(turn)) {
      const isSought = sought.length > 0 && random.oneIn(2);
      const pair = isSought ? random.pick(sought) : turned;
      if ((pair.producer === null || isAllowed(pair.producer)) && isAllowed(pair.consumer))
        pool.add(pairUse(pair, pool, uses));
      if (isSought && random.oneIn(4)) pool.add(this.attempt(() => echo(pool, sought)));
    }
    if (turn % 3 === 0) pool.add(this.attempt(() => conversions(turn / 3, pool)));
  }

  /** What is transformed by itself: for derivatives alone what has some. */
  #singlesOf(transforms: readonly Op[]): readonly Op[] {
    return transforms.includes(ops.records.vmap) ? this.#words.singles : this.#words.smooth;
  }

  /** Appends a use of each op whose turn it is to be transformed by itself, on what there was before. */
  appendSingles(pool: Pool, turn: number, transforms: readonly Op[], at: Place): void {
    const singles = this.#singlesOf(transforms);
    const made = Array.from({ length: singlesAtOnce }, (_, i) => i).flatMap((i) => {
      const op = singles[(singlesAtOnce * turn + i) % singles.length];
      return op === undefined ? [] : this.attempt(() => this.#use(op, pool, at));
    });
    pool.add(made);
  }

  /**
   * The transforms of the ops whose turn it is, one around the other: another chain each time that an op comes round, and those
   * of its neighbours are others.
   */
  chainOfSingles(turn: number, transforms: readonly Op[]): readonly Op[] {
    const chains = chainsOf(transforms);
    const { length } = this.#singlesOf(transforms);
    const first = singlesAtOnce * turn;
    return chains[(length === 0 ? first : Math.floor(first / length) + (first % length)) % chains.length];
  }

  /** What a step gives; nothing where it turns out not to fit, and then nothing is left of it. */
  attempt(body: () => readonly Value[]): readonly Value[] {
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

  #step(pool: Pool, at: Place): readonly Value[] {
    const random = this.#random;
    const words = this.#words;
    switch (this.#kind()) {
      case "theme":
        return this.#use(random.pick(this.#theme), pool, at);
      case "expression":
        return expression(pool, words.identities, at.symbols);
      case "chain":
        return this.#chain(pool, at);
      case "others":
        return this.#use(random.pick(words.others), pool, at);
      case "echo":
        return random.oneIn(3) ? undo(pool) : echo(pool);
      case "call":
        return this.#call(pool, at);
      case "effects":
        return this.#use(random.pick(words.effects), pool, at);
      case "stopped":
        return this.#use(ops.records.stopGradient, pool, at);
      case "regions":
        if (at.depth < mostDepth) return this.#use(random.pick(words.regions), pool, at);
        break;
      default:
    }
    return this.#use(random.pick(words.elementwise), pool, at);
  }

  /**
   * Operations each of which takes what the one before it gives: what moves elements mostly, the same op again often, and what
   * computes element by element before, between and after it.
   */
  #chain(pool: Pool, at: Place): readonly Value[] {
    const random = this.#random;
    const { moving, following, others, identities } = this.#words;
    const anyOp = (): Op => random.pick(random.oneIn(4) ? this.#theme : random.oneIn(3) ? moving : following);
    let last: Value | undefined = random.oneIn(3) ? pool.any() : undefined;
    const next = (): Op =>
      (last !== undefined && random.oneIn(3) ? identities.everyday(random, dtypeOf(last)) : undefined) ?? anyOp();
    let op = last !== undefined ? next() : random.oneIn(3) ? random.pick(others) : random.pick(moving);
    for (let left = random.pick([2, 2, 3]); left > 0; left--) {
      pool.want(last);
      const made = this.attempt(() => this.#use(op, pool, at));
      pool.want(undefined);
      pool.add(made);
      last = made[made.length - 1] ?? last;
      if (made.length === 0 || !random.oneIn(3)) op = next();
    }
    return random.oneIn(4) ? this.#paired(pool) : [];
  }

  /** The last operation once more, on another operand, and what both give put together. */
  #paired(pool: Pool): readonly Value[] {
    const random = this.#random;
    const { operations } = currentBlock();
    const operation = operations[operations.length - 1];
    if (operation === undefined || operation.regions.length > 0) return [];
    if (operation.op.traits.constant || touchesMemory(operation.op.effects)) return [];
    const [first] = operation.results;
    const [second] = twin(operation, pool);
    if (second === undefined || first.type.kind !== "tensor" || !sameType(first.type, second.type)) return [];
    const { type } = first;
    const kind = random.below(4);
    if (kind === 0 && type.shape.length > 0)
      return [second, ops.concatenate([first, second], random.below(type.shape.length))];
    if (kind === 1) return [second, ops.select(pool.like(tensorType("bool", type.shape)), first, second)];
    const op = this.#words.identities.everyday(random, type.dtype, true);
    return op === undefined
      ? [second]
      : [second, ...emit(op, [first, second], { attributes: attributesOf(op, type, random) })];
  }

  #use(op: Op, pool: Pool, at: Place): readonly Value[] {
    if (op === ops.callOp) return this.#call(pool, at);
    if (op.regions.length > 0 && at.depth >= mostDepth) return [];
    // an effect before or after one within
    const isSeen = op.regions.length > 0 && this.#hasEffects && this.#random.oneIn(8);
    const seen = (own: Pool): void =>
      own.add(this.attempt(() => this.#use(this.#random.pick(this.#words.effects), own, at)));
    const inside = this.#inside(at);
    const steps = (own: Pool): void => {
      if (isSeen && !this.#random.oneIn(3)) seen(own);
      inside(own);
    };
    if (isSeen) {
      const made = this.#known(op, pool, at, steps);
      pool.add(made);
      seen(pool);
      return [];
    }
    return this.#known(op, pool, at, steps);
  }

  /** Random steps within a region, fewer the deeper it is. */
  #inside({ depth, symbols }: Place): (own: Pool) => void {
    return (own) =>
      this.append(own, this.#random.below(Math.max(2, stepsInside - depth)), { depth: depth + 1, symbols });
  }

  #known(op: Op, pool: Pool, { symbols }: Place, steps: (own: Pool) => void): readonly Value[] {
    const known = regionIdioms.get(op)?.(pool, steps) ?? idioms.get(op)?.(pool, symbols);
    if (known !== undefined) return known;
    const { operations } = currentBlock();
    const before = operations.length;
    const drawn = op.regions.length > 0 ? regionUse(op, pool, steps) : isDescribed(op) ? useOf(op, pool) : [];
    const isMade = operations.length > before;
    return isMade ? drawn : exampleUse(op, pool, this.#options.ops ?? ops.standardOps);
  }

  /** A call of a private function, twice the same now and then. */
  #call(pool: Pool, { symbols }: Place): readonly Value[] {
    const random = this.#random;
    const callees = this.#callees();
    if (callees.length === 0) return [];
    const callee = signatureOf(random.pick(callees));
    const choices: readonly Dim[] = [2, 3, ...symbols.map((s) => symbol(s)), ...symbols.map((s) => symbol(s))];
    const sizes = Object.fromEntries(callee.symbols.map((s) => [s, random.pick(choices)]));
    const { takes, apply } = callOf(callee, sizes);
    const values = takes.map((type) => pool.like(type));
    return random.oneIn(4) ? [...apply(values), ...apply(values)] : apply(values);
  }
}
