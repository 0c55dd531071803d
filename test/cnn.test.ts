// One network declared with open height and width: compiled once, it gives the bits of networks made for one size each.

import { describe, expect, it } from "vitest";
import { declare, gratings } from "../examples/cnn.ts";
import { conv2d, f32, Graph, matmul, Session, type Size, type Tensor, tensor } from "../src/index.ts";
import { errorOf } from "./support/errors.ts";

const sizes = [28, 100];
const batch = 2;

/** The losses of two steps on images of this size, the parameters after them, and the classes found. */
function trained(session: Session, { loss, step, classes }: ReturnType<typeof declare>, size: number): number[][] {
  const results: number[][] = [];
  for (let round = 0; round < 2; round++) {
    const fetched = session.run([loss, ...step], { ...gratings(batch, size, round) }) as Tensor[];
    results.push(...fetched.map((t) => [...t.data()]));
  }
  const { images } = gratings(batch, size, 9);
  const [found] = session.run([classes], { images }) as [Tensor];
  return [...results, [...found.data()]];
}

const network = (height?: Size, width?: Size) => declare(height === undefined ? "B" : batch, height, width);

describe("a convolutional network declared once for all sizes", () => {
  it("is compiled once, and gives what networks for one size give, bit for bit", () => {
    const open = network();
    const used = new Session(open.graph, { check: "verify" });
    for (const size of sizes) trained(used, open, size);
    // training and finding classes
    expect(used.compilations).toHaveLength(2);
    for (const size of sizes) {
      const fixed = network(size, size);
      const got = trained(new Session(open.graph), open, size);
      const expected = trained(new Session(fixed.graph), fixed, size);
      expect(got).toHaveLength(expected.length);
      for (const [i, e] of expected.entries()) {
        expect(
          got[i].every((x, k) => Object.is(x, e[k])),
          `${size} x ${size}, result ${i}`,
        ).toBe(true);
      }
    }
  });

  it("says what is ill-formed at the line that made it, when it is made", () => {
    const graph = new Graph();
    const images = graph.placeholder(f32, { name: "images", shape: ["B", "H", "W", 1] });
    const wrong = tensor(new Float32Array(9 * 2 * 16), { shape: [3, 3, 2, 16] });
    const line = Number(/cnn\.test\.ts:(\d+)/.exec(new Error("here").stack ?? "")?.[1]);
    const error = errorOf(() => conv2d(images, wrong, undefined, { padding: "same" }));
    expect(error.message).toMatch(new RegExp(`cnn\\.test\\.ts:${line + 1}:\\d+ conv`));
    expect(error.reason).toBe("conv2d: axis 3 of x, the features for 2 input features of the kernel, is 1, expected 2");
    const flat = errorOf(() => matmul(images, tensor(new Float32Array(20), { shape: [10, 2] })));
    expect(flat.message).toMatch(/cnn\.test\.ts:\d+:\d+ matmul: operand 1 has shape \[10, 2\], expected \[1, \?\]/);
  });
});
