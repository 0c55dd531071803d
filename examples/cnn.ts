// One convolutional network for images of any size: declared once, compiled once, trained and evaluated on 28 x 28 and on
// 100 x 100, without a line that prepares images. `npm run build && node build/examples/cnn.js`

import { pathToFileURL } from "node:url";
import {
  add,
  argMax,
  conv2d,
  crossEntropy,
  f32,
  Graph,
  globalAvgPool,
  i32,
  key,
  matmul,
  maxPool,
  mul,
  relu,
  Session,
  type Size,
  splitKey,
  sub,
  type Tensor,
  tensor,
  uniform,
  zeros,
} from "adjoint";

export interface Network {
  readonly graph: Graph;
  readonly images: Tensor;
  readonly labels: Tensor;
  readonly loss: Tensor;
  readonly classes: Tensor;
  /** One step of gradient descent: fetched, it gives every parameter its next value. */
  readonly step: readonly Tensor[];
}

/** The network as a graph; height and width are numbers, or names of what is open. */
export function declare(batch: Size = "B", height: Size = "H", width: Size = "W", rate = 0.3): Network {
  const graph = new Graph();
  const images = graph.placeholder(f32, { name: "images", shape: [batch, height, width, 1] });
  const labels = graph.placeholder(i32, { name: "labels", shape: [batch] });
  const keys = splitKey(key(7), 3);
  const parameters: Tensor[] = [];
  const variable = (name: string, initial: Tensor): Tensor => {
    const v = graph.variable(initial, { name });
    parameters.push(v);
    return v;
  };
  const weights = (name: string, i: number, shape: readonly number[]): Tensor => {
    const bound = Math.sqrt(6 / shape.slice(0, -1).reduce((a, b) => a * b, 1));
    return variable(name, uniform(keys.at(i), shape, { low: -bound, high: bound, dtype: f32 }));
  };
  const bias = (name: string, n: number): Tensor => variable(name, zeros([n], { dtype: f32 }));

  const first = conv2d(images, weights("k1", 0, [3, 3, 1, 16]), bias("b1", 16), { padding: "same" });
  const half = maxPool(relu(first), 2);
  const second = conv2d(half, weights("k2", 1, [3, 3, 16, 32]), bias("b2", 32), { padding: "same" });
  const features = globalAvgPool(maxPool(relu(second), 2));
  const logits = add(matmul(features, weights("w", 2, [32, 10])), bias("b", 10));
  const loss = crossEntropy(logits, labels);

  const gradients = graph.gradients(loss, parameters);
  const step = parameters.map((p, i) => graph.assign(p, sub(p, mul(gradients[i], rate))));
  return { graph, images, labels, loss, classes: argMax(logits, { axis: 1 }), step };
}

/** Gratings of ten directions, as large as asked for: class k leans by k · 18 degrees. */
export function gratings(count: number, size: number, seed: number): { images: Tensor; labels: Tensor } {
  const pixels = new Float32Array(count * size * size);
  const labels = new Int32Array(count);
  for (let n = 0; n < count; n++) {
    labels[n] = (n * 7 + seed) % 10;
    const angle = (labels[n] * Math.PI) / 10;
    const phase = (n * 2.4 + seed) % (2 * Math.PI);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const along = x * Math.cos(angle) + y * Math.sin(angle);
        pixels[(n * size + y) * size + x] = 0.5 + 0.5 * Math.sin(1.6 * along + phase);
      }
    }
  }
  return { images: tensor(pixels, { shape: [count, size, size, 1] }), labels: tensor(labels) };
}

function main(): void {
  const { graph, loss, classes, step } = declare();
  const session = new Session(graph);
  for (let round = 0; round < 40; round++) {
    const size = round % 4 === 3 ? 100 : 28;
    const feeds = { ...gratings(20, size, round) };
    const [value] = session.run([loss, ...step], feeds) as [Tensor];
    if (round % 4 >= 2)
      console.log(`step ${round + 1}, ${size} x ${size}: loss ${(value.item() as number).toFixed(4)}`);
  }
  for (const size of [28, 100]) {
    const { images, labels } = gratings(50, size, 1000);
    const [found] = session.run([classes], { images }) as [Tensor];
    const truth = labels.data();
    const right = [...found.data()].filter((k, i) => k === truth[i]).length;
    console.log(`${size} x ${size}: ${right} of 50 right`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
