// Ways to obtain a module: the tensor handle with its functions, and tracing.

export { addAt, at, type Index, set } from "./at.ts";
export { axisOf, dimsFor } from "./axes.ts";
export { composite } from "./composite.ts";
export { cond, fori, scan, whileLoop } from "./control.ts";
export { type TensorOptions, tensor } from "./create.ts";
export {
  type CumulativeOptions,
  type CumulativeSumOptions,
  cummax,
  cummin,
  cumprod,
  cumsum,
} from "./cumulative.ts";
export { type CustomVjpRule, customJvp, customVjp } from "./custom.ts";
export { arrayOf, type Data, dtypeOfArray, isNumeric, type Nested } from "./data.ts";
export { Graph, type GraphInput, type PlaceholderOptions } from "./declare.ts";
export { describe } from "./describe.ts";
export { bool, type DTypeConstant, dtypeNamed, f32, f64, i32, u8, u32 } from "./dtypes.ts";
export * from "./elementwise.ts";
export { expressionFunction, expressionNames } from "./expression.ts";
export { functions as mathFunctions, type NamedFunction } from "./expression-names.ts";
export * from "./functions.ts";
export {
  historyOf,
  isLeaf as isGradLeaf,
  noGrad,
  remember,
  requireGrad,
  type Step,
  tracksGradient,
} from "./history.ts";
export {
  type ArgReduceOptions,
  argMax,
  argMin,
  concat,
  expandDims,
  flip,
  type PadOptions,
  type Position,
  pad,
  type SliceOptions,
  slice,
  squeeze,
  stack,
} from "./indexing.ts";
export {
  apply,
  applyBroadcast,
  asTensor,
  asUser,
  calledAs,
  installEvaluate,
  literal,
  type Operand,
  requireConcrete,
} from "./lift.ts";
export * from "./logic.ts";
export { installMethods, type Methods } from "./methods.ts";
export { type Boundary, currentTrace, graphOf, TraceScope, withGraph } from "./scope.ts";
export {
  dynamicSlice,
  dynamicUpdateSlice,
  embedding,
  type Start,
  type TakeAlongAxisOptions,
  type TakeOptions,
  take,
  takeAlongAxis,
} from "./take.ts";
// all of it: other folders add methods to the handle, which reaches no name exported one by one
export * from "./tensor.ts";
export {
  type Annotation,
  nameParameters,
  parameterNames,
  readAnnotations,
  type Trace,
  type TracedFunction,
  trace,
  traceInto,
} from "./trace.ts";
export {
  flatten,
  flattenAs,
  flattenList,
  isStatic,
  leafCount,
  pathsOf,
  type Tree,
  treeKey,
  unflatten,
} from "./tree.ts";
