// What names mean where a program's text is written: what is visible, and which names a declaration may take.

export interface Callable {
  readonly numbers: number;
  readonly hasFallback: boolean;
  readonly arrays: number;
  readonly result: string;
  /** How many operations a call adds to a program, and how many steps it may take. */
  readonly size: number;
  readonly steps: number;
}

export type Entry =
  | { readonly kind: "number"; readonly name: string; readonly isWritable: boolean; readonly below: number | null }
  | { readonly kind: "boolean"; readonly name: string; readonly isWritable: boolean }
  | { readonly kind: "array"; readonly name: string; readonly type: string; readonly length: number }
  | { readonly kind: "object"; readonly name: string }
  | { readonly kind: "function"; readonly name: string; readonly fn: Callable };

export type EntryOf<K extends Entry["kind"]> = Extract<Entry, { kind: K }>;

/** Names that shadow, that are words elsewhere, or that generated code might use itself. */
const pool = (
  "v w x y z a b xs ys p q i j n t s f g h r e mul add i0 t0 v0 v1 $ _ ü Größe 变量 of get type async constructor " +
  "toString valueOf flag ks data length args out k c0 x_1 loop go exit main_1 undefined_ NaN_ self name Infinity_ o f64"
).split(" ");

const rootOf = (name: string): string => name.split(".")[0];

export class Scope {
  readonly #parent: Scope | null;
  readonly #entries: Entry[] = [];
  readonly #declared = new Set<string>();
  /** What the text of this block has named so far: a declaration of that name would be read before it has a value. */
  readonly #used = new Set<string>();

  constructor(parent: Scope | null) {
    this.#parent = parent;
  }

  /** What can be named here, the newest first. */
  visible<K extends Entry["kind"]>(kind: K): readonly EntryOf<K>[] {
    const hidden = new Set<string>();
    const found: EntryOf<K>[] = [];
    for (let scope: Scope | null = this; scope !== null; scope = scope.#parent) {
      for (let i = scope.#entries.length - 1; i >= 0; i--) {
        const entry = scope.#entries[i];
        if (entry.kind === kind && !hidden.has(rootOf(entry.name))) found.push(entry as EntryOf<K>);
      }
      for (const name of scope.#declared) hidden.add(name);
    }
    return found;
  }

  use(name: string): string {
    for (let scope: Scope | null = this; scope !== null; scope = scope.#parent) scope.#used.add(rootOf(name));
    return name;
  }

  /** A name for something new, that this block neither has nor has used. */
  fresh(n: number): string {
    for (let i = 0; ; i++) {
      const base = pool[(n + i) % pool.length];
      const name = i < pool.length ? base : `${base}${i}`;
      if (this.#declared.has(name) || this.#used.has(name)) continue;
      this.#declared.add(name);
      return name;
    }
  }

  add(entry: Entry): string {
    this.#declared.add(rootOf(entry.name));
    this.#entries.push(entry);
    return entry.name;
  }
}
