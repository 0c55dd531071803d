// Which functions call which.

import { callsIn } from "./contents.ts";
import { type Func, findFunc, type Module } from "./module.ts";

/** The functions a function calls, each once, in order of first call. */
export function calleesOf({ body }: Func): readonly string[] {
  return [...callsIn(body).keys()];
}

/** Functions ordered so that callees stand before callers; a cycle's members stand in any order. */
export function calleesFirst(module: Module): readonly Func[] {
  const done = new Set<string>();
  const order: Func[] = [];
  for (const root of module.funcs) {
    const stack: { func: Func; callees: readonly string[]; next: number }[] = [];
    const enter = (func: Func): void => {
      if (done.has(func.name)) return;
      done.add(func.name);
      stack.push({ func, callees: calleesOf(func), next: 0 });
    };
    enter(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next === top.callees.length) {
        order.push(top.func);
        stack.pop();
        continue;
      }
      const callee = findFunc(module, top.callees[top.next++]);
      if (callee !== undefined) enter(callee);
    }
  }
  return order;
}
