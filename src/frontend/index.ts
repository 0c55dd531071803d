// Ways to obtain a module: the tensor handle with its functions, and tracing.

export type { GraphInput, PlaceholderOptions } from "./declare/declare.ts";
export { expressionFunction, expressionNames } from "./expression/expression.ts";
export { functions as mathFunctions, type NamedFunction } from "./expression/expression-names.ts";
export { axisOf, axisOr, dimsFor, openDim, requireList } from "./handle/axes.ts";
export {
  atBoundary,
  type Boundary,
  calledAs,
  calledName,
  callUsers,
  named,
  nameOf,
  ownFunction,
} from "./handle/boundary.ts";
export { type TensorOptions, tensorOf } from "./handle/create.ts";
export { arrayOf, copiedArray, type Data, dtypeOfArray, isNumeric } from "./handle/data.ts";
export { describe } from "./handle/describe.ts";
export { type DTypeNamed, dtypeNamed } from "./handle/dtypes.ts";
export { type Countable, ExtentUses, noteGiven, requireKnown } from "./handle/extent.ts";
export {
  gradLeafOf,
  historyOf,
  remember,
  requireGrad,
  tracksGradient,
} from "./handle/history.ts";
export {
  apply,
  applyBroadcast,
  applyContracting,
  applyIndexing,
  applyKeepingRank,
  applyLooping,
  applySliding,
  asTensor,
  asUser,
  binary,
  comparison,
  installEvaluate,
  isOperand,
  literal,
  meeting,
  predicate,
  requireConcrete,
  unary,
} from "./handle/lift.ts";
export { installMethods, type Methods } from "./handle/methods.ts";
export { nested, withAnyDerivatives, withDerivatives } from "./handle/nesting.ts";
export type {
  asMethod,
  Binary,
  Checked,
  Comparison,
  DTypeIn,
  OwnDType,
  PairDType,
  PairFault,
  PairShape,
  Predicate,
  ResultDType,
  ResultShape,
  ShapeIn,
  Unary,
  UnaryWith,
} from "./handle/operands.ts";
export { currentTrace, graphOf, TraceScope, withGraph, withTrace } from "./handle/scope.ts";
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
  treeInWords,
  treeKey,
  unflatten,
} from "./handle/tree.ts";
export { dtypeMet, isWeak } from "./handle/weak.ts";
export * from "./public.ts";
export type {
  AtShape,
  ConcatShape,
  GivenShape,
  PermutedShape,
  ReducedShape,
  TransposedShape,
} from "./shapes/axes.ts";
export type { Broadcast } from "./shapes/broadcast.ts";
export type { Conv2dShape, MatmulShape, ProductFault } from "./shapes/products.ts";
export type { IsOpen, OneDType } from "./shapes/shape.ts";
// the library's own, in place of that for users
export { ownComposite as composite } from "./trace/composite.ts";
export {
  type Leaves,
  type ModuleTrace,
  nameParameters,
  parameterNames,
  readAnnotations,
  type Trace,
  trace,
  traceInto,
} from "./trace/trace.ts";
export type { AnnotatedArguments, AnnotationLike, CheckedAnnotations, RightAnnotations } from "./types/annotation.ts";
export type {
  Calls,
  GivenArguments,
  Memory,
  Numeric,
  NumericLike,
  Reshaped,
  Returned,
  Structure,
  TensorCalls,
  Tensors,
} from "./types/calls.ts";
