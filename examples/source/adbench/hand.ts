// ADBench: hand tracking, where a skeleton of bones moves a mesh, as loops over flat arrays. (Objective: F. Šrajer,
// Z. Kukelova, A. Fitzgibbon, "A benchmark of selected algorithmic differentiation tools in computer vision and machine
// learning", Optimization Methods and Software 33, 2018; the model: J. Taylor et al., CVPR 2014.)

/** The matrices are 4 × 4 and row by row, of rotation and shift: the last row of each is 0 0 0 1. */
type Matrices = Float64Array;

/** into[i] = a[j] · b[k]. */
function multiply(into: Matrices, i: number, a: Matrices, j: number, b: Matrices, k: number): void {
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 4; column++) {
      let sum = 0;
      for (let t = 0; t < 4; t++) sum += a[16 * j + 4 * row + t] * b[16 * k + 4 * t + column];
      into[16 * i + 4 * row + column] = sum;
    }
  }
}

/** The rotation by the angles about x, then y, then z. */
function rotation(x: number, y: number, z: number): Matrices {
  const [cx, cy, cz] = [Math.cos(x), Math.cos(y), Math.cos(z)];
  const [sx, sy, sz] = [Math.sin(x), Math.sin(y), Math.sin(z)];
  return new Float64Array([
    cz * cy,
    cz * sy * sx - sz * cx,
    cz * sy * cx + sz * sx,
    0,
    sz * cy,
    sz * sy * sx + cz * cx,
    sz * sy * cx - cz * sx,
    0,
    -sy,
    cy * sx,
    cy * cx,
    0,
    0,
    0,
    0,
    1,
  ]);
}

/** For each bone the angles about x, y and z that the parameters give it: five fingers of three joints. */
function anglesOf(theta: Float64Array, parents: Int32Array): Float64Array {
  const angles = new Float64Array(3 * parents.length);
  let next = 6;
  for (let finger = 0; finger < 5; finger++) {
    for (let joint = 0; joint < 3; joint++) {
      const bone = 4 * finger + 2 + joint;
      angles[3 * bone] = theta[next++];
      // the first joint also moves sideways
      if (joint === 0) angles[3 * bone + 2] = theta[next++];
    }
  }
  return angles;
}

/** Where each bone takes what it moves, from where that is at rest. Parents stand before their children. */
function pose(theta: Float64Array, parents: Int32Array, relatives: Matrices, inverses: Matrices): Matrices {
  const angles = anglesOf(theta, parents);
  const local = new Float64Array(16);
  const absolutes = new Float64Array(relatives.length);
  const transforms = new Float64Array(relatives.length);
  for (let b = 0; b < parents.length; b++) {
    multiply(local, 0, relatives, b, rotation(angles[3 * b], angles[3 * b + 1], angles[3 * b + 2]), 0);
    if (parents[b] < 0) for (let i = 0; i < 16; i++) absolutes[16 * b + i] = local[i];
    else multiply(absolutes, b, absolutes, parents[b], local, 0);
    multiply(transforms, b, absolutes, b, inverses, b);
  }
  return transforms;
}

/** The vector (x, y, z) turned about `axis` by as much as it is long, in radians. (O. Rodrigues, 1840.) */
function turned(axis: [number, number, number], x: number, y: number, z: number): [number, number, number] {
  const angle = Math.hypot(axis[0], axis[1], axis[2]);
  const [a, b, c] = [axis[0] / angle, axis[1] / angle, axis[2] / angle];
  const along = (a * x + b * y + c * z) * (1 - Math.cos(angle));
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return [
    x * cosine + (b * z - c * y) * sine + a * along,
    y * cosine + (c * x - a * z) * sine + b * along,
    z * cosine + (a * y - b * x) * sine + c * along,
  ];
}

/**
 * What is measured less where the model has it, three numbers for each measured point. The parameters `theta` are the rotation
 * of the hand (3), its place (3) and the angles of the fingers (20). `vertices` are x y z 1, `weights` say for each vertex how
 * much each bone moves it, `vertexOf` which vertex was measured.
 */
export function residuals(
  theta: Float64Array,
  parents: Int32Array,
  relatives: Matrices,
  inverses: Matrices,
  vertices: Float64Array,
  weights: Float64Array,
  vertexOf: Int32Array,
  points: Float64Array,
): Float64Array {
  const transforms = pose(theta, parents, relatives, inverses);
  const bones = parents.length;
  const off = new Float64Array(points.length);
  const blended = new Float64Array(3);
  for (let i = 0; i < vertexOf.length; i++) {
    const v = vertexOf[i];
    blended.fill(0);
    for (let b = 0; b < bones; b++) {
      const weight = weights[v * bones + b];
      if (weight === 0) continue;
      for (let row = 0; row < 3; row++) {
        let sum = 0;
        for (let t = 0; t < 4; t++) sum += transforms[16 * b + 4 * row + t] * vertices[4 * v + t];
        blended[row] += weight * sum;
      }
    }
    const place = turned([theta[0], theta[1], theta[2]], blended[0], blended[1], blended[2]);
    for (let k = 0; k < 3; k++) off[3 * i + k] = points[3 * i + k] - (place[k] + theta[3 + k]);
  }
  return off;
}

/** One of the residuals: a number, whose gradient is a row of their Jacobian. */
export function residual(
  theta: Float64Array,
  parents: Int32Array,
  relatives: Matrices,
  inverses: Matrices,
  vertices: Float64Array,
  weights: Float64Array,
  vertexOf: Int32Array,
  points: Float64Array,
  index: number,
): number {
  return residuals(theta, parents, relatives, inverses, vertices, weights, vertexOf, points)[index];
}

/** Half the sum of their squares. */
export function objective(
  theta: Float64Array,
  parents: Int32Array,
  relatives: Matrices,
  inverses: Matrices,
  vertices: Float64Array,
  weights: Float64Array,
  vertexOf: Int32Array,
  points: Float64Array,
): number {
  let sum = 0;
  for (const r of residuals(theta, parents, relatives, inverses, vertices, weights, vertexOf, points)) sum += r * r;
  return sum / 2;
}
