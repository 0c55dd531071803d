// adjoint grad: IR of a function with its gradient, optimised.

import { tensorPipeline } from "../../passes/index.ts";
import { runPasses } from "../compile/index.ts";
import {
  boundByName,
  buildFunc,
  type Func,
  fail,
  type Module,
  makeModule,
  printModule,
  requireFunc,
  signatureOf,
  type Value,
} from "../ir/index.ts";
import { constantLike, isFloatType, vjp } from "../ops/index.ts";
import { type Command, jsonOption } from "./command.ts";
import { isTypeScript, readModule, UsageError } from "./io.ts";
import { jsonText } from "./json.ts";

interface Values {
  readonly wrt?: string;
  readonly json?: boolean;
}

export const grad: Command<Values> = {
  name: "grad",
  usage: "FILE|- @func [options]",
  summary: "Prints IR that gives a function's results and its gradient, optimised.",
  help: "The results of @func, then the cotangents of its arguments for a cotangent of 1 to each float result.",
  options: [
    {
      flags: "--wrt <0,1>",
      what: "the arguments to differentiate with respect to; all of float dtype where left out",
    },
    { ...jsonOption, what: "the module's text in JSON, as opt gives it; errors, too" },
  ],
  examples: [
    ["adjoint grad model.ir @loss", "with respect to all arguments of floats"],
    ["adjoint grad loss.ts @loss --wrt 0", "with respect to the first parameter of a function of TypeScript"],
  ],
  async run(words, values, io) {
    if (words.length !== 2 || !words[1].startsWith("@")) throw new UsageError("expected FILE and @func");
    const path = words[0];
    const name = words[1].slice(1);
    const { module } = await readModule(path, io, isTypeScript(path) ? name : undefined);
    const wrt = values.wrt?.split(",").map((n) => {
      if (!/^\s*\d+\s*$/.test(n)) throw new UsageError(`--wrt is '${values.wrt}', expected argument numbers like 0,1`);
      return Number(n);
    });
    const { module: result } = runPasses(withGradient(module, name, wrt), tensorPipeline);
    const text = printModule(result);
    io.out(values.json ? jsonText({ module: text }) : text);
  },
};

/** The functions made private, and a public `<name>_grad` that calls the vjp of one. */
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
      return vjp(signature, args, ones, wrt, boundByName(func.symbols));
    },
  );
  // functions that nobody asked for go with the passes
  return makeModule([...module.funcs.map((f): Func => Object.freeze({ ...f, visibility: "private" })), gradient]);
}
