// The tapes of one block, as its operations thread them: each operation takes a tape as the one before left it. A
// region of a loop gets its tapes from the loop; a block outside of loops opens empty ones.

import { list, type OpenTapes, type Recorded, type TapeKey, type Tapes, type Value } from "../../../src/ir/index.ts";
import { empty, sameTape } from "../../../src/ops/index.ts";

export class BlockTapes implements Tapes {
  readonly #around: OpenTapes;
  readonly #lists: (TapeKey & { readonly before: Value; after: Value })[] = [];

  constructor(around: OpenTapes) {
    this.#around = around;
  }

  get(key: TapeKey): Value {
    return this.#list(key).after;
  }

  set(key: TapeKey, tape: Value): void {
    this.#list(key).after = tape;
  }

  get isRepeated(): boolean {
    return this.#around.isRepeated;
  }

  get recorded(): readonly Recorded[] {
    return this.#lists;
  }

  #list(key: TapeKey): { after: Value } {
    let list = this.#lists.find((l) => sameTape(l, key));
    if (list === undefined) {
      const before = this.#around.open(key);
      const { element, isScratch } = key;
      this.#lists.push((list = { element, isScratch, before, after: before }));
    }
    return list;
  }
}

/** The tapes of a block that stands in no differentiated loop: each loop in it begins with empty tapes of its own. */
export class OwnTapes implements Tapes {
  readonly isRepeated = false;

  get({ element }: TapeKey): Value {
    return empty(list(element));
  }

  set(): void {}
}
