// What a function gives is computed where the caller wants it: no result is computed elsewhere and then copied.

import { expect, it } from "vitest";
import { loopPipeline, tensorPipeline } from "../passes/index.ts";
import { runPasses } from "../src/compile/index.ts";
import { compile, crossEntropy, linear, mul, relu, sub, type Tensor, valueAndGrad } from "../src/index.ts";
import { type Block, isWritten, type Value, walk } from "../src/ir/index.ts";

type Parameters = Record<"w1" | "b1" | "w2" | "b2" | "w3" | "b3", Tensor>;

function step(p: Parameters, x: Tensor, y: Tensor, rate: Tensor): readonly [Tensor, Parameters, Parameters] {
  const loss = (q: Parameters): Tensor => {
    const h = relu(linear(relu(linear(x, q.w1, q.b1)), q.w2, q.b2));
    return crossEntropy(linear(h, q.w3, q.b3), y);
  };
  const [value, gradient] = valueAndGrad(loss)(p);
  const names = Object.keys(p) as (keyof Parameters)[];
  const updated = names.map((name) => [name, sub(p[name], mul(gradient[name], rate))]);
  return [value, gradient, Object.fromEntries(updated) as Parameters];
}

/** The memory that is copied as a whole, by an operation or by a loop that does nothing else. */
function copied(body: Block): readonly Value[] {
  const to: Value[] = [];
  walk(body, ({ op, operands, regions }) => {
    if (op.name === "copy") to.push(operands[1]);
    const [load, store, ...others] = regions[0]?.operations ?? [];
    if (op.name !== "for" || load?.op.name !== "load" || store?.op.name !== "store" || others.length > 0) return;
    if (store.operands[0] === load.results[0]) to.push(store.operands[1]);
  });
  return to;
}

it("the 13 gradients and updates of a training step are written where the caller wants them", () => {
  const shapes = {
    w1: "f32[256, 784]",
    b1: "f32[256]",
    w2: "f32[128, 256]",
    b2: "f32[128]",
    w3: "f32[10, 128]",
    b3: "f32[10]",
  };
  const { module } = compile(step, [shapes, "f32[B, 784]", "i32[B]", "f32"]);
  const pipeline = tensorPipeline.concat(loopPipeline).without("outline-ranges").without("outline-parts");
  const [{ body, roles }] = runPasses(module, pipeline).module.funcs;
  const results = body.arguments.filter((_, i) => isWritten(roles[i]));
  expect(results).toHaveLength(12);
  expect(copied(body)).toEqual([]);
  // what is given as it was taken is copied
  const { module: same } = compile((x: Tensor) => x, ["f32[100]"]);
  const [copying] = runPasses(same, pipeline).module.funcs;
  expect(copied(copying.body)).toEqual([copying.body.arguments[1]]);
});
