// Fewer functions, arguments and results: of functions that are called, their calls follow.

import {
  type Attributes,
  bindingsOf,
  calleeOf,
  type Func,
  FuncScope,
  findFunc,
  freeValues,
  isFloat,
  type Module,
  makeBlock,
  makeFunc,
  makeModule,
  makeOperation,
  type Operation,
  Replacements,
  rolesOf,
  sameType,
  segmentOf,
  signatureOf,
  type Type,
  type Value,
  ValueSet,
  withoutUnreached,
} from "../../ir/index.ts";
import { attempted, isCalled, rebuilt, type Step, withFunc, withoutSymbols } from "./body.ts";
import { inOrder } from "./operations.ts";

/** Functions go, public ones first, and with them what they call. */
export const fewerFunctions: Step = function* (module, entry) {
  const rest = makeModule(module.funcs.map((f) => (f.name === entry ? f : makeFunc({ ...f, visibility: "private" }))));
  for (const candidate of [withoutUnreached(rest, [entry]), withoutUnreached(module, [entry]), rest]) {
    if (!sameFuncs(candidate, module)) module = (yield candidate) ?? module;
  }
  for (const func of module.funcs) {
    if (func.name === entry || isCalled(module, func.name)) continue;
    const smaller = makeModule(module.funcs.filter((f) => f.name !== func.name));
    module = (yield smaller) ?? module;
  }
};

function sameFuncs(a: Module, b: Module): boolean {
  return a.funcs.length === b.funcs.length && a.funcs.every((f, i) => f.visibility === b.funcs[i].visibility);
}

/** Results go: all but one, or one at a time. */
export const fewerResults: Step = function* (module, entry) {
  for (const { name } of inOrder(module, entry)) {
    const func = findFunc(module, name);
    if (func === undefined) continue;
    if (!isCalled(module, name)) {
      for (const v of func.body.results.length > 1 ? func.body.results : []) {
        const smaller = withFunc(module, withResults(func, [v]));
        const taken = yield smaller;
        if (taken === null) continue;
        module = taken;
        break;
      }
    }
    for (let i = (findFunc(module, name) ?? func).body.results.length - 1; i >= 0; i--) {
      const smaller = withoutPart(module, name, "result", i);
      if (smaller !== null) module = (yield smaller) ?? module;
    }
  }
};

/** What a result is computed from is given in its place, where that is computed too: then nothing has to read it any more. */
export const earlierResults: Step = function* (module, entry) {
  for (const { name } of inOrder(module, entry)) {
    const func = findFunc(module, name);
    if (func === undefined || isCalled(module, name)) continue;
    const { operations, results } = func.body;
    const isComputed = (v: Value): boolean => operations.some((o) => o.results.includes(v));
    const candidates = results.flatMap((v, i) => {
      const operands = operations.findLast((o) => o.results.includes(v))?.operands ?? [];
      return [...new Set(operands)].filter(isComputed).map((operand) => withResults(func, results.with(i, operand)));
    });
    for (const candidate of candidates) {
      const taken = yield withFunc(module, candidate);
      if (taken === null) continue;
      module = taken;
      break;
    }
  }
};

function withResults(func: Func, results: readonly Value[]): Func {
  return makeFunc({ ...func, body: makeBlock(func.body.arguments, func.body.operations, results) });
}

/** Arguments that nothing reads go, all at once; they come from what stood in place of operations. */
export const unreadArguments: Step = function* (module) {
  for (const { name } of module.funcs) {
    const func = findFunc(module, name);
    if (func === undefined || isCalled(module, name)) continue;
    const { arguments: args, operations, results } = func.body;
    const read = new ValueSet([...freeValues(makeBlock([], operations, results))]);
    const kept = args.filter((v) => read.has(v));
    if (kept.length === args.length) continue;
    const smaller = withFunc(
      module,
      withoutSymbols(makeFunc({ ...func, roles: rolesOf(func, kept), body: makeBlock(kept, operations, results) })),
    );
    module = (yield smaller) ?? module;
  }
};

/** Arguments that nothing reads go; others become another argument of their type. */
export const fewerArguments: Step = function* (module, entry) {
  for (const { name } of inOrder(module, entry)) {
    for (let i = (findFunc(module, name)?.body.arguments.length ?? 0) - 1; i >= 0; i--) {
      const smaller = withoutPart(module, name, "argument", i);
      if (smaller !== null) module = (yield smaller) ?? module;
    }
  }
};

/** The module without an argument or a result of a function, and of what calls it; null where a call cannot do without. */
function withoutPart(module: Module, name: string, part: "argument" | "result", at: number): Module | null {
  const func = findFunc(module, name);
  if (func === undefined) return null;
  const narrow = part === "argument" ? withoutArgument(func, at) : withoutResult(func, at);
  if (narrow === null) return null;
  const smaller = withoutSymbols(narrow);
  const before = signatureOf(func);
  const signature = (callee: string): ReturnType<typeof signatureOf> | null => {
    const other = callee === name ? smaller : findFunc(module, callee);
    return other === undefined ? null : signatureOf(other);
  };
  return attempted(() => {
    const funcs = module.funcs.map((f) => {
      const changed = f.name === name ? smaller : f;
      const scope = new FuncScope(f.constraints, signature, false);
      return rebuilt(changed, false, (operation, _, place) => {
        if (calleeOf(operation) !== name) return false;
        const wanted = changedCall(operation, before, part, at, smaller.symbols);
        const { operands, attributes, segments, kept } = wanted;
        const made = makeOperation(operation.op, operands, { attributes, segments, origin: operation.origin }, scope);
        place.append(made);
        let next = 0;
        for (const [i, r] of operation.results.entries())
          place.replace(r, kept[i] ? made.results[next++] : place.substitute(r, "earlier"));
        return true;
      });
    });
    return funcs.reduce((m, f) => withFunc(m, f), makeModule(funcs));
  });
}

/** The function without an argument, for which another one of its type stands, if something reads it. */
function withoutArgument(func: Func, at: number): Func {
  const { arguments: args, operations, results } = func.body;
  const gone = args[at];
  const rest = args.filter((v) => v !== gone);
  const other = rest.find((v) => sameType(v.type, gone.type));
  const replacements = new Replacements();
  if (other !== undefined) replacements.set(gone, other);
  const body = replacements.block(makeBlock(rest, operations, results));
  return makeFunc({ ...func, roles: rolesOf(func, rest), body });
}

function withoutResult(func: Func, at: number): Func | null {
  const { results } = func.body;
  return results.length === 1
    ? null
    : withResults(
        func,
        results.filter((_, i) => i !== at),
      );
}

interface ChangedCall {
  readonly operands: readonly Value[];
  readonly segments: readonly number[];
  readonly attributes: Attributes;
  /** Which results stay. */
  readonly kept: readonly boolean[];
}

/** A call, or a derivative, of a function that has an argument or a result less. */
function changedCall(
  operation: Operation,
  callee: ReturnType<typeof signatureOf>,
  part: "argument" | "result",
  at: number,
  symbols: readonly string[],
): ChangedCall {
  const { op, attributes, operands, results } = operation;
  const isTangent = op.groups.includes("tangents");
  const isCotangent = op.groups.includes("cotangents");
  const floats = (types: readonly Type[]): number[] =>
    types.flatMap((t, i) => (t.kind === "tensor" && isFloat(t.dtype) ? [i] : []));
  const listed = numbersOf(attributes);
  const along = listed.length === 0 && (isTangent || isCotangent) ? floats(callee.arguments) : listed;
  const goneOperands = new Set<number>();
  const goneResults = new Set<number>();
  if (part === "argument") {
    goneOperands.add(at);
    const k = along.indexOf(at);
    if (k >= 0 && isTangent) goneOperands.add(segmentOf(operation, "tangents")[0] + k);
    if (k >= 0 && isCotangent) goneResults.add(callee.results.length + k);
  } else {
    goneResults.add(at);
    const k = floats(callee.results).indexOf(at);
    if (k >= 0 && isCotangent) goneOperands.add(segmentOf(operation, "cotangents")[0] + k);
    if (k >= 0 && isTangent) goneResults.add(callee.results.length + k);
  }
  let start = 0;
  const groups = op.groups.map((_, g) => {
    const group = operands.slice(start, start + operation.segments[g]);
    const kept = group.filter((_, i) => !goneOperands.has(start + i));
    start += group.length;
    return kept;
  });
  return {
    operands: groups.flat(),
    segments: groups.map((g) => g.length),
    attributes: {
      ...(part === "argument" ? renumbered(attributes, at) : attributes),
      bindings: {
        bindings: Object.fromEntries(Object.entries(bindingsOf(operation)).filter(([s]) => symbols.includes(s))),
      },
    },
    kept: results.map((_, i) => !goneResults.has(i)),
  };
}

/** The arguments that an attribute of a derivative or a map names. */
function numbersOf({ wrt, mapped }: Attributes): readonly number[] {
  const listed = wrt ?? mapped;
  return Array.isArray(listed) ? listed.filter((n) => typeof n === "number") : [];
}

function renumbered(attributes: Attributes, gone: number): Attributes {
  const renumbered = numbersOf(attributes).flatMap((i) => (i === gone ? [] : [i > gone ? i - 1 : i]));
  const named = Object.keys(attributes).filter((name) => name === "wrt" || name === "mapped");
  return { ...attributes, ...Object.fromEntries(named.map((name) => [name, renumbered])) };
}
