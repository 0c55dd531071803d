// Which vmaps take derivatives at one point: all that the batch differs in are tangents or cotangents, as in Jacobians.

import {
  calleeOf,
  calleesFirst,
  calleesOf,
  type Func,
  freeValues,
  funcIn,
  groupOf,
  type Module,
  type Operation,
  ValueSet,
  walk,
} from "../../../src/ir/index.ts";
import { isMap, type MapAttributes, mappedOf } from "../../../src/ops/index.ts";

/**
 * The operations that map a function whose derivatives are all taken where the whole batch is. They wait until these are
 * resolved. None does in a function that is itself differentiated or mapped, since vmap has no derivative; none whose
 * callee loops or branches, since tapes are not batched.
 */
export function atOnePoint(module: Module): ReadonlySet<Operation> {
  const funcs = new Map(module.funcs.map((f) => [f.name, f]));
  const transformed = new Set<string>();
  const waiting = new Set<Operation>();
  for (const func of [...calleesFirst(module)].reverse()) {
    walk(func.body, (operation) => {
      const callee = calleeOf(operation);
      if (callee === null) return;
      if (!transformed.has(func.name) && isMap(operation) && isAtOnePoint(operation, funcs)) {
        waiting.add(operation);
      } else if (operation.op.traits.transform || transformed.has(func.name)) transformed.add(callee);
    });
  }
  return waiting;
}

function isAtOnePoint({ operands, attributes }: Operation<MapAttributes>, funcs: ReadonlyMap<string, Func>): boolean {
  const mapped = mappedOf(attributes, operands.length);
  const callee = funcIn(funcs, attributes.callee);
  let derivatives = 0;
  const isShared = onlyAlong(
    callee,
    callee.body.arguments.filter((_, i) => mapped.includes(i)),
    () => derivatives++,
  );
  return isShared && derivatives > 0 && [...reachedFrom(callee, funcs)].every(isStraight);
}

/** Whether what has the new axis is, where derivatives are taken, tangents and cotangents only. */
function onlyAlong(
  { body }: Func,
  mapped: Iterable<ReturnType<typeof freeValues>[number]>,
  found: () => void,
): boolean {
  const batched = new ValueSet(mapped);
  for (const operation of body.operations) {
    const { op, operands, regions, results } = operation;
    if (op.traits.differentiates) {
      found();
      if (groupOf(operation, "arguments").some((v) => batched.has(v))) return false;
    }
    if (operands.some((v) => batched.has(v)) || freeValues(...regions).some((v) => batched.has(v)))
      for (const r of results) batched.add(r);
  }
  return true;
}

/** A function and all that it calls, transforms included. */
function reachedFrom(func: Func, funcs: ReadonlyMap<string, Func>): ReadonlySet<Func> {
  const reached = new Set([func]);
  // what is called joins behind those that are looked at
  for (const f of reached) for (const name of calleesOf(f)) reached.add(funcIn(funcs, name));
  return reached;
}

function isStraight({ body }: Func): boolean {
  return body.operations.every(({ regions }) => regions.length === 0);
}
