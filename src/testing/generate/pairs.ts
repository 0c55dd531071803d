// Which op is applied to what which other op gives: all ordered pairs of a table in turn, so that each comes round, however
// many there are. What passes look for is two ops next to each other more often than anything else.

import { type Attributes, mustStay, type Op } from "../../ir/index.ts";
import { Random } from "./random.ts";

/** One op applied to what another one gives; to any values where that is null. */
export interface Pair {
  readonly producer: Op | null;
  readonly consumer: Op;
  /** The operand of the consumer; behind the last one: every operand of one type comes from the producer. */
  readonly place: number;
  /** Attributes of the two that are words or truth values, where they were seen with some. */
  readonly words?: { readonly producer: Attributes; readonly consumer: Attributes };
}

/** How many pairs of everyday ops, and of others, stand in a program. */
const everydayAtOnce = 4;
const othersAtOnce = 1;
/** How often an op that follows on itself is listed: it may do so with the same attributes and with others. */
const timesOfItself = 3;

/** What programs are full of: what costs little, what moves elements, and all else that is not element by element. */
function isEveryday({ traits, regions, effects }: Op): boolean {
  return regions.length === 0 && !mustStay(effects) && (!traits.elementwise || traits.brief || traits.moves);
}

export class Pairs {
  /** The ops that pairs are of. */
  readonly ops: ReadonlySet<Op>;
  readonly #everyday: readonly Pair[];
  readonly #others: readonly Pair[];

  constructor(ops: readonly Op[]) {
    this.ops = new Set(ops);
    const everyday: Pair[] = [];
    const others: Pair[] = [];
    // a stream of its own: the order is the same for every program
    const random = new Random(1);
    for (const producer of ops) {
      if (mustStay(producer.effects)) continue;
      for (const consumer of ops) {
        if (consumer.operands.length === 0) continue;
        const place = random.below(placesOf(consumer));
        const isUsual = isEveryday(producer) && isEveryday(consumer);
        const times = isUsual ? waysOf(consumer) * (producer === consumer ? timesOfItself : 1) : 1;
        for (let k = 0; k < times; k++) (isUsual ? everyday : others).push({ producer, consumer, place });
      }
    }
    this.#everyday = random.shuffled(everyday);
    this.#others = random.shuffled(others);
  }

  /** The pairs whose turn it is: those of every op with every other one before any comes again, at another operand then. */
  at(turn: number): readonly Pair[] {
    return [...next(this.#everyday, turn * everydayAtOnce, everydayAtOnce), ...next(this.#others, turn, othersAtOnce)];
  }
}

/** How often an op is listed: more often where its attributes have many words. */
export function waysOf({ attributes }: Op): number {
  return Object.values(attributes).reduce((sum, { words = [] }) => sum + Math.floor(words.length / 3), 1);
}

/** The operands of an op, and all of them at once where there are several. */
function placesOf({ operands }: Op): number {
  return operands.length > 1 || operands[0].variadic === true ? operands.length + 1 : 1;
}

/** So many pairs of a list that begins again at its end. */
function next(list: readonly Pair[], first: number, count: number): readonly Pair[] {
  if (list.length === 0) return [];
  return Array.from({ length: count }, (_, i) => {
    const pair = list[(first + i) % list.length];
    const round = Math.floor((first + i) / list.length);
    return { ...pair, place: (pair.place + round) % placesOf(pair.consumer) };
  });
}
