// The backends by name, and the interface they meet.

export type { Arrangement, Backend, BackendOptions, Executable, StandaloneModule } from "./backend.ts";
export { interpret, interpretBackend } from "./interpret/index.ts";
export { jsBackend } from "./js/index.ts";
