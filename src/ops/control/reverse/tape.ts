// The tape: a stack on which a loop of unknown length records its residuals. An empty list pops zeros, as if zeros went
// on below its last element; so push and pop are linear, inverse to each other, and each the transpose of the other.

import {
  allocate,
  assert,
  emit,
  type ForwardContext,
  type ListType,
  type NdArray,
  NdList,
  type Operation,
  type Pullback,
  printType,
  type ReverseContext,
  sameType,
  type Tangents,
  type TypeContext,
  type Value,
} from "../../../ir/index.ts";
import { defineOp, dtypeOf, emit1 } from "../../base/define.ts";
import { zerosLike } from "../../base/zeros.ts";
import { varyingInAny } from "../../varying.ts";

function requireList(cx: TypeContext): ListType {
  const [type] = cx.operands;
  if (type.kind === "list") return type;
  return cx.fail("dtype", `operand 0 has type ${printType(type)}, expected list<…>`, "empty makes one");
}

const example = `func @main(%x: f64, %y: f64) -> (f64, f64) {
  %none = empty : list<f64>
  %one = push %none, %x : list<f64>
  %two = push %one, %y, %x : list<f64>
  %rest, %first, %second = pop %two, count = 2 : list<f64>, f64, f64
  %end, %next = pop %rest : list<f64>, f64
  return %first, %next
}
// run: @main(1, 2) == (2, 1)
`;

/** The most values that one pop gives. */
const most = 65_536;

const batched = { kind: "none", reason: "lists come from differentiation, which follows batching" } as const;

export const pushOp = defineOp({
  name: "push",
  summary: "A list with more values on top.",
  operands: [{ name: "list" }, { name: "values", variadic: true }],
  level: "both",
  effects: { allocates: true },
  aliases: [0],
  types(x) {
    const type = requireList(x);
    if (x.operands.length < 2) x.fail("arity", "got no value, expected at least one");
    for (const value of x.operands.slice(1)) {
      if (!sameType(value, type.element))
        x.fail("shape", `a value has type ${printType(value)}, expected ${printType(type.element)} as in the list`);
    }
    return [type];
  },
  eval: ({ operands: [list, ...values] }) => [values.reduce<NdList>((tape, v) => tape.push(v), listOf(list))],
  varies: ({ operands }, result, of) => varyingInAny(result, operands.map(of)),
  derivative: {
    kind: "linear",
    transpose({ cotangent, wanted, operands }) {
      const parts = pop(cotangent, operands.length - 1);
      return wanted.map((w, i) => (w ? parts[i] : null));
    },
  },
  batching: batched,
  lowering: { kind: "structured" },
  docs: {
    semantics:
      "The result is the list with the values put on top of it, the last value topmost. A list is linear, which means that each list value is used exactly once: after the push only the result may be used, and so the memory can be updated in place.",
    constraints: ["at least one value", "the values have the list's element type"],
    example,
  },
});

export const popOp = defineOp({
  name: "pop",
  summary: "A list without its top values, and those.",
  operands: [{ name: "list" }],
  attributes: { count: { kind: "integer", default: 1, summary: "how many values" } },
  level: "both",
  effects: { allocates: true },
  aliases: [0],
  types(x) {
    const type = requireList(x);
    const count = x.attributes.count;
    if (count < 1 || count > most) x.fail("range", `count is ${count}, expected 1 to ${most}`);
    return [type, ...Array.from({ length: count }, () => type.element)];
  },
  eval(x) {
    let list = listOf(x.operands[0]);
    const values: NdArray[] = [];
    for (const { type } of x.operation.results.slice(1)) {
      const zero = (): NdArray => (type.kind === "list" ? NdList.empty : allocate(dtypeOf(type), x.shape(type)));
      values.unshift(list.top ?? zero());
      list = list.rest ?? NdList.empty;
    }
    return [list, ...values];
  },
  varies: ({ operands }, result, of) => varyingInAny(result, operands.map(of)),
  derivative: { kind: "structured", reverse: reversePop, forward: forwardPop },
  batching: batched,
  lowering: { kind: "structured" },
  docs: {
    semantics:
      "Takes the top `count` values off the list. The results are the list without them, and then these values, in the order in which they were pushed. A list that has fewer values gives zeros for those that are missing. A list is linear: the operand may not be used again.",
    constraints: [`1 <= count <= ${most}`],
    example,
  },
});

function listOf(value: unknown): NdList {
  assert(value instanceof NdList, "a list is a list when it runs");
  return value;
}

function reversePop({ operands, operation }: ReverseContext): Pullback {
  const results = popAs(operation, operands[0]);
  return {
    results,
    pull: (cotangents) => {
      const [rest, ...values] = cotangents.map((ct, i) => ct ?? zerosLike(results[i]));
      return [[operation.operands[0], push(rest, ...values)]];
    },
  };
}

function forwardPop({ operands, tangents, operation }: ForwardContext): Tangents {
  const results = popAs(operation, operands[0]);
  const [tangent] = tangents;
  return { results, tangents: tangent === null ? results.map(() => null) : pop(tangent, results.length - 1) };
}

function popAs({ results, attributes }: Operation, tape: Value): readonly Value[] {
  return emit(popOp, [tape], { attributes, names: results.map((r) => r.name) });
}

/** The list with the values pushed on top, the last one uppermost. */
export function push(tape: Value, ...values: readonly Value[]): Value {
  return emit1(pushOp, [tape, ...values]);
}

/** The list without its top `count` values, then these values, in the order in which they were pushed. */
export function pop(tape: Value, count = 1): readonly [rest: Value, ...values: Value[]] {
  const [rest, ...values] = emit(popOp, [tape], { attributes: { count } });
  return [rest, ...values];
}
