// Functions without their types, for calls that their types refuse.

/** The function, which takes and gives anything. */
export function untyped(f: unknown): (...args: readonly unknown[]) => unknown {
  return f as (...args: readonly unknown[]) => unknown;
}
