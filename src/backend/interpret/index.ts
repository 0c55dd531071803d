// The interpreter as a backend: defines what a module means, runs everywhere, needs no generated code.

import {
  isScalar,
  type Module,
  type NdArray,
  ndscalar,
  requireFunc,
  stackFrom,
  type TensorType,
  tensorTypeOf,
  type Value,
} from "../../ir/index.ts";
import type { BackendOptions, Executable, SynchronousBackend } from "../backend.ts";
import { Interpreter, type InterpretOptions } from "./interpreter.ts";

export { type InterpretOptions, OutOfSteps } from "./interpreter.ts";

/** Runs function `name` of a module, at either level; the arguments are checked, and memory arguments written to. */
export function interpret(
  module: Module,
  name: string,
  args: readonly NdArray[],
  options: InterpretOptions = {},
): readonly NdArray[] {
  return stackFrom(interpret, () => {
    const interpreter = new Interpreter(module, options);
    interpreter.binder(name).check(args);
    return interpreter.call(name, args);
  });
}

export const interpretBackend: SynchronousBackend = {
  name: "interpret",
  level: "tensor",
  isAvailable: () => true,
  compile(module: Module, options: BackendOptions): Executable {
    const func = requireFunc(module, options.entry);
    const interpreter = new Interpreter(module, { observe: options.observe, debug: options.debug });
    const { arguments: args, results } = func.body;
    const run = (arrays: readonly NdArray[]): readonly NdArray[] => {
      interpreter.binder(func.name).check(arrays);
      return interpreter.call(func.name, arrays);
    };
    const isPlain = [...args, ...results].every((v) => isScalar(v.type));
    return {
      run,
      scalar: isPlain ? plain(run, args.map(typeOf), results.map(typeOf)) : null,
      native: () => null,
      bind: () => null,
      source: null,
    };
  },
};

function typeOf(value: Value): TensorType {
  return tensorTypeOf(value.type);
}

/** The function on plain numbers, with booleans for bool. */
function plain(
  run: Executable["run"],
  args: readonly TensorType[],
  results: readonly TensorType[],
): NonNullable<Executable["scalar"]> {
  const unwrap = (array: NdArray): number | boolean => (array.dtype === "bool" ? array.data[0] !== 0 : array.data[0]);
  return (...numbers) => {
    const arrays = run(args.map((type, i) => ndscalar(type.dtype, Number(numbers[i]))));
    return results.length === 1 ? unwrap(arrays[0]) : arrays.map(unwrap);
  };
}
