// The code of one function under construction: its locals, and its instructions as bytes.

import { Bytes } from "./bytes.ts";
import { instructions, type Mnemonic, type ValueType, valueTypes } from "./instructions.ts";

/** The type of a block that takes and gives nothing. */
const nothing = 0x40;

/** Instructions, and the positions in them at which the indices of called functions belong. */
interface Segment {
  readonly bytes: Bytes;
  readonly calls: { readonly at: number; readonly callee: string }[];
}

const emptySegment = (): Segment => ({ bytes: new Bytes(), calls: [] });

export class Code {
  /** The instructions of the function, and of the scopes that are open in it, the innermost last. */
  readonly #segments: Segment[] = [emptySegment()];
  #current = this.#segments[0];
  readonly #locals: ValueType[] = [];
  /** The names of parameters and locals, as far as they have some. */
  readonly #names: (string | null)[];
  readonly #parameters: readonly ValueType[];
  constructor(parameters: readonly ValueType[], names: readonly (string | null)[] = []) {
    this.#parameters = parameters;
    this.#names = parameters.map((_, i) => names[i] ?? null);
  }

  get names(): readonly (string | null)[] {
    return this.#names;
  }

  /** A new local. */
  local(type: ValueType, name: string | null = null): number {
    this.#names.push(name);
    return this.#parameters.length + this.#locals.push(type) - 1;
  }

  /** An instruction with the numbers that follow its code. Memory is accessed at an offset, 0 where left out. */
  add(name: Mnemonic, ...immediates: readonly number[]): void {
    const instruction = instructions.get(name);
    if (instruction === undefined) throw new Error(`internal invariant broken: no instruction ${name}`);
    const { prefix, code, immediate } = instruction;
    const { bytes } = this.#current;
    if (prefix !== 0) bytes.byte(prefix);
    if (prefix === 0) bytes.byte(code);
    else bytes.unsigned(code);
    const [first = 0] = immediates;
    switch (immediate) {
      case "none":
        break;
      case "index":
        bytes.unsigned(first);
        break;
      case "block":
        bytes.byte(nothing);
        break;
      case "memory":
        // an alignment of one byte is always true
        bytes.byte(0);
        bytes.unsigned(first);
        break;
      case "memoryLane":
        bytes.byte(0);
        bytes.unsigned(first);
        bytes.byte(immediates[1] ?? 0);
        break;
      case "i32":
      case "i64":
        bytes.signed(first);
        break;
      case "f32":
        bytes.f32(first);
        break;
      case "f64":
        bytes.f64(first);
        break;
      case "zero":
        bytes.byte(0);
        break;
      case "zeros":
        bytes.byte(0);
        bytes.byte(0);
        break;
      default:
        for (const b of immediates) bytes.byte(b);
    }
  }

  /** A call of a function by its key. */
  call(callee: string): void {
    const { bytes, calls } = this.#current;
    bytes.byte(0x10);
    calls.push({ at: bytes.length, callee });
  }

  /** How many scopes are open. */
  get depth(): number {
    return this.#segments.length - 1;
  }

  /** Writes what comes to a scope of its own: what is written to those around meanwhile stands before all of it. */
  scope(write: () => void): void {
    const segment = emptySegment();
    this.#segments.push(segment);
    this.#current = segment;
    write();
    this.#segments.pop();
    this.#current = this.#segments[this.depth];
    const { bytes, calls } = this.#current;
    for (const { at, callee } of segment.calls) calls.push({ at: bytes.length + at, callee });
    bytes.append(segment.bytes.taken());
  }

  /** Writes to the scope at a depth, before what stands in those inside of it. */
  at(depth: number, write: () => void): void {
    const inner = this.#current;
    this.#current = this.#segments[depth];
    write();
    this.#current = inner;
  }

  /** The entry of the code section: how long it is, the locals in runs of one type, the instructions. */
  writeTo(out: Bytes, indexOf: (callee: string) => number): void {
    const body = new Bytes();
    const runs: [number, ValueType][] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    body.unsigned(runs.length);
    for (const [count, type] of runs) {
      body.unsigned(count);
      body.byte(valueTypes[type]);
    }
    const written = this.#current.bytes.taken();
    let from = 0;
    for (const { at, callee } of this.#current.calls) {
      body.append(written.subarray(from, at));
      body.unsigned(indexOf(callee));
      from = at;
    }
    body.append(written.subarray(from));
    body.byte(0x0b);
    out.unsigned(body.length);
    out.append(body.taken());
  }
}
