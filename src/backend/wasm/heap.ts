// The memory that all compiled programs share: slots of what stays (residents.ts), behind them a stack of what the calls in
// progress use.

import { AdjointError, type DType, dtypes, type NdArray, type TypedArray } from "../../ir/index.ts";
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
  /** The most bytes that it may have for the call in progress. */
  #most = mostPages * pageBytes;
  /** The end of a stack for which there was no room in the last call; 0 where there was. */
  #missedStack = 0;
  #refusal: unknown = null;

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

  /** Copies elements within the heap. */
  copy(to: number, from: number, bytes: number): void {
    this.#view("u8").copyWithin(to, from, from + bytes);
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

  /** An outermost call begins, for which memory may have so many bytes; null for all that it can have. */
  begin(limit: number | null): void {
    this.#most = Math.min(limit ?? Number.POSITIVE_INFINITY, mostPages * pageBytes);
    this.#missedStack = 0;
    this.#refusal = null;
  }

  get most(): number {
    return this.#most;
  }

  get missedStack(): number {
    return this.#missedStack;
  }

  /** Whether an error says that there was no room. */
  isRefusal(error: unknown): boolean {
    return error === this.#refusal;
  }

  /**
   * Makes memory as large as to have all bytes of a stack below `end`.
   *
   * @throws AdjointError `range` where there is not so much.
   */
  reserve(end: number): void {
    if (this.hasRoom(end)) return;
    this.#missedStack = end;
    this.refuse(end);
  }

  /** Makes memory as large as to have all bytes below `end`; false where it cannot be. */
  hasRoom(end: number): boolean {
    if (end > this.#most) return false;
    if (end <= this.#bytes) return true;
    const pages = this.#bytes / pageBytes;
    const missing = Math.ceil(end / pageBytes) - pages;
    const wanted = Math.min(Math.floor(this.#most / pageBytes) - pages, Math.max(missing, pages >> 1));
    return (wanted > missing && this.#grow(wanted)) || this.#grow(missing);
  }

  /** @throws AdjointError `range`; one `forGood` is no refusal that more room would help. */
  refuse(end: number, forGood = false): never {
    const wanted = Math.ceil(end / 2 ** 20);
    const isBounded = this.#most < mostPages * pageBytes;
    const has = isBounded ? `its limit is ${this.#most / 2 ** 20}` : "which WebAssembly does not have";
    const error = new AdjointError("range", `a program needs ${wanted} MiB of memory, ${has}`, {
      hint: `${isBounded ? "raise memory.limit, or " : ""}compile it with backend: "js"`,
    });
    if (!forGood) this.#refusal = error;
    throw error;
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
