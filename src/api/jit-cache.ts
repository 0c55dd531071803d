// The cache of one jit function: which versions it compiled, and when it compiles another one.
//
// A family of versions serves the calls of one structure, dtypes and ranks. Its first call is compiled for its exact
// sizes. When a later call has other sizes, the extents that changed become symbols, and that version serves all sizes
// that its constraints allow. An extent stays a number, with a version for each size, where the function asks for its
// number. Where the function was given an `Extent`, each new size is checked before the version serves it
// (jit-check.ts), and an extent whose sizes the function treats differently stays a number too; except that sizes of 0
// and 1, which functions often treat differently, get versions of their own and leave the extent open for the others.

import type { CompileOptions } from "../compile/index.ts";
import {
  currentTrace,
  ExtentUses,
  type ModuleTrace,
  type TracedFunction,
  type Tree,
  trace,
  treeKey,
} from "../frontend/index.ts";
import {
  AdjointError,
  elementDType,
  fail,
  isDebugging,
  messageOf,
  now,
  printType,
  sameType,
  type Type,
} from "../ir/index.ts";
import { Binder } from "../runtime/index.ts";
import { SizeCheck } from "./jit-check.ts";
import { describePlaces, describeSizes, type OpenTypes, type Place, Sizes, sizeAt, sizesIn } from "./jit-sizes.ts";
import { type CompiledFunction, compileTrace, type Finished } from "./traced.ts";

/** One compilation of a jit function. */
export interface Compilation {
  /** The argument types that it was compiled for, in IR spelling; open sizes are symbols. */
  readonly types: readonly string[];
  /** The call that asked for it, counted from 1. */
  readonly call: number;
  readonly reason: string;
  readonly milliseconds: number;
  /** The backend that runs it. */
  readonly backend: string;
}

/** The most versions that one function keeps, lines of its history, and versions that it makes for sizes of 0 and 1. */
const cacheSize = 64;
const historySize = 256;
const mostApart = 8;

/** One call: the structure and types of its arguments, and the function that the user called. */
export interface Call {
  readonly tree: Tree;
  readonly types: readonly Type[];
  /** Which of them are numbers of JavaScript, which take the dtype of the tensor that they meet. */
  readonly weak: readonly boolean[];
  readonly entry: (...args: unknown[]) => unknown;
}

export interface Version {
  readonly finished: Finished;
  readonly types: readonly Type[];
  readonly binder: Binder;
  /** The check of new sizes; null where the function was given no `Extent`, and so cannot depend on a size. */
  readonly check: SizeCheck | null;
  /** Whether a binding may serve a call, which is then counted. */
  readonly mayServe: () => boolean;
}

/** All versions for one structure, dtypes and ranks; the one used last comes first. */
interface Family {
  readonly versions: Version[];
  readonly sizes: Sizes;
}

/** Why a version with open sizes does not serve a call: the kind of reason, the extents it is about, and a text. */
interface Misfit {
  readonly kind: "asks for a number" | "does something else" | "meets no constraint";
  readonly places: readonly Place[];
  readonly why: string;
}

export class Cache {
  readonly compilations: Compilation[] = [];
  readonly #fn: TracedFunction;
  readonly #options: CompileOptions;
  readonly #changed: () => void;
  /** The families, by structure, dtypes and ranks; the one used last comes last. */
  readonly #families = new Map<string, Family>();
  #newest = "";
  #count = 0;
  #apart = 0;
  #calls = 0;
  #last: CompiledFunction | null = null;

  /** `changed` is called before another version is made, which may put others out of use. */
  constructor(fn: TracedFunction, options: CompileOptions, changed: () => void) {
    this.#fn = fn;
    this.#options = options;
    this.#changed = changed;
  }

  get last(): CompiledFunction {
    if (this.#last !== null) return this.#last;
    const hint = "call it, or give compile the types";
    return fail("argument", `${this.#fn.name || "the function"} has not been compiled yet`, { hint });
  }

  /** The version that serves a call. */
  find(call: Call): Version {
    this.#calls++;
    const { tree, types, weak } = call;
    const kind = (t: Type, i: number): string => (weak[i] ? "number" : `${elementDType(t)}:${sizesIn(t).length}`);
    const key = `${isDebugging() ? "debug " : ""}${treeKey(tree)} ${types.map(kind).join(" ")}`;
    const family = this.#families.get(key) ?? { versions: [], sizes: new Sizes(types) };
    const { versions } = family;
    let at = versions.findIndex((version) => serves(version, types));
    if (at < 0) at = versions.indexOf(this.#add(family, call));
    if (at > 0) versions.unshift(...versions.splice(at, 1));
    if (key !== this.#newest) {
      this.#families.delete(key);
      this.#families.set(key, family);
      this.#newest = key;
    }
    this.#last = versions[0].finished.compiled;
    return versions[0];
  }

  /** Makes a version for a call that no version serves: with open sizes if possible, else with more of them known. */
  #add(family: Family, call: Call): Version {
    this.#changed();
    const { sizes, versions } = family;
    const changed = sizes.note(call.types);
    for (let reason = this.#reasonFor(family, changed); ; ) {
      const made = this.#make(family, call, sizes.open(call.types), reason);
      if (!("kind" in made)) return made;
      // where the function fails for these very sizes too, its own error is thrown here
      this.#trace(call, call.types);
      const apart = this.#makeApart(family, call, made);
      if (apart !== null) return apart;
      if (made.kind === "meets no constraint") return this.#compile(family, call, call.types, made.why);
      sizes.fix(made.places);
      this.#keep(versions, (version) => !isOpenAt(version, made.places));
      reason = `${describePlaces(made.places)} has to be known: ${made.why}`;
    }
  }

  #reasonFor({ versions }: Family, changed: readonly Place[]): string {
    if (this.#calls === 1) return "the first call";
    if (changed.length > 0) return `${describePlaces(changed)} changed`;
    return versions.length === 0 ? "new dtypes, ranks or structure" : "sizes that have to be known";
  }

  /** Compiles a version for these types, in which sizes may be open; where it does not serve the call, says why. */
  #make(family: Family, call: Call, { types, open }: OpenTypes, reason: string): Version | Misfit {
    if (open.length === 0) return this.#compile(family, call, types, reason);
    const uses = new ExtentUses();
    let version = family.versions.find((v) => v.types.every((t, i) => sameType(t, types[i])));
    try {
      version ??= this.#compile(family, call, types, reason, { uses, open });
    } catch (error) {
      return askedFor(open, uses, error);
    }
    if (version.check?.agrees(call.types) === false) {
      const places = version.check.given;
      return {
        kind: "does something else",
        places,
        why: `the function does something else for ${describeSizes(call.types, places)}`,
      };
    }
    if (serves(version, call.types)) return version;
    return {
      kind: "meets no constraint",
      places: open,
      why: `the constraints of other sizes leave out ${describeSizes(call.types, open)}`,
    };
  }

  /** Makes a version in which extents of size 0 and 1 are known; these are the sizes that functions treat specially. */
  #makeApart(family: Family, call: Call, { kind, places, why }: Misfit): Version | null {
    const small = places.filter((place) => sizeAt(call.types, place) <= 1);
    if (kind === "asks for a number" || small.length === 0 || this.#apart >= mostApart) return null;
    const made = this.#make(family, call, family.sizes.open(call.types, small), `${why}, which is compiled apart`);
    if ("kind" in made) return null;
    this.#apart++;
    return made;
  }

  #trace({ tree, weak, entry }: Call, types: readonly Type[], uses?: ExtentUses): ModuleTrace {
    return trace(this.#fn, { types, weak }, tree, entry, { uses });
  }

  #compile(family: Family, call: Call, types: readonly Type[], reason: string, general?: General): Version {
    const start = now();
    const traced = this.#trace(call, types, general?.uses);
    if (general !== undefined && general.uses.error !== null) throw general.uses.error;
    const finished = compileTrace(traced, this.#fn, this.#options);
    const milliseconds = now() - start;
    const { signature } = finished.compiled;
    const own = { ...signature, arguments: signature.arguments.slice(0, types.length) };
    const given = general?.open.filter(({ name }) => general.uses.given.has(name)) ?? [];
    const check = given.length === 0 ? null : new SizeCheck(traced, given, (known) => this.#trace(call, known));
    const version = { finished, types, binder: new Binder(own), check, mayServe: () => this.#serves(finished) };
    const { backend, instead } = finished;
    const why = instead === null ? reason : `${reason}; ${instead}`;
    this.compilations.push({ types: types.map(printType), call: this.#calls, reason: why, milliseconds, backend });
    if (this.compilations.length > historySize) this.compilations.shift();
    if (this.#count >= cacheSize) this.#evict();
    family.versions.push(version);
    this.#count++;
    return version;
  }

  #serves({ compiled }: Finished): boolean {
    if (currentTrace() !== null) return false;
    this.#calls++;
    this.#last = compiled;
    return true;
  }

  #keep(versions: Version[], wanted: (version: Version) => boolean): void {
    const kept = versions.filter(wanted);
    this.#count -= versions.length - kept.length;
    versions.splice(0, versions.length, ...kept);
  }

  /** Drops the version used longest ago of the family used longest ago. */
  #evict(): void {
    for (const [key, { versions }] of this.#families) {
      if (versions.length <= 1) this.#families.delete(key);
      if (versions.pop() === undefined) continue;
      this.#count--;
      return;
    }
  }
}

/** The open sizes of a compilation, and what its trace does with them. */
interface General extends Pick<OpenTypes, "open"> {
  readonly uses: ExtentUses;
}

function serves({ binder, check }: Version, types: readonly Type[]): boolean {
  return binder.accepts(types.map(sizesIn)) && (check === null || check.agrees(types));
}

/** The extents whose sizes a binding has to compare: those that the function was given, whose sizes were checked. */
export function checkedSizes({ check }: Version, types: readonly Type[]) {
  return (check?.given ?? []).map((place) => ({ ...place, size: sizeAt(types, place) }));
}

function isOpenAt({ types }: Version, places: readonly Place[]): boolean {
  return places.some((place) => typeof sizeAt(types, place) !== "number");
}

/**
 * The misfit of a function whose trace failed with open sizes: the extents whose numbers it asked for; else those that
 * it was given, one of which may be the cause; else all open ones.
 */
function askedFor(open: OpenTypes["open"], uses: ExtentUses, error: unknown): Misfit {
  const [asked, given] = [uses.asked, uses.given].map((names) => open.filter(({ name }) => names.has(name)));
  // an error of JavaScript itself may come from an `Extent` used as a number, but not where the function was given none
  if (!(error instanceof AdjointError) && given.length === 0) throw error;
  const places = asked.length > 0 ? asked : given.length > 0 ? given : open;
  return { kind: "asks for a number", places, why: messageOf(error) };
}
