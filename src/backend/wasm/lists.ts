// Lists, which the host holds: a value is its number there. Lists are linear, so that they are updated in place.

import type { Operation } from "../../ir/index.ts";
import { fromDouble, toDouble } from "./crossing.ts";
import { dtypeOf } from "./values.ts";
import type { Emitter, FunctionWriter } from "./writer.ts";

function emitEmpty(w: FunctionWriter, { results: [list] }: Operation): void {
  w.code.call(w.module.hostFunction("list new", [], ["i32"]));
  w.code.add("local.set", w.define(list)[0]);
}

function emitPush(w: FunctionWriter, { operands: [list, ...values], results }: Operation): void {
  for (const v of values) {
    w.push([list, v]);
    if (v.type.kind === "list") w.code.add("f64.convert_i32_s");
    else toDouble(w.code, dtypeOf(v.type));
    w.code.call(w.module.hostFunction("list push", ["i32", "f64"], []));
  }
  w.hold(results[0], w.locals(list));
}

function emitPop(w: FunctionWriter, { operands: [list], results: [rest, ...values] }: Operation): void {
  for (const v of values.toReversed()) {
    w.push([list]);
    if (v.type.kind === "list") w.code.call(w.module.hostFunction("list pop list", ["i32"], ["i32"]));
    else {
      w.code.call(w.module.hostFunction("list pop", ["i32"], ["f64"]));
      fromDouble(w.code, dtypeOf(v.type));
    }
    w.code.add("local.set", w.define(v)[0]);
  }
  w.hold(rest, w.locals(list));
}

export const listEmitters: readonly (readonly [string, Emitter])[] = [
  ["empty", emitEmpty],
  ["push", emitPush],
  ["pop", emitPop],
];
