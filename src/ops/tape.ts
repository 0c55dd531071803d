// The tape: what the reverse of a loop of unknown length records on. Below its last element a list goes on with zeros, so
// that push and pop are linear, undo each other, and are each the other's transpose.

import {
  allocate,
  assert,
  emit,
  type ForwardContext,
  type ListType,
  NdList,
  type Op,
  type Pullback,
  printType,
  type ReverseContext,
  sameType,
  type Tangents,
  type TypeContext,
  type Value,
} from "../ir/index.ts";
import { emptyOp } from "./constant.ts";
import { defineOp, dtypeOf, emit1 } from "./define.ts";
import { zerosLike } from "./zeros.ts";

function requireList(x: TypeContext): ListType {
  const [type] = x.operands;
  if (type.kind === "list") return type;
  return x.fail("dtype", `operand 0 has type ${printType(type)}, expected list<…>`, "empty makes one");
}

const example = `func @main(%x: f64, %y: f64) -> (f64, f64) {
  %none = empty : list<f64>
  %one = push %none, %x : list<f64>
  %two = push %one, %y : list<f64>
  %rest, %top = pop %two : list<f64>, f64
  %end, %next = pop %rest : list<f64>, f64
  return %top, %next
}
// run: @main(1, 2) == (2, 1)
`;

const batched = { kind: "none", reason: "lists come from differentiation, which follows batching" } as const;

const pushOp: Op = defineOp({
  name: "push",
  summary: "A list with one more value on top.",
  operands: [{ name: "list" }, { name: "value" }],
  level: "both",
  traits: { memory: true },
  types(x) {
    const type = requireList(x);
    const value = x.operands[1];
    if (!sameType(value, type.element)) {
      x.fail("shape", `the value has type ${printType(value)}, expected ${printType(type.element)} as in the list`);
    }
    return [type];
  },
  eval: (x) => [listOf(x.operands[0]).push(x.operands[1])],
  derivative: {
    kind: "linear",
    transpose({ cotangent, wanted }) {
      const [rest, value] = pop(cotangent);
      return [wanted[0] ? rest : null, wanted[1] ? value : null];
    },
  },
  batching: batched,
  lowering: { kind: "structured" },
  docs: {
    semantics: "The list, then the value. A list is used once: what it was before is not to be read any more.",
    constraints: ["the value has the list's element type"],
    example,
  },
});

const popOp: Op = defineOp({
  name: "pop",
  summary: "A list without its top value, and that value.",
  operands: [{ name: "list" }],
  level: "both",
  traits: { memory: true },
  types(x) {
    const type = requireList(x);
    return [type, type.element];
  },
  eval(x) {
    const { top, rest } = listOf(x.operands[0]);
    if (top !== null && rest !== null) return [rest, top];
    const [, { type }] = x.operation.results;
    return [NdList.empty, type.kind === "list" ? NdList.empty : allocate(dtypeOf(type), x.shape(type))];
  },
  derivative: { kind: "structured", reverse: reversePop, forward: forwardPop },
  batching: batched,
  lowering: { kind: "structured" },
  docs: {
    semantics: "What was pushed last, and the list before that. Popped from an empty list, the value is zero.",
    constraints: [],
    example,
  },
});

function listOf(value: unknown): NdList {
  assert(value instanceof NdList, "a list is a list when it runs");
  return value;
}

function reversePop({ operands, operation }: ReverseContext): Pullback {
  const results = emit(popOp, operands, { names: operation.results.map((r) => r.name) });
  return {
    results,
    pull: ([rest, value]) => [
      [operation.operands[0], push(rest ?? zerosLike(results[0]), value ?? zerosLike(results[1]))],
    ],
  };
}

function forwardPop({ operands, tangents, operation }: ForwardContext): Tangents {
  const results = emit(popOp, operands, { names: operation.results.map((r) => r.name) });
  return { results, tangents: tangents[0] === null ? [null, null] : emit(popOp, [tangents[0]]) };
}

/** `value` on top of a list. */
export function push(tape: Value, value: Value): Value {
  return emit1(pushOp, [tape, value]);
}

/** A list without its top value, and that value. */
export function pop(tape: Value): readonly [Value, Value] {
  const [rest, value] = emit(popOp, [tape]);
  return [rest, value];
}

export const tapeRecords = { empty: emptyOp, push: pushOp, pop: popOp };
