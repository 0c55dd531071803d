// A process that offers rows of a benchmark and answers questions about them, and several of these asked in turn: the ratio of
// their times is then one of the same moment.

import { fork } from "node:child_process";
import { intervalOfMedian } from "./interval.mjs";

/** A process that runs a script, of Node or of another program that speaks lines of JSON, and answers questions. */
export class Side {
  #messages = [];
  #waiting;
  #ended = false;
  #child;
  /** What came instead of a time. */
  #after;

  constructor({ script, flags = [], env = {}, program = process.execPath }) {
    const stdio = ["ignore", "ignore", "inherit", "ipc"];
    this.#child = fork(script, [], { execPath: program, execArgv: flags, env: { ...process.env, ...env }, stdio });
    this.#child.on("message", (message) => this.#take(message));
    this.#child.on("exit", () => this.#take({ ended: true }));
    this.#child.on("error", () => this.#take({ ended: true }));
  }

  #take(message) {
    if (this.#waiting === undefined) this.#messages.push(message);
    else this.#waiting(message);
    this.#waiting = undefined;
  }

  async next() {
    if (this.#ended) return { ended: true };
    const message =
      this.#messages.shift() ??
      (await new Promise((resolve) => {
        this.#waiting = resolve;
      }));
    this.#ended = message.ended === true;
    return message;
  }

  /** The milliseconds of a call of the row that is offered; an error there ends the row. */
  async time(question) {
    this.#child.send(question);
    const message = await this.next();
    if (message.ms !== undefined) return message.ms;
    this.#after = message;
    throw new Error(message.failed ?? "the process ended");
  }

  /** Ends the row that is offered, and gives what comes next. */
  advance() {
    const after = this.#after;
    this.#after = undefined;
    if (after !== undefined) return after;
    this.#child.send("next");
    return this.next();
  }

  end() {
    this.#child.kill();
  }
}

/** What the first side takes / what another takes, round by round. */
export const ratiosOf = ([mine, ...others], which = 0) => mine.map((ms, round) => ms / others[which][round]);

/** Rounds that are taken at least of work of so many milliseconds: six are the fewest that have an interval of 95 %. */
const fewestOf = (longest) => (longest > 2000 ? 6 : longest > 300 ? 15 : 21);

/**
 * The times of sides that have settled in so many milliseconds each, asked in turn; who comes first goes round. More are taken
 * while the interval of a ratio is wide, as on a busy machine, within a few seconds: how wide it is says nothing of where it lies.
 */
export async function timesInTurn(sides, settled) {
  const times = sides.map(() => []);
  const fewest = fewestOf(Math.max(...settled));
  const start = performance.now();
  const isNarrow = (which) => {
    const { low, high } = intervalOfMedian(ratiosOf(times, which));
    return high / low < 1.04;
  };
  const isSettled = (rounds) => {
    if (rounds < fewest) return false;
    const tooLong = performance.now() - start > 4000 * Math.max(1, sides.length - 1);
    return rounds >= 101 || tooLong || sides.slice(1).every((_, which) => isNarrow(which));
  };
  for (let round = 0; !isSettled(round); round++) {
    for (let k = 0; k < sides.length; k++) {
      const at = (round + k) % sides.length;
      times[at].push(await sides[at].time("sample"));
    }
  }
  return times;
}
