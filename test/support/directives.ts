// The directives of .ir samples: what a sample says about itself in comments, read from its text.
//
//   // pass: a, b                     run these passes; the output stands below `// ----- after a, b`
//   // pass: outline-parts small      the same with its limits of small programs
//   // pass: refine-shapes @f(f32[2]) the same for these argument types of @f
//   // run: @f(1, [2, 3]) == (4, 5)   the results, bit for bit; `~=` within the accuracy of transcendental functions
//   // run: @f(-1) fails: text        the run ends with an error that says so
//   … // error: text                  parser or verifier fail on this line with that text
//   // -----                          separates modules

export interface RunDirective {
  readonly line: number;
  readonly func: string;
  readonly args: readonly Literal[];
  readonly relation: "==" | "~=" | "fails";
  readonly expected: readonly Literal[];
  /** For `fails`: what the error says. */
  readonly message: string;
}

export interface ErrorDirective {
  readonly line: number;
  readonly text: string;
}

/** One module of a sample with what is said about it. */
export interface SampleCase {
  /** The number of its first line, from 1. */
  readonly line: number;
  readonly text: string;
  readonly passes: readonly (readonly string[])[];
  readonly runs: readonly RunDirective[];
  readonly error: ErrorDirective | null;
  /** Blessed outputs by their pass list, `a, b`. */
  readonly after: ReadonlyMap<string, string>;
}

/** A number, `true`, `false` or a word for one, as written; or a list of such. */
export type Literal = string | readonly Literal[];

const separator = /^\/\/ -----(?: after (.*))?$/;

interface Section {
  readonly line: number;
  readonly after: string | null;
  readonly lines: string[];
}

function sections(text: string): readonly Section[] {
  const found: Section[] = [{ line: 1, after: null, lines: [] }];
  for (const [i, line] of text.split("\n").entries()) {
    const match = separator.exec(line);
    if (match === null) found[found.length - 1].lines.push(line);
    else found.push({ line: i + 2, after: match[1] ?? null, lines: [] });
  }
  return found;
}

/** The modules of a sample, in order. */
export function parseSample(text: string): readonly SampleCase[] {
  const cases: (SampleCase & { after: Map<string, string> })[] = [];
  for (const { line, after, lines } of sections(text)) {
    if (after === null) cases.push(parseCase(line, lines));
    else cases[cases.length - 1].after.set(after, `${lines.join("\n").trim()}\n`);
  }
  return cases;
}

function parseCase(line: number, lines: readonly string[]): SampleCase & { after: Map<string, string> } {
  const passes: string[][] = [];
  const runs: RunDirective[] = [];
  let error: ErrorDirective | null = null;
  for (const [i, text] of lines.entries()) {
    const directive = /^\s*\/\/ (pass|run): (.*)$/.exec(text);
    const complaint = /\/\/ error: (.*)$/.exec(text);
    if (directive?.[1] === "pass") passes.push(splitList(directive[2]));
    else if (directive !== null) runs.push(parseRun(directive[2], line + i));
    else if (complaint !== null && error === null) error = { line: line + i, text: complaint[1].trim() };
    else if (complaint !== null) throw new Error(`line ${line + i}: a second error in one module`);
  }
  return { line, text: lines.join("\n").trimEnd(), passes, runs, error, after: new Map() };
}

/** What stands between commas outside of brackets. */
export function splitList(text: string): string[] {
  const parts: string[] = [""];
  let depth = 0;
  for (const c of text) {
    if (c === "(" || c === "[") depth++;
    if (c === ")" || c === "]") depth--;
    if (c === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += c;
  }
  return parts.map((part) => part.trim());
}

/** The sample with its outputs replaced; `output` gives that of one pass list of one case. */
export function blessSample(text: string, output: (at: SampleCase, passes: readonly string[]) => string): string {
  const parts = parseSample(text).map((at) => {
    const after = at.passes.map((passes) => `\n\n// ----- after ${passes.join(", ")}\n${output(at, passes).trim()}`);
    return at.text + after.join("");
  });
  return `${parts.join("\n\n// -----\n").trimEnd()}\n`;
}

/** The case's text at its place in the file, so that line numbers are those of the file. */
export function inPlace(at: SampleCase): string {
  return "\n".repeat(at.line - 1) + at.text;
}

// ---- values ---------------------------------------------------------------------------------------------------------

const token = /\s*([[\](),]|==|~=|fails:|[^\s[\](),]+)/y;

function parseRun(text: string, line: number): RunDirective {
  const reader = new Reader(text, line);
  const func = reader.take();
  if (!func.startsWith("@")) reader.fail("'@function'");
  const args = reader.list("(", ")");
  const relation = reader.take();
  if (relation === "fails:") {
    return { line, func: func.slice(1), args, relation: "fails", expected: [], message: reader.rest() };
  }
  if (relation !== "==" && relation !== "~=") reader.fail("'==', '~=' or 'fails:'");
  const expected = reader.peek() === "(" ? reader.list("(", ")") : [reader.literal()];
  if (reader.rest() !== "") reader.fail("the end of the line");
  return { line, func: func.slice(1), args, relation: relation === "==" ? "==" : "~=", expected, message: "" };
}

class Reader {
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  peek(): string {
    token.lastIndex = this.#at;
    return token.exec(this.#text)?.[1] ?? "";
  }

  take(): string {
    const word = this.peek();
    if (word !== "") this.#at = token.lastIndex;
    return word;
  }

  rest(): string {
    return this.#text.slice(this.#at).trim();
  }

  literal(): Literal {
    if (this.peek() === "[") return this.list("[", "]");
    const word = this.take();
    return /^(-?[0-9.]+(e[+-]?[0-9]+)?|-?inf|nan|true|false)$/i.test(word) ? word : this.fail("a value");
  }

  list(open: string, close: string): readonly Literal[] {
    if (this.take() !== open) this.fail(`'${open}'`);
    const items: Literal[] = [];
    while (this.peek() !== close) {
      items.push(this.literal());
      if (this.peek() !== close && this.take() !== ",") this.fail(`',' or '${close}'`);
    }
    this.take();
    return items;
  }

  fail(expected: string): never {
    throw new Error(`line ${this.#line}: the run directive has '${this.rest()}' where ${expected} is expected`);
  }
}
