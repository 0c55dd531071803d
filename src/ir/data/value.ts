// Values: what operations compute and blocks receive.

import type { Type } from "../types/type.ts";

let nextId = 1;

/** A block argument or an operation's result. It knows its type and a name hint, never its definition or its uses. */
export class Value {
  readonly id: number = nextId++;
  readonly type: Type;
  /** What the printer calls it, before making it unique; null takes the mnemonic. */
  readonly name: string | null;

  constructor(type: Type, name: string | null = null) {
    this.type = type;
    this.name = name;
  }
}
