// What stays in the heap between calls: arguments that may come again, results that nobody has asked for, constants.
//
// Nobody frees any of it. Each lives in a slot, and the slot holds its owner strongly until another one wants the memory:
// then the elements that are nowhere else move out, and the slot forgets its owner. There is no weak reference and no
// finalizer, since neither does anything in a synchronous loop.

import { dtypes, type NdArray, sizeOf, type TypedArray } from "../../ir/index.ts";
import { onDonation } from "../../runtime/index.ts";
import { FreeSpace, granule, rounded } from "./free-space.ts";
import { Heap } from "./heap.ts";
import { Slot, Slots } from "./slots.ts";

/** What stays takes so many bytes, or twice what one call has used where that is more. */
const usual = 2 ** 25;

/** The bytes of an array's elements, which are not asked for. */
export function bytesOfArray({ dtype, shape }: Pick<NdArray, "dtype" | "shape">): number {
  return sizeOf(shape) * dtypes[dtype].bytes;
}

/** Arrays of fewer bytes are copied as fast as they are found. */
export const fewest = 2 ** 14;

/** Whether an array may stay in the heap. */
export function settles(array: Pick<NdArray, "dtype" | "shape">): boolean {
  return bytesOfArray(array) >= fewest;
}

/** What a call passes: a number, elements that the user may change later, or an array that does not change and may stay. */
export type Given = number | TypedArray | NdArray;

export class Residents {
  readonly #heap: Heap;
  readonly #space = new FreeSpace(granule);
  readonly #slots = new Slots();
  /** Blocks that the call in progress took, and nobody owns yet. */
  readonly #taken = new Map<number, number>();
  /** How many calls run inside of each other, and how many outermost ones there were. */
  #depth = 0;
  #turn = 0;
  /** The bytes of slots that the outermost call uses, and the most that one has used. */
  #working = 0;
  #most = 0;
  /** The largest stack for which memory has been short. */
  #stack = 0;
  /** How large memory may become; what the user has not said is null. */
  #limit: number | null = null;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /**
   * A call begins: what it uses stays until the outermost one has ended. True for that: those inside find the stack in use,
   * which lies behind the slots, and take no new ones.
   */
  enter(limit: number | null): boolean {
    if (this.#depth++ > 0) return false;
    this.#turn++;
    this.#working = 0;
    this.#limit = limit;
    this.#heap.begin(limit);
    return true;
  }

  /** A call has ended, well or not: what it took and nobody keeps is free again. */
  leave(): void {
    if (--this.#depth > 0) return;
    this.#most = Math.max(this.#most, this.#working);
    if (this.#taken.size === 0) return;
    for (const [at, bytes] of this.#taken) this.#space.free(at, bytes);
    this.#taken.clear();
  }

  /** Where the stack of an outermost call begins. */
  get end(): number {
    return this.#space.end;
  }

  /** Where what the owner has in the heap begins; null where it has nothing there. */
  find(owner: object): number | null {
    const slot = this.#slots.get(owner);
    if (slot === undefined) return null;
    if (slot.turn !== this.#turn) {
      slot.turn = this.#turn;
      this.#working += slot.bytes;
      this.#slots.use(slot);
    }
    return slot.at;
  }

  /** The elements of an array that does not change, in the heap. */
  place(array: NdArray): number {
    const found = this.find(array);
    if (found !== null) return found;
    const at = this.take(bytesOfArray(array));
    this.#heap.write(at, array.dtype, array.data);
    this.keep(array, at, null);
    return at;
  }

  /**
   * A block for an outermost call, free again when that ends unless somebody keeps it.
   *
   * @throws AdjointError `range` where there is no room, which leaves everything as it was.
   */
  take(bytes: number): number {
    const size = rounded(bytes);
    const all = granule + this.#working + size;
    if (all > this.#heap.most) this.#heap.refuse(all, true);
    let at = this.#free(size);
    while (at === null && this.#evictOldest()) at = this.#free(size);
    at ??= this.#extend(size);
    this.#taken.set(at, size);
    this.#working += size;
    return at;
  }

  /** A block that is free without anybody's leaving; null where there is none. */
  #free(size: number): number | null {
    const at = this.#space.take(size);
    const { end } = this.#space;
    return at === null && end + size <= this.#bound ? this.#extend(size) : at;
  }

  #extend(size: number): number {
    const end = this.#space.end + size;
    if (!this.#heap.hasRoom(end)) this.#heap.refuse(end);
    return this.#space.extend(size);
  }

  /** Where slots end, as long as calls need no more than that. */
  get #bound(): number {
    const own = this.#limit ?? Math.max(usual, 2 * Math.max(this.#most, this.#working));
    return Math.min(own, this.#heap.most - this.#stack);
  }

  /** The owner has what the block holds, until the memory is wanted: before that, `leave` is called. */
  keep(owner: object, at: number, leave: Slot["leave"]): void {
    const bytes = this.#taken.get(at) ?? 0;
    this.#taken.delete(at);
    this.#slots.add(new Slot(owner, at, bytes, leave, this.#turn));
  }

  /** The owner needs nothing of the heap any more. */
  drop(owner: object): void {
    const slot = this.#slots.get(owner);
    if (slot !== undefined) this.#remove(slot);
  }

  #remove(slot: Slot): void {
    this.#slots.remove(slot);
    this.#space.free(slot.at, slot.bytes);
  }

  #evict(slot: Slot): void {
    slot.leave?.();
    this.#remove(slot);
  }

  /** The slot that was used longest ago is free; false where the call in progress uses that. */
  #evictOldest(): boolean {
    const { oldest } = this.#slots;
    if (oldest === null || oldest.turn === this.#turn) return false;
    this.#evict(oldest);
    return true;
  }

  /** Between calls: everything leaves, for a call that found no room. False where that cannot help. */
  makeRoom(): boolean {
    const { most, missedStack } = this.#heap;
    const stack = missedStack - this.#space.end;
    if (this.#depth > 0 || this.#slots.oldest === null || granule + this.#working + stack > most) return false;
    if (missedStack > 0) this.#stack = Math.max(this.#stack, stack);
    for (let slot = this.#slots.oldest; slot !== null; slot = this.#slots.oldest) this.#evict(slot);
    return true;
  }
}

let shared: { readonly heap: Heap; readonly residents: Residents } | null = null;

/** The memory that all programs share, and what stays in it. */
export function sharedHeap(): NonNullable<typeof shared> {
  if (shared === null) {
    const heap = new Heap();
    const residents = new Residents(heap);
    onDonation((array) => residents.drop(array));
    shared = { heap, residents };
  }
  return shared;
}
