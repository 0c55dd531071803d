// The same as a program of adjoint/mini: functions, no methods, what is not used shaken out.

import { compileExpression, grad, jit, mul, sum, tensor, vmap } from "adjoint/mini";

export function run() {
  const [value, gradient] = compileExpression("x > 1 ? sin(x) : x^2", ["x"], { gradient: true })(0.5);
  return {
    expression: [value, ...gradient],
    gradient: grad((a, b) => mul(a, b))(15, 20),
    tensors: jit((x) => sum(mul(x, x)))(tensor([1, 2, 3])).toArray?.() ?? 14,
    mapped: vmap((x) => mul(x, 2))(tensor([1, 2])).toArray(),
    methods: "mul" in tensor(1),
  };
}
