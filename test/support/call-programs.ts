// Random functions of structures, and random calls of them, right and wrong: for properties of how functions are called.

import fc from "fast-check";
import { type Annotation, add, logicalNot, sum, Tensor, type TracedFunction, tensor } from "../../src/index.ts";

type DType = (typeof dtypes)[number];
type Extent = number | "N" | "M";

/** The structure of arguments: leaves with types, and strings and null, which jit takes as they are. */
export type Structure =
  | { readonly kind: "leaf"; readonly dtype: DType; readonly shape: readonly Extent[] }
  | { readonly kind: "static"; readonly value: string | null }
  | { readonly kind: "array"; readonly items: readonly Structure[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly items: readonly Structure[] };

/** What is done with each leaf of the arguments, and how the results are put together. */
export interface CallProgram {
  readonly parameters: readonly Structure[];
  readonly uses: readonly ("same" | "twice" | "total")[];
  readonly result: "one" | "list" | "object" | "nested";
}

const dtypes = ["f64", "f32", "i32", "u32", "u8", "bool"] as const;
const arrays = { f64: Float64Array, f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array };

const leafStructure: fc.Arbitrary<Structure> = fc
  .tuple(
    fc.constantFrom(...dtypes),
    fc.oneof(
      fc.constant<readonly Extent[]>([]),
      fc.array(fc.constantFrom<Extent>(1, 2, 3, "N", "M"), { maxLength: 2 }),
    ),
  )
  .map(([dtype, shape]) => ({ kind: "leaf", dtype, shape }));

function structures(withStatics: boolean): fc.Arbitrary<Structure> {
  const { structure } = fc.letrec<{ structure: Structure }>((tie) => ({
    structure: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leafStructure,
      ...(withStatics
        ? [fc.constantFrom<string | null>("relu", null).map((value): Structure => ({ kind: "static", value }))]
        : []),
      fc.array(tie("structure"), { minLength: 1, maxLength: 3 }).map((items): Structure => ({ kind: "array", items })),
      fc
        .uniqueArray(fc.constantFrom("w", "b", "a key", "__proto__", "2"), { minLength: 1, maxLength: 3 })
        .chain((keys) =>
          fc
            .tuple(...keys.map(() => tie("structure")))
            .map((items): Structure => ({ kind: "object", keys, items: items as Structure[] })),
        ),
    ),
  }));
  return structure;
}

/** Functions with a leaf at least; those for jit take statics as well. */
export function callPrograms(withStatics: boolean): fc.Arbitrary<CallProgram> {
  return fc
    .record({
      parameters: fc.array(structures(withStatics), { minLength: 1, maxLength: 3 }),
      uses: fc.array(fc.constantFrom("same" as const, "twice" as const, "total" as const), {
        minLength: 6,
        maxLength: 6,
      }),
      result: fc.constantFrom("one" as const, "list" as const, "object" as const, "nested" as const),
    })
    .filter(({ parameters }) => parameters.some((p) => leavesIn(p) > 0));
}

function leavesIn(s: Structure): number {
  if (s.kind === "leaf") return 1;
  return s.kind === "static" ? 0 : s.items.reduce((n, item) => n + leavesIn(item), 0);
}

/** A value of the structure, with what `leaf` gives in the place of each leaf. */
export function build(s: Structure, leaf: (of: Structure & { kind: "leaf" }) => unknown): unknown {
  if (s.kind === "leaf") return leaf(s);
  if (s.kind === "static") return s.value;
  const items = s.items.map((item) => build(item, leaf));
  return s.kind === "array" ? items : Object.fromEntries(s.keys.map((key, i) => [key, items[i]]));
}

export const annotationsOf = ({ parameters }: CallProgram): readonly Annotation[] =>
  parameters.map((p) =>
    build(p, ({ dtype, shape }) => (shape.length === 0 ? dtype : `${dtype}[${shape.join(", ")}]`)),
  ) as readonly Annotation[];

/** The function itself, of as many parameters. */
export function functionOf({ uses, result }: CallProgram): TracedFunction {
  return (...args: unknown[]) => {
    const leaves: Tensor[] = [];
    const open = (x: unknown): void => {
      if (x instanceof Tensor) leaves.push(x);
      else if (typeof x === "object" && x !== null) Object.values(x).forEach(open);
    };
    open(args);
    const used = leaves.map((x, i) => useOf(uses[i % uses.length], x));
    if (result === "one") return used[0];
    if (result === "list") return used;
    if (result === "object") return Object.fromEntries(used.map((x, i) => [`k${i}`, x]));
    return { all: [used, "text", null], __proto__: null, first: { x: used[0], n: [] } };
  };
}

function useOf(use: "same" | "twice" | "total", x: Tensor): Tensor {
  if (use === "same") return x;
  if (x.dtype === "bool") return logicalNot(x);
  return use === "total" ? sum(x) : add(x, x);
}

// ---- calls ----------------------------------------------------------------------------------------------------------

/** How the leaves of a call are passed. */
export type Way = "tensor" | "number" | "typed" | "nested" | "tracked";

export interface CallPlan {
  readonly ways: readonly Way[];
  readonly n: number;
  readonly m: number;
  /** What is wrong with it, and with which leaf. */
  readonly wrong: Wrong | null;
  readonly at: number;
}

export type Wrong = (typeof wrongs)[number];
const wrongs = [
  "a string",
  "nothing",
  "another dtype",
  "another rank",
  "another size",
  "no integer",
  "minus zero",
  "a boolean",
  "a proxy",
  "one argument more",
  "one argument less",
  "undefined behind",
  "a key more",
  "keys in another order",
  "a getter that throws",
] as const;

export const callPlans: fc.Arbitrary<CallPlan> = fc.record({
  ways: fc.oneof(
    fc.constantFrom<readonly Way[]>(["tensor"], ["number", "tensor"], ["number"], ["typed"], ["nested"]),
    fc.array(fc.constantFrom<Way>("tensor", "number", "typed", "nested", "tracked"), { minLength: 1, maxLength: 3 }),
  ),
  n: fc.constantFrom(0, 1, 2, 3),
  m: fc.constantFrom(1, 2),
  wrong: fc.option(fc.constantFrom(...wrongs), { freq: 2 }),
  at: fc.nat({ max: 5 }),
});

/** The arguments of a call. The same plan gives the same numbers. */
export function argumentsOf({ parameters }: CallProgram, plan: CallPlan): unknown[] {
  const total = parameters.reduce((sum, p) => sum + leavesIn(p), 0);
  let next = 0;
  const args = parameters.map((p) =>
    build(p, (leaf) => {
      const i = next++;
      const right = leafValue(leaf, plan.ways[i % plan.ways.length], plan, i);
      return plan.wrong !== null && i === plan.at % total ? wronged(right, leaf, plan.wrong) : right;
    }),
  );
  return wrongedList(args, plan.wrong);
}

type Leaf = Structure & { kind: "leaf" };

function leafValue({ dtype, shape }: Leaf, way: Way, { n, m }: CallPlan, salt: number): unknown {
  const extents = shape.map((d) => (d === "N" ? n : d === "M" ? m : d));
  const size = extents.reduce((a, b) => a * b, 1);
  const numbers = Array.from({ length: size }, (_, i) => (dtype === "bool" ? (i + salt) % 2 : (i + salt + 1) % 7));
  if (way === "number" && shape.length === 0) return dtype === "bool" ? numbers[0] !== 0 : numbers[0];
  if (way === "typed" && dtype !== "bool") return arrays[dtype].from(numbers);
  const open = (axis: number, offset: number): unknown =>
    axis === extents.length
      ? dtype === "bool"
        ? numbers[offset] !== 0
        : numbers[offset]
      : Array.from({ length: extents[axis] }, (_, i) =>
          open(axis + 1, offset + i * extents.slice(axis + 1).reduce((a, b) => a * b, 1)),
        );
  if (way === "nested") return open(0, 0);
  const isTracked = way === "tracked" && (dtype === "f64" || dtype === "f32");
  return tensor(numbers, { dtype, shape: extents, requiresGrad: isTracked });
}

function wronged(right: unknown, { dtype, shape }: Leaf, wrong: Wrong): unknown {
  if (wrong === "a string") return "1";
  if (wrong === "nothing") return undefined;
  if (wrong === "another dtype")
    return tensor([1], { dtype: dtype === "f64" ? "f32" : "f64", shape: shape.map(() => 1) });
  if (wrong === "another rank") return tensor([1], { dtype, shape: [...shape.map(() => 1), 1] });
  if (wrong === "another size") {
    const extents = shape.length === 0 ? [5] : shape.map((_, i) => (i === 0 ? 5 : 1));
    return tensor([1, 1, 1, 1, 1], { dtype, shape: extents });
  }
  if (wrong === "no integer") return 1.5;
  if (wrong === "minus zero") return -0;
  if (wrong === "a boolean") return true;
  if (wrong === "a proxy") return new Proxy(typeof right === "object" && right !== null ? right : {}, {});
  return right;
}

function wrongedList(args: unknown[], wrong: Wrong | null): unknown[] {
  if (wrong === "one argument more") return [...args, 1];
  if (wrong === "one argument less") return args.slice(0, -1);
  if (wrong === "undefined behind") return [...args, undefined];
  const changed = (change: (x: object) => unknown): unknown[] =>
    args.map((x) =>
      typeof x === "object" && x !== null && Object.getPrototypeOf(x) === Object.prototype ? change(x) : x,
    );
  if (wrong === "a key more") return changed((x) => ({ ...x, more: 1 }));
  if (wrong === "keys in another order") return changed((x) => Object.fromEntries(Object.entries(x).reverse()));
  if (wrong === "a getter that throws")
    return changed((x) =>
      Object.defineProperty({ ...x }, Object.keys(x)[0], {
        enumerable: true,
        get() {
          throw new Error("of the getter");
        },
      }),
    );
  return args;
}
