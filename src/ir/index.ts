// The IR: its data and its text. Everything outside src/ir imports from here.

export * from "./check/verify.ts";
export * from "./data/lazy.ts";
export * from "./data/ndarray.ts";
export * from "./data/sliced.ts";
export * from "./data/value.ts";
export * from "./data/value-map.ts";
export * from "./diagnostics/clock.ts";
export * from "./diagnostics/counted.ts";
export * from "./diagnostics/debugging.ts";
export * from "./diagnostics/did-you-mean.ts";
export * from "./diagnostics/errors.ts";
export * from "./diagnostics/options.ts";
export * from "./diagnostics/origin.ts";
export * from "./diagnostics/shown.ts";
export * from "./edit/access.ts";
export * from "./edit/builder.ts";
export * from "./edit/edit.ts";
export * from "./edit/edit-module.ts";
export * from "./edit/infer.ts";
export * from "./edit/reuse.ts";
export * from "./module/affine.ts";
export * from "./module/arms.ts";
export * from "./module/attributes.ts";
export * from "./module/call-graph.ts";
export * from "./module/contents.ts";
export * from "./module/effects.ts";
export * from "./module/free.ts";
export * from "./module/isomorphic.ts";
export * from "./module/lifetimes.ts";
export * from "./module/loop.ts";
export * from "./module/loop-counters.ts";
export * from "./module/module.ts";
export * from "./module/names.ts";
export * from "./module/ranges.ts";
export * from "./module/reuse.ts";
export * from "./module/signature.ts";
export * from "./module/sites.ts";
export * from "./module/storage.ts";
export * from "./module/walk.ts";
export * from "./op/attribute-spec.ts";
export {
  type OwnDocumentation,
  type PassDocumentation,
  passFromTable,
  provideDocumentation,
  reasonFromTable,
  withAttributeSummaries,
} from "./op/documentation.ts";
export * from "./op/effects.ts";
export * from "./op/kernel.ts";
export * from "./op/op.ts";
export * from "./op/op-spec.ts";
export * from "./text/dense-text.ts";
export * from "./text/parse.ts";
export * from "./text/print.ts";
export { printAttributes } from "./text/print-items.ts";
export * from "./types/constraint.ts";
export * from "./types/dim.ts";
export * from "./types/dtype.ts";
export * from "./types/dtype-hint.ts";
export * from "./types/number-text.ts";
export * from "./types/type.ts";
