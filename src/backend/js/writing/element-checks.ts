// Arrays of the user's whose elements generated code checks itself, wherever it reads or writes them: nobody has to look at all
// of them before the call.

import {
  accessOf,
  calleeOf,
  type Func,
  findFunc,
  groupOf,
  indexDim,
  type Module,
  type Operation,
  positionOf,
  sameDim,
  type Value,
  ValueMap,
  ValueSet,
  walk,
} from "../../../ir/index.ts";
import { isOwn } from "../../../ops/index.ts";

export class ElementChecks {
  readonly #module: Module;
  /** The parameters of functions that may be such arrays: memory that is used at subscripts that it bounds itself, and not else. */
  readonly #parameters = new ValueMap<boolean>();
  readonly #checked = new ValueSet();
  /** The positions of the entry's arguments that are such arrays. */
  readonly arguments: ReadonlySet<number>;

  constructor(module: Module, entry: Func) {
    this.#module = module;
    const all = entry.body.arguments;
    this.#learn(entry);
    this.arguments = new Set([...all.keys()].filter((i) => this.#parameters.get(all[i]) === true));
    for (const i of this.arguments) this.#mark(entry, all[i]);
  }

  /** Whether memory is such an array. */
  has(memory: Value): boolean {
    return this.#checked.has(memory);
  }

  /** Finds out of which parameters of a function elements are read and written at subscripts only. */
  #learn({ body }: Func): void {
    const open = new Set<Value>();
    for (const v of body.arguments) {
      const isArray = v.type.kind === "memref" && v.type.dtype === "f64";
      this.#parameters.set(v, isArray);
      if (isArray) open.add(v);
    }
    if (open.size === 0) return;
    const refuse = (v: Value): void => {
      if (open.delete(v)) this.#parameters.set(v, false);
    };
    const bounds = new ValueMap<Value>();
    walk(body, (operation) => {
      const { operands, results } = operation;
      if (open.size === 0 || !operands.some((v) => open.has(v))) return;
      if (isOwn(operation.op, "subscript")) {
        for (const memory of groupOf(operation, "memory")) bounds.set(results[0], memory);
        return;
      }
      if (isBounded(operation, bounds)) return;
      const callee = calleeOf(operation);
      for (const [i, v] of operands.entries()) if (callee === null || !this.#takes(callee, i)) refuse(v);
    });
    body.results.forEach(refuse);
  }

  /** Whether a function reads and writes its argument at subscripts only. */
  #takes(callee: string, i: number): boolean {
    const func = findFunc(this.#module, callee);
    const parameter = func?.body.arguments[i];
    if (func === undefined || parameter === undefined) return false;
    if (!this.#parameters.has(parameter)) this.#learn(func);
    return this.#parameters.get(parameter) === true;
  }

  /** Marks a parameter, and those of called functions to which it is passed. */
  #mark({ body }: Func, parameter: Value): void {
    if (this.#checked.has(parameter)) return;
    this.#checked.add(parameter);
    walk(body, (operation) => {
      const callee = calleeOf(operation);
      const func = callee === null ? undefined : findFunc(this.#module, callee);
      if (func === undefined) return;
      for (const [i, v] of operation.operands.entries()) if (v === parameter) this.#mark(func, func.body.arguments[i]);
    });
  }
}

/** Whether an element is read or written at a subscript that the memory itself bounds. */
function isBounded(operation: Operation, bounds: ValueMap<Value>): boolean {
  const access = accessOf(operation);
  if (access === null) return false;
  return operation.operands.some(
    (v) => bounds.get(v) === access.memory && sameDim(positionOf(access, operation), indexDim(v)),
  );
}
