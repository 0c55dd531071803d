// adjoint/mini: what adjoint has, but tensors have no methods of ops, so that a bundler keeps what is used and drops the
// rest.

export * from "../api/index.ts";
export type { CompileOptions } from "../compile/index.ts";
export * from "../frontend/public.ts";
export {
  AdjointError,
  type ErrorCode,
  errorCodes,
  type Module,
  type Origin,
  printModule,
  verify,
} from "../ir/index.ts";
export * from "../library/functions.ts";
export { parse as parseModule } from "../ops/index.ts";
