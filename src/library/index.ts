// The functions of the library, each of which that takes a tensor first becomes a method here.

import { installMethods, type Methods, type Operand, type Tensor } from "../frontend/index.ts";
import type { Index } from "./array/index.ts";
import * as methods from "./methods.ts";

export * from "./functions.ts";

/** `x.add(y)` adds all elements, `x.add(indices, value)` some. */
function addMethod(x: Tensor, ...given: readonly unknown[]): Tensor {
  return given.length < 2
    ? methods.add(x, given[0] as Operand)
    : methods.addAt(x, given[0] as Index[], given[1] as Operand);
}

/** What `add` is as a method. */
interface AddMethod {
  /** The sum; with indices and a value, the tensor with the value added to the elements that they select. */
  readonly add: {
    (y: Operand): Tensor;
    (indices: Parameters<typeof methods.addAt>[1], value: Operand): Tensor;
  };
}

installMethods({ var: methods.variance, ...methods });
installMethods({ add: addMethod });

declare module "../frontend/index.ts" {
  interface Tensor extends Methods<Omit<typeof methods, "add">>, AddMethod {
    /** As `variance`. */
    readonly var: Methods<typeof methods>["variance"];
  }
}
