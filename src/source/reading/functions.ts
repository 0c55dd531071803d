// Calls are inlined: the callee's body is read at each call, with its parameters as variables.

import { counted } from "../../ir/index.ts";
import { type AbstractFunction, type AbstractValue, nothing } from "../state/abstract-value.ts";
import type { Element, FunctionNode } from "../syntax/tree.ts";
import { arrive } from "./branch.ts";
import { declare, initialize } from "./declare.ts";
import type { Activation, Reading } from "./reading.ts";

/** Reads a function's body with arguments. Returns its result. */
export function call(cx: Reading, f: AbstractFunction, args: readonly AbstractValue[], at: number): AbstractValue {
  const { fn, scope, isGiven = false } = f;
  const given = cx.activations.findLastIndex((activation) => activation.isGiven);
  if (cx.activations.some((activation, i) => i >= given && activation.fn === fn))
    cx.fail("unsupported", at, `'${fn.name}' calls itself, which is not compiled`, "write a loop");
  const [before, outer, jumps] = [cx.path, cx.scope, cx.jumps];
  cx.path = { isAlive: true, pending: new Set() };
  cx.jumps = [];
  const result = cx.scoped(scope, () => {
    bind(cx, fn, args, at);
    return body(cx, fn, isGiven);
  });
  [cx.path, cx.scope, cx.jumps] = [before, outer, jumps];
  cx.at(at);
  return result;
}

function bind(cx: Reading, fn: FunctionNode, args: readonly AbstractValue[], at: number): void {
  const { parameters } = fn;
  if (args.length > parameters.length)
    cx.fail("arity", at, `'${fn.name}' takes ${counted(parameters.length, "argument")}, and gets ${args.length}`);
  for (const p of parameters) declare(cx, p.pattern, false);
  for (const [i, p] of parameters.entries()) {
    const given = args[i];
    const isGiven = given !== undefined && given.kind !== "nothing";
    const m = isGiven ? given : fallback(cx, fn, p, at);
    initialize(cx, p.pattern, m.kind === "function" ? { ...m, isGiven: true } : m);
  }
}

function fallback(cx: Reading, fn: FunctionNode, p: Element, at: number): AbstractValue {
  if (p.fallback !== null) return cx.evaluators.evaluate(cx, p.fallback);
  const name = p.pattern.kind === "name" ? `'${p.pattern.name}'` : "a parameter";
  return cx.fail("arity", at, `'${fn.name}': ${name} is missing`, "pass it, or give it a default");
}

/** Reads the body of a function whose parameters are bound. */
export function body(cx: Reading, fn: FunctionNode, isGiven = false): AbstractValue {
  const [result, returns] = [cx.location("result", "guarded"), cx.jumpTarget("returned")];
  const activation: Activation = { fn, result, returns, isGiven, hasResult: false };
  cx.activations = [...cx.activations, activation];
  const before = cx.path;
  cx.evaluators.executeBlock(cx, fn.body);
  cx.activations = cx.activations.slice(0, -1);
  if (activation.hasResult && cx.path.isAlive)
    cx.fail(
      "unsupported",
      fn.at,
      `'${fn.name}' returns a value on some paths, and none on others`,
      "return one at its end",
    );
  arrive(cx, [returns], before);
  const m = cx.state.read(result) ?? nothing;
  cx.state.write(result, undefined);
  return m;
}
