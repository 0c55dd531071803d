// What a function gives beside its value: each transform gives it back, and differentiates the value as if it were alone.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";

const { add, grad, hessian, hvp, jacobian, jvp, mul, sin, sum, tensor, valueAndGrad, vjp } = adjoint;
type Tensor = adjoint.Tensor;
// biome-ignore lint/suspicious/noExplicitAny: gives a tensor, or a pair
type Untyped = (x: Tensor) => any;

/** The numbers of a structure of results. */
function plain(x: unknown): unknown {
  if (x instanceof adjoint.Tensor) return x.toArray();
  if (Array.isArray(x)) return x.map(plain);
  if (typeof x !== "object" || x === null || ArrayBuffer.isView(x)) return x;
  return Object.fromEntries(Object.entries(x).map(([key, part]) => [key, plain(part)]));
}

const values: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  cubes: (x) => sum(mul(x, mul(x, x))),
  waves: (x) => sum(sin(mul(x, 2))),
  products: (x) => mul(x.at(0), sin(x.at(1))),
};
const auxes: Readonly<Record<string, (x: Tensor) => unknown>> = {
  tensor: (x) => mul(x, 3),
  structure: (x) => ({ doubled: add(x, x), name: "aux", parts: [sum(x), null] }),
  integers: (x) => x.cast("i32"),
  // its derivative is infinite at 0, and must not matter
  root: (x) => x.mul(0).sqrt(),
  nothing: () => [],
};

const transforms: Readonly<
  // a pair or not, as hasAux says: types cannot follow
  Record<string, (fn: Untyped, hasAux: never) => (x: Tensor) => unknown>
> = {
  grad: (fn, hasAux) => (x) => grad(fn, { hasAux })(x),
  valueAndGrad: (fn, hasAux) => (x) => valueAndGrad(fn, { hasAux })(x),
  jacobian: (fn, hasAux) => (x) => jacobian(fn, { hasAux })(x),
  hessian: (fn, hasAux) => (x) => hessian(fn, { hasAux })(x),
  vjp: (fn, hasAux) => (x) => vjp(fn, { hasAux })([x], 2),
  jvp: (fn, hasAux) => (x) => jvp(fn, { hasAux })([x], [tensor([1, -2])]),
};

describe("hasAux", () => {
  it.each(Object.keys(transforms))("of %s gives aux beside what there is without it", (name) => {
    const transform = transforms[name];
    const given = fc.tuple(
      fc.constantFrom(...Object.keys(values)),
      fc.constantFrom(...Object.keys(auxes)),
      fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })),
    );
    fc.assert(
      fc.property(given, ([valueName, auxName, numbers]) => {
        const x = tensor([...numbers]);
        const [value, aux] = [values[valueName], auxes[auxName]];
        const alone = plain(transform(value, false as never)(x));
        const beside = plain(transform((y: Tensor) => [value(y), aux(y)], true as never)(x)) as [unknown, unknown];
        const extra = plain(aux(x));
        // those that give the value have aux beside it, the others beside the derivative
        const hasValue = ["valueAndGrad", "vjp", "jvp"].includes(name);
        const [first, second] = alone as [unknown, unknown];
        expect(beside).toEqual(hasValue ? [[first, extra], second] : [alone, extra]);
      }),
      { numRuns: 25 },
    );
  });

  it("goes with wrt", () => {
    const f = (a: Tensor, b: Tensor) => [mul(mul(a, a), b), a];
    expect(plain(jacobian(f, { wrt: [0, 1], hasAux: true })(3, 5))).toEqual([[30, 9], 3]);
    expect(plain(hessian(f, { wrt: [0, 1], hasAux: true })(3, 5))).toEqual([
      [
        [10, 6],
        [6, 0],
      ],
      3,
    ]);
  });

  it("is refused where it is no boolean, where the function gives no pair, and of hvp", () => {
    const message = (body: () => unknown): string => {
      try {
        body();
      } catch (error) {
        return error instanceof adjoint.AdjointError ? error.reason : String(error);
      }
      return "accepted";
    };
    for (const [name, transform] of Object.entries({ grad, valueAndGrad, jacobian, hessian, vjp, jvp })) {
      const wrong = transform as unknown as (fn: unknown, options: unknown) => (...args: unknown[]) => unknown;
      expect(message(() => wrong(sin, { hasAux: 1 }))).toBe(`${name}: option 'hasAux' is 1, expected true or false`);
      expect(message(() => wrong(sin, { hasAuxx: true }))).toMatch(`${name}: unknown option 'hasAuxx'`);
      const args = name === "vjp" || name === "jvp" ? [[1], [1]] : [1];
      expect(message(() => wrong((x: Tensor) => sin(x), { hasAux: true })(...args))).toBe(
        `${name}: with hasAux the function gives a Tensor, expected [value, aux]`,
      );
    }
    const options = { hasAux: true } as unknown as Readonly<Record<string, never>>;
    expect(message(() => hvp(sin, options))).toBe("hvp: unknown option 'hasAux', expected one of debug, backend");
  });
});
