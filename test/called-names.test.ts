// What an error says was called: the user's function, whatever it calls in turn, in each way to call it.

import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import * as functions from "../src/library/functions.ts";
import * as methods from "../src/library/methods.ts";
import { standardOps } from "../src/ops/index.ts";
import { oneIn } from "./support/runs.ts";
import { withoutStacks } from "./support/stacks.ts";

withoutStacks();

const { AdjointError, compile, composite, i32, tensor } = adjoint;

type Wrong = readonly [what: string, make: () => unknown];

/** What no function takes where it stands. */
const wrongs: readonly Wrong[] = [
  ["a bool", () => tensor(true)],
  ["integers", () => i32([3, 1, 2])],
  ["an integer", () => i32(1)],
  ["a scalar", () => tensor(1)],
  ["a vector", () => tensor([1, 2, 3])],
  [
    "a matrix",
    () =>
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
  ],
  [
    "a cube",
    () =>
      tensor([
        [
          [1, 2],
          [3, 4],
        ],
      ]),
  ],
  ["an array", () => [1, 2]],
  ["a string", () => "wrong"],
  ["null", () => null],
  ["nothing", () => undefined],
  ["an axis that is not there", () => ({ axis: 7, axes: 7 })],
  ["an option that is not there", () => ({ wrnog: 1 })],
  ["a number", () => -1.5],
];

type Called = (...args: readonly unknown[]) => unknown;
type Tensor = adjoint.Tensor;

const table: readonly (readonly [string, Called])[] = Object.entries(functions as unknown as Record<string, Called>);
/** Ops whose names no function of the library has. */
const internal = [...standardOps.keys()].filter((name) => name.includes("_"));

/** A call's error, where it is one of ours about the call itself. */
function errorOf(body: () => unknown): adjoint.AdjointError | null {
  try {
    body();
  } catch (error) {
    // a run's own, and what engines say of things that are no tensors
    if (error instanceof AdjointError) return error.code === "check" ? null : error;
    if (error instanceof TypeError || error instanceof RangeError) return null;
    throw error;
  }
  return null;
}

/** All lists of one, two and three; of those of two every so many, others for each function. */
function* argumentLists(name: string, every: number): Iterable<readonly [string, readonly unknown[]]> {
  let count = name.length;
  for (const [what, make] of wrongs) {
    yield [what, [make()]];
    for (const [also, more] of wrongs) if (count++ % every === 0) yield [`${what}, ${also}`, [make(), more()]];
    yield [`${what} thrice`, [make(), make(), make()]];
  }
}

/** What is wrong with the errors of calls of a function: each has to name it, once, and to point into this file. */
function faults(name: string, call: (args: readonly unknown[]) => unknown, every = 1, least = 3): readonly string[] {
  const found = new Set<string>();
  let refused = 0;
  for (const [what, args] of argumentLists(name, every)) {
    const error = errorOf(() => call(args));
    if (error === null) continue;
    refused++;
    const { reason, origin } = error;
    const rest = reason.slice(name.length + 2);
    const isNamed = reason.startsWith(`${name}: `) && !rest.startsWith(`${name}: `);
    const isOurs = internal.some((op) => new RegExp(`\\b${op}\\b`).test(reason));
    const isPlaced = origin !== null && /called-names\.test\.ts$/.test(origin.file);
    if (!isNamed || isOurs || !isPlaced) found.add(`${what}: ${error.message}`);
  }
  expect(refused, name).toBeGreaterThanOrEqual(least);
  return [...found];
}

/** The function on the tensors among the arguments, each its own one again within `within`. */
function passedOn(f: Called, within: (body: (...tensors: Tensor[]) => unknown, tensors: readonly Tensor[]) => unknown) {
  return (args: readonly unknown[]): unknown => {
    const tensors = args.filter((x): x is Tensor => x instanceof adjoint.Tensor);
    return within((...inner) => {
      let next = 0;
      return f(...args.map((x) => (x instanceof adjoint.Tensor ? inner[next++] : x))) ?? 0;
    }, tensors);
  };
}

const typesOf = (tensors: readonly Tensor[]): readonly string[] =>
  tensors.map((t) => `${t.dtype}[${t.shape.join(", ")}]`);

describe("an error names the function that was called, and its line", () => {
  it.each(table)("%s", (name, f) => {
    expect(faults(name, (args) => f(...args), oneIn(12))).toEqual([]);
  });

  it.each(table)("%s in a function that is compiled", (name, f) => {
    const call = passedOn(f, (body, tensors) => compile(body, typesOf(tensors)));
    expect(faults(name, call, oneIn(24))).toEqual([]);
  });

  it.each(table)("%s in a composite of the user's, in a branch and in a loop", (name, f) => {
    const call = passedOn(f, (body, tensors) => {
      const own = composite("own", (...inner: Tensor[]) => {
        body(...inner);
        return 0;
      });
      return adjoint.scan(
        (c, x: Tensor) => {
          adjoint.cond(
            adjoint.less(x, 1),
            () => own(...tensors),
            () => 0,
          );
          return [c, c];
        },
        tensor(0),
        tensor([1, 2]),
      );
    });
    expect(faults(name, call, oneIn(24))).toEqual([]);
  });

  it.each(Object.keys(methods))("%s as a method", (name) => {
    const call = ([x, ...rest]: readonly unknown[]): unknown =>
      x instanceof adjoint.Tensor ? (x as unknown as Record<string, Called>)[name](...rest) : null;
    expect(faults(name, call, oneIn(3), 0).map((fault) => fault.replace("addAt", "add"))).toEqual([]);
  });

  it.each(table)("%s where it is handed over itself", (name, f) => {
    const call = (args: readonly unknown[]): unknown =>
      args.every((x) => x instanceof adjoint.Tensor) ? compile(f, typesOf(args as readonly Tensor[])) : null;
    expect(faults(name, call, oneIn(3), 0)).toEqual([]);
  });
});
