// Passes that resolve some of the transforms, as one for derivatives does, or one for mapped functions: others inside of those
// have to be resolved before them, as a pipeline does.

import { batch, differentiate } from "../../passes/index.ts";
import { AdjointError, calleeOf, calleesOf, findFunc, type Module, type Op, parseModule, walk } from "../ir/index.ts";
import { records, standardOps } from "../ops/index.ts";
import type { Pass, PassContext } from "../rewrite/index.ts";

type Run = (module: Module, context: PassContext) => Module;

/** The transforms, with the pass of the project that resolves each. */
const resolvers: ReadonlyMap<Op, Pass> = new Map<Op, Pass>([
  [records.vjp, differentiate],
  [records.jvp, differentiate],
  [records.vmap, batch],
]);

interface Use {
  readonly type: string;
  readonly use: string;
  readonly gives: readonly string[];
}

/** How the derivatives and the map of a function of a scalar are written. */
const uses: ReadonlyMap<Op, Use> = new Map<Op, Use>([
  [records.vjp, { type: "f64", use: "vjp @f(%x) cotangents(%x)", gives: ["%y", "%dx"] }],
  [records.jvp, { type: "f64", use: "jvp @f(%x) tangents(%x)", gives: ["%y", "%dy"] }],
  [records.vmap, { type: "f64[2]", use: "vmap @f(%x)", gives: ["%y"] }],
]);

/** The transforms that a pass resolves where each stands alone, of a function that anything can resolve. */
export function resolvedBy(run: Run, context: PassContext): ReadonlySet<Op> {
  const own = new Set<Op>();
  for (const [op, { type, use, gives }] of uses) {
    const types = gives.map(() => type).join(", ");
    const module = parseModule(
      `private func @f(%x: f64) -> f64 {
  %y = mul %x, %x : f64
  return %y
}

func @main(%x: ${type}) -> (${types}) {
  ${gives.join(", ")} = ${use} : ${types}
  return ${gives.join(", ")}
}
`,
      standardOps,
    );
    try {
      if (!transformsOf(run(module, context)).has(op)) own.add(op);
    } catch {
      // it does not
    }
  }
  return own;
}

/** The transforms in a module. */
export function transformsOf(module: Module): ReadonlySet<Op> {
  const found = new Set<Op>();
  for (const func of module.funcs) walk(func.body, ({ op }) => void (op.traits.transform && found.add(op)));
  return found;
}

/**
 * The module as a pass may be given it that resolves these transforms and no others: what it fails on because of others inside
 * of them, after these are resolved. Null where they cannot be before its own are.
 */
export function givenTo(run: Run, own: ReadonlySet<Op>, module: Module, context: PassContext): Module | null {
  if (own.size === 0 || own.size === resolvers.size || othersInside(module, own).size === 0) return module;
  try {
    run(module, context);
    return module;
  } catch {
    return prepared(module, own, context);
  }
}

function prepared(module: Module, own: ReadonlySet<Op>, context: PassContext): Module | null {
  let current = module;
  try {
    for (const [op, pass] of resolvers) if (othersInside(current, own).has(op)) current = pass.run(current, context);
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
  return othersInside(current, own).size === 0 ? current : null;
}

/** The transforms other than `own` in what those are taken of. */
function othersInside(module: Module, own: ReadonlySet<Op>): ReadonlySet<Op> {
  const found = new Set<Op>();
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const func = findFunc(module, name);
    if (func === undefined || seen.has(name)) return;
    seen.add(name);
    walk(func.body, ({ op }) => void (op.traits.transform && !own.has(op) && found.add(op)));
    for (const callee of calleesOf(func)) visit(callee);
  };
  for (const func of module.funcs) {
    walk(func.body, (operation) => {
      const callee = own.has(operation.op) ? calleeOf(operation) : null;
      if (callee !== null) visit(callee);
    });
  }
  return found;
}
