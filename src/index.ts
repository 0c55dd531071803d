// The public face of package "adjoint": the faces of the rooms. It has all that may be asked of what it compiles.

import { bringCodeTexts, bringExtras, bringWasm } from "./parts/index.ts";

bringExtras();
bringWasm();
bringCodeTexts();

export * from "./api/index.ts";
export type { CompileOptions } from "./compile/index.ts";
export * from "./frontend/public.ts";
export { AdjointError, type ErrorCode, errorCodes, type Module, type Origin, printModule, verify } from "./ir/index.ts";
export * from "./library/index.ts";
export { parse as parseModule } from "./ops/index.ts";
