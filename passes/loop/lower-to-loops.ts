// Lowering from the tensor level to the loop level: tensors become loop nests over memory, scalars stay as they are.
//
// A function takes its tensors as memory, and writes its tensor results to memory that the caller passes behind the
// arguments; results of rank 0 are still returned. Such memory is `out`; where users pass it and all zeros spare a fill, it is
// `zeroed`. A function of scalars alone does not change.

import {
  BlockBuilder,
  type Func,
  FuncScope,
  finalContents,
  holdsOp,
  isDirect,
  loweredType,
  type Module,
  makeFunc,
  mapFuncs,
  Reuses,
  type Role,
  type Signature,
  signatureOf,
  touchesMemory,
  type Value,
  withBuilder,
} from "../../src/ir/index.ts";
import { forOp, requireOwn } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import type { Target } from "../../src/target/index.ts";
import { isLoweredBlock, requireRanked, usersFunctions } from "./analyses/lowered.ts";
import { BlockLowering, type LowerStructured } from "./lower-to-loops/block.ts";
import { lowerControl } from "./lower-to-loops/control.ts";
import { type LoopFor, Nests } from "./lower-to-loops/nests.ts";
import { lowerStructured } from "./lower-to-loops/repeated.ts";

export const lowerToLoops = definePass({
  name: "lower-to-loops",
  summary: "Turns tensors into loop nests over memory, one for each operation.",
  level: "fused",
  lowers: "loop",
  example: `func @main<N>(%x: f32[N, 3], %y: f32[3]) -> f32[N, 3] {
  %rows = broadcast %y, axes = [1] : f32[N, 3]
  %sum = add %x, %rows : f32[N, 3]
  %exp = exp %sum : f32[N, 3]
  return %exp
}
`,
  run: (module, { target }) => lowered(module, { structured: lowerStructured, target }),
});

/** The same for programs without loops of their own: what lowers those and tapes is not in them. */
export const lowerStraight = definePass({
  name: "lower-to-loops",
  summary: "Turns tensors into loop nests over memory in programs that hold no loops.",
  level: "fused",
  lowers: "loop",
  run: (module, { target }) => lowered(module, { structured: lowerControl, target }),
});

/** How operations with regions are lowered, and for what. */
interface How {
  readonly structured: LowerStructured;
  readonly target: Target | undefined;
}

function lowered(module: Module, how: How): Module {
  module.funcs.forEach(requireRanked);
  const users = usersFunctions(module);
  const signatures = loweredSignatures(module, users);
  return mapFuncs(module, (func) =>
    isLoweredBlock(func.body) ? func : lowerFunc(func, signatures, users.has(func), how),
  );
}

/**
 * The op of a loop whose iterations compute elements of their own: `parallel` for a target with threads, unless the body may fail
 * or is observable, whose first error and whose order are part of its meaning. Else it is `for`, and `parallel` is no part of
 * the program.
 */
function loopFor(target: Target | undefined): LoopFor {
  if (target === undefined || target.threads === 1) return undefined;
  const parallel = requireOwn("parallel") as typeof forOp;
  return (body) => {
    const isInOrder = holdsOp(body, ({ effects }) => effects.observable || (effects.fails && !touchesMemory(effects)));
    return isInOrder ? forOp : parallel;
  };
}

function loweredSignatures(module: Module, users: ReadonlySet<Func>): ReadonlyMap<string, Signature> {
  return new Map(
    module.funcs.map((func) => {
      const signature = signatureOf(func);
      return [func.name, isLoweredBlock(func.body) ? signature : lowerSignature(called(signature, users.has(func)))];
    }),
  );
}

/** Only memory of the user's is changed: who calls a function in the module gives it memory for all results. */
function called(signature: Signature, isUsers: boolean): Signature {
  return isUsers ? signature : { ...signature, roles: signature.roles.map((): Role => "in") };
}

function lowerSignature(signature: Signature): Signature {
  const contents = finalContents(signature);
  const outputs = signature.results.filter((type, k) => !isDirect(type) && contents[k] === null);
  return {
    ...signature,
    arguments: [...signature.arguments, ...outputs].map(loweredType),
    roles: [...signature.roles, ...outputs.map((): Role => "out")],
    results: signature.results.filter(isDirect).map(loweredType),
  };
}

/**
 * Users pass zeroed memory for results where it is asked for, and memory that may be changed; functions of the module pass
 * any.
 */
function lowerFunc(
  func: Func,
  signatures: ReadonlyMap<string, Signature>,
  isUsers: boolean,
  { structured, target }: How,
): Func {
  const scope = new FuncScope(func.constraints, (name) => signatures.get(name) ?? null);
  const builder = new BlockBuilder(scope);
  builder.origin = func.origin;
  const nests = new Nests(builder, loopFor(target));
  for (const argument of func.body.arguments) {
    const passed = builder.argument(loweredType(argument.type), argument.name);
    if (isDirect(argument.type)) nests.scalars.set(argument, passed);
    else nests.buffers.set(argument, { memory: passed, prefix: [] });
  }
  const { roles } = called(signatureOf(func), isUsers);
  const contents = finalContents({ ...signatureOf(func), roles });
  const outputs: Value[] = [];
  const destinations = func.body.results.map((r, k) => {
    if (isDirect(r.type)) return null;
    const argument = contents[k];
    if (argument !== null) return nests.buffers.get(func.body.arguments[argument]) ?? null;
    const memory = builder.argument(loweredType(r.type), r.name ?? "out");
    outputs.push(memory);
    return { memory, prefix: [] };
  });
  if (isUsers) for (const memory of outputs) nests.mayBeZeroed.add(memory);
  const results = withBuilder(builder, () =>
    new BlockLowering({ nests, structured, reuses: new Reuses(func.body) }, func.body, destinations).run(),
  );
  const ofOutputs = outputs.map((memory): Role => (nests.leansOnZeros(memory) ? "zeroed" : "out"));
  return makeFunc({ ...func, body: builder.finish(results), roles: [...roles, ...ofOutputs] });
}
