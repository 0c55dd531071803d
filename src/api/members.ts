// The members of tensors that have to do with gradients. What runs backward comes with what makes tensors that require one.

import { atBoundary, gradLeafOf, type Operand, Tensor, tracksGradient } from "../frontend/index.ts";
import { fail, printType } from "../ir/index.ts";

type Backward = (tensor: Tensor, upstream: Operand | undefined) => void;

/** Without tensors that require a gradient, none was computed from one. */
let backward: Backward = (tensor) => {
  requireConcrete(tensor, "backward");
  withoutGradient();
};

/** Sets what runs backward. */
export function installBackward(run: Backward): void {
  backward = run;
}

export function requireConcrete(tensor: unknown, what: string): asserts tensor is Tensor {
  if (!(tensor instanceof Tensor)) fail("argument", `${what}: expected a tensor`);
  if (tensor.traced !== null) {
    fail("scope", `${what}: a traced tensor ${printType(tensor.type)} has no history`, { hint: "use grad in a trace" });
  }
}

export function withoutGradient(): never {
  return fail("no-derivative", "backward: nothing that the tensor was computed from requires a gradient", {
    hint: "make it with tensor(data, { requiresGrad: true }), outside of noGrad",
  });
}

Object.defineProperties(Tensor.prototype, {
  requiresGrad: {
    get(this: Tensor) {
      return tracksGradient(this);
    },
  },
  grad: {
    get(this: Tensor) {
      return gradLeafOf(this)?.grad ?? null;
    },
  },
  backward: {
    value(this: Tensor, upstream?: Operand): void {
      atBoundary(Tensor.prototype.backward, () => backward(this, upstream));
    },
  },
  zeroGrad: {
    value(this: Tensor): void {
      const leaf = gradLeafOf(this);
      if (leaf !== null) leaf.grad = null;
    },
  },
  detach: {
    value(this: Tensor): Tensor {
      return atBoundary(Tensor.prototype.detach, () => new Tensor(this.array("detach()")));
    },
  },
});
