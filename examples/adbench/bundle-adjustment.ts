// ADBench: bundle adjustment, how far cameras see points from where they were found. An observation has a residual of two
// numbers and a Jacobian of its own, and all observations together are one batch.

import {
  add,
  cond,
  cos,
  div,
  equal,
  i32,
  jacobian,
  mul,
  sin,
  sqrt,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  take,
  tensor,
  vmap,
} from "adjoint";

export interface Observations {
  /** A row for each camera: rotation (3), centre (3), focal length, principal point (2), radial distortion (2). */
  readonly cameras: Tensor;
  readonly points: Tensor;
  readonly weights: Tensor;
  readonly features: Tensor;
  /** The camera and the point of each observation. */
  readonly camera: Tensor;
  readonly point: Tensor;
}

/** Reads `n m p`, a camera, a point, a weight and a feature, which all n, m and p of them are copies of. */
export function readObservations(text: string): Observations {
  const [n, m, p, ...numbers] = text.trim().split(/\s+/).map(Number);
  let at = 0;
  const copies = (count: number, size: number): Tensor =>
    tensor(Float64Array.from(numbers.slice(at, (at += size)))).broadcastTo([count, size]);
  const [cameras, points, weights, features] = [copies(n, 11), copies(m, 3), copies(p, 1), copies(p, 2)];
  const each = (count: number): Tensor => i32(Array.from({ length: p }, (_, i) => i % count));
  return { cameras, points, weights: weights.reshape([p]), features, camera: each(n), point: each(m) };
}

/** The rotation of a point about an axis, as long as its angle. Formula: O. Rodrigues, 1840. */
function rotate(axis: Tensor, point: Tensor): Tensor {
  const squared = sum(square(axis));
  return cond(
    equal(squared, 0),
    () => add(point, cross(axis, point)),
    () => {
      const angle = sqrt(squared);
      const w = div(axis, angle);
      const along = mul(sum(mul(w, point)), sub(1, cos(angle)));
      return add(add(mul(point, cos(angle)), mul(cross(w, point), sin(angle))), mul(w, along));
    },
  );
}

function cross(a: Tensor, b: Tensor): Tensor {
  const part = (i: number, k: number): Tensor => sub(mul(a.at(i), b.at(k)), mul(a.at(k), b.at(i)));
  return stack([part(1, 2), part(2, 0), part(0, 1)]);
}

/** Where a camera sees a point, off the feature, weighed. */
export function reprojection(camera: Tensor, point: Tensor, weight: Tensor, feature: Tensor): Tensor {
  const seen = rotate(camera.at([0, 3]), sub(point, camera.at([3, 6])));
  const flat = div(seen.at([0, 2]), seen.at(2));
  const r = sum(square(flat));
  const distortion = add(1, add(mul(camera.at(9), r), mul(camera.at(10), square(r))));
  const projected = add(mul(mul(flat, distortion), camera.at(6)), camera.at([7, 9]));
  return mul(weight, sub(projected, feature));
}

/** The residuals of all observations, and what is left of 1 in the weights. */
export function residuals(o: Observations): { readonly errors: Tensor; readonly weights: Tensor } {
  const errors = vmap(reprojection)(
    take(o.cameras, o.camera, { axis: 0 }),
    take(o.points, o.point, { axis: 0 }),
    o.weights,
    o.features,
  );
  return { errors, weights: sub(1, square(o.weights)) };
}

/** The derivatives of each observation's error with respect to its camera, its point and its weight. */
export function jacobians(o: Observations): readonly [camera: Tensor, point: Tensor, weight: Tensor] {
  const blocks = vmap(jacobian(reprojection, { wrt: [0, 1, 2] }));
  return blocks(take(o.cameras, o.camera, { axis: 0 }), take(o.points, o.point, { axis: 0 }), o.weights, o.features);
}
