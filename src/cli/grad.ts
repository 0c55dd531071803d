// adjoint grad: IR of a function with its gradient, optimised.

import { tensorPipeline } from "../../passes/index.ts";
import { runPasses } from "../compile/index.ts";
import {
  buildFunc,
  type Func,
  fail,
  type Module,
  makeModule,
  printModule,
  requireFunc,
  signatureOf,
  symbol,
  type Value,
} from "../ir/index.ts";
import { constantLike, isFloatType, vjp } from "../ops/index.ts";
import { type Command, isTypeScript, readModule, readOptions, UsageError } from "./io.ts";

const options = { wrt: { type: "string" }, json: { type: "boolean", default: false } } as const;

export const grad: Command = {
  name: "grad",
  usage: "grad FILE|- @func [--wrt 0,1] [--json]",
  summary: "Prints IR that gives a function's results and its gradient, optimised.",
  help: `The results of @func, then the cotangents of its arguments for a cotangent of 1 to each float result.

  --wrt 0,1             the arguments to differentiate with respect to; all of float dtype where left out
  --json                the module's text in JSON, as opt gives it`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, options);
    if (positionals.length !== 2 || !positionals[1].startsWith("@")) throw new UsageError("expected FILE and @func");
    const path = positionals[0];
    const name = positionals[1].slice(1);
    const { module } = await readModule(path, io, isTypeScript(path) ? name : undefined);
    const wrt = values.wrt?.split(",").map((n) => {
      if (!/^\s*\d+\s*$/.test(n)) throw new UsageError(`--wrt is '${values.wrt}', expected argument numbers like 0,1`);
      return Number(n);
    });
    const { module: result } = runPasses(withGradient(module, name, wrt), tensorPipeline);
    const text = printModule(result);
    io.out(values.json ? `${JSON.stringify({ module: text }, null, 2)}\n` : text);
  },
};

/** The function made private, and a public `<name>_grad` that calls its vjp. */
export function withGradient(module: Module, name: string, wrt: readonly number[] | undefined): Module {
  const func = requireFunc(module, name);
  if (!func.body.results.some((r) => isFloatType(r.type)))
    fail("no-derivative", `@${name} has no result of float dtype`);
  const count = func.body.arguments.length;
  const outside = wrt?.find((n) => n >= count);
  if (outside !== undefined) {
    fail("argument", `--wrt names argument ${outside}, @${name} has ${count}`, { hint: "arguments count from 0" });
  }
  const taken = new Set(module.funcs.map((f) => f.name));
  let fresh = `${name}_grad`;
  while (taken.has(fresh)) fresh += "_";
  const signature = signatureOf(func);
  const gradient = buildFunc(
    {
      name: fresh,
      symbols: func.symbols,
      constraints: func.constraints,
      origin: func.origin,
      argumentNames: func.body.arguments.map((a) => a.name),
      signature: (callee) => (callee === name ? signature : null),
    },
    signature.arguments,
    (...args: Value[]) => {
      const ones = func.body.results.filter((r) => isFloatType(r.type)).map((r) => constantLike(1, r));
      return vjp(signature, args, ones, wrt, Object.fromEntries(func.symbols.map((s) => [s, symbol(s)])));
    },
  );
  const callee: Func = Object.freeze({ ...func, visibility: "private" as const });
  return makeModule([...module.funcs.map((f) => (f === func ? callee : f)), gradient]);
}
