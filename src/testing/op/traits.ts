// What an op's record claims, tested on a use of it: results of the types that it infers, which only its operands determine,
// that it is pure, commutative, works element by element, or moves elements without computing.

import { refineTo } from "../../../passes/index.ts";
import { interpret, OutOfSteps } from "../../compile/index.ts";
import {
  AdjointError,
  buildFunc,
  coefficientsOf,
  dtypes,
  emit,
  evaluateDim,
  type Func,
  isFloat,
  isRepresentable,
  isSilent,
  type Module,
  makeModule,
  messageOf,
  type NdArray,
  type Operation,
  rankedOf,
  signatureOf,
  type TensorType,
  tensorType,
  walk,
} from "../../ir/index.ts";
import type { PassContext } from "../../rewrite/index.ts";
import { expectedOf } from "../compare.ts";
import type { Dims } from "../generate/program.ts";
import { differenceOf, type Outcome } from "../outcome.ts";
import { showArray } from "../values.ts";

/** One call of a program that is a use of an op. */
export interface OpCall {
  readonly module: Module;
  readonly main: Func;
  readonly args: readonly NdArray[];
  readonly sizes: Dims;
  readonly outcome: Outcome;
}

/** The results have the types that were inferred, for the sizes of the call, and elements that their dtypes hold. */
export function typesFault({ main, sizes, outcome, module, args }: OpCall, context: PassContext): string | null {
  const { results } = outcome;
  if (typeof results === "string") return null;
  for (const [i, type] of signatureOf(main).results.entries()) {
    if (type.kind !== "tensor") continue;
    const { dtype, shape, data } = results[i];
    const expected = type.shape.map((d) => evaluateDim(d, (name) => sizes[name]));
    if (dtype !== type.dtype || shape.join() !== expected.join())
      return `its type rule: result ${i} is ${dtype}[${shape.join(", ")}] when it runs, the rule says ${type.dtype}[${expected.join(", ")}]`;
    const at = data.findIndex((x) => !isHeld(x, type));
    if (at >= 0) return `its meaning: element ${at} of result ${i} is ${data[at]}, which is no ${dtype}`;
  }
  const types = args.map((a) => tensorType(a.dtype, a.shape));
  try {
    const refined = refineTo(main.name, types).run(module, context);
    const difference = differenceOf(outcome, expectedOf(refined, main.name, args) ?? outcome);
    return difference === null ? null : `its type rule: with sizes known before it runs: ${difference}`;
  } catch (error) {
    if (error instanceof OutOfSteps) return null;
    return `its type rule refuses types without symbols: ${messageOf(error)}`;
  }
}

function isHeld(x: number, { dtype }: TensorType): boolean {
  if (isFloat(dtype)) return Object.is(dtypes[dtype].round(x), x);
  return isRepresentable(x, dtype) && !Object.is(x, -0);
}

/** The same again for the same arguments; a pure op does not fail, one that succeeds neither. */
export function effectFault({ module, main, args, outcome }: OpCall): string | null {
  const again = expectedOf(module, main.name, args);
  const difference = again === null ? null : differenceOf(outcome, again);
  if (difference !== null) return `its meaning is another one for the same arguments: ${difference}`;
  const operations: Operation[] = [];
  for (const func of module.funcs) walk(func.body, (o) => void operations.push(o));
  if (operations.every(({ op }) => isSilent(op.effects))) {
    if (typeof outcome.results === "string") return `its effects: it cannot fail, and a run gives ${outcome.results}`;
    if (outcome.seen.length > 0) return "its effects: it is not observable, and shows a value to the observer";
  }
  const isSafe = operations.every(
    (o) =>
      isSilent(o.op.effects) ||
      o.op.succeeds?.(
        o,
        o.operands.map(() => null),
      ),
  );
  return isSafe && typeof outcome.results === "string"
    ? `its effects: succeeds() says that the operation cannot fail, and a run gives ${outcome.results}`
    : null;
}

/** The single operation of a program, on its arguments. */
function single({ main }: OpCall): Operation | null {
  const [operation] = main.body.operations;
  const { arguments: args, operations } = main.body;
  const isPlain = operations.length === 1 && operation.regions.length === 0 && operation.results.length === 1;
  return isPlain && operation.operands.every((v) => args.includes(v)) ? operation : null;
}

/** What is claimed by traits. */
export function traitsFault(call: OpCall): string | null {
  const operation = single(call);
  const { results } = call.outcome;
  if (operation === null || typeof results === "string") return null;
  const operands = operation.operands.map((v) => call.args[call.main.body.arguments.indexOf(v)]);
  const { traits } = operation.op;
  if (traits.constant && operands.length > 0) return "its traits: it is a constant, and has operands";
  if (traits.commutative) {
    const swapped = applied(operation, operands.toReversed());
    const difference =
      swapped === null ? "it fails" : differenceOf({ results, seen: [] }, { results: swapped, seen: [] });
    if (difference !== null) return `its traits: it is commutative, and with operands swapped ${difference}`;
  }
  if (traits.elementwise) {
    const fault = elementwiseFault(operation, operands, results[0]);
    if (fault !== null) return fault;
  }
  const fault = (traits.selects ? selectsFault(operands, results[0]) : null) ?? sumFault(operation, operands);
  return fault ?? (traits.moves ? movesFault(operation, operands, results[0]) : null);
}

/** The operation on other arrays; null where that fails or is refused. */
function applied(operation: Operation, operands: readonly NdArray[]): readonly NdArray[] | null {
  const { op, attributes, results } = operation;
  const shape = operands[0]?.shape ?? [];
  try {
    const types = operands.map((a) => tensorType(a.dtype, a.shape));
    const declared = results.map(({ type }) => tensorType(rankedOf(type).dtype, shape));
    const func = buildFunc({ name: "f" }, types, (...x) =>
      emit(op, x, { attributes, types: op.traits.elementwise ? declared : null }),
    );
    return interpret(makeModule([func]), "f", operands);
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

/** Elements of which each is computed alone. */
const mostAlone = 12;

function elementwiseFault(operation: Operation, operands: readonly NdArray[], whole: NdArray): string | null {
  if (operands.some((a) => a.shape.join() !== whole.shape.join()))
    return `its traits: it is elementwise, and gives [${whole.shape.join(", ")}] for [${operands[0].shape.join(", ")}]`;
  for (let k = 0; k < Math.min(whole.data.length, mostAlone); k++) {
    const alone = applied(
      operation,
      operands.map((a) => ({ ...a, shape: [], data: a.data.slice(k, k + 1) })),
    );
    const got = alone?.[0].data[0];
    if (!Object.is(got, whole.data[k]))
      return `its traits: it is elementwise, and element ${k} is ${whole.data[k]} among others and ${got} alone`;
  }
  return null;
}

/** Each element is that of the operand which operand 0 chooses. */
function selectsFault([predicate, x, y]: readonly NdArray[], { data }: NdArray): string | null {
  const at = data.findIndex((r, k) => !Object.is(r, (predicate.data[k] !== 0 ? x : y).data[k]));
  if (at < 0) return null;
  const [side, { data: taken }] = predicate.data[at] !== 0 ? [1, x] : [2, y];
  return `its traits: it selects, and element ${at} is ${data[at]}, not ${taken[at]} of operand ${side}`;
}

/** What has constant partials and is 0 at 0 is the sum that it is said to be. */
function sumFault(operation: Operation, operands: readonly NdArray[]): string | null {
  const coefficients = coefficientsOf(operation.op);
  if (coefficients === undefined) return null;
  const zeros = operands.map((a) => ({ ...a, data: a.data.map(() => 0) }));
  const other = applied(operation, zeros)?.[0].data.find((x) => x !== 0);
  if (other === undefined) return null;
  return `its derivative: it is the sum of its operands times ${coefficients.join(", ")}, and gives ${other} of zeros`;
}

/** Every element is one of an operand, or stands there whatever the operands hold. */
function movesFault(operation: Operation, operands: readonly NdArray[], result: NdArray): string | null {
  const given = operands.flatMap((a) => (a.dtype === result.dtype ? [...a.data] : []));
  const holds = (x: number): boolean => given.some((y) => Object.is(x, y));
  const at = result.data.findIndex((x) => !holds(x));
  if (at < 0) return null;
  const others = operands.map((a) => (isFloat(a.dtype) ? { ...a, data: a.data.map((x) => x / 3 + 0.7) } : a));
  const other = applied(operation, others);
  if (other === null || Object.is(other[0].data[at], result.data[at])) return null;
  return `its traits: it moves elements, and gives ${result.data[at]} at element ${at} for ${operands.map(showArray).join("; ")}`;
}
