// Branches, and the bodies of loops, which break where a branch decides that there is no next iteration.

import { type Block, isPure, isScalar, type Operation, type Value } from "../../../ir/index.ts";
import { isPush } from "../writing/lists.ts";
import { longestLine, type Scope, type Text } from "../writing/text.ts";
import type { FunctionWriter } from "../writing/writer.ts";

export function emitIf(w: FunctionWriter, operation: Operation, scope: Scope): void {
  writeIf(w, operation, scope, (region, inner, yields) => {
    w.block(region, inner);
    yields(inner);
  });
}

/** `write` writes one region; `yields` assigns its results at an end of it. */
function writeIf(
  w: FunctionWriter,
  { operands, regions, results, op }: Operation,
  scope: Scope,
  write: (region: Block, inner: Scope, yields: (end: Scope, needed?: ReadonlySet<Value>) => void) => void,
): void {
  const own = [...results.keys()].filter((i) => w.facts.canonical(results[i]) === results[i]);
  const names = own.map((i) => w.define(results[i], scope, op.name));
  const declared = scope.lines.length;
  const [then, otherwise] = regions.map((region) => {
    const inner = scope.child();
    write(region, inner, (end, needed) => {
      for (const i of own)
        if (needed?.has(results[i]) !== false)
          end.lines.push(`${w.atom(results[i], scope)} = ${w.expression(region.results[i], end)};`);
    });
    return inner.lines;
  });
  const test = w.expression(operands[0], scope);
  const choice = names.length === 1 ? choiceOf(names[0], test, then, otherwise) : null;
  if (choice !== null) {
    scope.lines.push(choice);
    return;
  }
  scope.lines.splice(declared, 0, ...names.map((name) => `let ${name};`));
  scope.lines.push(`if (${test}) {`, then);
  if (otherwise.length > 0) scope.lines.push("} else {", otherwise);
  scope.lines.push("}");
}

/** `const r = test ? a : b;`, where each branch does nothing but give its result; null where it does, or would be long. */
function choiceOf(name: string, test: string, ...branches: readonly (readonly Text[])[]): string | null {
  const assigned = `${name} = `;
  const values = branches.map((lines) => {
    const [line] = lines;
    const isAll = lines.length === 1 && typeof line === "string" && line.startsWith(assigned);
    return isAll ? line.slice(assigned.length, -1) : null;
  });
  const text = `const ${name} = ${test} ? ${values.join(" : ")};`;
  return values.includes(null) || test.includes("?") || text.length > longestLine ? null : text;
}

// ---- bodies of loops ------------------------------------------------------------------------------------------------

/** How the body of a loop leaves it. */
export interface Exit {
  /** Results of the body that are exit flags: if one is true, the loop's condition is false. */
  readonly flags: readonly Value[];
  /** The values that `leave` reads. */
  readonly needed: ReadonlySet<Value>;
  /** The approximate number of lines that `leave` writes. */
  readonly length: number;
  /** Writes the end of the last iteration. */
  leave(scope: Scope): void;
}

/** The operations behind the last branch are duplicated into its exiting regions, up to this many lines. */
const longest = 32;

/** Writes the body of a loop. Where the branch at its end sets an exit flag, the loop is left at once. */
export function writeBody(w: FunctionWriter, body: Block, scope: Scope, exit: Exit): void {
  const at = exit.flags.length === 0 ? -1 : body.operations.findLastIndex(({ op }) => op.traits.branches);
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
  const writeRegion = (
    region: Block,
    inner: Scope,
    yields: (end: Scope, needed?: ReadonlySet<Value>) => void,
  ): void => {
    const leave = (end: Scope): void => {
      yields(end, last.needed);
      write(last.operations, end);
      exit.leave(end);
    };
    const inside = exitInside(branch, region, exit.flags, { needed: last.needed, length, leave });
    if (inside.flags.some((v) => w.facts.literal(v) === "true")) {
      w.block(region, inner);
      leave(inner);
    } else {
      writeBody(w, region, inner, inside);
      yields(inner);
    }
  };
  w.placed(branch, scope, () => writeIf(w, branch, scope, writeRegion));
  write(behind, scope);
}

function isRepeatable(operation: Operation): boolean {
  const { op, results } = operation;
  const isElementwise = isPure(op.effects) && op.scalar !== null;
  return isPush(operation) || ((isElementwise || op.traits.constant) && isScalar(results[0].type));
}

/** The operations that `values` depend on, and pushes to tapes, with all values that those and `values` read. */
function neededFor(
  operations: readonly Operation[],
  values: ReadonlySet<Value>,
): Pick<Exit, "needed"> & Pick<Block, "operations"> {
  const needed = new Set(values);
  const kept: Operation[] = [];
  for (const operation of operations.toReversed()) {
    if (!isPush(operation) && !operation.results.some((r) => needed.has(r))) continue;
    for (const v of operation.operands) needed.add(v);
    kept.unshift(operation);
  }
  return { needed, operations: kept };
}

/** The exit inside a region of the branch, where the region's results stand for those of the branch. */
function exitInside({ results }: Operation, region: Block, flags: readonly Value[], outer: Omit<Exit, "flags">): Exit {
  const yielded = (v: Value): Value => region.results[results.indexOf(v)] ?? v;
  const needed = new Set(outer.needed);
  for (const [i, r] of results.entries()) if (outer.needed.has(r)) needed.add(region.results[i]);
  return { ...outer, flags: flags.map(yielded), needed };
}
