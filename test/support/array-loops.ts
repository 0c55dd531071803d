// Loops over arrays as people write them, in text: sorts, a sieve, relaxation, returns in the middle; each reads and writes
// single elements in branches, from `%x` and `%n` on.

import { expect } from "vitest";

/** The extent of the array. */
export const size = 300;
const array = `f64[${size}]`;

/** Falls, with a few elements out of order. */
export const input = Array.from({ length: size }, (_, i) => size - i + (i % 7 === 0 ? 20.5 : 0));

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

export const clip = main(
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
export const readsAround = main(
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
export const sieve = main(
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
export const sieveOfX = sieve.replace("= %z)", "= %x)");

/** The inner loop ends where the condition of its body says so; a step swaps two elements or raises the flag. */
export const insertionSort = main(
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
export const relax = main(
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
export const earlyReturn = main(
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
export const tables = main(
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
export const selectionSort = main(
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
export const readsOnly = main(
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

/** The best so far is copied where it is better, and kept at no cost. */
export const keepsBest = main(
  count(
    "%d, %r, %s_last",
    `${at("j", "i")}
${put("b", "a", "j", "n")}
${get("v", "x", "j")}
%better = compare %v, %s, direction = gt : bool
%best2, %t = if %better : ${array}, f64 {
  yield %b, %v
} else {
  yield %best, %s
}`,
    {
      more: `, %best: ${array} = %x, %s: f64 = %n`,
      types: `, ${array}, f64`,
      next: "%b, %best2, %t",
    },
  ),
  "%r, %s_last",
  `(${array}, f64)`,
);

/** A \`return\` of the array, or of another one, within the loop: what is returned is carried beside what changes. */
export const returnsWithin = main(
  `%z = constant 0 : ${array}
${count(
  "%d, %r, %left",
  `%b, %ret2, %out2 = if %out : ${array}, ${array}, bool {
  yield %a, %ret, %yes
} else {
  ${at("j", "i")}
  ${get("v", "a", "j")}
  %found = compare %v, %n, direction = lt : bool
  %b2, %ret3, %out3 = if %found : ${array}, ${array}, bool {
    yield %a, %a, %yes
  } else {
    ${put("w", "a", "j", "n")}
    yield %w, %ret, %no
  }
  yield %b2, %ret3, %out3
}`,
  {
    more: `, %ret: ${array} = %z, %out: bool = %no`,
    types: `, ${array}, bool`,
    next: "%b, %ret2, %out2",
  },
)}`,
);

/** A branch that computes the whole array anew, from itself. */
export const rarely = main(
  count(
    "%r",
    `${at("j", "i")}
%p = compare %i, %c2, direction = lt : bool
%b = if %p : ${array} {
  %rev = reverse %a, axes = [0] : ${array}
  %sum = add %a, %rev : ${array}
  yield %sum
} else {
  ${put("w", "a", "j", "n")}
  yield %w
}`,
  ),
);

/** A constant of the step, which a branch that is rarely taken puts an element into. */
export const changesConstant = main(
  count(
    "%r",
    `${at("j", "i")}
%k = constant 3 : ${array}
%p = compare %i, %c2, direction = lt : bool
%b = if %p : ${array} {
  ${put("w", "k", "j", "n")}
  yield %w
} else {
  yield %a
}`,
  ),
);

/** The gradient of a program's results with respect to the array. */
export const gradient = (text: string, results: number): string => {
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
