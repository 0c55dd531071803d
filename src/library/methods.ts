// The functions whose first argument is the tensor: each is a method too.

export * from "./activations.ts";
export * from "./array/methods.ts";
export * from "./closeness.ts";
export * from "./convolution.ts";
export * from "./determinant.ts";
export * from "./diagonals.ts";
export * from "./images.ts";
export * from "./layout.ts";
export * from "./linear-algebra.ts";
export * from "./losses.ts";
export * from "./normalization.ts";
export * from "./pooling.ts";
export * from "./products.ts";
export * from "./quantiles.ts";
export * from "./softmax.ts";
export * from "./sorting.ts";
export * from "./special.ts";
export * from "./statistics.ts";
