// Text → tokens, in flat arrays: a module of 200,000 operations has millions of them.

import { frameOf } from "../diagnostics/code-frame.ts";
import { AdjointError, type ErrorCode } from "../diagnostics/errors.ts";
import { type Origin, originAt } from "../diagnostics/origin.ts";
import { maxNesting } from "../module/module.ts";

export type TokenKind = "end" | "word" | "number" | "string" | "value" | "func" | "punctuation" | "bad";

const kinds: readonly TokenKind[] = ["end", "word", "number", "string", "value", "func", "punctuation", "bad"];
const [END, WORD, NUMBER, STRING, VALUE, FUNC, PUNCTUATION, BAD] = kinds.keys();

// Each pattern is a run of one character class or of bounded length: repeated groups would overflow the engine's stack.
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const number = /[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const space = /(?:[ \t\r]+|\/\/[^\n]*)+/y;
const punctuation = /->|==|>=|[(){}[\]<>,=:*+/-]/y;

/** The tokens of a text. A fault of the text itself is a token too, reported when the parser gets there. */
export class Tokens {
  readonly text: string;
  readonly file: string;
  /** Four numbers a token: kind, start, end, line. */
  #data = new Int32Array(4096);
  readonly #lineStarts: number[] = [0];
  #length = 0;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    let at = 0;
    while (at < text.length) at = this.#scan(at);
    this.#push(END, text.length, text.length);
  }

  kind(i: number): TokenKind {
    return kinds[this.#data[4 * Math.min(i, this.#length - 1)]];
  }

  /** The token as it is written. */
  source(i: number): string {
    const at = 4 * Math.min(i, this.#length - 1);
    return this.text.slice(this.#data[at + 1], this.#data[at + 2]);
  }

  /** Whether the token is the first one on its line. */
  startsLine(i: number): boolean {
    return i === 0 || this.#data[4 * i + 3] !== this.#data[4 * i - 1];
  }

  origin(i: number): Origin {
    const at = 4 * Math.min(i, this.#length - 1);
    const line = this.#data[at + 3];
    return originAt(this.file, line + 1, this.#data[at + 1] - this.#lineStarts[line] + 1);
  }

  /** The first of the next tokens that is the punctuation `mark`; -1 if it is not near. */
  find(i: number, mark: string): number {
    const last = Math.min(i + reuseReach, this.#length);
    const code = mark.charCodeAt(0);
    for (let k = i; k < last; k++) {
      if (this.#data[4 * k] === PUNCTUATION && this.text.charCodeAt(this.#data[4 * k + 1]) === code) return k;
    }
    return -1;
  }

  /** The text from token `i` to token `last`. */
  span(i: number, last: number): string {
    return this.text.slice(this.#data[4 * i + 1], this.#data[4 * last + 2]);
  }

  #scan(at: number): number {
    const { text } = this;
    const code = text.charCodeAt(at);
    if (code === 10) {
      this.#lineStarts.push(at + 1);
      return at + 1;
    }
    const blank = match(space, text, at);
    if (blank > at) return blank;
    if (code === 37) return this.#name(VALUE, at, match(word, text, at + 1));
    if (code === 64) return this.#name(FUNC, at, endOfWord(text, at + 1));
    if (code === 34) return this.#token(STRING, at, endOfString(text, at));
    if (code >= 48 && code <= 57) return this.#number(at);
    const end = endOfWord(text, at);
    return end > at ? this.#push(WORD, at, end) : this.#token(PUNCTUATION, at, match(punctuation, text, at));
  }

  /** `%x` or `%"x y"`, where `end` is the end of the bare name. */
  #name(kind: number, at: number, end: number): number {
    return this.#token(kind, at, end > at + 1 ? end : Math.max(at, endOfString(this.text, at + 1)), at + 1);
  }

  #number(at: number): number {
    const end = match(number, this.text, at);
    const after = endOfWord(this.text, end);
    return after > end ? this.#push(BAD, at, after) : this.#push(NUMBER, at, end);
  }

  #token(kind: number, at: number, end: number, least = at): number {
    return end > least ? this.#push(kind, at, end) : this.#bad(at);
  }

  /** Up to the next blank, but never across lines. */
  #bad(at: number): number {
    let end = at + 1;
    while (end < this.text.length && end < at + 20 && !/\s/.test(this.text[end])) end++;
    return this.#push(BAD, at, end);
  }

  #push(kind: number, start: number, end: number): number {
    const i = this.#length++;
    if (4 * i === this.#data.length) {
      const larger = new Int32Array(8 * i);
      larger.set(this.#data);
      this.#data = larger;
    }
    const data = this.#data;
    data[4 * i] = kind;
    data[4 * i + 1] = start;
    data[4 * i + 2] = end;
    data[4 * i + 3] = this.#lineStarts.length - 1;
    return end;
  }
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** The end of `part.part.part` from `at`; `at` if there is none. */
function endOfWord(text: string, at: number): number {
  let end = match(word, text, at);
  while (end > at && text.charCodeAt(end) === 46) {
    const next = match(word, text, end + 1);
    if (next === end + 1) break;
    end = next;
  }
  return end;
}

/** The end of the string literal that starts at `at`; `at` if there is none or it does not end on its line. */
function endOfString(text: string, at: number): number {
  if (text.charCodeAt(at) !== 34) return at;
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) return i + 1;
    if (code === 10) return at;
    if (code === 92 && text.charCodeAt(i + 1) !== 10) i++;
  }
  return at;
}

const reuseReach = 64;

/** Reads tokens in order; every complaint is one error with its place and a caret. */
export class Cursor {
  readonly tokens: Tokens;
  #at = 0;
  #depth = 0;

  constructor(tokens: Tokens) {
    this.tokens = tokens;
  }

  /** The number of the next token. */
  get position(): number {
    return this.#at;
  }

  get kind(): TokenKind {
    return this.tokens.kind(this.#at);
  }

  /** The next token as it is written. */
  get source(): string {
    return this.tokens.source(this.#at);
  }

  /** The kind of the token after the next one. */
  get nextKind(): TokenKind {
    return this.tokens.kind(this.#at + 1);
  }

  /** Whether the next token is the first one on its line, where an operation begins. */
  get startsLine(): boolean {
    return this.tokens.startsLine(this.#at);
  }

  /** Whether the next token (or the one `ahead` of it) is this punctuation or word. */
  at(text: string, ahead = 0): boolean {
    const kind = this.tokens.kind(this.#at + ahead);
    return (kind === "punctuation" || kind === "word") && this.tokens.source(this.#at + ahead) === text;
  }

  accept(text: string): boolean {
    if (!this.at(text)) return false;
    this.#at++;
    return true;
  }

  expect(text: string, where: string): void {
    if (!this.accept(text)) this.unexpected(`'${text}' ${where}`);
  }

  /** Takes the next token, which has this kind. */
  take(kind: TokenKind, expected: string): string {
    if (this.kind !== kind) this.unexpected(expected);
    const source = this.source;
    this.#at++;
    return source;
  }

  /** Takes the next token, which was looked at. */
  skip(): void {
    this.#at++;
  }

  /** Takes a string literal. */
  takeString(expected: string): string {
    return this.#unquote(this.take("string", expected));
  }

  /** Takes `%name` or `@name`; gives the name without sigil and quotes. */
  takeName(kind: "value" | "func", expected: string): string {
    if (this.kind !== kind) this.unexpected(expected, this.#sigilHint(kind));
    const name = this.take(kind, expected).slice(1);
    return name.startsWith('"') ? this.#unquote(name) : name;
  }

  /** Takes an unsigned number below 2^53 without a fraction. */
  takeInteger(expected: string): number {
    if (this.kind !== "number" || !/^[0-9]+$/.test(this.source)) this.unexpected(expected);
    const value = Number(this.source);
    if (!Number.isSafeInteger(value)) this.fail("range", `${shorten(this.source)} is beyond 2^53`);
    this.#at++;
    return value;
  }

  /** Items between `open` and `close`, separated by commas. */
  takeList<T>(open: string, close: string, what: string, item: () => T): T[] {
    this.expect(open, `before ${what}`);
    const items: T[] = [];
    if (this.accept(close)) return items;
    do items.push(item());
    while (this.accept(","));
    this.expect(close, `or ',' after ${what}`);
    return items;
  }

  /** What `parse` gives for the tokens up to the next `mark`, or what it gave before for the same text. */
  reuse<T>(mark: string, known: Map<string, T>, parse: () => T): T {
    const end = this.tokens.find(this.#at, mark);
    if (end < 0) return parse();
    const text = this.tokens.span(this.#at, end);
    let result = known.get(text);
    if (result !== undefined) {
      this.#at = end + 1;
      return result;
    }
    result = parse();
    if (this.#at === end + 1) known.set(text, result);
    return result;
  }

  /** Runs `body` one level deeper inside an expression, a list or a type. */
  nest<T>(body: () => T): T {
    if (++this.#depth > maxNesting) this.fail("syntax", `nested more than ${maxNesting} deep`);
    const result = body();
    this.#depth--;
    return result;
  }

  /** Complains about the next token. */
  unexpected(expected: string, hint?: string): never {
    return this.fail("syntax", `got ${describe(this.kind, this.source)}, expected ${expected}`, hint);
  }

  /** How a name, or a number, is written where one with a sigil is expected. */
  #sigilHint(kind: "value" | "func"): string | undefined {
    if (kind === "value" && this.kind === "number") return "write it as an operation, %c = constant …, and %c here";
    if (this.kind !== "word" && this.kind !== "value" && this.kind !== "func") return undefined;
    const name = this.kind === "word" ? this.source : this.source.slice(1);
    return `write ${kind === "value" ? "%" : "@"}${shorten(name)}`;
  }

  fail(code: ErrorCode, reason: string, hint?: string, position = this.#at): never {
    throw this.located(new AdjointError(code, reason, hint === undefined ? {} : { hint }), position);
  }

  /** The error at a token, with its line and a caret. */
  located(error: AdjointError, position: number): AdjointError {
    const origin = this.tokens.origin(position);
    return error.at(origin, frameOf(this.tokens.text, origin));
  }

  /** Runs `body`; an error without a place gets that of the token. */
  locate<T>(position: number, body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw error instanceof AdjointError ? this.located(error, position) : error;
    }
  }

  #unquote(literal: string): string {
    try {
      return JSON.parse(literal) as string;
    } catch {
      return this.fail("syntax", `${shorten(literal)} is not a string`, "escape it as in JSON", this.#at - 1);
    }
  }
}

function describe(kind: TokenKind, source: string): string {
  if (kind === "end") return "the end of the text";
  const shown = shorten(source);
  return kind === "string" ? `the string ${shown}` : `'${shown}'`;
}

/** Text as a message shows it: a message is one line of bearable length. */
function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
