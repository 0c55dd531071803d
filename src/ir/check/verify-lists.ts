// Lists are linear: at most one use of each on every path. Push and pop may then change a list in place, since nothing
// reads what it was before.
//
// A use is an operand, or a result of a block. Branches are alternatives, so each may use a list from outside once. The
// regions of a loop run many times, so they use no list from outside: what a loop changes it carries. What it carries
// goes to the body after the test, so that the test uses no list that is carried.

import { ValueMap } from "../data/value-map.ts";
import { fail } from "../diagnostics/errors.ts";
import type { Origin } from "../diagnostics/origin.ts";
import type { Block, Func, Operation, Value } from "../module/module.ts";
import { printValueName } from "../module/names.ts";

/** Fails (code `structure`) where a list is used twice on some path of the function. */
export function checkLists({ body, origin }: Func): void {
  new ListUses().block(body, "return", origin);
}

/** How many loops, and how many regions, are around the definition of a list. */
interface Place {
  readonly loops: number;
  readonly regions: number;
}

class ListUses {
  /** The lists used so far on the path that is looked at, and by what. */
  readonly #users = new ValueMap<string>();
  readonly #places = new ValueMap<Place>();
  /** What the regions that are looked at used of lists around them, innermost last. */
  readonly #used: Value[][] = [[]];
  #loops = 0;

  block({ arguments: args, operations, results }: Block, terminator: string, origin: Origin | null): void {
    this.#define(args);
    for (const operation of operations) {
      this.#use(operation.operands, operation.op.name, operation.origin ?? origin);
      this.#regions(operation, operation.origin ?? origin);
      this.#define(operation.results);
    }
    this.#use(results, terminator, origin);
  }

  #define(values: readonly Value[]): void {
    const place = { loops: this.#loops, regions: this.#used.length };
    for (const v of values) if (v.type.kind === "list") this.#places.set(v, place);
  }

  #use(values: readonly Value[], user: string, origin: Origin | null): void {
    for (const v of values) {
      if (v.type.kind !== "list") continue;
      const what = `${user}: list ${v.name === null ? "without a name" : printValueName(v.name)}`;
      const before = this.#users.get(v);
      if (before === carried) {
        fail("structure", `${what} is used in the condition of a loop that carries it, expected in its body only`, {
          origin,
          hint: "carry what the condition needs beside the list",
        });
      }
      if (before !== undefined) {
        fail("structure", `${what} is used a second time, after ${before}, expected once: lists change in place`, {
          origin,
          hint: `go on with the list that ${before} gives`,
        });
      }
      if ((this.#places.get(v)?.loops ?? 0) < this.#loops) {
        fail("structure", `${what} is from outside of a loop, whose steps would each use it, expected once`, {
          origin,
          hint: "let the loop carry the list",
        });
      }
      this.#take(v, user);
    }
  }

  /** Each region begins with what was used before the operation; what any of them used is used after it. */
  #regions({ op, regions }: Operation, origin: Origin | null): void {
    const isOnce = op.traits.branches || op.traits.wraps;
    const outside: Value[] = [];
    for (const [i, region] of regions.entries()) {
      this.#used.push([]);
      if (!isOnce) this.#loops++;
      if (op.loop?.test === i)
        for (const v of region.arguments) if (v.type.kind === "list") this.#users.set(v, carried);
      this.block(region, `${op.name}: yield of ${op.regions[i].name}`, origin);
      if (!isOnce) this.#loops--;
      const own = this.#used.pop() ?? [];
      for (const v of own) this.#users.delete(v);
      outside.push(...own.filter((v) => (this.#places.get(v)?.regions ?? 0) <= this.#used.length));
    }
    for (const v of outside) if (!this.#users.has(v)) this.#take(v, op.name);
  }

  #take(value: Value, user: string): void {
    this.#users.set(value, user);
    this.#used[this.#used.length - 1].push(value);
  }
}

/** Stands for the body of a loop as the user of what the condition gets. */
const carried = "the body";
