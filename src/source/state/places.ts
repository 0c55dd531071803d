// Numbers that every reading of a text gives to the same things: by where in the text they are met, and within which calls,
// not by how much was met before. What one reading knows, and so leaves out, does not move what follows.

/** A node of the tree as it is met from another one: a function's body has a place for each call. */
export class Place {
  readonly #children = new Map<object | string | number, Place>();
  readonly #numbers: number[] = [];
  readonly #count: { last: number };

  constructor(count: { last: number } = { last: 0 }) {
    this.#count = count;
  }

  child(key: object | string | number): Place {
    let found = this.#children.get(key);
    if (found === undefined) this.#children.set(key, (found = new Place(this.#count)));
    return found;
  }

  /** The number of the nth thing that is met here. */
  number(n: number): number {
    while (this.#numbers.length <= n) this.#numbers.push(++this.#count.last);
    return this.#numbers[n];
  }
}
