// Who may write to which memory: only to what the function makes, and to arguments whose roles say so. Memory that a call
// writes to overlaps nothing else that the call passes, whichever way branches go, so that two storages never overlap.

import { ValueSet } from "../data/value-map.ts";
import { counted } from "../diagnostics/counted.ts";
import { fail } from "../diagnostics/errors.ts";
import type { Origin } from "../diagnostics/origin.ts";
import { ownEffects } from "../module/effects.ts";
import { type Func, groupOf, isWritten, type Operation, type Signature, type Value } from "../module/module.ts";
import { printFuncName, printValueName } from "../module/names.ts";
import { Storages } from "../module/storage.ts";
import { calleeOf, walk } from "../module/walk.ts";
import { isScalar, printType, sameType } from "../types/type.ts";
import { Choices } from "./choices.ts";
import { checkRegions } from "./verify-regions.ts";

/** Fails (code `structure`) where the roles of the function's arguments do not allow what its body does. */
export function checkMemory(func: Func, signature: (name: string) => Signature | null): void {
  const { roles, body, origin } = func;
  if (roles.length !== body.arguments.length) {
    fail(
      "structure",
      `it has ${counted(roles.length, "role")}, expected ${body.arguments.length}, one for each argument`,
      { hint: "use makeFunc" },
    );
  }
  for (const [i, v] of body.arguments.entries()) {
    if (!isWritten(roles[i]) || v.type.kind === "memref" || (roles[i] === "inout" && isTensor(v))) continue;
    fail("structure", `${nameOf(v)} is ${roles[i]} and has type ${printType(v.type)}, expected memref<…>`, { origin });
  }
  checkFinalContents(func);
  const writes = new Writes(func);
  walk(body, (operation) => {
    writes.define(operation);
    if (operation.op.regions.some((region) => region.readsOnly)) checkRegions(operation, writes.storages);
    if (operation.op.effects.writes.length > 0)
      for (const v of ownEffects(operation).writes) writes.check(operation, v);
    const callee = calleeOf(operation);
    const called = callee === null ? null : signature(callee);
    if (called?.roles.some(isWritten)) checkCall(operation, called, writes);
  });
}

/** A tensor whose memory the function may change: in call by value it is the last of the results that says what it becomes. */
function checkFinalContents({ body, roles, origin }: Func): void {
  const written = body.arguments.filter((v, i) => roles[i] === "inout" && v.type.kind === "tensor");
  const results = body.results.slice(-written.length);
  for (const [k, v] of written.entries()) {
    const type = results.length < written.length ? undefined : results[k].type;
    if (type !== undefined && sameType(type, v.type)) continue;
    const got = type === undefined ? `${counted(body.results.length, "result")} in all` : printType(type);
    const which =
      written.length === 1 ? "the last result" : `the result that is number ${written.length - k} from the end`;
    fail(
      "structure",
      `${nameOf(v)} is inout: got ${got} for ${which}, expected its contents in the end, ${printType(v.type)}`,
      {
        origin,
      },
    );
  }
}

function isTensor({ type }: Value): boolean {
  return type.kind === "tensor" && !isScalar(type);
}

function checkCall(operation: Operation, { name, roles }: Signature, writes: Writes): void {
  const { op, operands, origin } = operation;
  const given = op.groups.includes("arguments") ? groupOf(operation, "arguments") : operands;
  for (const [i, v] of given.entries()) {
    if (!isWritten(roles[i]) || v.type.kind !== "memref") continue;
    writes.check(operation, v);
    const other = given.findIndex((w, k) => k !== i && w.type.kind === "memref" && writes.mayBeSame(v, w));
    if (other < 0) continue;
    const is = writes.areSame(v, given[other]) ? "is" : "may be";
    const reason = `${op.name}: argument ${i} of ${printFuncName(name)} is ${roles[i]}, and argument ${other} ${is} the same memory`;
    fail("structure", `${reason}, expected memory of its own`, { origin });
  }
}

class Writes {
  readonly storages: Storages;
  readonly #func: Func;
  readonly #constants = new ValueSet();
  readonly #choices = new Choices();

  constructor(func: Func) {
    this.#func = func;
    this.storages = new Storages(func.body);
  }

  define(operation: Operation): void {
    const { op, results } = operation;
    this.#choices.define(operation);
    if (op.traits.constant) for (const v of results) if (v.type.kind === "memref") this.#constants.add(v);
  }

  check({ op, origin }: Operation, memory: Value): void {
    const storages = this.storages.of(memory);
    if (storages !== "any") for (const storage of storages) this.#requireWritable(op.name, storage, origin);
  }

  #requireWritable(by: string, storage: Value, origin: Origin | null): void {
    const { body, roles } = this.#func;
    if (this.#constants.has(storage))
      fail("structure", `${by}: it writes to a constant, expected other memory`, { origin });
    const i = body.arguments.indexOf(storage);
    if (i < 0 || isWritten(roles[i])) return;
    fail(
      "structure",
      `${by}: it writes to argument ${nameOf(storage)}, whose role is in, expected out, inout or zeroed`,
      {
        origin,
        hint: `write ${nameOf(storage)}: inout ${printType(storage.type)}`,
      },
    );
  }

  /** Whether two values are in one storage, or would be if branches went some other way. */
  mayBeSame(a: Value, b: Value): boolean {
    return this.areSame(a, b) || (this.storages.mayOverlap(a, b) && this.#choices.mayBeOne(a, b));
  }

  /** Whether two values are in one storage whichever way the function runs: buffers that a loop swaps never are. */
  areSame(a: Value, b: Value): boolean {
    const [left, right] = [this.storages.of(a), this.storages.of(b)];
    return left.length === 1 && right.length === 1 && left !== "any" && left[0] === right[0];
  }
}

function nameOf({ name }: Value): string {
  return name === null ? "without a name" : printValueName(name);
}
