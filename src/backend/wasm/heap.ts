// The memory that all compiled programs share: a stack of what the calls in progress use.

import { type DType, dtypes, fail, type NdArray, type TypedArray } from "../../ir/index.ts";
import { type Global, requireHost } from "./host.ts";
import { aligned, alignment } from "./values.ts";

const pageBytes = 65536;
const mostPages = 65535;

/** Up to so many elements are copied faster by a loop than by a call of the engine. */
const few = 32;

export class Heap {
  readonly memory = new (requireHost().Memory)({ initial: 1 });
  /** The address behind the last byte in use. Compiled code moves it. */
  readonly top: Global = globalOf(alignment);

  /** How large memory is. Compiled code has it grow through here. */
  #bytes = this.memory.buffer.byteLength;
  /** Its elements, by dtype, until it grows. */
  #views: Partial<Record<DType, TypedArray>> = {};

  #view(dtype: DType): TypedArray {
    return (this.#views[dtype] ??= new dtypes[dtype].array(this.memory.buffer));
  }

  /** Space on the stack for so many bytes. */
  space(bytes: number): number {
    const address = this.top.value >>> 0;
    const end = aligned(address + bytes);
    this.reserve(end);
    this.top.value = end | 0;
    return address;
  }

  /** A copy of the bytes on the stack. */
  place(bytes: Uint8Array): number {
    const address = this.space(bytes.length);
    this.write(address, "u8", bytes);
    return address;
  }

  write(address: number, dtype: DType, data: TypedArray): void {
    const view = this.#view(dtype);
    const at = address / data.BYTES_PER_ELEMENT;
    if (data.length > few) view.set(data, at);
    else for (let i = 0; i < data.length; i++) view[at + i] = data[i];
  }

  zero(address: number, bytes: number): void {
    this.#view("u8").fill(0, address, address + bytes);
  }

  /** Copies memory out of the heap. */
  read(address: number, { dtype, data }: NdArray): void {
    const view = this.#view(dtype);
    const at = address / data.BYTES_PER_ELEMENT;
    if (data.length > few) data.set(view.subarray(at, at + data.length));
    else for (let i = 0; i < data.length; i++) data[i] = view[at + i];
  }

  /**
   * Makes memory as large as to have all bytes below `end`.
   *
   * @throws AdjointError `range` where there is not so much.
   */
  reserve(end: number): void {
    if (end <= this.#bytes) return;
    const pages = this.#bytes / pageBytes;
    const missing = Math.ceil(end / pageBytes) - pages;
    const wanted = Math.min(mostPages - pages, Math.max(missing, pages >> 1));
    for (const by of [wanted, missing]) if (by >= missing && this.#grow(by)) return;
    fail("range", `a program needs ${Math.ceil(end / 2 ** 20)} MiB of memory, which WebAssembly does not have`, {
      hint: 'compile it with backend: "js"',
    });
  }

  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      this.#bytes = this.memory.buffer.byteLength;
      this.#views = {};
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
