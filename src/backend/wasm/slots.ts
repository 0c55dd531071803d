// The slots that have an owner, in the order in which they were used. A Map knows that order too, but engines walk over all
// that was deleted from it to find the first one that was not.

/** What lives in the heap: where, and for whom. */
export class Slot {
  readonly owner: object;
  readonly at: number;
  readonly bytes: number;
  /** Is called before the memory is another's; null where nothing is lost. */
  readonly leave: (() => void) | null;
  /** The outermost call that used it last: until that ends it stays. */
  turn: number;
  /** Its neighbours in the list; itself where it is in none. */
  before: Slot = this;
  behind: Slot = this;

  constructor(owner: object, at: number, bytes: number, leave: Slot["leave"], turn: number) {
    this.owner = owner;
    this.at = at;
    this.bytes = bytes;
    this.leave = leave;
    this.turn = turn;
  }
}

export class Slots {
  readonly #byOwner = new Map<object, Slot>();
  /** The list is a ring, which this closes: behind it comes the slot that was used longest ago. */
  readonly #ring = new Slot({}, 0, 0, null, 0);

  get(owner: object): Slot | undefined {
    return this.#byOwner.get(owner);
  }

  /** The slot that was used longest ago; null where there is none. */
  get oldest(): Slot | null {
    const { behind } = this.#ring;
    return behind === this.#ring ? null : behind;
  }

  add(slot: Slot): void {
    this.#byOwner.set(slot.owner, slot);
    this.#append(slot);
  }

  /** A slot is used now. */
  use(slot: Slot): void {
    unlink(slot);
    this.#append(slot);
  }

  remove(slot: Slot): void {
    this.#byOwner.delete(slot.owner);
    unlink(slot);
  }

  #append(slot: Slot): void {
    const ring = this.#ring;
    slot.before = ring.before;
    slot.behind = ring;
    ring.before.behind = slot;
    ring.before = slot;
  }
}

function unlink(slot: Slot): void {
  slot.before.behind = slot.behind;
  slot.behind.before = slot.before;
}
