// The tapes of one block: a region of a loop goes on with those of the loop, each list as the operation before left it.

import {
  list,
  type OpenTapes,
  type Recorded,
  sameType,
  type Tapes,
  type Type,
  type Value,
} from "../../../src/ir/index.ts";
import { empty } from "../../../src/ops/index.ts";

export class BlockTapes implements Tapes {
  readonly #around: OpenTapes;
  readonly #lists: { readonly element: Type; readonly before: Value; after: Value }[] = [];

  constructor(around: OpenTapes) {
    this.#around = around;
  }

  get(element: Type): Value {
    return this.#list(element).after;
  }

  set(element: Type, tape: Value): void {
    this.#list(element).after = tape;
  }

  get isRepeated(): boolean {
    return this.#around.isRepeated;
  }

  get recorded(): readonly Recorded[] {
    return this.#lists;
  }

  #list(element: Type): { after: Value } {
    let list = this.#lists.find((l) => sameType(l.element, element));
    if (list === undefined) {
      const before = this.#around.open(element);
      this.#lists.push((list = { element, before, after: before }));
    }
    return list;
  }
}

/** The tapes of a block that stands in no loop that goes backwards: every loop in it has lists of its own. */
export class OwnTapes implements Tapes {
  readonly isRepeated = false;

  get(element: Type): Value {
    return empty(list(element));
  }

  set(): void {}
}
