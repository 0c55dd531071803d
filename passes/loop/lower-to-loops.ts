// Lowering from the tensor level to the loop level: tensors become loop nests over memory, scalars stay as they are.
//
// A function takes its tensors as memory, and writes its tensor results to memory that the caller passes behind the
// arguments; results of rank 0 are still returned. Such memory is `out`; where users pass it and all zeros spare a fill, it is
// `zeroed`. A function of scalars alone does not change.

import {
  BlockBuilder,
  calleesOf,
  type Func,
  FuncScope,
  isDirect,
  loweredType,
  type Module,
  makeFunc,
  mapFuncs,
  type Role,
  type Signature,
  signatureOf,
  withBuilder,
} from "../../src/ir/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { isLoweredBlock, requireRanked } from "./analyses/lowered.ts";
import { BlockLowering, type LowerStructured } from "./lower-to-loops/block.ts";
import { lowerControl } from "./lower-to-loops/control.ts";
import { Nests } from "./lower-to-loops/nests.ts";
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
  run: (module) => lowered(module, lowerStructured),
});

/** The same for programs without loops of their own: what lowers those and tapes is not in them. */
export const lowerStraight = definePass({
  name: "lower-to-loops",
  summary: "Turns tensors into loop nests over memory in programs that hold no loops.",
  level: "fused",
  lowers: "loop",
  run: (module) => lowered(module, lowerControl),
});

function lowered(module: Module, structured: LowerStructured): Module {
  module.funcs.forEach(requireRanked);
  const signatures = loweredSignatures(module);
  const called = new Set(module.funcs.flatMap(calleesOf));
  return mapFuncs(module, (func) => {
    const isUsers = func.visibility === "public" && !called.has(func.name);
    return isLoweredBlock(func.body) ? func : lowerFunc(func, signatures, isUsers, structured);
  });
}

function loweredSignatures(module: Module): ReadonlyMap<string, Signature> {
  return new Map(
    module.funcs.map((func) => {
      const signature = signatureOf(func);
      return [func.name, isLoweredBlock(func.body) ? signature : lowerSignature(signature)];
    }),
  );
}

function lowerSignature(signature: Signature): Signature {
  const outputs = signature.results.filter((type) => !isDirect(type));
  return {
    ...signature,
    arguments: [...signature.arguments, ...outputs].map(loweredType),
    roles: [...signature.roles, ...outputs.map((): Role => "out")],
    results: signature.results.filter(isDirect).map(loweredType),
  };
}

/** Users pass zeroed memory for results where it is asked for; functions of the module pass any. */
function lowerFunc(
  func: Func,
  signatures: ReadonlyMap<string, Signature>,
  isUsers: boolean,
  structured: LowerStructured,
): Func {
  const scope = new FuncScope(func.constraints, (name) => signatures.get(name) ?? null);
  const builder = new BlockBuilder(scope);
  builder.origin = func.origin;
  const nests = new Nests(builder);
  for (const argument of func.body.arguments) {
    const passed = builder.argument(loweredType(argument.type), argument.name);
    if (isDirect(argument.type)) nests.scalars.set(argument, passed);
    else nests.buffers.set(argument, { memory: passed, prefix: [] });
  }
  const destinations = func.body.results.map((r) =>
    isDirect(r.type) ? null : { memory: builder.argument(loweredType(r.type), r.name ?? "out"), prefix: [] },
  );
  if (isUsers)
    for (const destination of destinations) if (destination !== null) nests.mayBeZeroed.add(destination.memory);
  const results = withBuilder(builder, () => new BlockLowering(nests, func.body, destinations, structured).run());
  const outputs = destinations.flatMap((d): Role[] =>
    d === null ? [] : [nests.leansOnZeros(d.memory) ? "zeroed" : "out"],
  );
  return makeFunc({ ...func, body: builder.finish(results), roles: [...func.roles, ...outputs] });
}
