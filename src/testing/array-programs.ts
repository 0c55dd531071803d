// Random programs that change elements of arrays under conditions, in loops, in each other: what is written in place, and
// what must not be. They like to read the old array, yield one twice, swap two, and start from arguments and constants.

import fc from "fast-check";
import { buildFunc, Dense, type Module, makeModule, printModule, scalar, tensorType, type Value } from "../ir/index.ts";
import * as ops from "../ops/index.ts";

/** One step: what to do, and which values to do it with; the steps of its regions, for the kinds that have some. */
interface ArrayStep {
  readonly kind: number;
  readonly picks: readonly number[];
  readonly inner: readonly (readonly ArrayStep[])[];
}

export interface ArrayProgram {
  readonly steps: readonly ArrayStep[];
  readonly results: readonly number[];
}

const size = 5;
const array = tensorType("f64", [size]);
const [f64, i32, bool] = [scalar("f64"), scalar("i32"), scalar("bool")];

/** Programs with regions in regions, as deep as the levels say. */
export function arbitraryArrayProgram(levels = 3): fc.Arbitrary<ArrayProgram> {
  const pick = fc.nat(255);
  const picks = fc.array(pick, { minLength: 8, maxLength: 8 });
  const leaf: fc.Arbitrary<ArrayStep> = fc.record({ kind: pick, picks, inner: fc.constant([]) });
  let step = leaf;
  for (let level = 0; level < levels; level++) {
    const body = fc.array(step, { maxLength: 4 });
    const nested = fc.record({ kind: pick, picks, inner: fc.tuple(body, body) });
    step = fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 2, arbitrary: nested });
  }
  return fc.record({
    steps: fc.array(step, { minLength: 1, maxLength: 8 }),
    results: fc.array(pick, { minLength: 3, maxLength: 3 }),
  });
}

/** A function of two arrays, a number and a bool, which gives two arrays and a number. */
export function buildArrayProgram(
  program: ArrayProgram,
  name = "main",
  visibility: "public" | "private" = "public",
): Module {
  const func = buildFunc({ name, visibility }, [array, array, f64, bool], (x, y, number, flag) => {
    const pool = new Pool([x, y], [number], [ops.constant(1, i32)], [flag]);
    pool.run(program.steps);
    const [a, b, c] = program.results;
    return [recent(pool.arrays, a), recent(pool.arrays, b), recent(pool.numbers, c)];
  });
  return makeModule([func]);
}

/** The text of a module whose `main` gives the program's cotangents, by a `vjp` that a pass has to resolve. */
export function gradientOfArrayProgram(program: ArrayProgram): string {
  const types = `f64[${size}], f64[${size}], f64`;
  return `${printModule(buildArrayProgram(program, "f", "private"))}
func @main(%x: f64[${size}], %y: f64[${size}], %n: f64, %p: bool) -> (${types}) {
  %a, %b, %c, %dx, %dy, %dn = vjp @f(%x, %y, %n, %p) cotangents(%y, %x, %n), wrt = [0, 1, 2] : ${types}, ${types}
  return %dx, %dy, %dn
}
`;
}

/** One of the values, the last ones more often than the first. */
function recent(values: readonly Value[], pick: number): Value {
  return values[values.length - 1 - (Math.min(pick % 16, pick >> 4) % values.length)];
}

/** The values there are at one point of a program. */
class Pool {
  readonly arrays: Value[];
  readonly numbers: Value[];
  readonly indices: Value[];
  readonly flags: Value[];

  constructor(arrays: readonly Value[], numbers: readonly Value[], indices: readonly Value[], flags: readonly Value[]) {
    this.arrays = [...arrays];
    this.numbers = [...numbers];
    this.indices = [...indices];
    this.flags = [...flags];
  }

  /** What a region sees: this, and values of its own. */
  within(arrays: readonly Value[] = [], numbers: readonly Value[] = [], indices: readonly Value[] = []): Pool {
    return new Pool(
      [...this.arrays, ...arrays],
      [...this.numbers, ...numbers],
      [...this.indices, ...indices],
      this.flags,
    );
  }

  run(steps: readonly ArrayStep[]): void {
    for (const step of steps) {
      const list = step.inner.length > 0 ? regionKinds : kinds;
      list[step.kind % list.length](this, step);
    }
  }
}

type Kind = (pool: Pool, step: ArrayStep) => void;

const numbers = { indexMap: [0], indexAxis: 0 };

/** An index that may be out of range, where it is moved into it or the update dropped. */
function write(kind: "set" | "add"): Kind {
  return (pool, { picks: [a, i, x, mode] }) => {
    const options = { ...numbers, updateAxes: [], insertedAxes: [0], kind } as const;
    const index = recent(pool.indices, i);
    const outside = mode % 2 === 0 ? "clamp" : "drop";
    pool.arrays.push(
      ops.scatter(recent(pool.arrays, a), index, recent(pool.numbers, x), { ...options, mode: outside }),
    );
  };
}

const read: Kind = (pool, { picks: [a, i] }) => {
  const options = { ...numbers, offsetAxes: [], collapsedAxes: [0], sizes: [1], mode: "clamp" } as const;
  pool.numbers.push(ops.gather(recent(pool.arrays, a), recent(pool.indices, i), options));
};

/** Two elements of one array, or of the number, put into another. */
const box: Kind = (pool, { picks: [a, b, i, j, x] }) => {
  const update =
    x % 3 === 0
      ? ops.broadcast(recent(pool.numbers, x), [2], [])
      : ops.dynamicSlice(recent(pool.arrays, b), [recent(pool.indices, j)], [2]);
  pool.arrays.push(ops.dynamicUpdateSlice(recent(pool.arrays, a), update, [recent(pool.indices, i)]));
};

/** A whole new array from others, all of it at once or moved. */
const whole: Kind = (pool, { picks: [a, b, kind] }) => {
  const [x, y] = [recent(pool.arrays, a), recent(pool.arrays, b)];
  const made = [
    () => ops.neg(x),
    () => ops.add(x, y),
    () => ops.mul(x, y),
    () => ops.reverse(x, [0]),
    () => ops.reshape(ops.reshape(x, [size, 1]), [size]),
    () => ops.concatenate([ops.slice(x, { start: [2], limit: [5] }), ops.slice(y, { start: [0], limit: [2] })], 0),
    () => ops.probe(x, "seen"),
  ];
  pool.arrays.push(made[kind % made.length]());
};

const constants: Kind = (pool, { picks: [kind, x] }) => {
  const made = [
    () => ops.constant(x % 3, array),
    () =>
      ops.constant(new Dense({ dtype: "f64", shape: [size], data: Float64Array.of(1, -0, Number.NaN, 3, x) }), array),
    () => ops.iota(array, 0),
  ];
  pool.arrays.push(made[kind % made.length]());
};

const index: Kind = (pool, { picks: [i, x, kind] }) => {
  const made = [
    () => ops.constant((x % 7) - 1, i32),
    () => ops.cast(recent(pool.numbers, x), "i32"),
    () => ops.add(recent(pool.indices, i), ops.constant(1, i32)),
  ];
  pool.indices.push(made[kind % made.length]());
};

const number: Kind = (pool, { picks: [a, x, y, kind] }) => {
  const [p, q] = [recent(pool.numbers, x), recent(pool.numbers, y)];
  const made = [
    () => ops.add(p, q),
    () => ops.mul(p, q),
    () => ops.reduce(recent(pool.arrays, a), { kind: "sum", axes: [0] }),
    () => ops.constant([0, -0, 1, Number.NaN, 2.5][y % 5], f64),
  ];
  pool.numbers.push(made[kind % made.length]());
};

const flag: Kind = (pool, { picks: [x, y, direction] }) => {
  const [p, q] = [recent(pool.numbers, x), recent(pool.numbers, y)];
  pool.flags.push(ops.compare(p, q, (["lt", "ge", "eq", "ne"] as const)[direction % 4]));
};

/** Up to three arrays and a number; a branch may yield one of them twice, or what was there before. */
const branch: Kind = (pool, { picks: [p, count, ...picks], inner: [then, otherwise] }) => {
  const arrays = 1 + (count % 3);
  const arm = (steps: readonly ArrayStep[], shift: number) => () => {
    const own = pool.within();
    own.run(steps);
    const isAlike = picks[5] % 4 === 0;
    const chosen = picks.slice(0, arrays).map((pick) => recent(own.arrays, (isAlike ? picks[0] : pick) >> shift));
    return [...chosen, recent(own.numbers, picks[4])];
  };
  const results = ops.ifElse(recent(pool.flags, p), arm(then, 0), arm(otherwise, picks[4] % 3));
  pool.arrays.push(...results.slice(0, arrays));
  pool.numbers.push(...results.slice(arrays));
};

/** Up to three steps; a flag that the body yields ends it sooner. */
const loop: Kind = (pool, { picks: [times, count, early, ...picks], inner: [steps, condition] }) => {
  const arrays = 1 + (count % 3);
  const inits = picks.slice(0, arrays).map((pick) => recent(pool.arrays, pick));
  const zero = ops.constant(0, i32);
  const start = [zero, ops.constant(false, bool), recent(pool.numbers, picks[3]), ...inits];
  const results = ops.whileLoop(
    start,
    (i, stop, x, ...carried) => {
      const own = pool.within(carried, [x], [i]);
      own.run(condition);
      const isOver = early % 2 === 0 ? stop : ops.and(stop, recent(own.flags, early));
      return ops.and(ops.not(isOver), ops.compare(i, ops.constant(times % 4, i32), "lt"));
    },
    (i, _, x, ...carried) => {
      const own = pool.within(carried, [x], [i]);
      own.run(steps);
      const next = carried.map((_a, k) => recent(own.arrays, picks[4] >> (2 * k)));
      const stop = early % 3 === 0 ? recent(own.flags, early) : ops.constant(false, bool);
      return [ops.add(i, ops.constant(1, i32)), stop, recent(own.numbers, picks[2]), ...next];
    },
  );
  pool.numbers.push(results[2]);
  pool.arrays.push(...results.slice(3));
};

/** Over the elements of an array, which it may carry at the same time. */
const scan: Kind = (pool, { picks: [over, count, reverse, ...picks], inner: [steps] }) => {
  const inits = picks.slice(0, 1 + (count % 2)).map((pick) => recent(pool.arrays, pick));
  const results = ops.scan(
    inits,
    [recent(pool.arrays, over)],
    (carried, elements) => {
      const own = pool.within(carried, elements);
      own.run(steps);
      const next = carried.map((_, k) => recent(own.arrays, picks[3] >> (2 * k)));
      return { carry: next, out: [recent(own.numbers, picks[4]), recent(own.arrays, picks[4])] };
    },
    { reverse: reverse % 2 === 1 },
  );
  const [outs, stacked] = results.slice(inits.length);
  pool.arrays.push(...results.slice(0, inits.length), outs, ops.reduce(stacked, { kind: "sum", axes: [0] }));
};

// biome-ignore format: writes and reads are what it is about
const kinds: readonly Kind[] = [
  write("set"), write("set"), write("set"), write("set"), write("add"), write("add"), read, read, read,
  box, box, whole, whole, whole, whole, constants, constants, index, index, number, flag, flag,
];
const regionKinds: readonly Kind[] = [branch, branch, branch, loop, loop, scan];
