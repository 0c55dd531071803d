// Which public function the user called: operations and errors have the line of that call.

/** A public function: origins are the lines that call it. */
export type Boundary = (...args: never[]) => unknown;

let outermost: Boundary | null = null;

/** The public function that runs, of those called one inside the other the outermost; `boundary` where none is noted. */
export function outermostOf(boundary: Boundary): Boundary {
  return outermost ?? boundary;
}

/** Runs `body`, whose operations have the line that called `boundary` as origin. It must not run users' functions. */
export function calledAs<T>(boundary: Boundary, body: () => T): T {
  const before = outermost;
  outermost ??= boundary;
  try {
    return body();
  } finally {
    outermost = before;
  }
}
