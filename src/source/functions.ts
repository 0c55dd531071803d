// Calls: the callee's text is read where it is called, with its parameters as variables.

import { declare, initialize } from "./declare.ts";
import { type Meaning, nothing } from "./meaning.ts";
import { arrive } from "./paths.ts";
import type { Frame, Reading } from "./reading.ts";
import type { Scope } from "./scope.ts";
import type { Element, FunctionNode } from "./tree.ts";

/** Reads a function's body with arguments; gives what it returns. */
export function call(x: Reading, fn: FunctionNode, scope: Scope, args: readonly Meaning[], at: number): Meaning {
  if (x.frames.some((f) => f.fn === fn))
    x.fail("unsupported", at, `'${fn.name}' calls itself, which is not compiled`, "write a loop");
  const [before, outer, jumps] = [x.path, x.scope, x.jumps];
  x.path = { isAlive: true, pending: new Set() };
  x.jumps = [];
  const result = x.scoped(scope, () => {
    bind(x, fn, args, at);
    return body(x, fn);
  });
  [x.path, x.scope, x.jumps] = [before, outer, jumps];
  x.at(at);
  return result;
}

function bind(x: Reading, fn: FunctionNode, args: readonly Meaning[], at: number): void {
  const { parameters } = fn;
  if (args.length > parameters.length)
    x.fail(
      "arity",
      at,
      `'${fn.name}' takes ${parameters.length} argument${parameters.length === 1 ? "" : "s"}, and gets ${args.length}`,
    );
  for (const p of parameters) declare(x, p.pattern, false);
  for (const [i, p] of parameters.entries()) {
    const given = args[i];
    const isGiven = given !== undefined && given.kind !== "nothing";
    initialize(x, p.pattern, isGiven ? given : fallback(x, fn, p, at));
  }
}

function fallback(x: Reading, fn: FunctionNode, p: Element, at: number): Meaning {
  if (p.fallback !== null) return x.verbs.evaluate(x, p.fallback);
  const name = p.pattern.kind === "name" ? `'${p.pattern.name}'` : "a parameter";
  return x.fail("arity", at, `'${fn.name}': ${name} is missing`, "pass it, or give it a default");
}

/** The body of a function whose parameters are bound. */
export function body(x: Reading, fn: FunctionNode): Meaning {
  const frame: Frame = { fn, result: x.location("result", "guarded"), returns: x.target("returned"), hasResult: false };
  x.frames = [...x.frames, frame];
  const before = x.path;
  x.verbs.executeBlock(x, fn.body);
  x.frames = x.frames.slice(0, -1);
  if (frame.hasResult && x.path.isAlive)
    x.fail(
      "unsupported",
      fn.at,
      `'${fn.name}' returns a value on some paths, and none on others`,
      "return one at its end",
    );
  arrive(x, [frame.returns], before);
  const result = x.state.read(frame.result) ?? nothing;
  x.state.write(frame.result, undefined);
  return result;
}
