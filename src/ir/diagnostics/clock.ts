// The time that passes and compilations take.

/** What Node, Deno and Bun have at hand; Node loads what is behind `performance` when it is first asked for. */
interface Host {
  readonly process?: { hrtime?(): readonly [seconds: number, nanoseconds: number] };
}

/** Milliseconds since some moment. */
export function now(): number {
  const time = (globalThis as Host).process?.hrtime?.();
  return time === undefined ? performance.now() : time[0] * 1e3 + time[1] / 1e6;
}
