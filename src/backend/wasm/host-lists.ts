// Lists as the host holds them: compiled code has their numbers.

/** The lists of the calls in progress, the oldest first. */
export class HostLists {
  readonly #lists: number[][] = [];

  readonly host = {
    "list new": (): number => this.#lists.push([]) - 1,
    "list push": (list: number, x: number): void => void this.#lists[list].push(x),
    /** A list that is empty gives zeros. */
    "list pop": (list: number): number => this.#lists[list].pop() ?? 0,
    /** A list of lists that is empty gives empty ones. */
    "list pop list": (list: number): number => this.#lists[list].pop() ?? this.host["list new"](),
  } as const;

  /** Runs a call, after which its lists are gone. */
  frame<T>(run: () => T): T {
    const { length } = this.#lists;
    try {
      return run();
    } finally {
      this.#lists.length = length;
    }
  }
}
