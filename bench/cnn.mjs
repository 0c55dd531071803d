// The training step of a small convolutional network, f32, images of 28 x 28 and 100 x 100: against the usual loops,
// one compilation for all sizes against one for each, and how long compiling takes.

import { cnnStep } from "./cnn-by-hand.mjs";
import { convolutional } from "./data.mjs";
import { adjoint } from "./library.mjs";
import { compare, finish, isAsked, median, once, report, section, track } from "./measure.mjs";
import { convolutional as network } from "./models.mjs";
import { gemm } from "./product-by-hand.mjs";

const { compile, tensor } = adjoint;

const compiled = (height, width) => compile(network.step, network.types(height, width));

/** Steps of a compiled function, from the initial parameters; each gives the loss. */
function training(run, size) {
  const { x, labels, k1, b1, k2, b2, W, b } = convolutional(size);
  const image = tensor(x, { shape: [32, size, size, 1] });
  const wanted = tensor(labels, { shape: [32] });
  let parameters = [k1, b1, k2, b2, W, b].map((p, i) => tensor(p.slice(), { shape: network.shapes[i] }));
  return () => {
    const [value, ...next] = run(image, wanted, ...parameters);
    parameters = next;
    return value.item();
  };
}

function close(what, got, want) {
  if (!(Math.abs(got - want) <= 1e-4 * (1 + Math.abs(want)))) throw new Error(`${what} is ${got}, want ${want}`);
}

await section("compiling the training step of a CNN, ms", async () => {
  await track("the training step", () => compiled("H", "W"));
  if (isAsked) return;
  const times = Array.from({ length: 7 }, () => once(() => compiled("H", "W")));
  report("first, in a process that has compiled nothing yet", times[0], 400, "(no bar of its own)");
  report("median of the six after it", median(times.slice(1)), 100, times.map((t) => t.toFixed(0)).join(" "));
});

await section("training step of a CNN on a batch of 32, f32, NHWC", async () => {
  const open = compiled("H", "W");
  for (const size of [28, 100]) {
    const ofSize = training(compiled(size, size), size);
    const ofAll = training(open, size);
    const byHand = cnnStep(gemm, size, convolutional(size));
    for (let i = 0; i < 5; i++) {
      const value = ofSize();
      close(`loss ${i} at ${size} x ${size}`, value, byHand());
      if (!Object.is(ofAll(), value)) throw new Error(`loss ${i} at ${size} x ${size} differs with open sizes`);
    }
    const options = { rounds: size === 28 ? 21 : 7, warmup: size === 28 ? 5 : 2 };
    await compare(`step ${size} x ${size}, the usual loops`, ofSize, byHand, 2, options);
    await compare(`step ${size} x ${size}, one compilation for all sizes / for this one`, ofAll, ofSize, 1.15, options);
  }
});
finish();
