// The abstract state: what every location holds at the place that is being read. Branches fork it, so that each arm's
// changes are known apart; loops watch it, so that what an iteration reads and writes of the outside is known.

import { assert } from "../../ir/index.ts";
import { type Absent, type AbstractValue, heldOf, type Stored } from "./abstract-value.ts";
import type { Location } from "./location.ts";

/** The locations that a path changed, with what they hold at its end; undefined where they hold nothing. */
export type Changes = ReadonlyMap<Location, Stored>;

/** A location as a loop found it: before the loop, and as an iteration begins. */
interface Touched {
  readonly before: Stored;
  readonly entered: AbstractValue | undefined;
}

/** What the body of a loop has read or written of the outside. */
export class LoopWatch {
  /** The age of the state as the loop begins: younger locations are the loop's own. */
  readonly age: number;
  readonly touched = new Map<Location, Touched>();
  readonly #widen: (m: AbstractValue) => AbstractValue;

  /** `widen` forgets of a value what need not hold in every iteration. */
  constructor(age: number, widen: (m: AbstractValue) => AbstractValue) {
    this.age = age;
    this.#widen = widen;
  }

  /** Notes that the body uses a location that holds `before`; returns what the location holds as an iteration begins. */
  touch(location: Location, before: Stored): AbstractValue | undefined {
    const entered = before === undefined || before.kind === "absent" ? undefined : this.#widen(before);
    this.touched.set(location, { before, entered });
    return entered;
  }
}

export class State {
  readonly #values = new Map<Location, AbstractValue | Absent>();
  readonly #absent = new Set<Location>();
  /** For each open fork, what the locations that changed held before it. */
  #journals: Map<Location, Stored>[] = [];
  #watches: LoopWatch[] = [];
  /** The number of locations made so far; a location's own age is compared with that of a fork or a loop. */
  age = 0;

  read(location: Location): AbstractValue | undefined {
    const stored = this.stored(location);
    return stored?.kind === "absent" ? undefined : stored;
  }

  /** What a location holds that holds a value on every path. */
  held(location: Location): AbstractValue {
    const value = this.read(location);
    if (value === undefined) throw new Error(`internal invariant broken: ${location.name} holds no value`);
    return value;
  }

  stored(location: Location): Stored {
    this.#touch(location);
    return this.#values.get(location);
  }

  /** The locations that hold a value only on paths with a pending jump. */
  absent(): readonly Location[] {
    return [...this.#absent];
  }

  /** Reads a location without telling the loops that watch. */
  peek(location: Location): AbstractValue | undefined {
    return heldOf(this.#values.get(location));
  }

  write(location: Location, stored: Stored): void {
    if (location.use === "once") {
      this.#set(location, stored);
      return;
    }
    this.#touch(location);
    const journal = this.#journals[this.#journals.length - 1];
    if (journal !== undefined && !journal.has(location)) journal.set(location, this.#values.get(location));
    this.#set(location, stored);
  }

  /** Every location that holds a value on some path. */
  *entries(): Iterable<readonly [Location, AbstractValue]> {
    for (const [location, stored] of this.#values) yield [location, heldOf(stored) as AbstractValue];
  }

  fork(): void {
    this.#journals.push(new Map());
  }

  /** Takes the changes since the last fork back, and returns them. */
  rollback(): Changes {
    const journal = this.#journals.pop();
    assert(journal !== undefined, "rollback without a fork");
    const changes = new Map<Location, Stored>();
    for (const [location, before] of journal) {
      changes.set(location, this.#values.get(location));
      this.#set(location, before);
    }
    return changes;
  }

  apply(changes: Changes): void {
    for (const [location, stored] of changes) this.write(location, stored);
  }

  watch(watch: LoopWatch): void {
    this.#watches.push(watch);
  }

  unwatch(): void {
    this.#watches.pop();
  }

  /** Runs `body` as if before everything that is being read: the open forks and loops do not see it. */
  apart<T>(body: () => T): T {
    const [journals, watches] = [this.#journals, this.#watches];
    [this.#journals, this.#watches] = [[], []];
    const result = body();
    [this.#journals, this.#watches] = [journals, watches];
    return result;
  }

  /** Gives the locations that a loop touched their values from before the loop. */
  restore({ touched }: LoopWatch): void {
    for (const [location, { before }] of touched) this.#set(location, before);
  }

  #set(location: Location, stored: Stored): void {
    if (stored === undefined) this.#values.delete(location);
    else this.#values.set(location, stored);
    if (stored?.kind === "absent") this.#absent.add(location);
    else this.#absent.delete(location);
  }

  /** Tells the loops that watch, from the outermost, of the first use of a location that is older than they are. */
  #touch(location: Location): void {
    if (location.use === "once") return;
    for (const watch of this.#watches) {
      if (location.age > watch.age || watch.touched.has(location)) continue;
      // not journaled: the location holds this from the start of the iteration
      this.#set(location, watch.touch(location, this.#values.get(location)));
    }
  }
}
