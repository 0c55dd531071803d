// ADBench: hand tracking. A skeleton of bones moves a mesh: how far is it from measured points, and how does that change
// with the 26 parameters of a pose?

import {
  add,
  cos,
  div,
  einsum,
  eye,
  i32,
  matmul,
  mul,
  neg,
  sin,
  sqrt,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  take,
  tensor,
} from "adjoint";

export interface Model {
  readonly parents: readonly number[];
  /** Each bone as its parent sees it, and the inverse of where it stands at rest: 4 x 4 matrices. */
  readonly relatives: Tensor;
  readonly inverses: Tensor;
  /** The mesh at rest, in homogeneous coordinates, and how much each bone moves each vertex. */
  readonly vertices: Tensor;
  readonly weights: Tensor;
}

export interface Measured {
  readonly correspondences: Tensor;
  readonly points: Tensor;
  readonly theta: Tensor;
}

/** Reads `name:parent:relative:inverse` for each bone, and `x:y:z:…:count:bone:weight:…` for each vertex. */
export function readModel(bones: string, vertices: string): Model {
  const lines = (text: string): string[][] =>
    text
      .trim()
      .split(/\r?\n/)
      .map((line) => line.split(":"));
  const rows = lines(bones);
  const matrices = (from: number): Tensor => tensor(rows.map((row) => square4(row.slice(from, from + 16).map(Number))));
  const mesh = lines(vertices);
  const weights = new Float64Array(mesh.length * rows.length);
  for (const [v, row] of mesh.entries()) {
    for (let k = 9; k < 9 + 2 * Number(row[8]); k += 2) weights[v * rows.length + Number(row[k])] = Number(row[k + 1]);
  }
  return {
    parents: rows.map((row) => Number(row[1])),
    relatives: matrices(2),
    inverses: matrices(18),
    vertices: tensor(mesh.map(([x, y, z]) => [Number(x), Number(y), Number(z), 1])),
    weights: tensor(weights, { shape: [mesh.length, rows.length] }),
  };
}

function square4(numbers: readonly number[]): number[][] {
  return [0, 4, 8, 12].map((at) => numbers.slice(at, at + 4));
}

/** Reads `points parameters`, for each point the vertex and where it was measured, then the parameters. */
export function readMeasured(text: string): Measured {
  const [count, , ...numbers] = text.trim().split(/\s+/).map(Number);
  const rows = Array.from({ length: count }, (_, i) => numbers.slice(4 * i, 4 * i + 4));
  return {
    correspondences: i32(rows.map(([vertex]) => vertex)),
    points: tensor(rows.map(([, ...xyz]) => xyz)),
    theta: tensor(numbers.slice(4 * count)),
  };
}

/** For each bone the angles that the parameters give it: about x, y and z. */
function anglesOf(theta: Tensor, bones: number): readonly (readonly (Tensor | number)[])[] {
  const angles: (Tensor | number)[][] = Array.from({ length: bones }, () => [0, 0, 0]);
  let next = 6;
  for (let finger = 0; finger < 5; finger++) {
    for (let joint = 0; joint < 3; joint++) {
      const bone = 4 * finger + 2 + joint;
      angles[bone][0] = theta.at(next++);
      // the first joint also moves sideways
      if (joint === 0) angles[bone][2] = theta.at(next++);
    }
  }
  return angles;
}

/** Rotations about x, then y, then z, as a matrix of 4 x 4. */
function rotation([x, y, z]: readonly (Tensor | number)[]): Tensor {
  const about = (angle: Tensor | number, i: number, k: number): Tensor => {
    const entries: (Tensor | number)[][] = [0, 1, 2, 3].map((r) => [0, 1, 2, 3].map((c) => Number(r === c)));
    entries[i][i] = entries[k][k] = cos(angle);
    entries[k][i] = sin(angle);
    entries[i][k] = neg(sin(angle));
    return stack(entries.map((row) => stack(row)));
  };
  return matmul(about(z, 0, 1), matmul(about(y, 2, 0), about(x, 1, 2)));
}

/** The rotation about an axis, as long as its angle. Formula: O. Rodrigues, 1840. */
function rotationAbout(axis: Tensor): Tensor {
  const angle = sqrt(sum(square(axis)));
  const [x, y, z] = [0, 1, 2].map((i) => div(axis.at(i), angle));
  const crossing = stack([stack([0, neg(z), y]), stack([z, 0, neg(x)]), stack([neg(y), x, 0])]);
  const twice = matmul(crossing, crossing);
  return add(eye(3), add(mul(crossing, sin(angle)), mul(twice, sub(1, cos(angle)))));
}

/** Where the vertices named stand in a pose. */
function positions(theta: Tensor, model: Model, named: Tensor): Tensor {
  const bones = model.parents.length;
  const absolutes: Tensor[] = [];
  for (const [i, angles] of anglesOf(theta, bones).entries()) {
    const isStill = angles.every((angle) => angle === 0);
    const relative = isStill ? model.relatives.at(i) : matmul(model.relatives.at(i), rotation(angles));
    absolutes.push(model.parents[i] < 0 ? relative : matmul(absolutes[model.parents[i]], relative));
  }
  const transforms = matmul(stack(absolutes), model.inverses).at([null, null], [0, 3]);
  const blended = einsum(
    "vb,bij,vj->vi",
    take(model.weights, named, { axis: 0 }),
    transforms,
    take(model.vertices, named, { axis: 0 }),
  );
  const turned = matmul(blended, rotationAbout(theta.at([0, 3])).permuteDims([1, 0]));
  return add(turned, theta.at([3, 6]));
}

/** What is measured less where the model has it, point by point. */
export function residuals(theta: Tensor, model: Model, { correspondences, points }: Measured): Tensor {
  return sub(points, positions(theta, model, correspondences));
}

export function objective(theta: Tensor, model: Model, measured: Measured): Tensor {
  return mul(0.5, sum(square(residuals(theta, model, measured))));
}
