// The public face of the front ends: what package "adjoint" has of them.

export { Graph } from "./declare/declare.ts";
export type { Size } from "./handle/axes.ts";
export type { Data, Nested } from "./handle/data.ts";
export { bool, type DTypeConstant, f32, f64, i32, u8, u32 } from "./handle/dtypes.ts";
export { Extent, extent } from "./handle/extent.ts";
export { noGrad } from "./handle/history.ts";
export type { Operand } from "./handle/operands.ts";
export { Tensor } from "./handle/tensor.ts";
export type { Shape } from "./shapes/shape.ts";
export { composite } from "./trace/composite.ts";
export { cond, fori, scan, whileLoop } from "./trace/control.ts";
export { type CustomVjpRule, customJvp, customVjp } from "./trace/custom.ts";
export type { Annotation, TracedFunction } from "./trace/trace.ts";
export type { NumberOrTensor } from "./types/calls.ts";
