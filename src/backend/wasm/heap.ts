// The memory that all compiled programs share: a stack of what the calls in progress use.

import { fail, type NdArray } from "../../ir/index.ts";
import { type Global, requireHost } from "./host.ts";
import { aligned, alignment } from "./values.ts";

const pageBytes = 65536;
const mostPages = 65535;

export class Heap {
  readonly memory = new (requireHost().Memory)({ initial: 1 });
  /** The address behind the last byte in use. Compiled code moves it. */
  readonly top: Global = globalOf(alignment);

  /** Runs a call, which lets go of what it used, whatever happens. */
  frame<T>(run: () => T): T {
    const before = this.top.value;
    try {
      return run();
    } finally {
      this.top.value = before;
    }
  }

  /** Space on the stack for so many bytes. */
  space(bytes: number): number {
    const address = this.top.value >>> 0;
    const end = aligned(address + bytes);
    this.reserve(end);
    this.top.value = end | 0;
    return address;
  }

  /** A copy of the data on the stack. */
  place(data: NdArray["data"]): number {
    const address = this.space(data.byteLength);
    new Uint8Array(this.memory.buffer, address, data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    return address;
  }

  /** Copies memory out of the heap. */
  read(address: number, into: NdArray["data"]): void {
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(
      new Uint8Array(this.memory.buffer, address, into.byteLength),
    );
  }

  /**
   * Makes memory as large as to have all bytes below `end`.
   *
   * @throws AdjointError `range` where there is not so much.
   */
  reserve(end: number): void {
    const missing = Math.ceil(end / pageBytes) - this.memory.buffer.byteLength / pageBytes;
    if (missing <= 0) return;
    const pages = this.memory.buffer.byteLength / pageBytes;
    const wanted = Math.min(mostPages - pages, Math.max(missing, pages >> 1));
    for (const by of [wanted, missing]) if (by >= missing && this.#grow(by)) return;
    fail("range", `a program needs ${Math.ceil(end / 2 ** 20)} MiB of memory, which WebAssembly does not have`);
  }

  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }
}

/** A number that compiled code shares with the host. */
export function globalOf(x: number): Global {
  return new (requireHost().Global)({ value: "i32", mutable: true }, x);
}

let shared: Heap | null = null;

export function sharedHeap(): Heap {
  shared ??= new Heap();
  return shared;
}
