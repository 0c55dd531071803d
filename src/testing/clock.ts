// The time that checks take: what this process has computed, so that a busy machine tries as many programs as an idle one.

/** Milliseconds of processor time so far; where no process tells them, as in browsers, those of a clock. */
function computed(): number {
  const usage = globalThis.process?.cpuUsage?.();
  return usage === undefined ? performance.now() : (usage.user + usage.system) / 1000;
}

/** Milliseconds of processor time from now on. */
export class TimeBudget {
  readonly #end: number;
  /** Milliseconds of a clock in which the system is not asked again: some take as long to answer as a small program takes. */
  readonly #pause: number;
  #asked = performance.now();

  constructor(milliseconds: number) {
    this.#end = computed() + milliseconds;
    this.#pause = Math.min(50, milliseconds / 100);
  }

  get isSpent(): boolean {
    const now = performance.now();
    if (now - this.#asked < this.#pause) return false;
    // what is spent stays spent
    const isSpent = computed() > this.#end;
    if (!isSpent) this.#asked = now;
    return isSpent;
  }
}
