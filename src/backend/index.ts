// The backends, and the interface that they implement.

export {
  type ArrayKind,
  type Backend,
  type BackendOptions,
  type Convention,
  type Executable,
  type LeafKind,
  leavesOf,
  type ModuleOptions,
  type NativeCall,
  type Parameter,
  rootOf,
  type StandaloneModule,
  type Structure,
} from "./backend.ts";
export { interpret, interpretBackend, OutOfSteps } from "./interpret/index.ts";
export { jsBackend } from "./js/index.ts";
