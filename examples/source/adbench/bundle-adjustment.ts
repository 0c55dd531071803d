// ADBench: bundle adjustment, where cameras see points, as loops over flat arrays. (Objective: F. Šrajer, Z. Kukelova,
// A. Fitzgibbon, "A benchmark of selected algorithmic differentiation tools in computer vision and machine learning",
// Optimization Methods and Software 33, 2018.)

type Vector = [number, number, number];

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** `p` turned about `axis` by as much as it is long, in radians. (O. Rodrigues, 1840.) */
function rotated(axis: Vector, p: Vector): Vector {
  const squared = dot(axis, axis);
  if (squared === 0) {
    const [x, y, z] = cross(axis, p);
    return [p[0] + x, p[1] + y, p[2] + z];
  }
  const angle = Math.sqrt(squared);
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  const w: Vector = [axis[0] / angle, axis[1] / angle, axis[2] / angle];
  const [x, y, z] = cross(w, p);
  const along = dot(w, p) * (1 - cosine);
  return [
    p[0] * cosine + x * sine + w[0] * along,
    p[1] * cosine + y * sine + w[1] * along,
    p[2] * cosine + z * sine + w[2] * along,
  ];
}

/**
 * Where camera `c` sees point `p`, in pixels. A camera is 11 numbers: rotation (3), centre (3), focal length, principal point
 * (2) and radial distortion (2).
 */
function projected(cameras: Float64Array, c: number, points: Float64Array, p: number): [number, number] {
  const at = 11 * c;
  const [x, y, z] = rotated(
    [cameras[at], cameras[at + 1], cameras[at + 2]],
    [points[3 * p] - cameras[at + 3], points[3 * p + 1] - cameras[at + 4], points[3 * p + 2] - cameras[at + 5]],
  );
  const [u, v] = [x / z, y / z];
  const r = u * u + v * v;
  const scale = cameras[at + 6] * (1 + cameras[at + 9] * r + cameras[at + 10] * r * r);
  return [u * scale + cameras[at + 7], v * scale + cameras[at + 8]];
}

/** One of the two errors of an observation: of the camera and the point alone, `axis` 0 or 1. */
export function error(
  camera: Float64Array,
  point: Float64Array,
  weight: number,
  feature: Float64Array,
  axis: number,
): number {
  const [x, y] = projected(camera, 0, point, 0);
  return weight * (axis === 0 ? x - feature[0] : y - feature[1]);
}

/** The errors of all observations, two each, then what is left of 1 in each weight. */
export function residuals(
  cameras: Float64Array,
  points: Float64Array,
  weights: Float64Array,
  features: Float64Array,
  cameraOf: Int32Array,
  pointOf: Int32Array,
): Float64Array {
  const count = weights.length;
  const all = new Float64Array(3 * weights.length);
  for (let i = 0; i < count; i++) {
    const [x, y] = projected(cameras, cameraOf[i], points, pointOf[i]);
    all[2 * i] = weights[i] * (x - features[2 * i]);
    all[2 * i + 1] = weights[i] * (y - features[2 * i + 1]);
    all[2 * count + i] = 1 - weights[i] ** 2;
  }
  return all;
}

/** Half the sum of their squares. */
export function objective(
  cameras: Float64Array,
  points: Float64Array,
  weights: Float64Array,
  features: Float64Array,
  cameraOf: Int32Array,
  pointOf: Int32Array,
): number {
  let sum = 0;
  for (const r of residuals(cameras, points, weights, features, cameraOf, pointOf)) sum += r * r;
  return sum / 2;
}
