// What every location holds at the place that is being read: forked where paths part, so that what each path changed
// can be told, and framed by loops, so that what a loop reads of the outside can be told.

import { assert } from "../../ir/index.ts";
import type { Location } from "./location.ts";
import { type Absent, heldOf, type Meaning, type Stored } from "./meaning.ts";

/** What a path changed: what each location holds at its end; undefined where it holds nothing. */
export type Changes = ReadonlyMap<Location, Stored>;

/** What a loop that is being looked at for the first time has read or written of the outside. */
export interface Frame {
  /** Locations made later are the loop's own. */
  readonly age: number;
  /** What the loop's body sees of a location when a step begins. */
  enter(location: Location, meaning: Meaning | undefined): Meaning | undefined;
  readonly seen: Map<Location, { readonly before: Stored; readonly entered: Meaning | undefined }>;
}

export class State {
  readonly #values = new Map<Location, Meaning | Absent>();
  readonly #absent = new Set<Location>();
  /** For each fork that is open, what the locations held before. */
  #journals: Map<Location, Stored>[] = [];
  #frames: Frame[] = [];
  /** Counts locations, so that what is older than a fork or a loop can be told. */
  age = 0;

  read(location: Location): Meaning | undefined {
    const stored = this.stored(location);
    return stored?.kind === "absent" ? undefined : stored;
  }

  stored(location: Location): Stored {
    this.#visit(location);
    return this.#values.get(location);
  }

  /** The locations that hold something on other paths alone. */
  absent(): readonly Location[] {
    return [...this.#absent];
  }

  /** Without the loops around taking notice. */
  peek(location: Location): Meaning | undefined {
    return heldOf(this.#values.get(location));
  }

  write(location: Location, meaning: Stored): void {
    if (location.use === "once") {
      this.#set(location, meaning);
      return;
    }
    this.#visit(location);
    const journal = this.#journals[this.#journals.length - 1];
    if (journal !== undefined && !journal.has(location)) journal.set(location, this.#values.get(location));
    this.#set(location, meaning);
  }

  /** Every location that holds something. */
  *entries(): Iterable<readonly [Location, Meaning]> {
    for (const [location, stored] of this.#values) yield [location, heldOf(stored) as Meaning];
  }

  fork(): void {
    this.#journals.push(new Map());
  }

  /** Ends the fork: its changes, which are taken back. */
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
    for (const [location, meaning] of changes) this.write(location, meaning);
  }

  enterFrame(frame: Frame): void {
    this.#frames.push(frame);
  }

  leaveFrame(): void {
    this.#frames.pop();
  }

  /** What happens in `body` happened before all that is being read: the forks and loops around take no notice. */
  apart<T>(body: () => T): T {
    const [journals, frames] = [this.#journals, this.#frames];
    [this.#journals, this.#frames] = [[], []];
    const result = body();
    [this.#journals, this.#frames] = [journals, frames];
    return result;
  }

  /** What the locations held before a loop that was left looked at them. */
  restore({ seen }: Frame): void {
    for (const [location, { before }] of seen) this.#set(location, before);
  }

  #set(location: Location, meaning: Stored): void {
    if (meaning === undefined) this.#values.delete(location);
    else this.#values.set(location, meaning);
    if (meaning?.kind === "absent") this.#absent.add(location);
    else this.#absent.delete(location);
  }

  /** A loop's first look at a location of the outside gives it what a step begins with; loops around see it first. */
  #visit(location: Location): void {
    if (location.use === "once") return;
    for (const frame of this.#frames) {
      if (location.age > frame.age || frame.seen.has(location)) continue;
      const before = this.#values.get(location);
      const entered = frame.enter(location, before?.kind === "absent" ? undefined : before);
      frame.seen.set(location, { before, entered });
      // not journaled: it is what the location held from the start
      this.#set(location, entered);
    }
  }
}
