// Shrinks a module that shows a fault: the smallest one found by steps that each keep the fault.

import {
  type Block,
  BlockBuilder,
  bindingsOf,
  bindSymbols,
  Cloner,
  calleeOf,
  FuncScope,
  findFunc,
  freeValues,
  type Module,
  makeBlock,
  makeFunc,
  makeModule,
  type Operation,
  Replacements,
  sameType,
  signatureOf,
  usedSymbols,
  ValueSet,
  verify,
} from "../ir/index.ts";

/** Tries of one reduction; programs of the kit need a few hundred. */
const maxTries = 5000;

/**
 * A smaller module for which `shows` still holds. Operations become arguments, regions and callees take the place of their operations,
 * results and unused arguments go, until nothing more can; whatever the verifier refuses is not tried.
 * @example reduceModule(module, "main", (m) => isWrong(m))
 */
export function reduceModule(module: Module, entry: string, shows: (module: Module) => boolean): Module {
  let smallest = module;
  let tries = 0;
  const attempt = (candidate: Module): boolean => {
    if (++tries > maxTries || !isValid(candidate) || !shows(candidate)) return false;
    smallest = candidate;
    return true;
  };
  for (let progress = true; progress && tries <= maxTries; ) {
    progress = false;
    for (const candidate of candidates(smallest, entry)) {
      if (!attempt(candidate)) continue;
      progress = true;
      break;
    }
  }
  return smallest;
}

function isValid(module: Module): boolean {
  try {
    verify(module);
    return true;
  } catch {
    return false;
  }
}

/** Valid modules that are one step smaller, the greatest steps first. */
export function* smallerModules(module: Module, entry: string): Generator<Module> {
  for (const candidate of candidates(module, entry)) if (isValid(candidate)) yield candidate;
}

/** Modules that are one step smaller, the greatest steps first. */
function* candidates(module: Module, entry: string): Generator<Module> {
  const func = findFunc(module, entry);
  if (func === undefined) return;
  for (const other of module.funcs) if (other !== func) yield makeModule(module.funcs.filter((f) => f !== other));
  for (const body of [...smallerBodies(func.body), ...calleesInstead(module, func.body)]) {
    const kept = withoutUnused(body);
    const used = usedSymbols(kept);
    const smaller = makeFunc({ ...func, symbols: func.symbols.filter((s) => used.has(s)), body: kept });
    yield makeModule(module.funcs.map((f) => (f === func ? smaller : f)));
  }
}

function* smallerBodies(body: Block): Generator<Block> {
  const { arguments: args, operations, results } = body;
  if (results.length > 1) for (const v of results) yield makeBlock(args, operations, [v]);
  for (let i = operations.length - 1; i >= 0; i--) {
    const rest = operations.filter((_, k) => k !== i);
    yield makeBlock([...args, ...operations[i].results], rest, results);
    // a result's own operand in its place, so that chains get shorter
    yield* operandsInstead(body, operations[i], rest);
    for (const region of operations[i].regions) yield regionInstead(body, i, region);
  }
  for (const a of args) {
    yield makeBlock(
      args.filter((v) => v !== a),
      operations,
      results,
    );
  }
}

function* operandsInstead(
  { arguments: args, results }: Block,
  operation: Operation,
  rest: readonly Operation[],
): Generator<Block> {
  if (operation.results.length !== 1) return;
  const [result] = operation.results;
  for (const v of new Set(operation.operands)) {
    if (!sameType(v.type, result.type)) continue;
    const replacements = new Replacements();
    replacements.set(result, v);
    yield replacements.block(makeBlock(args, rest, results));
  }
}

/** The operations of a region in place of what holds it; its arguments become the function's. */
function regionInstead({ arguments: args, operations, results }: Block, at: number, region: Block): Block {
  const replacements = new Replacements();
  const kept = operations[at].results.filter((r, k) => {
    const inner = region.results[k];
    if (inner === undefined || !sameType(inner.type, r.type)) return true;
    replacements.set(r, inner);
    return false;
  });
  const list = [...operations.slice(0, at), ...region.operations, ...operations.slice(at + 1)];
  return replacements.block(makeBlock([...args, ...region.arguments, ...kept], list, results));
}

/** For each call, the operations of what it calls in its place. */
function* calleesInstead(module: Module, { arguments: args, operations, results }: Block): Generator<Block> {
  for (const [at, operation] of operations.entries()) {
    const callee = operation.op.traits.transform ? undefined : findFunc(module, calleeOf(operation) ?? "");
    if (callee === undefined) continue;
    const types = operation.operands.map((v) => v.type);
    const bound = bindSymbols(signatureOf(callee), types, bindingsOf(operation));
    const builder = new BlockBuilder(new FuncScope());
    const values = new Cloner(bound, operation.origin).inline(callee.body, operation.operands, builder);
    const replacements = new Replacements();
    for (const [i, r] of operation.results.entries()) replacements.set(r, values[i]);
    const list = [...operations.slice(0, at), ...builder.operations, ...operations.slice(at + 1)];
    yield replacements.block(makeBlock(args, list, results));
  }
}

/** The block without operations that nothing reads. */
function withoutUnused({ arguments: args, operations, results }: Block): Block {
  const used = new ValueSet(results);
  const kept: Operation[] = [];
  for (const operation of operations.toReversed()) {
    if (operation.op.effect === "pure" && operation.regions.length === 0 && !operation.results.some((v) => used.has(v)))
      continue;
    kept.push(operation);
    for (const v of [...operation.operands, ...freeValues(...operation.regions)]) used.add(v);
  }
  return makeBlock(args, kept.reverse(), results);
}
