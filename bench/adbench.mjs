// Larger problems of ADBench, as tensors and as TypeScript: gradients and Jacobians against the objective, and compile times.

import { readFileSync } from "node:fs";
import { hand, mixture, scene } from "./adbench-data.mjs";
import { adjoint, load } from "./library.mjs";
import { compare, finish, isAsked, once, report, section, track } from "./measure.mjs";

const { compile, grad, jacobian, tensor } = adjoint;
const { compileSource } = await load("source.js");
const textOf = (name) => readFileSync(new URL(`../examples/source/adbench/${name}.ts`, import.meta.url), "utf8");
const options = { rounds: 15, warmup: 3 };
/** The engine has optimised functions of hundreds of kilobytes after some hundred calls. */
const warm = { rounds: 31, warmup: 300 };

/** Both sides of a mixture as TypeScript. */
async function mixtureOf(d, K, n, bar) {
  const { alphas, means, icf, x, gamma, m, origin } = mixture(d, K, n);
  await section(`the mixture as TypeScript, d = ${d}, K = ${K}, n = ${n} (${origin})`, async () => {
    const entry = { entry: "likelihood" };
    const objective = compileSource(textOf("gmm"), entry);
    const gradient = compileSource(textOf("gmm"), { ...entry, gradient: true, wrt: ["alphas", "means", "icf"] });
    const args = [alphas, means, icf, x, gamma, m];
    const [ours, value] = [() => gradient(...args), () => objective(...args)];
    if (!Object.is(ours()[0], value())) throw new Error(`the gradient's value is ${ours()[0]}, want ${value()}`);
    await track("objective", value);
    await compare("gradient and value, the objective", ours, value, bar, options);
  });
}
await mixtureOf(4, 5, 10_000, 6);
await mixtureOf(10, 25, 1000, 6);
await mixtureOf(32, 25, 1000, 6);

{
  const { readModelOf, residuals, objective } = await handExample();
  const { args, origin } = hand(100);
  await section(`the hand as tensors, 26 parameters, 100 points (${origin})`, async () => {
    const { theta, model, measured } = readModelOf(args);
    const types = ["f64[26]"];
    const compileJacobian = () => compile((t) => jacobian((s) => residuals(s, model, measured))(t), types);
    await track("compiling the Jacobian", () => compileJacobian());
    if (!isAsked) report("compiling the Jacobian, ms", once(compileJacobian), 1000);
    const slopes = compileJacobian();
    const value = compile((t) => objective(t, model, measured), types);
    const gradient = compile((t) => grad((s) => objective(s, model, measured))(t), types);
    const ofValue = () => value(theta);
    await track("objective", ofValue);
    await compare("the Jacobian, 26 columns, the objective", () => slopes(theta), ofValue, 13, warm);
    await compare("the gradient, the objective", () => gradient(theta), ofValue, 5, warm);
  });
}

{
  const { args, origin } = hand(100);
  await section(`the hand as TypeScript, 26 parameters, 100 points (${origin})`, async () => {
    const residuals = compileSource(textOf("hand"), { entry: "residuals" });
    const objective = compileSource(textOf("hand"), { entry: "objective" });
    const types = args.map((x) => `${x instanceof Int32Array ? "i32" : "f64"}[${x.length}]`);
    const compileJacobian = () => compile(jacobian(residuals, { wrt: 0 }), types);
    await track("compiling the Jacobian", () => compileJacobian());
    if (!isAsked) report("compiling the Jacobian, ms", once(compileJacobian), 1000);
    const slopes = compileJacobian();
    const tensors = args.map((x) => tensor(x));
    const ofValue = () => objective(...args);
    await track("objective", ofValue);
    await compare("the Jacobian, 26 columns, the objective", () => slopes(...tensors), ofValue, 13, warm);
  });
}

/** The example's functions, and its model from flat arrays. */
async function handExample() {
  const example = await load("examples/adbench/hand.js");
  const readModelOf = ([theta, parents, relatives, inverses, vertices, weights, seen, points]) => {
    const [bones, count] = [parents.length, vertices.length / 4];
    const model = {
      parents: [...parents],
      relatives: tensor(relatives, { shape: [bones, 4, 4] }),
      inverses: tensor(inverses, { shape: [bones, 4, 4] }),
      vertices: tensor(vertices, { shape: [count, 4] }),
      weights: tensor(weights, { shape: [count, bones] }),
    };
    const measured = { correspondences: tensor(seen), points: tensor(points, { shape: [seen.length, 3] }) };
    return { theta: tensor(theta), model, measured };
  };
  return { readModelOf, ...example };
}

{
  const { args, origin } = scene(10, 100, 1000);
  const { jacobians, residuals } = await load("examples/adbench/bundle-adjustment.js");
  await section(`bundle adjustment as tensors, 1,000 observations (${origin})`, async () => {
    const [cameras, points, weights, features, camera, point] = args;
    const shapes = [[10, 11], [100, 3], [1000], [1000, 2]];
    const given = [cameras, points, weights, features].map((x, i) => tensor(x, { shape: shapes[i] }));
    const rest = { camera: tensor(camera), point: tensor(point) };
    const scene = (c, p, w, f) => ({ ...rest, cameras: c, points: p, weights: w, features: f });
    const types = shapes.map((s) => `f64[${s}]`);
    const value = compile((...x) => residuals(scene(...x)).errors, types);
    const slopes = compile((...x) => jacobians(scene(...x)), types);
    const ofValue = () => value(...given);
    await track("errors", ofValue);
    await compare("the Jacobians of all observations, their errors", () => slopes(...given), ofValue, 13, warm);
  });
}
finish();
