// Lifting strict functions on Values to what users call: literals, broadcasting, origins, and where operations go.

import {
  AdjointError,
  BlockBuilder,
  captureOrigin,
  currentBlock,
  type DType,
  FuncScope,
  fail,
  isFloat,
  isRepresentable,
  type Module,
  makeFunc,
  makeModule,
  type NdArray,
  type Origin,
  scalar,
  type Value,
  withBuilder,
} from "../ir/index.ts";
import { broadcastOperands, constant } from "../ops/index.ts";
import { type Boundary, currentTrace } from "./scope.ts";
import { Tensor } from "./tensor.ts";
import { describe } from "./tree.ts";

/** What an operation takes: a tensor, or a literal of the tensor's dtype. */
export type Operand = Tensor | number | boolean;

/** Runs a module on concrete arrays; installed by whoever knows a backend. */
type Evaluate = (module: Module, args: readonly NdArray[]) => readonly NdArray[];
let evaluate: Evaluate = () => fail("option", "nothing here can run operations on concrete tensors");

export function installEvaluate(run: Evaluate): void {
  evaluate = run;
}

let outermost: Boundary | null = null;

/** Runs `body`, whose operations have the line that called `boundary` as origin. It must not run users' functions. */
export function calledAs<T>(boundary: Boundary, body: () => T): T {
  const before = outermost;
  outermost ??= boundary;
  try {
    return body();
  } finally {
    outermost = before;
  }
}

/** Appends operations for `operands`, or runs them where all are concrete. `boundary` is the public function called. */
export function apply(
  boundary: Boundary,
  operands: readonly Operand[],
  build: (...values: Value[]) => readonly Value[],
): readonly Tensor[] {
  const trace = currentTrace();
  const called = outermost ?? boundary;
  const dtype = operands.find((o) => o instanceof Tensor)?.dtype ?? null;
  if (trace === null) return runNow(operands, dtype, build, called);
  const origin = captureOrigin(trace.boundary(called));
  return withOrigin(origin, () => {
    const values = operands.map((o) => (o instanceof Tensor ? trace.value(o, origin) : literal(o, dtype)));
    const builder = currentBlock();
    return build(...values).map((value) => new Tensor({ value, builder }));
  });
}

/** As apply, for functions of one result whose operands broadcast. */
export function applyBroadcast(
  boundary: Boundary,
  operands: readonly Operand[],
  build: (...values: Value[]) => Value,
): Tensor {
  return apply(boundary, operands, (...values) => {
    const builder = currentBlock();
    return [build(...broadcastOperands(values, builder.scope, builder.origin))];
  })[0];
}

function withOrigin<T>(origin: Origin | null, body: () => T): T {
  const builder = currentBlock();
  const before = builder.origin;
  builder.origin = origin;
  try {
    return body();
  } catch (error) {
    throw error instanceof AdjointError ? error.at(origin) : error;
  } finally {
    builder.origin = before;
  }
}

/** A literal as a constant of the tensor's dtype; f64 or bool where there is none. */
export function literal(x: number | boolean, dtype: DType | null): Value {
  if (typeof x !== "number" && typeof x !== "boolean") {
    fail("argument", `an operand is ${describe(x)}, expected a tensor, a number or a boolean`);
  }
  const target = dtype ?? (typeof x === "boolean" ? "bool" : "f64");
  if ((typeof x === "boolean") !== (target === "bool")) {
    fail("dtype", `the literal ${x} meets a tensor of dtype ${target}`, { hint: "cast the tensor" });
  }
  if (typeof x === "number" && !isFloat(target) && !isRepresentable(x, target)) {
    fail("literal", `the literal ${Object.is(x, -0) ? "-0" : x} is not a value of ${target}`, {
      hint: "cast the tensor, or write a value it has",
    });
  }
  return constant(x, scalar(target));
}

/** Concrete operands: a function of this one step, run at once. */
function runNow(
  operands: readonly Operand[],
  dtype: DType | null,
  build: (...values: Value[]) => readonly Value[],
  boundary: Boundary,
): readonly Tensor[] {
  const builder = new BlockBuilder(new FuncScope());
  const arrays: NdArray[] = [];
  try {
    const results = withBuilder(builder, () =>
      build(
        ...operands.map((o) => {
          if (!(o instanceof Tensor)) return literal(o, dtype);
          if (o.traced !== null)
            fail("scope", "a traced tensor is used after its trace ended", {
              hint: "return it from the traced function",
            });
          arrays.push(o.array("an operation"));
          return builder.argument(o.type);
        }),
      ),
    );
    const module = makeModule([makeFunc({ name: "main", body: builder.finish(results) })]);
    return evaluate(module, arrays).map((array) => new Tensor(array));
  } catch (error) {
    throw error instanceof AdjointError ? error.at(captureOrigin(boundary)) : error;
  }
}
