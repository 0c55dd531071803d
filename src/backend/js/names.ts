// Names of generated code: rebuilt from a safe alphabet, never reserved, never twice.

/** What a generated name must not be: JavaScript's words, and the globals that generated code reads. */
const reserved: readonly string[] = [
  ..."await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield".split(
    " ",
  ),
  ..."arguments async undefined NaN Infinity Math Number Boolean Array Object".split(" "),
  ..."Float64Array Float32Array Int32Array Uint32Array Uint8Array".split(" "),
];

const longest = 60;

/**
 * Gives each name once. Letters, digits and `_` are kept, everything else becomes `_`; `$` never comes from a user, so
 * what the generator makes itself carries one and cannot collide.
 */
export class Names {
  readonly #taken: Set<string>;
  readonly #next = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set([...reserved, ...taken]);
  }

  unique(hint: string): string {
    const base = safeName(hint);
    if (!this.#taken.has(base)) {
      this.#taken.add(base);
      return base;
    }
    for (let n = this.#next.get(base) ?? 1; ; n++) {
      const name = `${base}_${n}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      this.#next.set(base, n + 1);
      return name;
    }
  }
}

function safeName(hint: string): string {
  const name = hint.slice(0, longest).replace(/[^A-Za-z0-9_]/g, "_");
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}

/** A number as JavaScript reads it back to the same bits, as an atom. */
export function spellNumber(x: number): string {
  if (Number.isNaN(x)) return "NaN";
  if (Object.is(x, -0)) return "(-0)";
  return x < 0 ? `(${x})` : String(x);
}

/** A place for a comment: one line, whatever the file's name holds. */
export function spellPlace(file: string, line: number): string {
  return `// ${file.slice(-200).replace(/[^A-Za-z0-9_./<>@:+ -]/g, "_")}:${Math.trunc(line)}`;
}
