// What is made when it is first asked for: a program that never asks does not pay for it when it starts.

/**
 * A function that gives what `make` does, which it calls once.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function lazy<T>(make: () => T): () => T {
  let isMade = false;
  let made: T;
  return () => {
    if (!isMade) {
      made = make();
      isMade = true;
    }
    return made;
  };
}
