// The CompileLog: the changes that each pass of a compilation made, as data for text dumps, viewers and bug reports.

import { counted, countOperations, type Module, now, shownAs } from "../ir/index.ts";
import { compareModules, type ModuleChanges } from "./changes.ts";
import { type Pass, type PassContext, runPass } from "./pass.ts";
import { requirePrinting } from "./printing.ts";

/** One pass of a compilation. */
export class LogEntry {
  readonly pass: string;
  readonly before: Module;
  readonly after: Module;
  readonly milliseconds: number;
  #changes: ModuleChanges | undefined;
  #operations: number | undefined;

  constructor(pass: string, before: Module, after: Module, milliseconds: number) {
    this.pass = pass;
    this.before = before;
    this.after = after;
    this.milliseconds = milliseconds;
  }

  get changed(): boolean {
    return this.before !== this.after;
  }

  /** Operations of `after`, regions included. */
  get operations(): number {
    this.#operations ??= countOperations(this.after);
    return this.#operations;
  }

  /** The changes, by identity: an operation is the same one as long as it defines the same values. */
  get changes(): ModuleChanges {
    this.#changes ??= compareModules(this.before, this.after);
    return this.#changes;
  }

  get removed(): number {
    return this.changes.removed.size;
  }
  get added(): number {
    return this.changes.added.size;
  }
  /** Operations that stayed with other operands, attributes or regions. */
  get modified(): number {
    return this.changes.modified.size;
  }

  [shownAs](): string {
    return `LogEntry(${this.pass}: ${summary(this)} in ${this.milliseconds.toFixed(2)} ms)`;
  }

  /** The entry for tools, with the module as text. */
  toJSON(): object {
    const { pass, changed, operations, removed, added, modified, milliseconds } = this;
    const after = requirePrinting("log.toJSON").printModule(this.after);
    return { pass, changed, operations, removed, added, modified, milliseconds, after };
  }
}

export interface LogText {
  /** The whole module after each pass that changed something. */
  readonly modules?: boolean;
  /** Only the lines that each pass removed (-), added (+) or changed (~). */
  readonly diff?: boolean;
  /** Milliseconds of each pass. */
  readonly timing?: boolean;
}

export class CompileLog {
  readonly #entries: LogEntry[];
  readonly #warnings: string[];

  /** Empty, or with what another one has, which then stays as it is. */
  constructor(before?: CompileLog) {
    this.#entries = [...(before?.entries ?? [])];
    this.#warnings = [...(before?.warnings ?? [])];
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** What passes warned of. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Keeps a warning; true the first time. */
  warn(message: string): boolean {
    if (this.#warnings.includes(message)) return false;
    this.#warnings.push(message);
    return true;
  }

  get milliseconds(): number {
    return this.#entries.reduce((sum, e) => sum + e.milliseconds, 0);
  }

  record(pass: string, before: Module, after: Module, milliseconds: number): LogEntry {
    const entry = new LogEntry(pass, before, after, milliseconds);
    this.#entries.push(entry);
    return entry;
  }

  /** Runs a pass and records it; a failing pass leaves no entry. */
  run(pass: Pass, module: Module, context: PassContext): Module {
    const start = now();
    const after = runPass(pass, module, context);
    this.record(pass.name, module, after, now() - start);
    return after;
  }

  /** One line for each pass, with its changes below on request. */
  text(options: LogText = {}): string {
    const passes = this.#entries.map((entry) => entryText(entry, options));
    return [...passes, ...this.#warnings.map((warning) => `warning: ${warning}`)].join("\n");
  }

  toString(): string {
    return this.text({ timing: true });
  }

  toJSON(): readonly LogEntry[] {
    return this.entries;
  }

  /** How many passes ran, and what those did that did something. */
  [shownAs](): string {
    const changed = this.#entries.filter((entry) => entry.changed);
    const passes = `${counted(this.#entries.length, "pass")} in ${this.milliseconds.toFixed(2)} ms`;
    const lines = changed.map((entry) => `  ${entry.pass}: ${summary(entry)}`);
    const warnings = this.#warnings.map((warning) => `  warning: ${warning}`);
    return [`CompileLog(${passes}, ${changed.length} changed the module)`, ...lines, ...warnings].join("\n");
  }
}

function entryText(entry: LogEntry, options: LogText): string {
  const time = options.timing === true ? ` in ${entry.milliseconds.toFixed(2)} ms` : "";
  const lines = [`// ----- ${entry.pass}: ${summary(entry)}${time}`];
  if (entry.changed && options.diff === true) {
    lines.push(requirePrinting("log.text").printChanges(entry.before, entry.after, entry.changes));
  }
  if (entry.changed && options.modules === true) lines.push(requirePrinting("log.text").printModule(entry.after));
  return lines.join("\n");
}

function summary(entry: LogEntry): string {
  const total = counted(entry.operations, "operation");
  if (!entry.changed) return `nothing to do, ${total}`;
  return `${entry.removed} removed, ${entry.added} added, ${entry.modified} changed, ${total}`;
}
