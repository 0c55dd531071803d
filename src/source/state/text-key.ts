// Numbers that identify loops, branches, literals and locations in every reading of a text. They follow from the place in
// the text and the calls around it, not from how much was read before: what one reading knows, and so skips, does not
// renumber what follows.

/** A node of the tree as reached from another one, so that a function's body has a key of its own for each call. */
export class TextKey {
  readonly #children = new Map<object | string | number, TextKey>();
  readonly #numbers: number[] = [];
  readonly #count: { last: number };

  constructor(count: { last: number } = { last: 0 }) {
    this.#count = count;
  }

  child(key: object | string | number): TextKey {
    let found = this.#children.get(key);
    if (found === undefined) this.#children.set(key, (found = new TextKey(this.#count)));
    return found;
  }

  /** The number of the nth event under this key. */
  number(n: number): number {
    while (this.#numbers.length <= n) this.#numbers.push(++this.#count.last);
    return this.#numbers[n];
  }
}
