// Composites: what users expect beyond the ops, written in them. One file per family; each is a method of tensors too.

import { installMethods, type Methods } from "../frontend/index.ts";
import { activationTable } from "./activations.ts";
import { convolutionTable } from "./convolution.ts";
import { diagonalTable } from "./diagonals.ts";
import { imageTable } from "./images.ts";
import { layoutTable } from "./layout.ts";
import { linearAlgebraTable } from "./linear-algebra.ts";
import { lossTable } from "./losses.ts";
import { normalizationTable } from "./normalization.ts";
import { poolingTable } from "./pooling.ts";
import { productTable } from "./products.ts";
import { softmaxTable } from "./softmax.ts";
import { sortingTable } from "./sorting.ts";
import { specialTable } from "./special.ts";
import { statisticsTable } from "./statistics.ts";

export * from "./activations.ts";
export * from "./array/index.ts";
export { type AttentionOptions, attention } from "./attention.ts";
export * from "./convolution.ts";
export * from "./creation.ts";
export * from "./diagonals.ts";
export * from "./einsum.ts";
export * from "./images.ts";
export * from "./layout.ts";
export * from "./linear-algebra.ts";
export * from "./losses.ts";
export * from "./normalization.ts";
export * from "./pooling.ts";
export * from "./products.ts";
export * from "./random.ts";
export type { DTypeOptions } from "./shapes.ts";
export * from "./softmax.ts";
export * from "./sorting.ts";
export * from "./special.ts";
export * from "./statistics.ts";
export type { LayoutName, PaddingOption } from "./windows.ts";

/** Every function of the library whose first argument is the tensor. */
const methodTable = {
  ...activationTable,
  ...softmaxTable,
  ...lossTable,
  ...statisticsTable,
  ...normalizationTable,
  ...productTable,
  ...diagonalTable,
  ...layoutTable,
  ...sortingTable,
  ...linearAlgebraTable,
  ...specialTable,
  ...convolutionTable,
  ...poolingTable,
  ...imageTable,
};

installMethods(methodTable);

declare module "../frontend/index.ts" {
  interface Tensor extends Methods<typeof methodTable> {}
}
