// Bytes that grow: the numbers, names and vectors of the WebAssembly binary format.
//
// Integers are LEB128: seven bits a byte, least significant first, the top bit set in all bytes but the last.
// https://webassembly.github.io/spec/core/binary/

export class Bytes {
  #data = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(x: number): void {
    if (this.#length === this.#data.length) this.#grow(1);
    this.#data[this.#length++] = x;
  }

  append(bytes: Uint8Array): void {
    const { length } = bytes;
    if (this.#length + length > this.#data.length) this.#grow(length);
    this.#data.set(bytes, this.#length);
    this.#length += length;
  }

  /** An unsigned integer below 2^53. */
  unsigned(x: number): void {
    let rest = x;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) + 128);
    this.byte(rest);
  }

  /** A signed integer, of a size below 2^53. */
  signed(x: number): void {
    let rest = x;
    for (;;) {
      const low = ((rest % 128) + 128) % 128;
      rest = (rest - low) / 128;
      const isLast = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
      this.byte(isLast ? low : low + 128);
      if (isLast) return;
    }
  }

  f32(x: number): void {
    scratch.setFloat32(0, x, true);
    for (let i = 0; i < 4; i++) this.byte(scratch.getUint8(i));
  }

  f64(x: number): void {
    scratch.setFloat64(0, x, true);
    for (let i = 0; i < 8; i++) this.byte(scratch.getUint8(i));
  }

  name(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.unsigned(encoded.length);
    for (const b of encoded) this.byte(b);
  }

  /** What was written so far, not copied. */
  taken(): Uint8Array<ArrayBuffer> {
    return this.#data.subarray(0, this.#length);
  }

  #grow(by: number): void {
    const data = new Uint8Array(Math.max(2 * this.#data.length, this.#length + by));
    data.set(this.#data.subarray(0, this.#length));
    this.#data = data;
  }
}

const scratch = new DataView(new ArrayBuffer(8));
