// Problems of ADBench: its own files where the conformance data is at hand, else problems of the same sizes, from a seeded
// generator and in the distributions in which ADBench draws its own (F. Šrajer, Z. Kukelova, A. Fitzgibbon, 2018).

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { classes, normal, uniform } from "./data.mjs";

const folder = process.env.ADJOINT_CONFORMANCE ?? fileURLToPath(new URL("../../shared/conformance", import.meta.url));

/** The text of one of ADBench's files, if it is at hand. */
function original(path) {
  const file = `${folder}/adbench/data/${path}`;
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** A Gaussian mixture: K components in d dimensions, n points. Means lie in the unit cube, all else is normal. */
export function mixture(d, K, n) {
  const text = original(`gmm/${n / 1000}k/gmm_d${d}_K${K}.txt`);
  const size = (d * (d + 1)) / 2;
  if (text === undefined) {
    const [alphas, icf, x] = [normal(21, K), normal(22, K * size), normal(23, n * d)];
    return {
      d,
      K,
      n,
      gamma: 1,
      m: 0,
      alphas,
      means: uniform(24, K * d, 0, 1, Float64Array),
      icf,
      x,
      origin: "generated",
    };
  }
  const numbers = Float64Array.from(text.trim().split(/\s+/).slice(3), Number);
  let at = 0;
  const next = (count) => numbers.slice(at, (at += count));
  const [alphas, means, icf, x] = [next(K), next(K * d), next(K * size), next(n * d)];
  const [gamma, m] = numbers.slice(at);
  return { d, K, n, gamma, m, alphas, means, icf, x, origin: "ADBench's file" };
}

/** Bundle adjustment: copies of a camera and a point; who sees what goes round. */
export function scene(cameras, points, observations) {
  const text = original("ba/test.txt");
  const origin = text === undefined ? "generated" : "ADBench's file";
  const drawn = () => {
    const [turn, noise] = [normal(31, 6), normal(32, 4)];
    return [
      ...turn.slice(0, 3),
      10 * turn[3],
      20 * turn[4],
      30 * turn[5],
      ...lens,
      ...noise.slice(0, 3),
      0.5,
      100,
      100,
    ];
  };
  const lens = [200, -0.5, -15, 0.06, 0.07];
  const numbers = text === undefined ? drawn() : text.trim().split(/\s+/).slice(3).map(Number);
  const copies = (count, from, to) =>
    Float64Array.from({ length: count * (to - from) }, (_, i) => numbers[from + (i % (to - from))]);
  const each = (below) => Int32Array.from({ length: observations }, (_, i) => i % below);
  const arrays = [
    copies(cameras, 0, 11),
    copies(points, 11, 14),
    copies(observations, 14, 15),
    copies(observations, 15, 17),
  ];
  return { args: [...arrays, each(cameras), each(points)], origin };
}

/** The four numbers of each row of a 4 x 4 matrix that turns about z by `angle` and moves along x by `by`. */
function turned(angle, by) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [c, -s, 0, by, s, c, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
}

const matrices = (count, matrix) => Float64Array.from(Array.from({ length: count }, (_, i) => matrix(i)).flat());

/** Where the joints of a hand are: a wrist, and five fingers of four bones, the parents of bones 2 to 21. */
const parentOf = (bone) => (bone < 2 ? bone - 1 : (bone - 2) % 4 === 0 ? 0 : bone - 1);

/** A skeleton of 22 bones, and a mesh of 544 vertices of which each follows up to four bones. */
function drawnModel() {
  const [bones, vertices] = [22, 544];
  const weights = new Float64Array(vertices * bones);
  const share = uniform(41, vertices * 4, 0.1, 1, Float64Array);
  for (let v = 0; v < vertices; v++) {
    const total = share.subarray(4 * v, 4 * v + 4).reduce((a, b) => a + b, 0);
    for (let k = 0; k < 4; k++) weights[v * bones + ((v + 5 * k) % bones)] += share[4 * v + k] / total;
  }
  const at = uniform(42, vertices * 3, -0.1, 0.1, Float64Array);
  return {
    parents: Int32Array.from({ length: bones }, (_, b) => parentOf(b)),
    relatives: matrices(bones, (b) => turned(0.1 * (b % 4), 0.03)),
    inverses: matrices(bones, (b) => turned(-0.1 * (b % 4), -0.03)),
    vertices: Float64Array.from({ length: vertices * 4 }, (_, i) => (i % 4 === 3 ? 1 : at[3 * (i >> 2) + (i % 4)])),
    weights,
  };
}

/** ADBench's own skeleton and mesh: `name:parent:relative:inverse` a bone, `x:y:z:…:count:bone:weight:…` a vertex. */
function readModel(bones, mesh) {
  const rows = (text) =>
    text
      .trim()
      .split(/\r?\n/)
      .map((line) => line.split(":"));
  const [joints, points] = [rows(bones), rows(mesh)];
  const weights = new Float64Array(points.length * joints.length);
  for (const [v, row] of points.entries()) {
    for (let k = 9; k < 9 + 2 * Number(row[8]); k += 2)
      weights[v * joints.length + Number(row[k])] = Number(row[k + 1]);
  }
  return {
    parents: Int32Array.from(joints, (row) => Number(row[1])),
    relatives: Float64Array.from(joints.flatMap((row) => row.slice(2, 18).map(Number))),
    inverses: Float64Array.from(joints.flatMap((row) => row.slice(18, 34).map(Number))),
    vertices: Float64Array.from(points.flatMap((row) => [...row.slice(0, 3).map(Number), 1])),
    weights,
  };
}

/** Hand tracking: 26 parameters of a pose, and `count` measured points. */
export function hand(count) {
  const [bones, mesh] = [original("hand/model/bones.txt"), original("hand/model/vertices.txt")];
  const isOriginal = bones !== undefined && mesh !== undefined;
  const model = isOriginal ? readModel(bones, mesh) : drawnModel();
  const theta = normal(43, 26);
  const [seen, points] = [classes(44, count, model.vertices.length / 4), normal(45, 3 * count)];
  const { parents, relatives, inverses, vertices, weights } = model;
  const args = [theta, parents, relatives, inverses, vertices, weights, seen, points];
  return { args, origin: isOriginal ? "ADBench's model" : "generated" };
}
