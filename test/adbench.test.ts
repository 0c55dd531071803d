// The problems of ADBench, written as a user would, against references from outside. The data is read as it is.

import { expect, it } from "vitest";
import { jacobians, readObservations, residuals } from "../examples/adbench/bundle-adjustment.ts";
import { likelihood, readMixture } from "../examples/adbench/gmm.ts";
import * as hand from "../examples/adbench/hand.ts";
import { compile, grad, jacobian, type Tensor, valueAndGrad } from "../src/index.ts";
import { describeWith } from "./support/needs.ts";
import { referenceText } from "./support/references.ts";

const text = (path: string): string => referenceText(`adbench/${path}`);
const reference = (name: string) => JSON.parse(text(`reference/${name}.ref.json`));

function near(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(got[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    expect(off, `element ${i}: ${got[i]}, expected ${expected[i]}`).toBeLessThanOrEqual(tolerance);
  }
}

const flat = (tensors: readonly Tensor[]): number[] => tensors.flatMap((t) => [...t.data()]);

/** The same function on both backends, whose results have the same bits. */
function onBoth(f: (...x: Tensor[]) => unknown, args: readonly Tensor[]): Tensor[] {
  const types = args.map((t) => `${t.dtype}[${t.shape.join(", ")}]`);
  const [js, interpreted] = (["js", "interpret"] as const).map(
    (backend) => [compile(f, types, { backend })(...args)].flat() as Tensor[],
  );
  for (const [i, t] of js.entries()) expect([...t.data()]).toEqual([...interpreted[i].data()]);
  return js;
}

describeWith("adbench")("ADBench", () => {
  it.each([
    ["gmm/test.txt", "gmm_test"],
    ["gmm/1k/gmm_d2_K5.txt", "gmm_1k_gmm_d2_K5"],
  ])("Gaussian mixture %s: objective and gradient, on both backends", (file, name) => {
    const { alphas, means, icf, x, wishart } = readMixture(text(`data/${file}`));
    const { objective, gradient } = reference(name);
    const both = (a: Tensor, m: Tensor, f: Tensor, points: Tensor): readonly Tensor[] =>
      valueAndGrad((a2: Tensor, m2: Tensor, f2: Tensor) => likelihood(wishart, [a2, m2, f2, points]), {
        wrt: [0, 1, 2],
      })(a, m, f).flat();
    const types = [alphas, means, icf].map((t) => `f64[${t.shape.join(", ")}]`);
    for (const backend of ["js", "interpret"] as const) {
      // any number of points
      const f = compile(both, [...types, `f64[N, ${x.shape[1]}]`], { backend });
      const [value, ...gradients] = f(alphas, means, icf, x);
      near(value.data(), [objective], 1e-9);
      near(flat(gradients), gradient, 1e-9);
    }
  });

  it("bundle adjustment: errors and the Jacobian of each observation", () => {
    const o = readObservations(text("data/ba/test.txt"));
    const ref = reference("ba_test");
    const observed = [o.cameras, o.points, o.weights, o.features];
    const withData = (cameras: Tensor, points: Tensor, weights: Tensor, features: Tensor) => ({
      ...o,
      cameras,
      points,
      weights,
      features,
    });
    const [errors, weights] = onBoth((...x) => {
      const both = residuals(withData(...(x as [Tensor, Tensor, Tensor, Tensor])));
      return [both.errors, both.weights];
    }, observed);
    const p = o.weights.shape[0] as number;
    near(errors.data(), Array.from({ length: p }, () => ref.reproj_err).flat(), 1e-8);
    near(weights.data(), new Array(p).fill(ref.w_err), 1e-8);
    const [camera, point, weight] = onBoth(
      (...x) => jacobians(withData(...(x as [Tensor, Tensor, Tensor, Tensor]))),
      observed,
    );
    for (let i = 0; i < p; i++) {
      const rows = [0, 1].map((r) => [...camera.at(i, r).data(), ...point.at(i, r).data(), weight.at(i, r).item()]);
      near(rows.flat() as number[], ref.jacobian_block_2x15.flat(), 1e-8);
    }
  });

  it("hand tracking: residuals, their Jacobian, and the gradient of the objective", () => {
    const model = hand.readModel(text("data/hand/model/bones.txt"), text("data/hand/model/vertices.txt"));
    const measured = hand.readMeasured(text("data/hand/test.txt"));
    const ref = reference("hand_test");
    const residuals = (theta: Tensor): Tensor => hand.residuals(theta, model, measured);
    const objective = (theta: Tensor): Tensor => hand.objective(theta, model, measured);
    const [errors, slopes, gradient] = onBoth(
      (theta) => [residuals(theta), jacobian(residuals)(theta), grad(objective)(theta)],
      [measured.theta],
    );
    near(errors.data(), ref.residuals, 1e-9);
    near(slopes.data(), ref.jacobian_theta.flat(), 1e-9);
    near(gradient.data(), ref.grad_theta_of_objective, 1e-9);
  });
});
