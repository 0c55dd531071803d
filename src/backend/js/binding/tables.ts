// What the code of a binding refers to by number.

export class Tables {
  readonly statics: unknown[] = [];
  readonly lists: (readonly unknown[])[] = [];

  /** The text of a value that is known beforehand. */
  static(value: unknown): string {
    return `$statics[${this.statics.push(value) - 1}]`;
  }

  /** The text of a list that is made once. */
  list(items: readonly unknown[]): string {
    return `$lists[${this.lists.push(Object.freeze([...items])) - 1}]`;
  }
}
