// Branches, and the bodies of loops, which break where a branch settles that there is no next step.

import { type Block, isScalar, type Operation, type Value } from "../../ir/index.ts";
import { ifOp, pushOp } from "../../ops/index.ts";
import type { Scope } from "./text.ts";
import type { FunctionWriter } from "./writer.ts";

export function emitIf(w: FunctionWriter, operation: Operation, scope: Scope): void {
  writeIf(w, operation, scope, (region, inner, yields) => {
    w.block(region, inner);
    yields(inner);
  });
}

/** `write` writes a branch, and has what it yields assigned at its end. */
function writeIf(
  w: FunctionWriter,
  { operands, regions, results, op }: Operation,
  scope: Scope,
  write: (region: Block, inner: Scope, yields: (end: Scope, needed?: ReadonlySet<Value>) => void) => void,
): void {
  const own = [...results.keys()].filter((i) => w.facts.canonical(results[i]) === results[i]);
  for (const i of own) scope.lines.push(`let ${w.define(results[i], scope, op.name)};`);
  const [then, otherwise] = regions.map((region) => {
    const inner = scope.child();
    write(region, inner, (end, needed) => {
      for (const i of own)
        if (needed?.has(results[i]) !== false)
          end.lines.push(`${w.atom(results[i], scope)} = ${w.atom(region.results[i], end)};`);
    });
    return inner.lines;
  });
  scope.lines.push(`if (${w.atom(operands[0], scope)}) {`, then);
  if (otherwise.length > 0) scope.lines.push("} else {", otherwise);
  scope.lines.push("}");
  for (const i of own) w.spill(results[i], scope);
}

// ---- bodies of loops ------------------------------------------------------------------------------------------------

/** A loop as its body sees it. */
export interface Exit {
  /** The body's results of which one that is true makes the loop's condition false. */
  readonly flags: readonly Value[];
  /** What `leave` reads. */
  readonly needed: ReadonlySet<Value>;
  /** About how many lines `leave` writes. */
  readonly length: number;
  /** Writes the end of a step that has no next one. */
  leave(scope: Scope): void;
}

/** What stands behind the branch at the end of a body is written again where the branch leaves, up to so many lines. */
const longest = 32;

/** Writes the body of a loop; where the branch at its end sets a flag, the loop is left there and then. */
export function writeBody(w: FunctionWriter, body: Block, scope: Scope, exit: Exit): void {
  const at = exit.flags.length === 0 ? -1 : body.operations.findLastIndex(({ op }) => op === ifOp);
  const behind = body.operations.slice(at + 1);
  const branch = body.operations[at];
  const length = at < 0 ? Infinity : exit.length + behind.length + branch.results.length;
  if (length > longest || !behind.every(isRepeatable)) {
    w.block(body, scope);
    return;
  }
  const write = (operations: readonly Operation[], to: Scope): void => w.block({ ...body, operations }, to);
  write(body.operations.slice(0, at), scope);
  const last = neededFor(behind, exit.needed);
  writeIf(w, branch, scope, (region, inner, yields) => {
    const leave = (end: Scope): void => {
      yields(end, last.needed);
      write(last.operations, end);
      exit.leave(end);
    };
    const within = exitWithin(branch, region, exit.flags, { needed: last.needed, length, leave });
    if (within.flags.some((v) => w.facts.literal(v) === "true")) {
      w.block(region, inner);
      leave(inner);
    } else {
      writeBody(w, region, inner, within);
      yields(inner);
    }
  });
  write(behind, scope);
}

function isRepeatable({ op, results }: Operation): boolean {
  const isElementwise = op.effect === "pure" && op.scalar !== null;
  return op === pushOp || ((isElementwise || op.traits.constant) && isScalar(results[0].type));
}

/** Of operations on numbers and tapes, those that these values follow from, or tapes; and all that they and those read. */
function neededFor(
  operations: readonly Operation[],
  values: ReadonlySet<Value>,
): Pick<Exit, "needed"> & Pick<Block, "operations"> {
  const needed = new Set(values);
  const kept: Operation[] = [];
  for (const operation of operations.toReversed()) {
    if (operation.op !== pushOp && !operation.results.some((r) => needed.has(r))) continue;
    for (const v of operation.operands) needed.add(v);
    kept.unshift(operation);
  }
  return { needed, operations: kept };
}

/** The exit as a region of the branch sees it, whose results are what the region yields. */
function exitWithin({ results }: Operation, region: Block, flags: readonly Value[], outer: Omit<Exit, "flags">): Exit {
  const yielded = (v: Value): Value => region.results[results.indexOf(v)] ?? v;
  const needed = new Set(outer.needed);
  for (const [i, r] of results.entries()) if (outer.needed.has(r)) needed.add(region.results[i]);
  return { ...outer, flags: flags.map(yielded), needed };
}
