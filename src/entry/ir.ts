// adjoint/ir: the IR's data, builder, text and walks, and the strict functions that append operations.

export { interpret } from "../backend/index.ts";
export * from "../ir/index.ts";
export * as ops from "../ops/index.ts";
