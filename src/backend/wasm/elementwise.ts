// Elementwise operations on numbers.

import type { Operation } from "../../ir/index.ts";
import { instructionsOf } from "./scalar.ts";
import { dtypeOf } from "./values.ts";
import type { FunctionWriter } from "./writer.ts";

export function emitElementwise(w: FunctionWriter, operation: Operation): void {
  putElementwise(
    w,
    operation,
    operation.operands.map((v) => w.local(v)),
  );
  w.code.add("local.set", w.define(operation.results[0])[0]);
}

/** Leaves the result of an elementwise operation on the stack, of operands in these locals. */
export function putElementwise(w: FunctionWriter, operation: Operation, operands: readonly number[]): void {
  const { code, module } = w;
  const write = instructionsOf(operation);
  if (write !== null) {
    write(code, operands);
    return;
  }
  for (const [i, v] of operation.operands.entries()) {
    code.add("local.get", operands[i]);
    if (dtypeOf(v.type) === "index") code.add("f64.convert_i64_s");
  }
  code.call(module.record(operation));
  if (dtypeOf(operation.results[0].type) === "index") code.add("i64.trunc_sat_f64_s");
}
