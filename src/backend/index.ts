// The backends, and the interface that they implement.

export {
  type ArrayKind,
  type Backend,
  type BackendOptions,
  type Binding,
  type CallForm,
  type Convention,
  type Executable,
  type Holders,
  type LeafKind,
  leavesOf,
  type ModuleOptions,
  type NativeCall,
  type Parameter,
  type StandaloneModule,
  type Structure,
  type SynchronousBackend,
  type ValueKind,
} from "./backend.ts";
export { interpret, interpretBackend, OutOfSteps } from "./interpret/index.ts";
export { Validator } from "./interpret/validate.ts";
export { bringArrayCalls, bringModuleWriter, jsBackend, nestJsBackend, scalarJsBackend } from "./js/index.ts";
export { backendNames, compilesAtOnce, isBackend, registerBackend, registeredBackends } from "./registry.ts";
export { type Lower, standaloneOf } from "./standalone.ts";
export { bringEmbedding, bringWasmText, wasmBackend } from "./wasm/index.ts";
export { paysInWasm } from "./wasm/spared.ts";
