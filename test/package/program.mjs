// What a stranger would write first, for every place where JavaScript runs: an expression, gradients, a training step and
// a tensor that was carried to another thread. `run` gives plain numbers, which are the same everywhere.

import {
  compile,
  compileExpression,
  grad,
  jit,
  linear,
  mean,
  mul,
  relu,
  square,
  sub,
  sum,
  tensor,
  valueAndGrad,
} from "adjoint";

/** Numbers of any result. */
export const plain = (x) =>
  Array.isArray(x)
    ? x.map(plain)
    : typeof x === "object" && x !== null
      ? "toArray" in x
        ? x.toArray()
        : plain(Object.values(x))
      : x;

const loss = ({ w, b }, x, y) => mean(square(sub(linear(relu(x), w, b), y)));

const step = jit((parameters, x, y) => {
  const [value, gradient] = valueAndGrad(loss)(parameters, x, y);
  const next = Object.fromEntries(
    Object.keys(parameters).map((name) => [name, sub(parameters[name], mul(gradient[name], 0.125))]),
  );
  return [value, next];
});

function train() {
  const x = tensor([
    [1, 2],
    [3, -4],
    [0.5, 0.25],
  ]);
  const y = tensor([[1], [2], [3]]);
  let parameters = { w: tensor([[0.5, -0.25]]), b: tensor([0]) };
  const losses = [];
  for (let i = 0; i < 4; i++) {
    const [value, next] = step(parameters, x, y);
    losses.push(plain(value));
    parameters = next;
  }
  return losses;
}

export function run() {
  const a = tensor(15, { requiresGrad: true });
  const c = a.mul(20);
  c.backward();
  const carried = tensor(
    structuredClone(
      tensor(
        [
          [1, Number.NaN],
          [-0, 2],
        ],
        { dtype: "f32" },
      ),
    ),
  );
  return {
    product: [plain(c.item()), plain(a.grad.item())],
    compiled: plain(compile((x, y) => mul(x, y), ["f64", "f64"])(15, 20)),
    expression: plain(compileExpression("sin(x*y) + x^2", ["x", "y"], { gradient: true })(1, 2)),
    gradient: plain(grad((x) => sum(mul(x, x)))(tensor([1, 2, 3]))),
    losses: train(),
    carried: [carried.dtype, carried.shape.join(), String(carried.data()), Object.is(carried.data()[2], -0)],
  };
}
