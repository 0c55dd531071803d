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

  /** How many there are; fewer where a call has ended. */
  get count(): number {
    return this.#lists.length;
  }

  set count(count: number) {
    this.#lists.length = count;
  }
}
