// Calls: the callee's text is read where it is called, with its parameters as variables.

import { type FunctionMeaning, type Meaning, nothing } from "../state/meaning.ts";
import type { Element, FunctionNode } from "../syntax/tree.ts";
import { declare, initialize } from "./declare.ts";
import { arrive } from "./paths.ts";
import type { Frame, Reading } from "./reading.ts";

/** Reads a function's body with arguments; gives what it returns. */
export function call(x: Reading, f: FunctionMeaning, args: readonly Meaning[], at: number): Meaning {
  const { fn, scope, isGiven = false } = f;
  const given = x.frames.findLastIndex((frame) => frame.isGiven);
  if (x.frames.some((frame, i) => i >= given && frame.fn === fn))
    x.fail("unsupported", at, `'${fn.name}' calls itself, which is not compiled`, "write a loop");
  const [before, outer, jumps] = [x.path, x.scope, x.jumps];
  x.path = { isAlive: true, pending: new Set() };
  x.jumps = [];
  const result = x.scoped(scope, () => {
    bind(x, fn, args, at);
    return body(x, fn, isGiven);
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
    const m = isGiven ? given : fallback(x, fn, p, at);
    initialize(x, p.pattern, m.kind === "function" ? { ...m, isGiven: true } : m);
  }
}

function fallback(x: Reading, fn: FunctionNode, p: Element, at: number): Meaning {
  if (p.fallback !== null) return x.verbs.evaluate(x, p.fallback);
  const name = p.pattern.kind === "name" ? `'${p.pattern.name}'` : "a parameter";
  return x.fail("arity", at, `'${fn.name}': ${name} is missing`, "pass it, or give it a default");
}

/** The body of a function whose parameters are bound. */
export function body(x: Reading, fn: FunctionNode, isGiven = false): Meaning {
  const [result, returns] = [x.location("result", "guarded"), x.target("returned")];
  const frame: Frame = { fn, result, returns, isGiven, hasResult: false };
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
  arrive(x, [returns], before);
  const m = x.state.read(result) ?? nothing;
  x.state.write(result, undefined);
  return m;
}
