// What is written in place: the stores of lowered programs are counted, so that a step of a loop that changes an element
// costs an element.

import { describe, expect, it } from "vitest";
import { loopPipeline, tensorPipeline } from "../passes/index.ts";
import { type Block, type Module, verify } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { everyWay, f64, i32, values } from "./backends.ts";

const context = { ops: standardOps, fast: false };

/** Down to nests whose stores can be counted: a copy or an outlined range is not. */
const pipeline = ["collapse-loops", "bulk", "outline-ranges", "outline-parts"].reduce(
  (stages, pass) => stages.without(pass),
  tensorPipeline.concat(loopPipeline),
);

function lowered(text: string): Module {
  const module = pipeline.run(parse(text), (pass, m) => pass.run(m, context));
  verify(module, { level: "loop" });
  return module;
}

/** How many elements are stored where all sizes are numbers; of a branch, by the arm that stores more. */
function stores(block: Block): number {
  let n = 0;
  for (const { op, attributes, regions } of block.operations) {
    if (op.name === "store") n++;
    else if (op.name === "for") {
      const trips = (Number(attributes.upper) - Number(attributes.lower)) / Number(attributes.step);
      n += Math.max(0, trips) * stores(regions[0]);
    } else if (op.name === "while") n += Number.NaN;
    else if (regions.length > 0) n += Math.max(...regions.map(stores));
  }
  return n;
}

function storesOf(text: string): number {
  const { funcs } = lowered(text);
  return stores(funcs[funcs.length - 1].body);
}

/** A step of the loop writes each element of a carried tensor from one place of it to another. */
const moves = (steps: number): string => `func @f(%x: f64[1000], %i: i32) -> f64[1000] {
  %y = exp %x : f64[1000]
  %one = constant 1 : i32
  %n, %last = scan carry(%j: i32 = %i, %a: f64[1000] = %y), length = ${steps} : i32, f64[1000] {
    %next = add %j, %one : i32
    %s = dynamic_slice %a, %j, sizes = [3] : f64[3]
    %t = sin %s : f64[3]
    %b = dynamic_update_slice %a, %t, %next : f64[1000]
    yield %next, %b
  }
  return %last
}
`;

const gathersAndScatters = (steps: number): string => `func @f(%x: f64[1000], %i: i32[2]) -> f64[1000] {
  %y = exp %x : f64[1000]
  %last = scan carry(%a: f64[1000] = %y), length = ${steps} : f64[1000] {
    %g = gather %a, %i, offset_axes = [], collapsed_axes = [0], index_map = [0], index_axis = 1, sizes = [1] : f64[2]
    %h = reverse %g, axes = [0] : f64[2]
    %b = scatter %a, %i, %h, kind = set, update_axes = [], inserted_axes = [0], index_map = [0], index_axis = 1 : f64[1000]
    %c = scatter %b, %i, %h, kind = add, update_axes = [], inserted_axes = [0], index_map = [0], index_axis = 1 : f64[1000]
    yield %c
  }
  return %last
}
`;

const nested = (steps: number): string => `func @f(%x: f64[1000]) -> f64[1000] {
  %y = exp %x : f64[1000]
  %zero = constant 0 : i32
  %one = constant 1 : i32
  %n, %last = scan carry(%j: i32 = %zero, %a: f64[1000] = %y), length = ${steps} : i32, f64[1000] {
    %m, %b = scan carry(%k: i32 = %j, %c: f64[1000] = %a), length = 2 : i32, f64[1000] {
      %u = constant 7 : f64[1]
      %d = dynamic_update_slice %c, %u, %k : f64[1000]
      %l = add %k, %one : i32
      yield %l, %d
    }
    yield %m, %b
  }
  return %last
}
`;

/** The derivative of a loop that reads one element a step of a tensor from outside. */
const reads = (steps: number): string => `private func @g(%x: f64[1000], %i: i32) -> f64 {
  %zero = constant 0 : f64
  %one = constant 1 : i32
  %n, %sum = scan carry(%j: i32 = %i, %s: f64 = %zero), length = ${steps} : i32, f64 {
    %b = dynamic_slice %x, %j, sizes = [1] : f64[1]
    %e = reshape %b : f64
    %q = mul %e, %e : f64
    %t = add %s, %q : f64
    %next = add %j, %one : i32
    yield %next, %t
  }
  return %sum
}

func @f(%x: f64[1000], %i: i32) -> f64[1000] {
  %one = constant 1 : f64
  %y, %dx = vjp @g(%x, %i) cotangents(%one), wrt = [0] : f64, f64[1000]
  return %dx
}
`;

/** The same with a tensor of indices, checked as it reads. */
const gathers = (steps: number): string => `private func @g(%x: f64[1000], %i: i32[2]) -> f64[2] {
  %zero = constant 0 : f64[2]
  %sum = scan carry(%s: f64[2] = %zero), length = ${steps} : f64[2] {
    %e = gather %x, %i, offset_axes = [], collapsed_axes = [0], index_map = [0], index_axis = 1, sizes = [1] : f64[2]
    %q = mul %e, %e : f64[2]
    %t = add %s, %q : f64[2]
    yield %t
  }
  return %sum
}

func @f(%x: f64[1000], %i: i32[2]) -> f64[1000] {
  %one = constant 1 : f64[2]
  %y, %dx = vjp @g(%x, %i) cotangents(%one), wrt = [0] : f64[2], f64[1000]
  return %dx
}
`;

/** The derivative of a loop that writes one element a step. */
const writes = (steps: number): string => `private func @g(%x: f64[1000], %v: f64) -> f64[1000] {
  %zero = constant 0 : i32
  %one = constant 1 : i32
  %n, %last = scan carry(%j: i32 = %zero, %a: f64[1000] = %x), length = ${steps} : i32, f64[1000] {
    %u = broadcast %v : f64[1]
    %b = dynamic_update_slice %a, %u, %j : f64[1000]
    %next = add %j, %one : i32
    yield %next, %b
  }
  return %last
}

func @f(%x: f64[1000], %v: f64) -> (f64[1000], f64) {
  %one = constant 1 : f64[1000]
  %y, %dx, %dv = vjp @g(%x, %v) cotangents(%one) : f64[1000], f64[1000], f64
  return %dx, %dv
}
`;

describe("a step of a loop that changes a few elements writes a few elements", () => {
  it.each([
    ["taking and putting boxes", moves, 6],
    ["gathering and scattering", gathersAndScatters, 6],
    ["loops in loops", nested, 2],
    ["the derivative of reading a box", reads, 5],
    ["the derivative of gathering", gathers, 6],
    ["the derivative of putting a box", writes, 4],
  ] as const)("%s", (_, program, most) => {
    const [short, long] = [program(10), program(30)].map(storesOf);
    expect((long - short) / 20).toBeLessThanOrEqual(most);
    expect(short).toBeLessThanOrEqual(4 * 1000 + 10 * most);
  });
});

/** A body on a tensor that is the function's own, and where and what to put. */
const own = (
  body: string,
  results: string,
  types: string,
): string => `func @f(%x: f64[4], %u: f64[1], %i: i32) -> ${types} {
  %a = exp %x : f64[4]
${body}
  return ${results}
}
`;

const [x, u] = [f64([0, 0, 0, 0]), f64([9])];

/** What has to be read before it is overwritten, or must not be. */
const hazards: readonly (readonly [string, string, readonly (readonly number[])[]])[] = [
  [
    "a slice of what was there before",
    own(
      `  %s = slice %a, start = [1], limit = [3] : f64[2]
  %b = dynamic_update_slice %a, %u, %i : f64[4]
  %t = neg %s : f64[2]`,
      "%b, %t",
      "(f64[4], f64[2])",
    ),
    [
      [1, 9, 1, 1],
      [-1, -1],
    ],
  ],
  [
    "an update that is computed from all of it",
    own(
      `  %r = reverse %a, axes = [0] : f64[4]
  %v = add %r, %a : f64[4]
  %zero = constant 0 : i32
  %b = dynamic_update_slice %a, %v, %zero : f64[4]`,
      "%b",
      "f64[4]",
    ),
    [[2, 2, 2, 2]],
  ],
  [
    "a reader behind it",
    own(
      `  %b = dynamic_update_slice %a, %u, %i : f64[4]
  %d = sub %a, %b : f64[4]`,
      "%b, %d",
      "(f64[4], f64[4])",
    ),
    [
      [1, 9, 1, 1],
      [0, -8, 0, 0],
    ],
  ],
  [
    "both as results",
    own("  %b = dynamic_update_slice %a, %u, %i : f64[4]", "%a, %b, %b", "(f64[4], f64[4], f64[4])"),
    [
      [1, 1, 1, 1],
      [1, 9, 1, 1],
      [1, 9, 1, 1],
    ],
  ],
  [
    "two updates of one tensor",
    own(
      `  %b = dynamic_update_slice %a, %u, %i : f64[4]
  %n = neg %u : f64[1]
  %c = dynamic_update_slice %a, %n, %i : f64[4]`,
      "%b, %c",
      "(f64[4], f64[4])",
    ),
    [
      [1, 9, 1, 1],
      [1, -9, 1, 1],
    ],
  ],
  [
    "the same memory under another shape",
    own(
      `  %m = reshape %a : f64[2, 2]
  %b = dynamic_update_slice %a, %u, %i : f64[4]`,
      "%b, %m",
      "(f64[4], f64[2, 2])",
    ),
    [
      [1, 9, 1, 1],
      [1, 1, 1, 1],
    ],
  ],
  [
    "an argument of the function",
    `func @f(%x: f64[4], %u: f64[1], %i: i32) -> (f64[4], f64[4]) {
  %b = dynamic_update_slice %x, %u, %i : f64[4]
  %d = sub %b, %x : f64[4]
  return %b, %d
}
`,
    [
      [0, 9, 0, 0],
      [0, 9, 0, 0],
    ],
  ],
  [
    "a constant",
    `func @f(%x: f64[4], %u: f64[1], %i: i32) -> (f64[4], f64[4]) {
  %c = constant dense<[1, 2, 3, 4]> : f64[4]
  %b = dynamic_update_slice %c, %u, %i : f64[4]
  %d = dynamic_update_slice %b, %u, %i : f64[4]
  %e = constant dense<[1, 2, 3, 4]> : f64[4]
  return %d, %e
}
`,
    [
      [1, 9, 3, 4],
      [1, 2, 3, 4],
    ],
  ],
  [
    "carried tensors that change places",
    own(
      `  %c = neg %a : f64[4]
  %p, %q = scan carry(%s: f64[4] = %a, %t: f64[4] = %c), length = 3 : f64[4], f64[4] {
    %b = dynamic_update_slice %t, %u, %i : f64[4]
    %d = add %b, %s : f64[4]
    yield %b, %d
  }`,
      "%p, %q",
      "(f64[4], f64[4])",
    ),
    [
      [-1, 9, -1, -1],
      [-1, 18, -1, -1],
    ],
  ],
  [
    "what a step stacks before it changes",
    own(
      `  %v = reshape %u : f64
  %p, %q = scan carry(%s: f64[4] = %a), length = 2 : f64[4], f64[2, 2] {
    %h = slice %s, start = [0], limit = [2] : f64[2]
    %b = scatter %s, %i, %v, kind = add, update_axes = [], inserted_axes = [0], index_map = [0], index_axis = 0 : f64[4]
    yield %b, %h
  }`,
      "%p, %q",
      "(f64[4], f64[2, 2])",
    ),
    [
      [1, 19, 1, 1],
      [1, 1, 1, 10],
    ],
  ],
  [
    "a branch that changes it",
    own(
      `  %v = reshape %u : f64
  %p = is_nan %v : bool
  %r = if %p : f64[4] {
    yield %a
  } else {
    %b = dynamic_update_slice %a, %u, %i : f64[4]
    yield %b
  }`,
      "%r, %a",
      "(f64[4], f64[4])",
    ),
    [
      [1, 9, 1, 1],
      [1, 1, 1, 1],
    ],
  ],
];

describe("what is still read stays as it was", () => {
  it.each(hazards)("%s", (_, text, expected) => {
    expect(values(everyWay(text, "f", [x, u, i32(1)]))).toEqual(expected);
  });
});
