// Fewer operations: first halves of a function's operations go, then quarters, in the end single ones (Zeller and Hildebrandt,
// "Simplifying and Isolating Failure-Inducing Input", 2002); regions and callees take the place of what holds or calls them.

import {
  type Attributes,
  type Block,
  BlockBuilder,
  bindingsOf,
  bindSymbols,
  Cloner,
  calleeOf,
  type Func,
  FuncScope,
  findFunc,
  groupOf,
  type Module,
  makeOperation,
  type Op,
  type Operation,
  sameType,
  signatureOf,
  walk,
} from "../../ir/index.ts";
import { callOp } from "../../ops/index.ts";
import { attempted, type Edit, isCalled, type Place, rebuilt, type Step, type Substitute, withFunc } from "./body.ts";

/** What a module costs: operations, constants half. A step that takes operations away has to make it less. */
function costOf(module: Module): number {
  let cost = 0;
  for (const func of module.funcs) walk(func.body, ({ op }) => void (cost += op.traits.constant ? 1 : 2));
  return cost;
}

/** The ops of which the function has more than one operation. */
function opsIn(func: Func | undefined): readonly Op[] {
  const counts = new Map<Op, number>();
  if (func !== undefined) walk(func.body, ({ op }) => void counts.set(op, (counts.get(op) ?? 0) + 1));
  return [...counts].flatMap(([op, count]) => (count > 1 ? [op] : []));
}

function countIn(func: Func | undefined): number {
  let count = 0;
  if (func !== undefined) walk(func.body, () => count++);
  return count;
}

/** For several operations at once; a single one is tried in more ways. */
const ofMany: readonly Substitute[] = ["argument", "earlier"];
const ofOne: readonly Substitute[] = ["operand", "argument", "earlier", "constant"];

/** Large parts of the operations go, down to an eighth: programs that take long get short with few tries. */
export const largeParts: Step = function* (module, entry) {
  for (const { name } of inOrder(module, entry)) {
    const count = countIn(findFunc(module, name));
    for (const share of [2, 4, 8]) module = yield* withoutParts(module, name, Math.ceil(count / share));
  }
};

/** All operations of one op go, and then parts of all, half of them first, in the end single ones. */
export const fewerOperations: Step = function* (module, entry) {
  for (const { name } of inOrder(module, entry)) {
    // of operations that are compared with one another, all or none may go
    for (const op of opsIn(findFunc(module, name))) {
      for (const how of ofMany) {
        const smaller = without(module, name, (o) => o.op === op, how);
        const taken = smaller === null ? null : yield smaller;
        if (taken === null) continue;
        module = taken;
        break;
      }
    }
    for (let size = Math.ceil(countIn(findFunc(module, name)) / 2); size > 1; size = Math.ceil(size / 2))
      module = yield* withoutParts(module, name, size);
    module = yield* withoutParts(module, name, 1);
  }
};

/** So many neighbouring operations of a function go at a time, from the last to the first; gives what is left. */
function* withoutParts(module: Module, name: string, size: number): Generator<Module, Module, Module | null> {
  for (let end = countIn(findFunc(module, name)); end > 0; end -= size) {
    for (const how of size === 1 ? ofOne : ofMany) {
      const smaller = without(module, name, (_, number) => number >= end - size && number < end, how);
      const taken = smaller === null ? null : yield smaller;
      if (taken === null) continue;
      module = taken;
      break;
    }
  }
  return module;
}

/** The entry first: what it does not need takes other functions with it. */
export function inOrder(module: Module, entry: string): readonly Func[] {
  return [...module.funcs].sort((a, b) => Number(b.name === entry) - Number(a.name === entry));
}

/** The module without some of a function's operations; null where that makes it no smaller. */
function without(
  module: Module,
  name: string,
  isMeant: (operation: Operation, number: number) => boolean,
  how: Substitute,
): Module | null {
  const func = findFunc(module, name);
  if (func === undefined) return null;
  const mayTakeMore = !isCalled(module, func.name);
  if (how === "argument" && !mayTakeMore) return null;
  return edited(module, func, (operation, number, place) => {
    if (!isMeant(operation, number)) return false;
    for (const v of operation.results) place.replace(v, place.substitute(v, how, operation.operands));
    return true;
  });
}

/** The module with operations of a function replaced; null where that makes it no smaller. */
function edited(module: Module, func: Func, edit: Edit): Module | null {
  // memory, and a tensor whose rank is not known, have no constant that could stand for them
  const smaller = attempted(() => withFunc(module, rebuilt(func, !isCalled(module, func.name), edit)));
  return smaller !== null && costOf(smaller) < costOf(module) ? smaller : null;
}

/** The operations of a region in place of the operation that holds it. */
export const regionsInstead: Step = function* (module, entry) {
  for (const { name } of inOrder(module, entry)) {
    for (let at = 0; ; at++) {
      const func = findFunc(module, name);
      const operation = func === undefined ? undefined : operationAt(func, at);
      if (func === undefined || operation === undefined) break;
      for (const k of operation.regions.keys()) {
        const smaller = edited(module, func, (found, number, place) => {
          if (number !== at) return false;
          spliceRegion(found, found.regions[k], place);
          return true;
        });
        const taken = smaller === null ? null : yield smaller;
        if (taken === null) continue;
        module = taken;
        at--;
        break;
      }
    }
  }
};

function operationAt(func: Func, at: number): Operation | undefined {
  let found: Operation | undefined;
  let number = 0;
  walk(func.body, (operation) => {
    if (number++ === at) found = operation;
  });
  return found;
}

/** Arguments of the region are the operands of their types, or arguments of the function. */
function spliceRegion({ operands, results }: Operation, region: Block, place: Place): void {
  for (const [i, a] of region.arguments.entries()) {
    const bound = operands[i];
    place.replace(a, bound !== undefined && sameType(bound.type, a.type) ? bound : place.substitute(a, "argument"));
  }
  const yielded = place.splice(region);
  for (const [i, r] of results.entries()) {
    const inner = yielded[i];
    place.replace(r, inner !== undefined && sameType(inner.type, r.type) ? inner : place.substitute(r, "argument"));
  }
}

/** Plain calls in place of derivatives: what they give beside the function's results goes. */
export const callsInstead: Step = function* (module, entry) {
  for (const { name } of inOrder(module, entry)) {
    for (let at = 0; ; at++) {
      const func = findFunc(module, name);
      const operation = func === undefined ? undefined : operationAt(func, at);
      if (func === undefined || operation === undefined) break;
      const callee = operation.op.traits.transform ? findFunc(module, calleeOf(operation) ?? "") : undefined;
      if (callee === undefined || operation.op.groups.length < 2) continue;
      const called = calledAt(module, func, at, callee);
      const taken = called === null ? null : yield called;
      if (taken !== null) module = taken;
    }
  }
};

function calledAt(module: Module, func: Func, at: number, callee: Func): Module | null {
  return attempted(() => {
    const scope = new FuncScope(func.constraints, (name) => (name === callee.name ? signatureOf(callee) : null), false);
    const smaller = rebuilt(func, !isCalled(module, func.name), (operation, number, place) => {
      if (number !== at) return false;
      const bindings = { bindings: bindingsOf(operation) };
      const attributes = { callee: callee.name, bindings };
      const call = makeOperation<Attributes>(
        callOp,
        groupOf(operation, "arguments"),
        { attributes },
        scope,
        operation.origin,
      );
      place.append(call);
      for (const [i, r] of operation.results.entries())
        place.replace(r, call.results[i] ?? place.substitute(r, "argument"));
      return true;
    });
    return withFunc(module, smaller);
  });
}

/** The operations of what is called in place of the call. */
export const calleesInstead: Step = function* (module, entry) {
  for (const { name } of inOrder(module, entry)) {
    for (let at = 0; ; at++) {
      const func = findFunc(module, name);
      const operation = func === undefined ? undefined : operationAt(func, at);
      if (func === undefined || operation === undefined) break;
      const callee = operation.op.traits.transform ? undefined : findFunc(module, calleeOf(operation) ?? "");
      if (callee === undefined || callee === func) continue;
      const inlined = attempted(() => inlinedAt(func, at, callee));
      const smaller = inlined === null ? null : withFunc(module, inlined);
      const taken = smaller === null ? null : yield smaller;
      if (taken === null) continue;
      module = taken;
      at--;
    }
  }
};

function inlinedAt(func: Func, at: number, callee: Func): Func {
  return rebuilt(func, false, (operation, number, place) => {
    if (number !== at) return false;
    const types = operation.operands.map((v) => v.type);
    const bound = bindSymbols(signatureOf(callee), types, bindingsOf(operation));
    const builder = new BlockBuilder(new FuncScope());
    const values = new Cloner(bound, operation.origin).inline(callee.body, operation.operands, builder);
    for (const made of builder.operations) place.append(made);
    for (const [i, r] of operation.results.entries()) place.replace(r, values[i]);
    return true;
  });
}
