// What a module comes to for known sizes: two functions that do the same for them come to the same.

import { constantFolding, cse, deadNodeElimination, inline, passParts } from "../../passes/index.ts";
import type { Module, Type } from "../ir/index.ts";
import { here } from "../parts/index.ts";
import { Pipeline, type Stage } from "../rewrite/index.ts";
import { inReadingOrder } from "./reading-order.ts";
import { runProgramPasses } from "./run-passes.ts";

const group = "simplify";
/** Made where it is asked for, so that a program which never does holds none of these passes. */
const simplify = (): readonly Stage[] => [
  { pass: inline, reason: "functions of a library are made for types that sizes make equal" },
  { pass: deadNodeElimination, reason: "what nothing reads does not count", group },
  { pass: passParts.canonicalize, reason: "an identity may be seen when the size is known", group },
  { pass: constantFolding, reason: "a dimension is a number now", group },
  { pass: cse, reason: "what is computed twice is computed once", group },
];

/**
 * The module with the function `entry` for arguments of these types, simplified, its operations in the order in which they
 * are read; transforms are not resolved.
 */
export function simplifyFor(module: Module, entry: string, types: readonly Type[]): Module {
  const bound = here.refineTo === null ? [] : [{ pass: here.refineTo(entry, types), reason: "every size is known" }];
  return inReadingOrder(runProgramPasses(module, new Pipeline([...bound, ...simplify()])).module);
}
