// Ways to obtain a module: the tensor handle with its functions, and tracing.

export { Graph, type GraphInput, type PlaceholderOptions } from "./declare/declare.ts";
export { expressionFunction, expressionNames } from "./expression/expression.ts";
export { functions as mathFunctions, type NamedFunction } from "./expression/expression-names.ts";
export { axisOf, dimsFor, requireList, symbolicDim } from "./handle/axes.ts";
export { type TensorOptions, tensor } from "./handle/create.ts";
export { arrayOf, type Data, dtypeOfArray, isNumeric, type Nested } from "./handle/data.ts";
export { describe } from "./handle/describe.ts";
export { bool, type DTypeConstant, dtypeNamed, f32, f64, i32, u8, u32 } from "./handle/dtypes.ts";
export {
  historyOf,
  isLeaf as isGradLeaf,
  noGrad,
  remember,
  requireGrad,
  type Step,
  tracksGradient,
} from "./handle/history.ts";
export {
  apply,
  applyBroadcast,
  asTensor,
  asUser,
  type Binary,
  binary,
  calledAs,
  installEvaluate,
  literal,
  type Operand,
  requireConcrete,
  type Unary,
  unary,
} from "./handle/lift.ts";
export { installMethods, type Methods } from "./handle/methods.ts";
export { type Boundary, currentTrace, graphOf, TraceScope, withGraph } from "./handle/scope.ts";
// all of it: other folders add methods to the handle, which reaches no name exported one by one
export * from "./handle/tensor.ts";
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
} from "./handle/tree.ts";
export { composite } from "./trace/composite.ts";
export { cond, fori, scan, whileLoop } from "./trace/control.ts";
export { type CustomVjpRule, customJvp, customVjp } from "./trace/custom.ts";
export {
  type Annotation,
  nameParameters,
  parameterNames,
  readAnnotations,
  type Trace,
  type TracedFunction,
  trace,
  traceInto,
} from "./trace/trace.ts";
