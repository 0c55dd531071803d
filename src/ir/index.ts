// The IR: its data and its text. Everything outside src/ir imports from here.

export * from "./affine.ts";
export * from "./attributes.ts";
export * from "./builder.ts";
export * from "./constraint.ts";
export * from "./dense-text.ts";
export * from "./dim.ts";
export * from "./dtype.ts";
export * from "./edit.ts";
export * from "./errors.ts";
export * from "./infer.ts";
export * from "./isomorphic.ts";
export * from "./module.ts";
export * from "./names.ts";
export * from "./ndarray.ts";
export * from "./number-text.ts";
export * from "./op.ts";
export * from "./origin.ts";
export * from "./parse.ts";
export * from "./print.ts";
export * from "./signature.ts";
export * from "./type.ts";
export * from "./value.ts";
export * from "./value-map.ts";
export * from "./verify.ts";
export * from "./walk.ts";
