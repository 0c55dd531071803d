// Names in generated code: unique, of a safe alphabet, and never reserved.

import { dtypes } from "../../../ir/index.ts";

/** Names that are never generated: JavaScript's keywords, and the globals that generated code reads. */
const reserved: readonly string[] = [
  ..."await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield".split(
    " ",
  ),
  ..."arguments async undefined NaN Infinity Math Number Boolean Array Object TypeError RangeError Error fround".split(
    " ",
  ),
  ..."ArrayBuffer Float64Array Float32Array Int32Array Uint32Array Uint8Array BigInt WebAssembly".split(" "),
];

/** The generator's own names, which have a `$` before them in generated code. */
export const helperNames: readonly string[] = [
  ..."s m args from to tuple check range probe constants tape grow close".split(" "),
  ...Object.keys(dtypes).map((dtype) => `tapes_${dtype}`),
];

const longest = 60;

/**
 * Unique names. Letters, digits and `_` are kept, everything else becomes `_`. No user's name has a `$`, so the
 * generator's own names, which have one, cannot collide with them.
 */
export class Names {
  readonly #taken: ReadonlySet<string>;
  readonly #bases = new Map<string, Base>();

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set([...reserved, ...taken]);
  }

  unique(hint: string): string {
    let base = this.#bases.get(hint);
    if (base === undefined) this.#bases.set(hint, (base = this.#base(safeName(hint))));
    for (;;) {
      const name = base.count === 0 ? base.name : `${base.name}_${base.count}`;
      base.count++;
      if (!this.#taken.has(name)) return name;
    }
  }

  /** A base has no suffix `_n`, so its numbered names collide with no other base's. */
  #base(name: string): Base {
    const text = name.replace(/(_[0-9]+)+$/, "") || "_";
    let base = this.#bases.get(text);
    if (base === undefined) this.#bases.set(text, (base = { name: text, count: 0 }));
    return base;
  }
}

/** The number of names made from one hint so far. */
interface Base {
  readonly name: string;
  count: number;
}

function safeName(hint: string): string {
  const name = hint
    .slice(0, longest)
    .replace(/[^A-Za-z0-9_]/g, "_")
    .replace(/^_+/, "_");
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}

/** The literal of a number, which JavaScript reads back to the same bits. It is an atom. */
export function spellNumber(x: number): string {
  if (Number.isNaN(x)) return "NaN";
  if (Object.is(x, -0)) return "(-0)";
  return x < 0 ? `(${x})` : String(x);
}

/** A place as a comment: one line, whatever characters the file's name has. */
export function spellPlace(file: string, line: number): string {
  return `// ${file.slice(-200).replace(/[^A-Za-z0-9_./<>@:+ -]/g, "_")}:${Math.trunc(line)}`;
}
