// A module → its text.

import { calleesFirst, calleesOf, type Func, type Module, requireFunc } from "../../../ir/index.ts";
import { ModuleText } from "./module-text.ts";
import { type Emitter, FunctionWriter } from "./writer.ts";

/** Writes `entry` and the functions it calls, callees first, each operation by `emit`; behind them `further` ones. */
export function generate(module: Module, entry: string, emit: Emitter, further: readonly Func[] = []): ModuleText {
  const funcs = reachable(module, entry);
  const text = new ModuleText(module, requireFunc(module, entry), [...funcs, ...further]);
  for (const func of [...funcs, ...further]) text.add(new FunctionWriter(text, func, emit).write(func.name === entry));
  return text;
}

function reachable(module: Module, entry: string): readonly Func[] {
  const wanted = new Set([entry]);
  for (const name of wanted) {
    const func = requireFunc(module, name);
    for (const callee of calleesOf(func)) wanted.add(callee);
  }
  return calleesFirst(module).filter((f) => wanted.has(f.name));
}
