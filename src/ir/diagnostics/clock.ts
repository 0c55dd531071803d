// The time that passes and compilations take.

/** What Node, Deno and Bun have at hand; Node loads what is behind `performance` when it is first asked for. */
interface Host {
  readonly process?: { uptime?(): number };
}

/** Milliseconds since some moment. */
export function now(): number {
  const seconds = (globalThis as Host).process?.uptime?.();
  return seconds === undefined ? performance.now() : seconds * 1000;
}
