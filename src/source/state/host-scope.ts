// Where calls of the host's functions are traced: into the function that the text becomes, block by block.

import { type Boundary, type Tensor, type TracedFunction, TraceScope } from "../../frontend/index.ts";
import { Dense, type Value } from "../../ir/index.ts";
import { constant } from "../../ops/index.ts";

/** Takes tensors; what it gives, reading checks. */
export type HostFunctionBody = TracedFunction;

export type HostFunctions = ReadonlyMap<string, HostFunctionBody>;

/** A trace whose root is that of a reading. A program takes the arguments of the text alone, so it captures nothing. */
export class HostScope extends TraceScope {
  readonly functions: HostFunctions;

  constructor(functions: HostFunctions, entry: Boundary) {
    super(null, entry, entry);
    this.functions = functions;
  }

  /** A constant, in the block that uses it. */
  protected override capture(tensor: Tensor): Value {
    const { dtype, shape, data } = tensor.array("a constant");
    return constant(new Dense({ dtype, shape, data }), { kind: "tensor", dtype, shape });
  }
}
