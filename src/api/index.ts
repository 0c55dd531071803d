// What users call: compile, and the transforms of functions.

import { interpret } from "../compile/index.ts";
import { installEvaluate } from "../frontend/index.ts";

// operations on concrete tensors run at once
installEvaluate((module, args) => interpret(module, "main", args));

export { type CompiledFunction, compile } from "./compile.ts";
export { type GradOptions, grad, valueAndGrad } from "./transforms.ts";
