// Tensors that a block does not define, and whose memory it may write to all the same.

import {
  carriedIn,
  type Func,
  isDirect,
  isInvariantCarry,
  type Loop,
  type Module,
  type Value,
} from "../../../src/ir/index.ts";
import { usersFunctions } from "./lowered.ts";

/** The tensors whose memory a function may change, which is the caller's: where functions of the module call it, none. */
export function ownedArguments(module: Module): (func: Func) => readonly Value[] {
  const mayOwn = module.funcs.some(({ roles }) => roles.includes("inout"));
  const users = mayOwn ? usersFunctions(module) : new Set<Func>();
  return (func) => {
    const isOwned = ({ type }: Value, i: number): boolean => func.roles[i] === "inout" && type.kind === "tensor";
    return users.has(func) ? func.body.arguments.filter(isOwned) : [];
  };
}

/** The tensors that the body of a loop owns: what is carried, null for what comes back unchanged and for scalars. */
export function ownedByBody(loop: Loop): readonly (Value | null)[] {
  const { operation, body } = loop;
  return carriedIn(loop, body).map((v, k) => (isDirect(v.type) || isInvariantCarry(operation, k) ? null : v));
}
