// How output looks on a terminal: colours where they are wanted, and what is being done where that takes long.

import { inspect } from "node:util";

/** What is known of where output goes. */
export interface Terminal {
  readonly outHasColours: boolean;
  readonly errHasColours: boolean;
  readonly columns: number;
  /** Says what is being done, to whoever waits for it. */
  progress(doing: string): void;
}

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Painter = (style: Style, text: string) => string;

/** Paints, or leaves text as it is. */
export function painterOf(hasColours: boolean): Painter {
  if (!hasColours) return (_, text) => text;
  return (style, text) => {
    const [on, off] = inspect.colors[style] ?? [0, 0];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** FORCE_COLOR decides where it is set, then NO_COLOR, then whether somebody looks. */
export function wantsColours({ isTTY = false }: Pick<Stream, "isTTY">, env: Environment): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none, TERM: term } = env;
  if (force !== undefined) return force !== "0" && force !== "false";
  if (none !== undefined && none !== "") return false;
  return isTTY && term !== "dumb";
}

const patience = 1000;
const pause = 100;

/** Says what is being done on a terminal, once it takes longer than a second; whatever is written next takes its place. */
export class Progress {
  readonly #stream: Stream;
  readonly #now: () => number;
  readonly #start: number;
  #last = 0;
  #isShown = false;

  constructor(stream: Stream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
    this.#start = now();
  }

  show(doing: string): void {
    const now = this.#now();
    if (this.#stream.isTTY !== true || now - this.#start < patience || now - this.#last < pause) return;
    this.#last = now;
    this.#isShown = true;
    const seconds = Math.floor((now - this.#start) / 1000);
    this.#stream.write(`\r\x1b[2K${`${doing} … ${seconds} s`.slice(0, (this.#stream.columns ?? 80) - 1)}`);
  }

  clear(): void {
    if (this.#isShown) this.#stream.write("\r\x1b[2K");
    this.#isShown = false;
  }
}

/** Lines of a log: headings bold, what was removed red, what was added green, what was changed yellow. */
export function paintLog(text: string, paint: Painter): string {
  const styles: Readonly<Record<string, Style>> = { "-": "red", "+": "green", "~": "yellow", "/": "bold" };
  const line = (l: string): string => {
    const style = /^(\/)\/ -----|^([-+~]) /.exec(l);
    return style === null ? l : paint(styles[style[1] ?? style[2]], l);
  };
  return text.split("\n").map(line).join("\n");
}
