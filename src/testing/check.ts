// The runner that all checks share: random programs through what is checked, the programs before and after compared, and the
// smallest program found for which they differ.

import { AdjointError, fail, type Op, type Operation, type OpTable, standsAt } from "../ir/index.ts";
import { standardOps } from "../ops/index.ts";
import type { PassContext, Rule } from "../rewrite/index.ts";
import { TimeBudget } from "./clock.ts";
import { type Corpus, isFolder, readCorpus, saveFailure } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { type Fault, faultOf, type Subject } from "./fault.ts";
import { programOfPatterns } from "./generate/patterns.ts";
import { makeProgram, type Program, type ProgramOptions } from "./generate/program.ts";
import { randomProgram } from "./generate/programs.ts";
import { Random } from "./generate/random.ts";
import { transformOps } from "./generate/transforms.ts";
import { untaught } from "./generate/untaught.ts";
import { variationOf } from "./generate/variations.ts";
import { type Kind, requireCheckOptions } from "./options.ts";
import { givenTo, resolvedBy, transformsOf } from "./resolves.ts";
import { describeFault, type Shrunk, shrink } from "./shrink.ts";
import { Sought } from "./sought.ts";

export interface CheckOptions {
  /** Random programs; where left out 3,000, and as many behind the first that is changed where that is none of these. */
  readonly runs?: number;
  /** What determines the programs and their inputs; 1 where left out, so that a check says the same each time. */
  readonly seed?: number;
  /** Runs only the program of this number, which a failure names. */
  readonly replay?: number;
  /** Whether it is an error that no program was changed: then nothing was tried. `fail` where left out. */
  readonly vacuous?: "fail" | "allow";
  /** What programs are made of: ops, dtypes, whether they have regions and effects. */
  readonly programs?: ProgramOptions;
  /**
   * What is tried before random programs: modules, files of IR, a folder of such files. A failure is added to a folder, with
   * the call that shows it, so that it is the first that the next check tries.
   */
  readonly corpus?: Corpus;
  /** Whether a failure is added to the folder that is the corpus; it is where left out. */
  readonly save?: boolean;
  /**
   * Milliseconds of processor time after which no further program is begun (60,000 where left out; the report says so then),
   * and after which a failure is not made smaller any more (5,000).
   */
  readonly timeBudget?: number;
  /** Whether new operations have places in the source, too; where left out, those that stay keep theirs. */
  readonly origins?: boolean;
}

/** What a check tried. */
export interface CheckReport {
  /** The programs that ran. */
  readonly programs: number;
  /** Those that it changed. */
  readonly changed: number;
  /** `time` where the time budget ended before all of them ran; null where they all did. */
  readonly stopped: "time" | null;
  /** How often each rule was applied, those that never were among them. */
  readonly rules: ReadonlyMap<string, number>;
  /** Of the ops, their attributes and their neighbours in the programs. */
  readonly coverage: Coverage;
}

/** The most milliseconds of processor time in which a failure is made smaller where no time is given. */
const forShrinking = 5000;

export const defaults = { runs: 3000, seed: 1, timeBudget: 60_000 };

/** So many programs are drawn before it is said that nothing was tried. */
const mostVacuous = 4 * defaults.runs;

/** Runs `subject` on random programs, and fails (code `validate`) with the smallest one found that it gets wrong. */
export function check(
  where: string,
  subject: Subject,
  options: CheckOptions = {},
  given: object = options,
): CheckReport {
  requireCheckOptions(where, options);
  const { seed = defaults.seed, timeBudget = defaults.timeBudget } = options;
  const session = new Session(subject, seed, options);
  const time = new TimeBudget(timeBudget);
  const { replay, corpus } = options;
  const kept = corpus === undefined ? [] : readCorpus(where, corpus, knownOps(options), options.save !== false);
  for (const [i, { programs, name }] of kept.entries()) {
    for (const program of programs) {
      const tried: Drawn = { program, of: null };
      if (replay !== undefined) session.learn(tried, -1 - i);
      else if (session.failure === null) session.try(tried, -1 - i, name);
    }
  }
  // what a program is made of depends on what was rewritten in those before it, unless the subject makes it
  for (let i = 0; replay !== undefined && subject.draw === undefined && i < replay; i++)
    session.learn(session.draw(i), i);
  for (let i = replay ?? 0; i < (replay === undefined ? runsOf(options, session.firstChanged) : replay + 1); i++) {
    if (session.failure !== null) break;
    // the program that a replay asks for is tried, however long it took to get there
    if (replay === undefined && time.isSpent) {
      session.stopped = "time";
      break;
    }
    session.try(session.draw(i), i);
  }
  if (session.failure !== null) {
    throw failureOf(session.failure, session.report(), { where, given, options: { ...options, seed } });
  }
  const report = session.report();
  if (report.changed === 0 && options.vacuous !== "allow" && replay === undefined) {
    const tried = `${report.programs} programs${report.stopped === null ? "" : ", where the time budget ended"}`;
    fail("validate", `${where}: ${subject.name} changed none of ${tried}, so nothing was tried`, {
      hint: 'give programs on which it does something ({ corpus } or { programs: { ops, focus } }), or { vacuous: "allow" }',
    });
  }
  return report;
}

/** How many programs are drawn, given the number of the first that was changed. */
function runsOf({ runs, vacuous }: CheckOptions, firstChanged: number | null): number {
  if (runs !== undefined || vacuous === "allow") return runs ?? defaults.runs;
  if (firstChanged === null) return mostVacuous;
  return firstChanged < defaults.runs ? defaults.runs : firstChanged + defaults.runs;
}

/** What passes make programs of, and corpora may hold: all ops, however few random programs are made of. */
function knownOps({ programs }: CheckOptions): OpTable {
  return programs?.ops === undefined ? standardOps : new Map([...standardOps, ...programs.ops]);
}

interface Failure {
  readonly subject: Subject;
  readonly program: Program;
  readonly fault: Fault;
  /** Of the inputs. */
  readonly seeds: readonly number[];
  readonly number: number;
  /** The entry of the corpus; null for a random program. */
  readonly kept: string | null;
}

/** Two numbers as one seed. */
function mix(a: number, b: number): number {
  return (Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca77)) | 0;
}

/** A program, and the class of the rules of whose patterns it is made; null where it is made of none. */
interface Drawn {
  readonly program: Program;
  readonly of: Rule["class"] | null;
  /** Whether it is a variation of another one. */
  readonly isVaried?: boolean;
}

/** A program that was changed, and the operations that were replaced with what gives their operands. */
interface Fertile extends Drawn {
  readonly sites: ReadonlySet<Operation>;
}

/** Of so many of them variations are made; of as many variations that were changed again. */
const mostFertile = 12;

/** Of so many rules the patterns stand in one program at most, each in a function of its own: long lists come round sooner. */
const mostTogether = 16;
/** So many programs go round a list of rules, where that many of them fit in one. */
const usualRound = 16;

/** After so many programs it is known which transforms a subject resolves. */
const known = 24;

/** The rules in the groups whose patterns stand in one program: all of one class, since `fast` compares otherwise. */
function groupsOf(rules: readonly Rule[]): readonly (readonly Rule[])[] {
  const size = Math.min(mostTogether, Math.ceil(rules.length / usualRound));
  return (["exact", "fast"] as const).flatMap((kind) => {
    const list = rules.filter((r) => r.class === kind);
    return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
  });
}

class Session {
  readonly #subject: Subject;
  readonly #seed: number;
  readonly #options: CheckOptions;
  readonly #coverage = new Coverage();
  readonly #fired = new Map<Rule, number>();
  readonly #offered = new Set<Rule>();
  readonly #applied = new Set<Rule>();
  readonly #sought = new Sought();
  /** The last programs that were changed, and the last variations of these. */
  readonly #fertile: Readonly<Record<"drawn" | "varied", Fertile[]>> = { drawn: [], varied: [] };
  /** How many programs ran and were changed, those among them from which it only learnt. */
  #runs = 0;
  #changes = 0;
  failure: Failure | null = null;
  stopped: CheckReport["stopped"] = null;
  /** The transforms that the subject resolves; known once a program holds one. */
  #resolved: ReadonlySet<Op> | null = null;
  /** How many programs were made of random steps, with and without transforms: what comes round in them. */
  readonly #turns = { transformed: 0, usual: 0 };
  #programs = 0;
  #changed = 0;
  /** The number of the first program that was changed. */
  firstChanged: number | null = null;

  constructor(subject: Subject, seed: number, options: CheckOptions) {
    this.#subject = subject;
    this.#seed = seed;
    this.#options = options;
  }

  /**
   * Each second program is made of the patterns of rules that were offered so far, half of these of rules that were not
   * applied yet; one in four has derivatives and mapped functions, three in four where it is these that the subject replaces.
   */
  draw(i: number): Drawn {
    const random = new Random(mix(this.#seed, i));
    if (this.#subject.draw !== undefined) return { program: this.#subject.draw(random, i), of: null };
    const varied = this.#variation(random, i);
    if (varied !== null) return varied;
    const options = this.#options.programs ?? {};
    const isResolving = this.#sought.resolved.length > 0;
    // programs of patterns hold no transform, and a pass that resolves them offers rules by the way only; not so a pipeline
    const isAside = isResolving && this.#subject.kind !== "pipeline";
    const rules = i % (isAside ? 8 : 2) === 1 ? this.#rulesFor(i) : [];
    const patterns = rules.flatMap(({ pattern }) => (pattern === null ? [] : [pattern]));
    const made = patterns.length === 0 ? null : programOfPatterns(random, patterns, options);
    if (made !== null) return { program: made, of: rules[0].class };
    const transforms = this.#subject.level === "tensor" && (isResolving ? i % 4 !== 0 : i % 4 === 2);
    // before it is known what the subject resolves a program has transforms of one kind: it may take others for granted
    const first = transforms && !isResolving && i < known ? [transformOps[(i >> 2) % transformOps.length]] : [];
    const focus = options.focus ?? [...this.#focus(), ...first];
    const course = { turn: this.#turnOf(options.transforms ?? transforms), sought: this.#sought.pairs };
    const drawn = (): Program => randomProgram(random, { transforms, ...options, focus }, course);
    const isUntaught = focus.length === 0 && course.sought.length === 0 && Object.keys(options).length === 0;
    const program = isUntaught ? untaught(this.#seed, `${i} ${course.turn} ${transforms}`, drawn) : drawn();
    return { program, of: null };
  }

  /** The turn of the next program; another seed starts elsewhere. */
  #turnOf(isTransformed: boolean): number {
    return (mix(this.#seed, 1) >>> 8) + this.#turns[isTransformed ? "transformed" : "usual"]++;
  }

  /**
   * A program like one that was changed: the subject does something there, and whether it is right depends on constants, on
   * attributes, on sizes and inputs. One program in three, and one in six where most are changed anyway.
   */
  #variation(random: Random, i: number): Drawn | null {
    const { drawn, varied } = this.#fertile;
    const isRare = 2 * this.#changes < this.#runs;
    if (i % (isRare ? 3 : 6) !== 2) return null;
    const fertile = varied.length > 0 && random.oneIn(2) ? varied : drawn;
    if (fertile.length === 0) return null;
    const { program, of, sites } = random.pick(fertile);
    const other = variationOf(program, sites, random);
    return other === null ? null : { program: other, of, isVaried: true };
  }

  /** The rules whose turn it is; they come round in another order for another seed. */
  #rulesFor(i: number): readonly Rule[] {
    const all = [...this.#offered].filter((r) => r.pattern !== null);
    const idle = i % 4 === 1 ? all.filter((r) => !this.#applied.has(r)) : [];
    const groups = groupsOf(idle.length > 0 ? idle : all);
    const turn = (i >> 2) + (mix(this.#seed, 0) >>> 1);
    return groups[turn % groups.length] ?? [];
  }

  /** The ops that the subject replaces; before it has, those at which its rules start. */
  #focus(): readonly Op[] {
    const { ops } = this.#sought;
    if (ops.length > 0) return ops;
    const rules = [...this.#offered].filter((r) => r.pattern === null);
    const table = this.#options.programs?.ops ?? standardOps;
    return [...table.values()].filter((op) => standsAt(op, "tensor") && rules.some((r) => r.matches(op)));
  }

  /** Notes what the subject does to a program, and nothing else. */
  learn(drawn: Drawn, number: number): void {
    this.#run(drawn, number, []);
  }

  try(drawn: Drawn, number: number, kept: string | null = null): void {
    this.#programs++;
    this.#coverage.add(drawn.program.module);
    const seeds = seedsOf(mix(this.#seed, number), drawn.of !== null);
    const { subject, program, fault, isChanged, fired } = this.#run(drawn, number, seeds);
    if (isChanged) {
      this.#changed++;
      this.firstChanged ??= number;
    }
    for (const rule of fired) this.#fired.set(rule, (this.#fired.get(rule) ?? 0) + 1);
    if (fault !== null) this.failure = { subject, program, fault, seeds, number, kept };
  }

  /** Runs the subject, compares calls with inputs of these seeds, and notes what it looks for. */
  #run({ program: drawn, of, isVaried = false }: Drawn, number: number, seeds: readonly number[]) {
    const fired: Rule[] = [];
    // where rules of class fast run, results are only nearly the same: on their own programs, and on some others
    const mayBeFast = of === "fast" || (number % 8 === 4 && [...this.#offered].some((r) => r.class === "fast"));
    const chosen = this.#subjectOf(number);
    const fast = chosen.fast || mayBeFast;
    const subject = fast === chosen.fast ? chosen : { ...chosen, fast };
    const context: PassContext = {
      ops: knownOps(this.#options),
      fast,
      rewrites: {
        rules: (rules) => {
          for (const rule of rules) this.#offered.add(rule);
        },
        permits: (rule) => {
          fired.push(rule);
          return true;
        },
      },
    };
    const program = this.#given(subject, drawn, { ops: context.ops, fast });
    // what nothing could be given is no program of this subject
    if (program === null) return { subject, program: drawn, fault: null, isChanged: false, fired };
    const { fault, after, isTried } = faultOf(subject, { program, context, seeds, origins: this.#options.origins });
    for (const rule of fired) this.#applied.add(rule);
    const isChanged =
      isTried ?? (after !== null && after !== program.module && this.#sought.note(program.module, after));
    this.#runs++;
    if (isChanged && isTried === undefined) {
      const entry: Fertile = { program, of, sites: this.#sought.sites };
      const list = this.#fertile[isVaried ? "varied" : "drawn"];
      list.push(entry);
      if (list.length > mostFertile) list.shift();
    }
    if (isChanged) this.#changes++;
    return { subject, program, fault, isChanged, fired };
  }

  /** What a program is tried on: one in four is brought to loops, of what takes both levels. */
  #subjectOf(number: number): Subject {
    const { atLoops } = this.#subject;
    return atLoops !== undefined && number % 4 === 3 ? atLoops : this.#subject;
  }

  /** The program as the subject takes it; null where it cannot. */
  #given({ level, judge, run }: Subject, program: Program, context: PassContext): Program | null {
    if (judge !== undefined || level !== "tensor" || transformsOf(program.module).size === 0) return program;
    this.#resolved ??= resolvedBy(run, context);
    const module = givenTo(run, this.#resolved, program.module, context);
    if (module === null || module === program.module) return module === null ? null : program;
    return makeProgram(module, program.sizes, program.call);
  }

  report(): CheckReport {
    const rules = new Map<string, number>();
    for (const rule of this.#offered) {
      // an identity may hold bit for bit for integers, and nearly for floats
      const name = rules.has(rule.name) ? `${rule.name} (${rule.class})` : rule.name;
      rules.set(name, this.#fired.get(rule) ?? 0);
    }
    return { programs: this.#programs, changed: this.#changed, stopped: this.stopped, rules, coverage: this.#coverage };
  }
}

/** Inputs of a program: two of ordinary numbers, two with special ones; more of these where a program is made of patterns. */
function seedsOf(seed: number, isPatterns: boolean): readonly number[] {
  const base = (seed >>> 1) & 0xfffff;
  const usual = [2 * base, 2 * base + 1, 2 * base + 3, 2 * base + 4];
  return isPatterns ? [...usual, 2 * base + 5, 2 * base + 7, 2 * base + 9, 2 * base + 11] : usual;
}

/** What the options of a check may be without another program, or another verdict on it. */
const freeOptions = ["runs", "seed", "replay", "vacuous", "save", "timeBudget"];

/** The call that shows a failure again, with the options that choose it; others stand for those that were given. */
export function replayLine(where: string, kind: Kind, given: object, again: Readonly<Record<string, unknown>>): string {
  const isFree = (name: string): boolean => freeOptions.includes(name) || name in again;
  const more = Object.entries(given).every(([name, x]) => x === undefined || isFree(name)) ? [] : ["...options"];
  const options = Object.entries(again).map(([name, x]) => `${name}: ${JSON.stringify(x)}`);
  return `replay: ${where}(${kind}, { ${[...more, ...options].join(", ")} })`;
}

interface Asked {
  /** The check that was called. */
  readonly where: string;
  /** What it was given. */
  readonly given: object;
  readonly options: CheckOptions & { readonly seed: number };
}

function failureOf(
  { subject, program, fault, seeds, number, kept }: Failure,
  { programs, changed }: CheckReport,
  { where, given, options }: Asked,
): AdjointError {
  const { seed, timeBudget = forShrinking, corpus, save = true } = options;
  const shrunk: Shrunk = shrink(subject, program, fault, seeds, {
    ops: knownOps(options),
    origins: options.origins,
    timeBudget,
  });
  const place = kept === null ? `program ${number}; ${programs} tried, ${changed} changed` : kept;
  const title = `${subject.name} is wrong (seed ${seed}, ${place})`;
  const saved =
    save && kept === null && isFolder(corpus) ? [`saved: ${saveFailure(where, corpus, title, shrunk.program)}`] : [];
  const again = kept === null ? { seed, replay: number } : { runs: 0, corpus: kept };
  const replay = replayLine(where, subject.kind, given, again);
  return new AdjointError("validate", `${title}: ${describeFault(shrunk, [replay, ...saved])}`, {
    cause: shrunk.fault.cause ?? shrunk.fault,
    reproducer: `// ${subject.name}\n${shrunk.program}`,
  });
}
