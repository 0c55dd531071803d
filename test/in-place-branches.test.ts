// What is written in place under conditions: programs as people write them, with the stores of a run counted, so that a
// step which changes an element costs an element whatever branch it stands in.

import { describe, expect, it } from "vitest";
import { loopPipeline, tensorPipeline } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { Op, parseModule, printModule, verify } from "../src/ir/index.ts";
import { parse, records, standardOps } from "../src/ops/index.ts";
import { everyWay, f64, values } from "./backends.ts";

const size = 300;
const array = `f64[${size}]`;

const context = { ops: standardOps, fast: false };

/** How many elements a run of the lowered program stores. */
function storesOf(text: string, n: number): number {
  const module = tensorPipeline.concat(loopPipeline).run(parse(text), (pass, m) => pass.run(m, context));
  verify(module, { level: "loop" });
  let count = 0;
  const store = new Op({
    ...records.store,
    scalar: undefined,
    lowering: { kind: "structured" },
    eval(x) {
      count++;
      return records.store.eval?.(x) ?? [];
    },
  });
  const counted = parseModule(printModule(module), new Map([...standardOps, ["store", store]]));
  const main = counted.funcs.find((f) => f.name === "main");
  const outputs = (main?.body.arguments ?? []).slice(2).map(() => f64(new Array<number>(size).fill(0)));
  interpret(counted, "main", [f64(input), f64(n), ...outputs]);
  return count;
}

/** Falls, with a few elements out of order. */
const input = Array.from({ length: size }, (_, i) => size - i + (i % 7 === 0 ? 20.5 : 0));

// ---- the programs ---------------------------------------------------------------------------------------------------

const one = "index_map = [0], index_axis = 0";
const get = (v: string, a: string, j: string): string =>
  `%${v} = gather %${a}, %${j}, offset_axes = [], collapsed_axes = [0], ${one}, sizes = [1] : f64`;
const put = (b: string, a: string, j: string, v: string, kind = "set"): string =>
  `%${b} = scatter %${a}, %${j}, %${v}, kind = ${kind}, update_axes = [], inserted_axes = [0], ${one} : ${array}`;
const at = (j: string, i: string): string => `%${j} = cast %${i} : i32`;

/** A function of an array and a number, whose body is `text`; the array is copied first where it is written to. */
const main = (text: string, results = "%r", types = array): string => `func @main(%x: ${array}, %n: f64) -> ${types} {
  %c0 = constant 0 : f64
  %c1 = constant 1 : f64
  %c2 = constant 2 : f64
  %no = constant false : bool
  %yes = constant true : bool
${text}
  return ${results}
}
`;

/** A loop over %i from `from` below `to`, that carries %a besides what `more` says. */
const count = (
  results: string,
  body: string,
  {
    from = "%c0",
    to = "%n",
    init = "%x",
    more = "",
    types = "",
    next = "%b",
    names = ["i", "a"],
  }: {
    readonly from?: string;
    readonly to?: string;
    readonly init?: string;
    readonly more?: string;
    readonly types?: string;
    readonly next?: string;
    readonly names?: readonly [string, string];
  } = {},
): string => {
  const [i, a] = names;
  const own = more.replaceAll(/ = %\w+/g, "");
  return `%${i}_last, ${results} = while carry(%${i}: f64 = ${from}, %${a}: ${array} = ${init}${more}) : f64, ${array}${types} {
  %go_${i} = compare %${i}, ${to}, direction = lt : bool
  yield %go_${i}
} do(%${i}: f64, %${a}: ${array}${own}) {
${body}
  %next_${i} = add %${i}, %c1 : f64
  yield %next_${i}, ${next}
}`;
};

const clip = main(
  count(
    "%r",
    `${at("j", "i")}
${get("v", "a", "j")}
%p = compare %v, %n, direction = gt : bool
%b = if %p : ${array} {
  ${put("w", "a", "j", "n")}
  yield %w
} else {
  yield %a
}`,
  ),
);

/** Reads of the old array before the write, in the branch itself, and of the new one after it. */
const readsAround = main(
  count(
    "%r, %s_last",
    `${at("j", "i")}
${get("v", "a", "j")}
%p = compare %v, %n, direction = gt : bool
%b, %t = if %p : ${array}, f64 {
  ${get("u", "a", "j")}
  %half = div %u, %c2 : f64
  ${put("w", "a", "j", "half")}
  ${get("z", "w", "j")}
  %t = add %s, %z : f64
  yield %w, %t
} else {
  ${get("u", "a", "j")}
  %t = sub %s, %u : f64
  yield %a, %t
}`,
    { more: ", %s: f64 = %c0", types: ", f64", next: "%b, %t" },
  ),
  "%r, %s_last",
  `(${array}, f64)`,
);

/** Zeros, and 1 where a number has a divisor. */
const sieve = main(
  `%z = constant 0 : ${array}
${count(
  "%r",
  `${at("j", "i")}
${get("v", "a", "j")}
%p = compare %v, %c0, direction = eq : bool
%b = if %p : ${array} {
  %start = mul %i, %i : f64
  %m_last, %d = while carry(%m: f64 = %start, %e: ${array} = %a) : f64, ${array} {
    %go = compare %m, %n, direction = lt : bool
    yield %go
  } do(%m: f64, %e: ${array}) {
    ${at("k", "m")}
    ${put("f", "e", "k", "c1")}
    %mi = add %m, %i : f64
    yield %mi, %f
  }
  yield %d
} else {
  yield %a
}`,
  { from: "%c2", init: "%z" },
)}`,
);

/** The same on what is differentiated. */
const sieveOfX = sieve.replace("= %z)", "= %x)");

/** The inner loop ends where the condition of its body says so; a step swaps two elements or raises the flag. */
const insertionSort = main(
  count(
    "%r",
    `%k_last, %b, %done = while carry(%k: f64 = %i, %e: ${array} = %a, %exit: bool = %no) : f64, ${array}, bool {
  %go = if %exit : bool {
    yield %no
  } else {
    %gt = compare %k, %c0, direction = gt : bool
    yield %gt
  }
  yield %go
} do(%k: f64, %e: ${array}, %exit: bool) {
  %below = sub %k, %c1 : f64
  ${at("lo", "below")}
  ${at("hi", "k")}
  ${get("p", "e", "lo")}
  ${get("q", "e", "hi")}
  %falls = compare %p, %q, direction = gt : bool
  %k2, %e2, %exit2 = if %falls : f64, ${array}, bool {
    ${put("f", "e", "lo", "q")}
    ${put("g", "f", "hi", "p")}
    yield %below, %g, %no
  } else {
    yield %k, %e, %yes
  }
  yield %k2, %e2, %exit2
}`,
    { from: "%c1" },
  ),
);

/** Gauss–Seidel: the ends stay, a first and a second half are treated differently, nested in two branches. */
const relax = main(
  count(
    "%r",
    `%first = compare %i, %c0, direction = eq : bool
%b = if %first : ${array} {
  yield %a
} else {
  ${at("j", "i")}
  %below = sub %i, %c1 : f64
  %above = add %i, %c1 : f64
  ${at("lo", "below")}
  ${at("hi", "above")}
  ${get("p", "a", "lo")}
  ${get("q", "a", "hi")}
  %sum = add %p, %q : f64
  %mean = div %sum, %c2 : f64
  %big = compare %mean, %n, direction = gt : bool
  %w = if %big : ${array} {
    ${put("w1", "a", "j", "mean")}
    yield %w1
  } else {
    %neg = neg %mean : f64
    ${put("w2", "a", "j", "neg")}
    ${put("w3", "w2", "lo", "mean", "add")}
    yield %w3
  }
  yield %w
}`,
  ),
);

/** A first loop that may stop early; only if it did not, a second one runs: a `return` in the middle. */
const earlyReturn = main(
  `${count(
    "%d, %stopped",
    `${at("j", "i")}
${put("b", "a", "j", "i")}
%stop = compare %i, %c2, direction = lt : bool
%never = and %stop, %exit : bool`,
    { more: ", %exit: bool = %no", types: ", bool", next: "%b, %never" },
  )}
%r = if %stopped : ${array} {
  yield %d
} else {
  ${count(
    "%e",
    `${at("l", "k")}
${get("v", "g", "l")}
%odd = compare %v, %n, direction = lt : bool
%h = if %odd : ${array} {
  ${put("o", "g", "l", "c1", "add")}
  yield %o
} else {
  yield %g
}`,
    { init: "%d", next: "%h", names: ["k", "g"] },
  )}
  yield %e
}`,
);

/** Two tables: each step changes one or the other, and may change both. */
const tables = main(
  `%z = constant 0 : ${array}
%y = exp %z : ${array}
${count(
  "%r, %s_last",
  `${at("j", "i")}
${get("v", "a", "j")}
${get("u", "s", "j")}
%p = compare %v, %n, direction = gt : bool
%b, %t = if %p : ${array}, ${array} {
  ${put("w", "a", "j", "u")}
  ${put("t1", "s", "j", "v")}
  yield %w, %t1
} else {
  ${put("t2", "s", "j", "c1", "add")}
  yield %a, %t2
}`,
  { more: `, %s: ${array} = %y`, types: `, ${array}`, next: "%b, %t" },
)}`,
  "%r, %s_last",
  `(${array}, ${array})`,
);

/** An inner loop reads the array only, in a branch of its own, before two elements change places in another branch. */
const selectionSort = main(
  count(
    "%r",
    `${at("j", "i")}
%from = add %i, %c1 : f64
%k_last, %least = while carry(%k: f64 = %from, %m: i32 = %j) : f64, i32 {
  %go = compare %k, %n, direction = lt : bool
  yield %go
} do(%k: f64, %m: i32) {
  ${at("l", "k")}
  ${get("p", "a", "l")}
  ${get("q", "a", "m")}
  %less = compare %p, %q, direction = lt : bool
  %m2 = if %less : i32 {
    yield %l
  } else {
    yield %m
  }
  %k2 = add %k, %c1 : f64
  yield %k2, %m2
}
%stays = compare %least, %j, direction = eq : bool
%b = if %stays : ${array} {
  yield %a
} else {
  ${get("u", "a", "j")}
  ${get("v", "a", "least")}
  ${put("f", "a", "j", "v")}
  ${put("g", "f", "least", "u")}
  yield %g
}`,
  ),
);

/** Reads an array that it does not change, in a branch. */
const readsOnly = main(
  count(
    "%r, %s_last",
    `${at("j", "i")}
${get("v", "x", "j")}
%p = compare %v, %n, direction = gt : bool
%b, %t = if %p : ${array}, f64 {
  ${get("u", "x", "j")}
  %sq = mul %u, %u : f64
  %t = add %s, %sq : f64
  yield %a, %t
} else {
  ${put("w", "a", "j", "s")}
  yield %w, %s
}`,
    { more: ", %s: f64 = %c0", types: ", f64", next: "%b, %t" },
  ),
  "%r, %s_last",
  `(${array}, f64)`,
);

/** The gradient of a program's results with respect to the array. */
const gradient = (text: string, results: number): string => {
  const types = text.slice(text.indexOf("->") + 3, text.indexOf(" {"));
  const list = types.replace(/^\((.*)\)$/, "$1").split(", ");
  const seeds = list.map((type, i) => `  %one${i} = constant 1 : ${type}`).join("\n");
  const outs = list.map((_, i) => `%y${i}`).join(", ");
  const cts = list.map((_, i) => `%one${i}`).join(", ");
  expect(list.length).toBe(results);
  return `${text.replace("func @main", "private func @f")}
func @main(%x: ${array}, %n: f64) -> ${array} {
${seeds}
  ${outs}, %dx = vjp @f(%x, %n) cotangents(${cts}), wrt = [0] : ${list.join(", ")}, ${array}
  return %dx
}
`;
};

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
];

describe("a step of a loop that changes elements in a branch writes elements", () => {
  it.each(programs)("%s", (_, program, most) => {
    const [short, long] = [20, 70].map((n) => storesOf(program, n));
    expect((long - short) / 50).toBeLessThanOrEqual(most);
    expect(short).toBeLessThanOrEqual(4 * size + 20 * most);
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
