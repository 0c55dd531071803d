// The functions of the library, each of which that takes a tensor first becomes a method here.

import { installMethods, type Methods, type Operand, type Tensor } from "../frontend/index.ts";
import type { Index } from "./array/index.ts";
import * as methods from "./methods.ts";
import type { NamedMethods } from "./named-methods.ts";

export * from "./functions.ts";

/** `x.add(y)` adds all elements, `x.add(indices, value)` some. */
function addMethod(x: Tensor, ...given: readonly unknown[]): Tensor {
  return given.length < 2
    ? methods.add(x, given[0] as Operand)
    : methods.addAt(x, given[0] as Index[], given[1] as Operand);
}

// a function keeps the name that it is installed under last
installMethods({ var: methods.variance });
installMethods(methods);
installMethods({ add: addMethod });

declare module "../frontend/index.ts" {
  interface TensorMethods extends Methods<typeof methods, NamedMethods> {
    /** As `variance`. */
    readonly var: Methods<typeof methods, NamedMethods>["variance"];
  }
}
