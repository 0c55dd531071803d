// What checks are given, at the door: options by name and value, and things that another check takes.

import type { Backend } from "../backend/index.ts";
import {
  didYouMean,
  dtypes,
  fail,
  isModule,
  isSymbolName,
  type Op,
  requireChoice,
  requireOptions,
} from "../ir/index.ts";
import { type Pass, Pipeline, type Rule } from "../rewrite/index.ts";

const optionNames = ["runs", "seed", "replay", "vacuous", "programs", "corpus", "save", "timeBudget", "origins"];
const programNames = ["ops", "dtypes", "operations", "regions", "effects", "transforms", "focus"];

/** Fails (code `option`) where an option of a check is not known, or has a value that it cannot have. */
export function requireCheckOptions(where: string, options: object): void {
  requireOptions(where, options, optionNames);
  const given = new Given(where, options);
  given.whole("runs", 0);
  given.whole("seed", Number.MIN_SAFE_INTEGER);
  given.whole("replay", 0);
  given.milliseconds("timeBudget");
  requireChoice(where, "vacuous", given.of("vacuous"), ["fail", "allow"]);
  given.yesOrNo("origins");
  given.yesOrNo("save");
  requireCorpus(given);
  const programs = given.of("programs");
  if (programs !== undefined) requireProgramOptions(`${where}: option 'programs'`, programs);
}

/** Fails (code `option`) where `name` is told to make programs in a way that is not known. */
export function requireProgramOptions(name: string, programs: unknown): void {
  requireOptions(name, programs, programNames);
  if (typeof programs !== "object" || programs === null) return;
  const given = new Given(name, programs);
  given.whole("operations", 1);
  for (const flag of ["regions", "effects", "transforms"]) given.yesOrNo(flag);
  const ops = given.of("ops");
  if (ops !== undefined && !(ops instanceof Map))
    given.wrong("ops", "a map of names to ops", "write new Map([...standardOps, [op.name, op]])");
  given.some(
    "dtypes",
    Object.keys(dtypes).filter((d) => d !== "index"),
  );
  for (const op of given.list("focus"))
    if (kindOf(op) !== "op")
      fail("option", `${name}: 'focus' holds ${show(op)}, expected ops, such as ops.records.mul`);
}

/** Fails (code `option`) where random types are asked for in a way that is not known. */
export function requireTypeOptions(where: string, options: unknown, kinds: readonly string[]): void {
  requireOptions(where, options, ["symbols", "dtypes", "kinds", "rank"]);
  if (typeof options !== "object" || options === null) return;
  const given = new Given(where, options);
  given.whole("rank", 0);
  given.some(
    "dtypes",
    Object.keys(dtypes).filter((d) => d !== "index"),
  );
  given.some("kinds", kinds);
  for (const symbol of given.list("symbols"))
    if (typeof symbol !== "string" || !isSymbolName(symbol))
      fail("option", `${where}: 'symbols' holds ${show(symbol)}, expected names of sizes, such as N`);
}

function requireCorpus(given: Given): void {
  const corpus = given.of("corpus");
  if (given.of("save") === true && typeof corpus !== "string")
    fail("option", `${given.where}: option 'save' needs a folder as 'corpus'`);
  if (corpus === undefined) return;
  for (const part of Array.isArray(corpus) ? corpus : [corpus]) {
    if (typeof part === "string" && /[\n{]|\bfunc @/.test(part))
      fail("option", `${given.where}: option 'corpus' is IR, expected a folder or a file of it, or a module`, {
        hint: "give parseModule(text), of adjoint/ir",
      });
    if (typeof part === "string" || kindOf(part) === "module") continue;
    given.wrong("corpus", "a folder or a file of IR, a module, or an array of such");
  }
}

/** The options of a check, by name. */
class Given {
  readonly where: string;
  readonly #options: ReadonlyMap<string, unknown>;

  constructor(where: string, options: object) {
    this.where = where;
    this.#options = new Map(Object.entries(options));
  }

  of(name: string): unknown {
    return this.#options.get(name);
  }

  wrong(name: string, expected: string, hint?: string): never {
    return fail("option", `${this.where}: option '${name}' is ${show(this.of(name))}, expected ${expected}`, { hint });
  }

  whole(name: string, least: number): void {
    const x = this.of(name);
    if (x === undefined || (typeof x === "number" && Number.isSafeInteger(x) && x >= least)) return;
    this.wrong(name, least < 0 ? "a whole number" : `a whole number from ${least}`);
  }

  milliseconds(name: string): void {
    const x = this.of(name);
    if (x !== undefined && !(typeof x === "number" && x > 0)) this.wrong(name, "milliseconds above 0");
  }

  yesOrNo(name: string): void {
    const x = this.of(name);
    if (x !== undefined && typeof x !== "boolean") this.wrong(name, "true or false");
  }

  list(name: string): readonly unknown[] {
    const x = this.of(name);
    if (x === undefined) return [];
    return Array.isArray(x) ? x : this.wrong(name, "an array");
  }

  /** A list of one or more of these. */
  some(name: string, known: readonly string[]): void {
    const listed = this.list(name);
    if (listed.length === 0 && this.of(name) !== undefined)
      this.wrong(name, `some of ${known.join(", ")}`, "leave it out for all of them");
    for (const x of listed) {
      if (typeof x === "string" && known.includes(x)) continue;
      fail("option", `${this.where}: '${name}' holds ${show(x)}, expected some of ${known.join(", ")}`, {
        hint: typeof x === "string" ? didYouMean(x, known) : undefined,
      });
    }
  }
}

function show(x: unknown): string {
  if (typeof x === "string") return `'${x.length > 40 ? `${x.slice(0, 40)}…` : x}'`;
  if (typeof x === "number" || typeof x === "boolean" || x === null || x === undefined) return String(x);
  return given(x);
}

// ---- what is checked ------------------------------------------------------------------------------------------------

/** What a check can take, how it is made, and which check that is. */
const kinds = {
  rule: { call: "checkRule(rule)", made: "make one with rule(name, pattern, replacement)" },
  pass: { call: "checkPass(pass)", made: "make one with definePass({ name, summary, run })" },
  pipeline: { call: "checkPipeline(pipeline)", made: "make one with new Pipeline([…])" },
  op: { call: "checkOp(op)", made: "make one with defineOp({ name, … })" },
  backend: { call: "checkBackend(backend)", made: "give { name, level, isAvailable, compile }" },
} as const;

interface Things {
  readonly rule: Rule;
  readonly pass: Pass;
  readonly pipeline: Pipeline;
  readonly op: Op;
  readonly backend: Backend;
}

export type Kind = keyof Things;

/** What something is that a check may have been given. */
function kindOf(x: unknown): Kind | "module" | null {
  if (x instanceof Pipeline) return "pipeline";
  if (typeof x !== "object" || x === null) return null;
  const has = (name: string): boolean => typeof Reflect.get(x, name) === "function";
  if (has("rewrite") && has("matches")) return "rule";
  if (has("compile") && has("isAvailable")) return "backend";
  if (has("types") && "traits" in x && "operands" in x) return "op";
  if (has("run") && "name" in x) return "pass";
  return isModule(x) ? "module" : null;
}

export function isKind<K extends Kind>(x: unknown, kind: K): x is Things[K] {
  return kindOf(x) === kind;
}

/** Fails (code `argument`) where a check is given something else than what it takes, and says which check takes that. */
export function requireKind(where: string, x: unknown, wanted: Kind): void {
  if (!isKind(x, wanted)) refuse(where, x, [wanted]);
}

/** The error of a check that takes one of several kinds, and was given none of them. */
export function refuse(where: string, x: unknown, wanted: readonly Kind[]): never {
  const kind = kindOf(x);
  const list = Array.isArray(x) && x.length > 0 ? kindOf(x[0]) : null;
  const ofList = wanted.find((each) => each === list);
  const hint =
    kind !== null && kind !== "module"
      ? `call ${kinds[kind].call}`
      : ofList !== undefined
        ? `call it for each ${ofList}`
        : list !== null && list !== "module"
          ? `call ${kinds[list].call} for each`
          : wanted.map((each) => kinds[each].made).join(", ");
  const expected = wanted
    .map(article)
    .join(", ")
    .replace(/, (?=[^,]*$)/, " or ");
  return fail("argument", `${where}: got ${given(x)}, expected ${expected}`, { hint });
}

function given(x: unknown): string {
  const kind = kindOf(x);
  if (kind !== null) return article(kind);
  if (x === null || x === undefined) return String(x);
  if (Array.isArray(x)) return "an array";
  return typeof x === "object" ? "an object" : `a ${typeof x}`;
}

function article(word: string): string {
  return /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`;
}
