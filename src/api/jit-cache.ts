// What one jit function compiled: versions by structure, dtypes, ranks and sizes, and when another is made.
//
// A family serves one structure, dtypes and ranks. Its first call is compiled for the very sizes; where a later call has
// others, the extents that changed become symbols, and that version serves all sizes which its constraints allow. Where the
// function asks for a number, that size stays known. Where it was given extents, each new size is checked before it is used
// (jit-check.ts): one that it treats differently stays known, too, but 0 and 1, of which there are no more than two, are
// compiled apart and leave the others open.

import type { CompileOptions } from "../compile/index.ts";
import { ExtentUses, type ModuleTrace, type TracedFunction, type Tree, trace, treeKey } from "../frontend/index.ts";
import { AdjointError, elementDType, fail, printType, sameType, type Type } from "../ir/index.ts";
import { Binder } from "../runtime/index.ts";
import { SizeCheck } from "./jit-check.ts";
import { describePlaces, describeSizes, type OpenTypes, type Place, Sizes, sizeAt, sizesIn } from "./jit-sizes.ts";
import { type CompiledFunction, compileTrace, type Finished } from "./traced.ts";

/** One compilation of a jit function. */
export interface Compilation {
  /** The types compiled for, in IR spelling; sizes that may be any are symbols. */
  readonly types: readonly string[];
  /** The call that asked for it, counted from 1. */
  readonly call: number;
  readonly reason: string;
  readonly milliseconds: number;
}

/** How many compilations one function keeps, how many lines of its history, and how many it makes for sizes of 0 and 1. */
const cacheSize = 64;
const historySize = 256;
const mostApart = 8;

/** One call: its arguments' structure and types, and what the user called. */
export interface Call {
  readonly tree: Tree;
  readonly types: readonly Type[];
  readonly entry: (...args: unknown[]) => unknown;
}

interface Version {
  readonly finished: Finished;
  readonly types: readonly Type[];
  readonly binder: Binder;
  /** Null where the function was given no extent. */
  readonly check: SizeCheck | null;
}

/** All versions for one structure with its dtypes and ranks; those used last come first. */
interface Family {
  readonly versions: Version[];
  readonly sizes: Sizes;
}

/** Why a version with open sizes does not serve a call, where these sizes stand, and the same as text. */
interface Misfit {
  readonly kind: "asks for a number" | "does something else" | "meets no constraint";
  readonly places: readonly Place[];
  readonly why: string;
}

export class Cache {
  readonly compilations: Compilation[] = [];
  readonly #fn: TracedFunction;
  readonly #options: CompileOptions;
  /** By structure, dtypes and ranks; those used last come last. */
  readonly #families = new Map<string, Family>();
  #newest = "";
  #count = 0;
  #apart = 0;
  #calls = 0;
  #last: CompiledFunction | null = null;

  constructor(fn: TracedFunction, options: CompileOptions) {
    this.#fn = fn;
    this.#options = options;
  }

  get last(): CompiledFunction {
    if (this.#last !== null) return this.#last;
    const hint = "call it, or give compile the types";
    return fail("argument", `${this.#fn.name || "the function"} has not been compiled yet`, { hint });
  }

  find(call: Call): Finished {
    this.#calls++;
    const { tree, types } = call;
    const key = `${treeKey(tree)} ${types.map((t) => `${elementDType(t)}:${sizesIn(t).length}`).join(" ")}`;
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
    const { finished } = versions[0];
    this.#last = finished.compiled;
    return finished;
  }

  /** Makes the version for a call that none serves. */
  #add(family: Family, call: Call): Version {
    const { sizes, versions } = family;
    const changed = sizes.note(call.types);
    for (let reason = this.#reasonFor(family, changed); ; ) {
      const made = this.#make(family, call, sizes.open(call.types), reason);
      if (!("kind" in made)) return made;
      // a function that fails for these sizes says so, and says nothing of others
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

  /** The version for these types, in which sizes may be open; why it does not serve the call, where it does not. */
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

  /** Sizes of 0 and 1 by themselves: there are no more than two, and functions treat them differently most often. */
  #makeApart(family: Family, call: Call, { kind, places, why }: Misfit): Version | null {
    const small = places.filter((place) => sizeAt(call.types, place) <= 1);
    if (kind === "asks for a number" || small.length === 0 || this.#apart >= mostApart) return null;
    const made = this.#make(family, call, family.sizes.open(call.types, small), `${why}, which is compiled apart`);
    if ("kind" in made) return null;
    this.#apart++;
    return made;
  }

  #trace({ tree, entry }: Call, types: readonly Type[], uses?: ExtentUses): ModuleTrace {
    return trace(this.#fn, types, tree, entry, { uses });
  }

  #compile(family: Family, call: Call, types: readonly Type[], reason: string, general?: General): Version {
    const start = performance.now();
    const traced = this.#trace(call, types, general?.uses);
    if (general !== undefined && general.uses.error !== null) throw general.uses.error;
    const finished = compileTrace(traced, this.#fn, this.#options);
    const milliseconds = performance.now() - start;
    const { signature } = finished.compiled;
    const own = { ...signature, arguments: signature.arguments.slice(0, types.length) };
    const given = general?.open.filter(({ name }) => general.uses.given.has(name)) ?? [];
    const check = given.length === 0 ? null : new SizeCheck(traced, given, (known) => this.#trace(call, known));
    const version = { finished, types, binder: new Binder(own), check };
    this.compilations.push({ types: types.map(printType), call: this.#calls, reason, milliseconds });
    if (this.compilations.length > historySize) this.compilations.shift();
    if (this.#count >= cacheSize) this.#evict();
    family.versions.push(version);
    this.#count++;
    return version;
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

/** What a compilation with open sizes is made with, and what its trace does with them. */
interface General extends Pick<OpenTypes, "open"> {
  readonly uses: ExtentUses;
}

function serves({ binder, check }: Version, types: readonly Type[]): boolean {
  return binder.accepts(types.map(sizesIn)) && (check === null || check.agrees(types));
}

function isOpenAt({ types }: Version, places: readonly Place[]): boolean {
  return places.some((place) => typeof sizeAt(types, place) !== "number");
}

/** The sizes that a function wanted to know, or those that it may have where it does not say: it failed without them. */
function askedFor(open: OpenTypes["open"], uses: ExtentUses, error: unknown): Misfit {
  const [asked, given] = [uses.asked, uses.given].map((names) => open.filter(({ name }) => names.has(name)));
  // JavaScript's own errors come from what an object cannot do and a number could
  if (!(error instanceof AdjointError) && given.length === 0) throw error;
  const places = asked.length > 0 ? asked : given.length > 0 ? given : open;
  return { kind: "asks for a number", places, why: error instanceof Error ? error.message : String(error) };
}
