// The programs of training and of the rows that compile: how each is compiled, and what a call of it gives.

import { adjoint } from "../library.mjs";
import * as models from "../models.mjs";

const { compile, matmul, tensor } = adjoint;

/** The options of who gives none, once it is WebAssembly that products take by themselves. */
const isChosen = compile(matmul, ["f32[512, 512]", "f32[512, 512]"]).backend === "wasm";
export const defaults = isChosen ? {} : { backend: "wasm" };

export const argumentsOf = ({ data, shape }) => tensor(data, { shape });

const chain = (compiled, { x, a, b }) => compiled(...[x, a, b].map(argumentsOf)).data();

export const programs = {
  chain: {
    program: models.chainOf(1000),
    types: () => ["f32[1024]", "f32[1024]", "f32[1024]"],
    first: chain,
    results: (compiled, inputs) => [chain(compiled, inputs)],
  },
  mlp: {
    program: models.perceptron.step,
    types: () => models.perceptron.types(128),
    data: ["x", "oneHot"],
    parameters: ["W1", "b1", "W2", "b2", "W3", "b3"],
    first: (compiled, inputs) => stepsOf(compiled, "mlp", inputs)(),
    results: (compiled, inputs) => lossesOf(compiled, "mlp", inputs, 5),
  },
  cnn: {
    program: models.convolutional.step,
    types: (size) => models.convolutional.types(size, size),
    data: ["x", "labels"],
    parameters: ["k1", "b1", "k2", "b2", "W", "b"],
    first: (compiled, inputs) => stepsOf(compiled, "cnn", inputs)(),
    results: (compiled, inputs) => lossesOf(compiled, "cnn", inputs, 5),
  },
};

export function compiledFor(name, options, size = 28) {
  const { program, types } = programs[name];
  return compile(program, types(size), options);
}

/** Steps of training from the initial parameters, each of which gives the loss. */
export function stepsOf(compiled, name, inputs) {
  const { data, parameters } = programs[name];
  const given = data.map((key) => argumentsOf(inputs[key]));
  let current = parameters.map((key) => argumentsOf(inputs[key]));
  return () => {
    const [loss, ...next] = compiled(...given, ...current);
    current = next;
    return loss.item();
  };
}

export function lossesOf(compiled, name, inputs, count) {
  return [Array.from({ length: count }, stepsOf(compiled, name, inputs))];
}
