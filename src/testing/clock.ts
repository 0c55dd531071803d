// The time that checks take: what this process has computed, so that a busy machine tries as many programs as an idle one.

/** Milliseconds of processor time so far; where no process tells them, as in browsers, those of a clock. */
export function milliseconds(): number {
  const usage = globalThis.process?.cpuUsage?.();
  return usage === undefined ? performance.now() : (usage.user + usage.system) / 1000;
}
