// c = a·b with its gradient, written in each front end: one IR.

import { expect, it } from "vitest";
import { tensorPipeline } from "../passes/index.ts";
import { compileModule, runPasses } from "../src/compile/index.ts";
import {
  compile,
  compileExpression,
  f64,
  Graph,
  type Module,
  mul,
  recorded,
  type Tensor,
  tensor,
  valueAndGrad,
} from "../src/index.ts";
import { isomorphic, printModule, scalar } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";

const written = parse(`func @main(%a: f64, %b: f64) -> (f64, f64, f64) {
  %c = mul %a, %b : f64
  return %c, %b, %a
}
`);

function traced(): Module {
  return compile(
    function main(a: Tensor, b: Tensor) {
      const [c, [da, db]] = valueAndGrad((x: Tensor, y: Tensor) => mul(x, y), { wrt: [0, 1] })(a, b);
      return [c, da, db];
    },
    ["f64", "f64"],
  ).module;
}

function eager(): Module {
  const [a, b] = [15, 20].map((x) => tensor(x, { requiresGrad: true }));
  return runPasses(recorded(a.mul(b), { gradient: true }), tensorPipeline).module;
}

function declared(): Module {
  const graph = new Graph();
  const [a, b] = ["a", "b"].map((name) => graph.placeholder(f64, { name }));
  const c = mul(a, b);
  const types = [scalar("f64"), scalar("f64")];
  return compileModule(graph.module([c, ...graph.gradients(c, [a, b])]), { entry: "main" }, types).module;
}

function expression(): Module {
  return compileExpression("a * b", ["a", "b"], { gradient: true }).module;
}

it.each([
  ["traced", traced],
  ["declared", declared],
  ["defined by running", eager],
  ["as an expression", expression],
])("c = a·b and its gradient %s is the same IR after the default pipeline", (_, make) => {
  const module = make();
  expect(isomorphic(module, written, { names: false }), printModule(module)).toBeNull();
});
