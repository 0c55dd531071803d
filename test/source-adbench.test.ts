// The problems of ADBench as TypeScript over flat arrays: compiled they give the bits that they give when they run themselves,
// and the gradients of references from outside. Skipped where the data is not at hand.

import { describe, expect, it } from "vitest";
import { readObservations } from "../examples/adbench/bundle-adjustment.ts";
import { readMixture } from "../examples/adbench/gmm.ts";
import { readMeasured, readModel } from "../examples/adbench/hand.ts";
import * as bundle from "../examples/source/adbench/bundle-adjustment.ts";
import * as gmm from "../examples/source/adbench/gmm.ts";
import * as hand from "../examples/source/adbench/hand.ts";
import { compiled } from "../examples/source.ts";
import type { Tensor } from "../src/index.ts";
import { describeWith } from "./support/needs.ts";
import { referenceText } from "./support/references.ts";

const text = (path: string): string => referenceText(`adbench/${path}`);
const reference = (name: string) => JSON.parse(text(`reference/${name}.ref.json`));
const floats = (t: Tensor): Float64Array => Float64Array.from(t.data());
const integers = (t: Tensor): Int32Array => Int32Array.from(t.data());

function near(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(got[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    expect(off, `element ${i}: ${got[i]}, expected ${expected[i]}`).toBeLessThanOrEqual(tolerance);
  }
}

const joined = (arrays: readonly ArrayLike<number>[]): number[] => arrays.flatMap((a) => Array.from(a));

describeWith("adbench")("ADBench as TypeScript", () => {
  it.each([
    ["gmm/test.txt", "gmm_test"],
    ["gmm/1k/gmm_d2_K5.txt", "gmm_1k_gmm_d2_K5"],
  ])("Gaussian mixture %s: objective and gradient", (file, name) => {
    const { alphas, means, icf, x, wishart } = readMixture(text(`data/${file}`));
    const args = [...[alphas, means, icf, x].map(floats), wishart.gamma, wishart.m] as Parameters<
      typeof gmm.likelihood
    >;
    const ref = reference(name);
    const f = compiled("adbench/gmm", { entry: "likelihood", gradient: true, wrt: ["alphas", "means", "icf"] });
    const [value, gradient] = f(...args);
    expect(value).toBe(gmm.likelihood(...args));
    near([value], [ref.objective], 1e-9);
    near(joined(gradient), ref.gradient, 1e-9);
  });

  describe("bundle adjustment", () => {
    const given = () => {
      const o = readObservations(text("data/ba/test.txt"));
      const [cameras, points, weights, features] = [o.cameras, o.points, o.weights, o.features].map(floats);
      return [cameras, points, weights, features, integers(o.camera), integers(o.point)] as const;
    };

    it("has the errors of the reference, and the Jacobian of one observation", () => {
      const ref = reference("ba_test");
      const args = given();
      const [cameras, points, weights, features] = args;
      const all = compiled("adbench/bundle-adjustment", { entry: "residuals" })(...args);
      expect(all).toEqual(bundle.residuals(...args));
      near(all.slice(0, 2), ref.reproj_err, 1e-8);
      near(all.slice(2 * weights.length), new Array(weights.length).fill(ref.w_err), 1e-8);
      const wrt = ["camera", "point", "weight"];
      const error = compiled("adbench/bundle-adjustment", { entry: "error", gradient: true, wrt });
      for (const axis of [0, 1]) {
        const [value, [camera, point, weight]] = error(cameras.slice(0, 11), points, weights[0], features, axis);
        near([value], [ref.reproj_err[axis]], 1e-8);
        near(joined([camera, point.slice(0, 3), [weight]]), ref.jacobian_block_2x15[axis], 1e-8);
      }
    });

    it("has the gradient that the Jacobian and the errors of the reference make", () => {
      const ref = reference("ba_test");
      const args = given();
      const wrt = ["cameras", "points", "weights"];
      const f = compiled("adbench/bundle-adjustment", { entry: "objective", gradient: true, wrt });
      const [value, [cameras, points, weights]] = f(...args);
      expect(value).toBe(bundle.objective(...args));
      near([value], [ref.objective], 1e-8);
      const slope = (column: number): number =>
        [0, 1].reduce((sum, axis) => sum + ref.reproj_err[axis] * ref.jacobian_block_2x15[axis][column], 0);
      // each copy of the camera sees p / n points, each copy of the point is seen p / m times
      const seen = (column: number): number => slope(column) * (ref.p / (column < 11 ? ref.n : ref.m));
      const perCamera = Array.from({ length: 11 }, (_, k) => seen(k));
      const perPoint = Array.from({ length: 3 }, (_, k) => seen(11 + k));
      near(cameras, new Array(ref.n).fill(perCamera).flat(), 1e-8);
      near(points, new Array(ref.m).fill(perPoint).flat(), 1e-8);
      near(weights, new Array(ref.p).fill(slope(14) + ref.w_err * ref.dw_err_dw), 1e-8);
    });

    it("turns a camera that is not turned at all, and has its slopes there", () => {
      const [cameras, points, weights, features] = given();
      const camera = cameras.slice(0, 11).fill(0, 0, 3);
      const error = compiled("adbench/bundle-adjustment", { entry: "error", gradient: true, wrt: ["camera"] });
      const at = (by: number, k: number): number =>
        bundle.error(
          camera.map((c, i) => (i === k ? c + by : c)),
          points,
          weights[0],
          features,
          0,
        );
      const [value, [slopes]] = error(camera, points, weights[0], features, 0);
      expect(value).toBe(at(0, 0));
      for (let k = 0; k < 3; k++) near([slopes[k]], [(at(1e-5, k) - at(-1e-5, k)) / 2e-5], 1e-4);
    });
  });

  it("hand tracking: residuals, their Jacobian, and the gradient of the objective", () => {
    const model = readModel(text("data/hand/model/bones.txt"), text("data/hand/model/vertices.txt"));
    const { correspondences, points, theta } = readMeasured(text("data/hand/test.txt"));
    const args = [
      floats(theta),
      Int32Array.from(model.parents),
      ...[model.relatives, model.inverses, model.vertices, model.weights].map(floats),
      integers(correspondences),
      floats(points),
    ] as unknown as Parameters<typeof hand.residuals>;
    const ref = reference("hand_test");
    const residuals = compiled("adbench/hand", { entry: "residuals" })(...args);
    expect(residuals).toEqual(hand.residuals(...args));
    near(residuals, ref.residuals, 1e-9);
    const residual = compiled("adbench/hand", { entry: "residual", gradient: true, wrt: ["theta"] });
    for (const [i, row] of ref.jacobian_theta.entries()) near(residual(...args, i)[1][0], row, 1e-9);
    const [value, [gradient]] = compiled("adbench/hand", { entry: "objective", gradient: true, wrt: ["theta"] })(
      ...args,
    );
    expect(value).toBe(hand.objective(...args));
    near([value], [ref.objective], 1e-9);
    near(gradient, ref.grad_theta_of_objective, 1e-9);
  });
});
