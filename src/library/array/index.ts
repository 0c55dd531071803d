// The functions that users call on tensors, and what makes each a method.

export { addAt, at, type Index, set } from "./at.ts";
export { type CumulativeOptions, type CumulativeSumOptions, cummax, cummin, cumprod, cumsum } from "./cumulative.ts";
export * from "./elementwise.ts";
export * from "./functions.ts";
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
export * from "./logic.ts";
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
