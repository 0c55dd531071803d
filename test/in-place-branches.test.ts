// What is written in place under conditions: programs as people write them, with the stores of a run counted, so that a
// step which changes an element costs an element whatever branch it stands in.

import { describe, expect, it } from "vitest";
import { loopPipeline, tensorPipeline } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { defineOp, type Op, parseModule, printModule, verify } from "../src/ir/index.ts";
import { parse, records, standardOps } from "../src/ops/index.ts";
import { everyWay, f64, i32, type Nested, values } from "./backends.ts";
import {
  changesConstant,
  clip,
  earlyReturn,
  gradient,
  input,
  insertionSort,
  keepsBest,
  rarely,
  readsAround,
  readsOnly,
  relax,
  returnsWithin,
  selectionSort,
  sieve,
  sieveOfX,
  size,
  tables,
} from "./support/array-loops.ts";

const context = { ops: standardOps, fast: false };

/** How many elements a run of the lowered program stores. */
function storesOf(text: string, n: number): number {
  const module = tensorPipeline.concat(loopPipeline).run(parse(text), (pass, m) => pass.run(m, context));
  verify(module, { level: "loop" });
  let count = 0;
  const original: Op = records.store;
  const store = defineOp({
    ...original,
    scalar: undefined,
    lowering: { kind: "structured" },
    eval(x) {
      count++;
      return original.eval?.(x) ?? [];
    },
  });
  const counted = parseModule(printModule(module), new Map([...standardOps, ["store", store]]));
  const main = counted.funcs.find((f) => f.name === "main");
  const outputs = (main?.body.arguments ?? []).slice(2).map(() => f64(new Array<number>(size).fill(0)));
  interpret(counted, "main", [f64(input), f64(n), ...outputs]);
  return count;
}

/** Name, program, and the stores that a trip of its outer loop may cost, in an array of any size. */
const programs: readonly (readonly [string, string, number])[] = [
  ["an element set in a branch", clip, 1],
  ["reads around the write", readsAround, 1],
  ["a loop in a branch", sieve, 4],
  ["a branch in a loop in a loop, two writes a step", insertionSort, 2 * size],
  ["a branch behind a loop that reads", selectionSort, 2],
  ["reads of another array", readsOnly, 1],
  ["branches in branches", relax, 2],
  ["a loop behind a return", earlyReturn, 2],
  ["two tables", tables, 2],
  ["the best so far", keepsBest, 1],
  ["a return within a loop", returnsWithin, 1],
  ["a branch that is rarely taken", rarely, 1],
  ["a constant that such a branch changes", changesConstant, 0],
];

describe("a step of a loop that changes elements in a branch writes elements", () => {
  it.each(programs)("%s", (_, program, most) => {
    const [short, long] = [20, 70].map((n) => storesOf(program, n));
    expect((long - short) / 50).toBeLessThanOrEqual(most);
    expect(short).toBeLessThanOrEqual(6 * size + 20 * most);
  });

  it.each(programs)("%s: the same in every way", (_, program) => {
    for (const n of [0, 9, 60]) everyWay(program, "main", [f64(input), f64(n)]);
  });
});

describe("the gradient of such a loop, too", () => {
  it.each([
    ["an element set in a branch", gradient(clip, 1), 4],
    ["reads around the write", gradient(readsAround, 2), 6],
    ["a loop in a branch", gradient(sieveOfX, 1), 16],
    ["a branch in a loop in a loop, two writes a step", gradient(insertionSort, 1), 12 * size],
    ["a branch behind a loop that reads", gradient(selectionSort, 1), 8],
    ["reads of another array", gradient(readsOnly, 2), 6],
    ["branches in branches", gradient(relax, 1), 8],
    ["a loop behind a return", gradient(earlyReturn, 1), 8],
    ["two tables", gradient(tables, 2), 8],
    ["the best so far", gradient(keepsBest, 2), 8],
    ["a return within a loop", gradient(returnsWithin, 1), 8],
    ["a branch that is rarely taken", gradient(rarely, 1), 8],
  ] as const)("%s", (_, program, most) => {
    const [short, long] = [20, 70].map((n) => storesOf(program, n));
    expect((long - short) / 50).toBeLessThanOrEqual(most);
    expect(short).toBeLessThanOrEqual(10 * size + 20 * most);
  });
});

describe("what the programs compute", () => {
  it("sorts", () => {
    const [sorted] = values(everyWay(insertionSort, "main", [f64(input), f64(size)]));
    expect(sorted).toEqual(input.toSorted((a, b) => a - b));
  });

  it("finds the primes", () => {
    const [marks] = values(everyWay(sieve, "main", [f64(input), f64(30)]));
    const primes = marks.flatMap((m, i) => (i >= 2 && i < 30 && m === 0 ? [i] : []));
    expect(primes).toEqual([2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
  });
});

// ---- what is still read ---------------------------------------------------------------------------------------------

const set = (b: string, a: string, v: string): string =>
  `%${b} = scatter %${a}, %i, %${v}, kind = set, update_axes = [], inserted_axes = [0], index_map = [0], index_axis = 0 : f64[3]`;

/** A body on arrays %a = [1, 1, 1] and %c = [2, 2, 2] that are the function's own; %i is 1, %v is 9, %w is 7. */
const own = (body: string, results: string, types: string): string => `func @f(%p: bool, %i: i32) -> ${types} {
  %zero = constant 0 : f64[3]
  %a = exp %zero : f64[3]
  %c = add %a, %a : f64[3]
  %v = constant 9 : f64
  %w = constant 7 : f64
${body}
  return ${results}
}
`;

const pair = "(f64[3], f64[3])";

/** Name, program, and its results where %p is true and where it is false. */
const hazards: readonly (readonly [string, string, Nested, Nested])[] = [
  [
    "the old value behind the branch",
    own(
      `  %r = if %p : f64[3] {
    ${set("b", "a", "v")}
    yield %b
  } else {
    yield %a
  }
  %s = add %r, %a : f64[3]`,
      "%r, %s",
      pair,
    ),
    [
      [1, 9, 1],
      [2, 10, 2],
    ],
    [
      [1, 1, 1],
      [2, 2, 2],
    ],
  ],
  [
    "one of two results that are alike",
    own(
      `  %r, %s = if %p : f64[3], f64[3] {
    ${set("b", "a", "v")}
    yield %b, %b
  } else {
    yield %a, %a
  }
  ${set("t", "r", "w")}`,
      "%t, %s",
      pair,
    ),
    [
      [1, 7, 1],
      [1, 9, 1],
    ],
    [
      [1, 7, 1],
      [1, 1, 1],
    ],
  ],
  [
    "the old value as another result",
    own(
      `  %r, %s = if %p : f64[3], f64[3] {
    ${set("b", "a", "v")}
    yield %b, %a
  } else {
    yield %a, %c
  }`,
      "%r, %s",
      pair,
    ),
    [
      [1, 9, 1],
      [1, 1, 1],
    ],
    [
      [1, 1, 1],
      [2, 2, 2],
    ],
  ],
  [
    "two arrays that a branch exchanges",
    own(
      `  %r, %s = if %p : f64[3], f64[3] {
    ${set("b", "a", "v")}
    ${set("d", "c", "w")}
    yield %d, %b
  } else {
    yield %a, %c
  }`,
      "%r, %s",
      pair,
    ),
    [
      [2, 7, 2],
      [1, 9, 1],
    ],
    [
      [1, 1, 1],
      [2, 2, 2],
    ],
  ],
  [
    "a part of the old value, moved, as another result",
    own(
      `  ${set("b", "a", "v")}
  %k = reverse %b, axes = [0] : f64[3]
  %r, %s = if %p : f64[3], f64[3] {
    ${set("d", "b", "w")}
    yield %d, %k
  } else {
    yield %b, %c
  }`,
      "%r, %s",
      pair,
    ),
    [
      [1, 7, 1],
      [1, 9, 1],
    ],
    [
      [1, 9, 1],
      [2, 2, 2],
    ],
  ],
  [
    "a whole new value that the old one is moved into",
    own(
      `  ${set("b", "a", "v")}
  %r, %s = if %p : f64[3], f64[3] {
    %k = slice %b, start = [1], limit = [3] : f64[2]
    %l = slice %b, start = [0], limit = [1] : f64[1]
    %turned = concatenate %k, %l, axis = 0 : f64[3]
    %back = reverse %b, axes = [0] : f64[3]
    yield %turned, %back
  } else {
    yield %b, %c
  }`,
      "%r, %s",
      pair,
    ),
    [
      [9, 1, 1],
      [1, 9, 1],
    ],
    [
      [1, 9, 1],
      [2, 2, 2],
    ],
  ],
  [
    "the old value under another shape, as another result",
    own(
      `  ${set("b", "a", "v")}
  %r, %s = if %p : f64[3], f64[3] {
    %k = reshape %b : f64[3, 1]
    %l = reshape %k : f64[3]
    %n = neg %b : f64[3]
    yield %n, %l
  } else {
    yield %b, %c
  }`,
      "%r, %s",
      pair,
    ),
    [
      [-1, -9, -1],
      [1, 9, 1],
    ],
    [
      [1, 9, 1],
      [2, 2, 2],
    ],
  ],
  [
    "a constant of several elements that every step changes",
    own(
      `  %last = scan carry(%s: f64[3] = %a), length = 2 : f64[3] {
    %k = constant dense<[1, 2, 3]> : f64[3]
    %b = scatter %k, %i, %v, kind = add, update_axes = [], inserted_axes = [0], index_map = [0], index_axis = 0 : f64[3]
    %t = add %s, %b : f64[3]
    yield %t
  }`,
      "%last, %a",
      pair,
    ),
    [
      [3, 23, 7],
      [1, 1, 1],
    ],
    [
      [3, 23, 7],
      [1, 1, 1],
    ],
  ],
  [
    "a constant of several elements in every step",
    own(
      `  %last = scan carry(%s: f64[3] = %a), length = 2 : f64[3] {
    %k = constant dense<[1, 2, 3]> : f64[3]
    %r = if %p : f64[3] {
      %e = gather %k, %i, offset_axes = [], collapsed_axes = [0], index_map = [0], index_axis = 0, sizes = [1] : f64
      %f = add %e, %v : f64
      ${set("b", "k", "f")}
      yield %b
    } else {
      yield %k
    }
    %t = add %s, %r : f64[3]
    yield %t
  }`,
      "%last, %a",
      pair,
    ),
    [
      [3, 23, 7],
      [1, 1, 1],
    ],
    [
      [3, 5, 7],
      [1, 1, 1],
    ],
  ],
  [
    "what only one branch changes and none gives back",
    own(
      `  %k = reverse %c, axes = [0] : f64[3]
  %r, %s = if %p : f64[3], f64[3] {
    ${set("d", "c", "v")}
    %t = add %d, %k : f64[3]
    yield %a, %t
  } else {
    yield %a, %a
  }`,
      "%r, %s",
      pair,
    ),
    [
      [1, 1, 1],
      [4, 11, 4],
    ],
    [
      [1, 1, 1],
      [1, 1, 1],
    ],
  ],
];

describe("what is still read stays as it was", () => {
  it.each(hazards)("%s", (_, text, whereTrue, whereFalse) => {
    for (const p of [true, false]) {
      const flag = { dtype: "bool", shape: [], data: Uint8Array.of(Number(p)) } as const;
      expect(values(everyWay(text, "f", [flag, i32(1)]))).toEqual(p ? whereTrue : whereFalse);
    }
  });
});
