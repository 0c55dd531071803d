// Which bytes of a region are free: holes in bins by size, and next to each other never two of them.
//
// The region ends behind its last byte in use, so that the stack that begins there is as low as can be.

/** Sizes from a power of two up to the next one have a bin; the holes in it by address. */
const binOf = (bytes: number): number => 31 - Math.clz32(bytes / granule);

/** Blocks are so many bytes, or a multiple of that: a line of the cache. */
export const granule = 64;

/** So many bytes, up to a multiple of the granule. */
export function rounded(bytes: number): number {
  return Math.ceil(bytes / granule) * granule;
}

export class FreeSpace {
  #end: number;
  /** The sizes of holes by where they begin, and where they begin by where they end. */
  readonly #sizes = new Map<number, number>();
  readonly #starts = new Map<number, number>();
  readonly #bins: Set<number>[] = [];

  constructor(start: number) {
    this.#end = start;
  }

  /** Behind the last byte in use. */
  get end(): number {
    return this.#end;
  }

  /** A block of so many bytes, a multiple of the granule, out of a hole; null where none is large enough. */
  take(bytes: number): number | null {
    const first = binOf(bytes);
    for (let bin = first; bin < this.#bins.length; bin++) {
      for (const at of this.#bins[bin] ?? []) {
        const size = this.#sizes.get(at) ?? 0;
        if (size < bytes) continue;
        this.#fill(at, size);
        if (size > bytes) this.#open(at + bytes, size - bytes);
        return at;
      }
    }
    return null;
  }

  /** A block at the end, which moves. */
  extend(bytes: number): number {
    const at = this.#end;
    this.#end += bytes;
    return at;
  }

  /** A block is free from now on. */
  free(at: number, bytes: number): void {
    let [from, to] = [at, at + bytes];
    const before = this.#starts.get(from);
    if (before !== undefined) {
      this.#fill(before, from - before);
      from = before;
    }
    const behind = this.#sizes.get(to);
    if (behind !== undefined) {
      this.#fill(to, behind);
      to += behind;
    }
    if (to === this.#end) this.#end = from;
    else this.#open(from, to - from);
  }

  #open(at: number, bytes: number): void {
    this.#sizes.set(at, bytes);
    this.#starts.set(at + bytes, at);
    (this.#bins[binOf(bytes)] ??= new Set()).add(at);
  }

  #fill(at: number, bytes: number): void {
    this.#sizes.delete(at);
    this.#starts.delete(at + bytes);
    this.#bins[binOf(bytes)].delete(at);
  }
}
