// Declared graphs with gradients of gradients: whatever is fetched together has the values of the traced functions.

import fc from "fast-check";
import { expect, it } from "vitest";
import {
  add,
  compile,
  Graph,
  grad,
  less,
  maximum,
  mul,
  Session,
  sin,
  sum,
  type Tensor,
  tensor,
  where,
} from "../src/index.ts";
import { runs } from "./support/runs.ts";

/** How a tensor is made of those before it: an operation, or the gradient of one of them. */
interface Step {
  readonly kind: "mul" | "add" | "sin" | "where" | "maximum" | "gradient";
  readonly left: number;
  readonly right: number;
}

const arbitraryStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("mul", "add", "sin", "where", "maximum", "gradient", "gradient"),
  left: fc.nat(20),
  right: fc.nat(20),
});

function combined({ kind }: Step, a: Tensor, b: Tensor): Tensor {
  switch (kind) {
    case "mul":
      return mul(a, b);
    case "add":
      return add(a, b);
    case "sin":
      return sin(a);
    case "where":
      return where(less(a, 1), a, mul(b, 0.5));
    default:
      return maximum(a, mul(b, 0.25));
  }
}

type Node = (x: Tensor) => Tensor;

/** The same tensors as functions of x. */
function functionsOf(steps: readonly Step[]): readonly Node[] {
  const nodes: Node[] = [(x) => x];
  for (const step of steps) {
    const [a, b] = [nodes[step.left % nodes.length], nodes[step.right % nodes.length]];
    if (step.kind === "gradient") nodes.push((x) => grad((y: Tensor) => sum(a(y)))(x) as Tensor);
    else nodes.push((x) => combined(step, a(x), b(x)));
  }
  return nodes;
}

function declared(
  steps: readonly Step[],
  shape: readonly (number | string)[] | undefined,
): { graph: Graph; nodes: readonly Tensor[] } {
  const graph = new Graph();
  const x = graph.placeholder("f64", shape === undefined ? { name: "x" } : { name: "x", shape });
  const nodes: Tensor[] = [x];
  for (const step of steps) {
    const [a, b] = [nodes[step.left % nodes.length], nodes[step.right % nodes.length]];
    nodes.push(step.kind === "gradient" ? graph.gradients(a, [x])[0] : combined(step, a, b));
  }
  return { graph, nodes };
}

const point = [0.4, -1.3, 2.1];

it("gives what the traced functions give, whatever is fetched together", () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryStep, { minLength: 2, maxLength: 5 }),
      fc.constantFrom(undefined, [3], ["N"]),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }),
      (steps, shape, picks) => {
        const { graph, nodes } = declared(steps, shape);
        const session = new Session(graph, { backend: "interpret" });
        const functions = functionsOf(steps);
        const fetched = [...new Set(picks.map((p) => p % nodes.length))];
        const got = session.run(
          fetched.map((i) => nodes[i]),
          { x: point },
        ) as readonly Tensor[];
        for (const [k, i] of fetched.entries()) {
          const expected = compile(functions[i], ["f64[3]"], { backend: "interpret" })(tensor(point)) as Tensor;
          const values = expected.data();
          for (const [e, value] of got[k].data().entries()) {
            expect(Math.abs(value - values[e]), `tensor ${i}, element ${e}`).toBeLessThanOrEqual(
              1e-9 * (1 + Math.abs(values[e])),
            );
          }
        }
      },
    ),
    runs(25),
  );
});
