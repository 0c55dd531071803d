// Ways to obtain a module: the tensor handle with its functions, and tracing.

export { cond, fori, scan, whileLoop } from "./control.ts";
export { bool, type DTypeConstant, dtypeNamed, f32, f64, i32, u8, u32 } from "./dtypes.ts";
export * from "./functions.ts";
export { apply, calledAs, installEvaluate, literal, type Operand } from "./lift.ts";
export { type Boundary, currentTrace, TraceScope } from "./scope.ts";
export { arrayOf, type Data, type Nested, Tensor, tensor } from "./tensor.ts";
export { type Annotation, readAnnotations, type Trace, type TracedFunction, trace, traceInto } from "./trace.ts";
export { flatten, flattenList, type Tree, treeKey, unflatten } from "./tree.ts";
