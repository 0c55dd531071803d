// Ops with every form of text and no meaning: what the parser's and printer's tests are written in.

import { type AssemblyItem, defineOp, type Op, type OpDefinition, type OpTable } from "../../src/ir/index.ts";

type Form = Pick<OpDefinition, "name" | "operands"> & Partial<OpDefinition>;

function op(form: Form): Op {
  return defineOp({
    summary: "for tests",
    level: "both",
    types: (x) => x.declared ?? [],
    derivative: { kind: "none", reason: "for tests" },
    batching: { kind: "none", reason: "for tests" },
    docs: { semantics: "", constraints: [], example: "" },
    ...form,
  });
}

const x = { name: "x" };
const y = { name: "y" };
const many = (name: string) => ({ name, variadic: true });
const summary = "for tests";
const callee = {
  callee: { kind: "function", summary },
  bindings: { kind: "bindings", default: { bindings: {} }, summary },
} as const;
const calleeItems: readonly AssemblyItem[] = [{ kind: "callee" }, { kind: "arguments", group: "arguments" }];

const plain = [
  op({ name: "neg", operands: [x] }),
  op({ name: "mul", operands: [x, y] }),
  op({ name: "add", operands: [x, y], types: (t) => [t.operands[0]] }),
  op({ name: "concatenate", operands: [many("parts")], attributes: { axis: { kind: "integer", summary } } }),
  op({ name: "mylib.swish", operands: [x], attributes: { beta: { kind: "number", default: 1, summary } } }),
  op({ name: "compare", operands: [x, y], attributes: { direction: { kind: "word", words: ["lt", "eq"], summary } } }),
  op({ name: "cast", operands: [x], attributes: { to: { kind: "dtype", default: "f32", summary } } }),
  op({ name: "reshape", operands: [x], attributes: { shape: { kind: "dims", summary } } }),
  op({ name: "dot", operands: [x, y], attributes: { contract: { kind: "axisPairs", summary } } }),
  op({ name: "map", operands: [x], attributes: { rule: { kind: "function", summary } } }),
  op({ name: "iota", operands: [], attributes: { axis: { kind: "integer", summary } } }),
  op({
    name: "check",
    operands: [x],
    attributes: { message: { kind: "string", summary } },
    effects: { observable: true },
  }),
  op({
    name: "reduce",
    operands: [x],
    attributes: {
      kind: { kind: "word", words: ["sum", "max"], summary },
      axes: { kind: "axes", summary },
      strict: { kind: "boolean", default: false, summary },
      padding: { kind: "constant", default: 0, summary },
    },
  }),
];

const shaped = [
  op({
    name: "constant",
    operands: [],
    attributes: { value: { kind: "constant", summary } },
    assembly: [{ kind: "value" }],
  }),
  op({
    name: "dim",
    operands: [many("operands")],
    groups: ["operands"],
    attributes: { value: { kind: "dim", summary } },
    assembly: [{ kind: "affine", group: "operands" }],
  }),
  op({
    name: "call",
    operands: [many("arguments")],
    groups: ["arguments"],
    attributes: callee,
    assembly: calleeItems,
  }),
  op({
    name: "vjp",
    operands: [many("arguments"), many("cotangents")],
    groups: ["arguments", "cotangents"],
    attributes: { ...callee, wrt: { kind: "axes", default: [], summary } },
    assembly: [...calleeItems, { kind: "group", group: "cotangents" }],
  }),
];

const structured = [
  op({ name: "if", operands: [x], regions: [{ name: "then" }, { name: "else", optional: true }] }),
  op({ name: "with_arguments", operands: [x], regions: [{ name: "first" }, { name: "second" }] }),
  op({
    name: "while",
    operands: [many("carry")],
    groups: ["carry"],
    regions: [{ name: "cond" }, { name: "do" }],
    assembly: [{ kind: "bind", group: "carry" }],
  }),
  op({
    name: "scan",
    operands: [many("carry"), many("over")],
    groups: ["carry", "over"],
    attributes: {
      reverse: { kind: "boolean", default: false, summary },
      length: { kind: "dim", default: -1, summary },
    },
    regions: [{ name: "body" }],
    assembly: [
      { kind: "bind", group: "carry" },
      { kind: "bind", group: "over" },
    ],
  }),
];

const loops = [
  op({
    name: "window",
    operands: [many("at"), many("carry")],
    groups: ["at", "carry"],
    attributes: {
      at: { kind: "dims", summary },
      extents: { kind: "dims", summary },
      window: { kind: "dims", summary },
      low: { kind: "dims", default: [], summary },
      window_dilation: { kind: "integers", default: [], summary },
    },
    regions: [{ name: "body" }],
    assembly: [
      { kind: "places", group: "at" },
      { kind: "bind", group: "carry" },
    ],
    level: "loop",
  }),
  op({
    name: "for",
    operands: [many("bounds"), many("carry")],
    groups: ["bounds", "carry"],
    attributes: {
      lower: { kind: "dim", summary },
      upper: { kind: "dim", summary },
      step: { kind: "integer", default: 1, summary },
    },
    regions: [{ name: "body" }],
    assembly: [
      { kind: "range", group: "bounds" },
      { kind: "bind", group: "carry" },
    ],
    level: "loop",
  }),
  op({
    name: "parallel",
    operands: [many("bounds"), many("carry")],
    groups: ["bounds", "carry"],
    attributes: {
      lower: { kind: "dim", summary },
      upper: { kind: "dim", summary },
      step: { kind: "integer", default: 1, summary },
    },
    regions: [{ name: "body" }],
    assembly: [
      { kind: "range", group: "bounds" },
      { kind: "bind", group: "carry" },
    ],
    level: "loop",
  }),
  op({
    name: "load",
    operands: [{ name: "memory" }, many("at")],
    groups: ["memory", "at"],
    attributes: { at: { kind: "dims", summary } },
    assembly: [{ kind: "subscript", operand: 0, group: "at" }],
    level: "loop",
  }),
  op({
    name: "store",
    operands: [{ name: "value" }, { name: "memory" }, many("at")],
    groups: ["value", "memory", "at"],
    attributes: { at: { kind: "dims", summary } },
    assembly: [
      { kind: "operand", operand: 0 },
      { kind: "subscript", operand: 1, group: "at" },
    ],
    level: "loop",
  }),
  op({
    name: "load_lanes",
    operands: [{ name: "memory" }, many("at"), many("count")],
    groups: ["memory", "at", "count"],
    attributes: { at: { kind: "dims", summary } },
    assembly: [
      { kind: "subscript", operand: 0, group: "at", lanes: true },
      { kind: "group", group: "count" },
    ],
    level: "vector",
  }),
  op({
    name: "store_lanes",
    operands: [{ name: "value" }, { name: "memory" }, many("at"), many("count")],
    groups: ["value", "memory", "at", "count"],
    attributes: { at: { kind: "dims", summary } },
    assembly: [
      { kind: "operand", operand: 0 },
      { kind: "subscript", operand: 1, group: "at", lanes: true },
      { kind: "group", group: "count" },
    ],
    level: "vector",
  }),
  op({
    name: "fill",
    operands: [{ name: "value" }, { name: "memory" }, many("bounds")],
    groups: ["value", "memory", "bounds"],
    attributes: { lower: { kind: "dim", summary }, upper: { kind: "dim", summary } },
    assembly: [
      { kind: "operand", operand: 0 },
      { kind: "span", operand: 1, group: "bounds" },
    ],
    level: "loop",
  }),
  op({
    name: "contract",
    operands: [],
    attributes: { rows: { kind: "dims", default: [], summary }, depth: { kind: "dims", default: [], summary } },
    regions: [{ name: "inside", named: true, optional: true }, { name: "left" }, { name: "result" }],
    assembly: [],
    level: "loop",
  }),
  op({
    name: "subscript",
    operands: [many("index"), many("memory")],
    groups: ["index", "memory"],
    attributes: { axis: { kind: "integer", summary } },
    assembly: [
      { kind: "operands", group: "index" },
      { kind: "group", group: "memory" },
    ],
    level: "loop",
  }),
];

export const textOps: OpTable = new Map([...plain, ...shaped, ...structured, ...loops].map((o) => [o.name, o]));
