// The types of functions and tensors: what the compiler of TypeScript knows of shapes, dtypes, structures and results. What
// stands here is checked when the project is, and types-messages.test.ts fails where it is wrong.

import {
  add,
  argMax,
  cast,
  checkpoint,
  clip,
  compile,
  compileExpression,
  concat,
  cond,
  conv2d,
  customJvp,
  customVjp,
  type DTypeConstant,
  type Extent,
  exp,
  f32,
  fori,
  grad,
  hessian,
  hvp,
  i32,
  jacobian,
  jit,
  jvp,
  less,
  matmul,
  max,
  mul,
  type NumberOrTensor,
  type Operand,
  permuteDims,
  relu,
  reshape,
  scan,
  softmax,
  sum,
  Tensor,
  tensor,
  valueAndGrad,
  variance,
  vjp,
  vmap,
  where,
  whileLoop,
} from "adjoint";
import { compileSource } from "adjoint/source";
import { describe, expect, expectTypeOf, it } from "vitest";

/** Types are looked at, and nothing runs. */
const only = (_: () => void): void => {};

declare const t: Tensor;
declare const x: Tensor<["B", 784], "f32">;
declare const w: Tensor<[784, 10], "f32">;

describe("annotations", () => {
  it("give parameters and results shapes and dtypes", () =>
    only(() => {
      const f = compile(
        (a, b) => {
          expectTypeOf(a).toEqualTypeOf<Tensor<["B", 784], "f32">>();
          expectTypeOf(a.shape).toEqualTypeOf<readonly [Extent, 784]>();
          expectTypeOf(a.dtype).toEqualTypeOf<"f32">();
          return matmul(a, b);
        },
        ["f32[B, 784]", "f32[784, 10]"],
      );
      expectTypeOf(f(t, t)).toEqualTypeOf<Tensor<["B", 10], "f32">>();
      expectTypeOf(f(x, new Float32Array(7840))).toEqualTypeOf<Tensor<["B", 10], "f32">>();
    }));

  it("are text, dtypes and structures of them, with spaces or without", () =>
    only(() => {
      compile((a) => expectTypeOf(a).toEqualTypeOf<Tensor<[], "i32">>(), [i32]);
      compile((a) => expectTypeOf(a).toEqualTypeOf<Tensor<["N", 3, "M2"], "f64">>(), [" f64 [N,3, M2 ]"]);
      compile((a) => expectTypeOf(a).toEqualTypeOf<Tensor<[number, 3], "f64">>(), ["f64[2*N+1, 3]"]);
      compile((a) => expectTypeOf(a).toEqualTypeOf<Tensor<readonly (number | string)[], "f64">>(), ["f64[min(N, 3)]"]);
      compile(
        (p, y) => {
          expectTypeOf(p.w).toEqualTypeOf<Tensor<[784, 10], "f32">>();
          expectTypeOf(p.layers[1]).toEqualTypeOf<Tensor<[2], "u8">>();
          expectTypeOf(y).toEqualTypeOf<Tensor<["B"], "bool">>();
          return y;
        },
        [{ w: "f32[784, 10]", layers: ["f32", "u8[2]"] }, "bool[B]"],
      );
    }));

  it("that are not known leave plain tensors", () =>
    only(() => {
      const text: string = "f32";
      const f = compile((a) => mul(a, 2), [text]);
      expectTypeOf(f(t)).toEqualTypeOf<Tensor>();
      const list: readonly string[] = ["f32", "f32"];
      expectTypeOf(compile((a: Tensor, b: Tensor) => mul(a, b), list)(t, t)).toEqualTypeOf<Tensor>();
      compile((a) => expectTypeOf(a).toEqualTypeOf<Tensor>(), [`f64[${list.length}]`]);
    }));
});

describe("plain tensors", () => {
  it("go where known ones do, and known ones anywhere", () =>
    only(() => {
      expectTypeOf(t.shape).toEqualTypeOf<readonly number[]>();
      expectTypeOf<Tensor>().toExtend<Tensor<["B", 784], "f32">>();
      expectTypeOf<Tensor<["B", 784], "f32">>().toExtend<Tensor>();
      expectTypeOf<Tensor<["B", 784], "f32">>().toExtend<Tensor<[5, 784], "f32">>();
      expectTypeOf<Tensor<[number, 784], "f32">>().toExtend<Tensor<[5, 784], "f32">>();
      expectTypeOf<Tensor<[4, 784], "f32">>().not.toExtend<Tensor<[5, 784], "f32">>();
      expectTypeOf<Tensor<[784], "f32">>().not.toExtend<Tensor<[5, 784], "f32">>();
      expectTypeOf<Tensor<[5], "f32">>().not.toExtend<Tensor<[5], "f64">>();
      let h = reshape(t, [2, 3]);
      h = softmax(h);
      h = t;
      const list: Tensor[] = [h, x, t];
      expectTypeOf(list).not.toBeAny();
    }));

  it("narrow by instanceof", () =>
    only(() => {
      const f = (a: Operand) => (a instanceof Tensor ? expectTypeOf(a).toEqualTypeOf<Tensor>() : a);
      expectTypeOf(f).not.toBeAny();
      const g = (a: Tensor | number[]) => (a instanceof Tensor ? a.shape : expectTypeOf(a).toEqualTypeOf<number[]>());
      expectTypeOf(g).not.toBeAny();
    }));

  it("have the elements that their dtype says", () =>
    only(() => {
      expectTypeOf(x.data()).toEqualTypeOf<Float32Array>();
      expectTypeOf(less(x, 0).at(0, 0).item()).toEqualTypeOf<boolean>();
      expectTypeOf(x.sum().item()).toEqualTypeOf<number>();
      expectTypeOf<DTypeConstant<"f32">["name"]>().toEqualTypeOf<"f32">();
      expectTypeOf(f32([1])).toEqualTypeOf<Tensor<readonly (number | string)[], "f32">>();
      expectTypeOf<Tensor<[2], f32>>().toEqualTypeOf<Tensor<[2], "f32">>();
    }));
});

describe("shapes of results", () => {
  it("follow broadcasting, as functions and as methods", () =>
    only(() => {
      const row = reshape(x, [784]);
      expectTypeOf(add(x, row)).toEqualTypeOf<Tensor<["B", 784], "f32">>();
      expectTypeOf(x.add(row)).toEqualTypeOf<Tensor<["B", 784], "f32">>();
      expectTypeOf(mul(2, x)).toEqualTypeOf<Tensor<["B", 784], "f32">>();
      expectTypeOf(mul(x, x.shape[0])).toEqualTypeOf<Tensor<["B", 784], "f32">>();
      expectTypeOf(add(reshape(x, [5, 1]), reshape(x, [1, 3]))).toEqualTypeOf<Tensor<[5, 3], "f32">>();
      expectTypeOf(add(x, reshape(x, [7, 784]))).toEqualTypeOf<Tensor<[7, 784], "f32">>();
      expectTypeOf(add(t, x)).toEqualTypeOf<Tensor<readonly (number | string)[], "f32">>();
      expectTypeOf(add(1, 2)).toEqualTypeOf<Tensor<[]>>();
      expectTypeOf(less(x, 0)).toEqualTypeOf<Tensor<["B", 784], "bool">>();
      expectTypeOf(where(less(x, 0), 0, x)).toEqualTypeOf<Tensor<["B", 784], "f32">>();
      expectTypeOf(clip(x, 0, 1)).toEqualTypeOf<Tensor<["B", 784], "f32">>();
      expectTypeOf(relu(exp(x)).softmax()).toEqualTypeOf<Tensor<["B", 784], "f32">>();
      expectTypeOf(cast(x, "i32")).toEqualTypeOf<Tensor<["B", 784], "i32">>();
      expectTypeOf(x.cast(i32)).toEqualTypeOf<Tensor<["B", 784], "i32">>();
    }));

  it("follow products", () =>
    only(() => {
      expectTypeOf(x.matmul(w)).toEqualTypeOf<Tensor<["B", 10], "f32">>();
      expectTypeOf(matmul(reshape(x, [784]), w)).toEqualTypeOf<Tensor<[10], "f32">>();
      expectTypeOf(matmul(reshape(x, [3]), reshape(x, [3]))).toEqualTypeOf<Tensor<[], "f32">>();
      expectTypeOf(matmul(reshape(x, [5, 1, 2, 3]), reshape(x, [7, 3, 4]))).toEqualTypeOf<
        Tensor<[5, 7, 2, 4], "f32">
      >();
      expectTypeOf(matmul(t, w)).toEqualTypeOf<Tensor<readonly (number | string)[], "f32">>();
      expectTypeOf(w.matrixTranspose()).toEqualTypeOf<Tensor<[10, 784], "f32">>();
    }));

  it("follow axes", () =>
    only(() => {
      expectTypeOf(sum(x)).toEqualTypeOf<Tensor<[], "f32">>();
      expectTypeOf(x.sum({ axes: 0 })).toEqualTypeOf<Tensor<[784], "f32">>();
      expectTypeOf(max(x, { axes: -1, keepDims: true })).toEqualTypeOf<Tensor<["B", 1], "f32">>();
      expectTypeOf(x.sum({ axes: [0, -1] })).toEqualTypeOf<Tensor<[], "f32">>();
      expectTypeOf(x.mean({ axes: -1 })).toEqualTypeOf<Tensor<["B"], "f32">>();
      expectTypeOf(variance(x, { axes: 0, correction: 1 })).toEqualTypeOf<Tensor<[784], "f32">>();
      const axis: number = 0;
      expectTypeOf(x.sum({ axes: axis })).toEqualTypeOf<Tensor<readonly (number | string)[], "f32">>();
      expectTypeOf(permuteDims(x, [1, 0])).toEqualTypeOf<Tensor<[784, "B"], "f32">>();
      expectTypeOf(x.permuteDims([-1, 0])).toEqualTypeOf<Tensor<[784, "B"], "f32">>();
      expectTypeOf(x.reshape([-1, 28, 28, 1])).toEqualTypeOf<Tensor<[number, 28, 28, 1], "f32">>();
      expectTypeOf(reshape(t, ["B", 3])).toEqualTypeOf<Tensor<["B", 3]>>();
      expectTypeOf(reshape(x, [x.shape[0], 2])).toEqualTypeOf<Tensor<[number, 2], "f32">>();
      expectTypeOf(concat([x, reshape(x, [5, 784])])).toEqualTypeOf<Tensor<[number, 784], "f32">>();
      expectTypeOf(concat([x, x], { axis: -1 })).toEqualTypeOf<Tensor<["B", number], "f32">>();
      expectTypeOf(concat([t, x])).not.toBeAny();
      const list: readonly Tensor[] = [x, t];
      expectTypeOf(concat(list)).toEqualTypeOf<Tensor>();
      expectTypeOf(argMax(x)).not.toBeAny();
    }));

  it("follow indices", () =>
    only(() => {
      expectTypeOf(x.at(0)).toEqualTypeOf<Tensor<[784], "f32">>();
      expectTypeOf(x.at([1, 5], null)).toEqualTypeOf<Tensor<[number, 1, 784], "f32">>();
      expectTypeOf(x.at("...", 3)).toEqualTypeOf<Tensor<["B"], "f32">>();
      expectTypeOf(x.at([null, null], -1)).toEqualTypeOf<Tensor<["B"], "f32">>();
      expectTypeOf(x.at(t)).toEqualTypeOf<Tensor<readonly (number | string)[], "f32">>();
    }));

  it("follow convolutions", () =>
    only(() => {
      const image = reshape(x, [8, 28, 28, 1]);
      const kernel = reshape(x, [3, 3, 1, 16]);
      expectTypeOf(conv2d(image, kernel)).toEqualTypeOf<Tensor<[8, number, number, 16], "f32">>();
      expectTypeOf(image.conv2d(kernel, t, { padding: "same" })).toEqualTypeOf<
        Tensor<[8, number, number, 16], "f32">
      >();
      const first = conv2d(reshape(x, [8, 3, 28, 28]), reshape(x, [16, 3, 3, 3]), { layout: "NCHW" });
      expectTypeOf(first).toEqualTypeOf<Tensor<[8, 16, number, number], "f32">>();
    }));

  it("of one of several tensors are those of none", () =>
    only(() => {
      const one = Math.random() < 0.5 ? reshape(x, [2, 3]) : reshape(x, [6]);
      expectTypeOf(one.add(1)).toEqualTypeOf<Tensor<readonly (number | string)[], "f32">>();
      expectTypeOf(matmul(one, t)).toEqualTypeOf<Tensor<readonly (number | string)[], "f32">>();
    }));
});

describe("functions", () => {
  it("keep their arity and structures, and take data where tensors are declared", () =>
    only(() => {
      const step = jit((p: { w: Tensor; b: Tensor }, rows: Tensor, name: string) => ({
        p,
        loss: sum(mul(p.w, rows)),
        name,
      }));
      expectTypeOf(step({ w: t, b: 1 }, [1, 2], "relu")).toExtend<{
        p: { w: Tensor; b: Tensor };
        loss: Tensor;
        name: string;
      }>();
      expectTypeOf<Parameters<typeof step>>().toEqualTypeOf<
        [p: { w: Tensor; b: Tensor }, rows: Tensor, name: string]
      >();
      const pair = jit((a, b) => {
        expectTypeOf(a).toEqualTypeOf<Tensor>();
        return [add(a, b), a];
      });
      expectTypeOf(pair(t, new Float64Array(3))).toEqualTypeOf<[Tensor, Tensor]>();
      expectTypeOf(jit(pair)(t, 1)).toEqualTypeOf<[Tensor, Tensor]>();
    }));

  it("give numbers for numbers and tensors for tensors", () =>
    only(() => {
      const f = compile((a, b) => [mul(a, b), less(a, b), reshape(a, [1])], ["f64", "f64"]);
      expectTypeOf(f(1, 2)).toEqualTypeOf<[number, boolean, Tensor<[1], "f64">]>();
      expectTypeOf(f(1, tensor(2))).toEqualTypeOf<[Tensor<[], "f64">, Tensor<[], "bool">, Tensor<[1], "f64">]>();
      const g = jit((a: Tensor<[], "f64">) => ({ y: exp(a) }));
      expectTypeOf(g(1)).toEqualTypeOf<{ y: number }>();
      const open = jit((a) => exp(a))(1);
      expectTypeOf(open).toEqualTypeOf<NumberOrTensor>();
      expectTypeOf(open + 1).toBeNumber();
      expectTypeOf(open.shape).toEqualTypeOf<readonly number[]>();
    }));

  it("have gradients like their arguments", () =>
    only(() => {
      expectTypeOf(grad((a) => mul(a, a))(2)).toEqualTypeOf<number>();
      expectTypeOf(grad((a) => sum(a))(t)).toEqualTypeOf<Tensor>();
      expectTypeOf(grad(grad((a) => mul(a, a)))(2)).toEqualTypeOf<number>();
      const f = (p: { w: Tensor; b: Tensor[] }, a: Tensor) => sum(mul(p.w, a));
      expectTypeOf(grad(f)({ w: t, b: [t] }, t)).toEqualTypeOf<{ w: Tensor; b: Tensor[] }>();
      expectTypeOf(grad(f, { wrt: [1, 0] })({ w: t, b: [] }, t)).toExtend<[Tensor, { w: Tensor; b: Tensor[] }]>();
      expectTypeOf(valueAndGrad((a, b) => mul(a, b), { wrt: [0, 1] })(15, 20)).toEqualTypeOf<
        [number, [number, number]]
      >();
      expectTypeOf(grad((a) => [sum(a), { a }], { hasAux: true })(t)).toExtend<[Tensor, { a: Tensor }]>();
      expectTypeOf(valueAndGrad((a) => [sum(a), a], { hasAux: true })(t)).toExtend<[[Tensor, Tensor], Tensor]>();
      expectTypeOf(hvp((a) => sum(mul(a, a)))(t, t)).toEqualTypeOf<Tensor>();
      expectTypeOf(jvp((a, b) => mul(a, b))([t, 20], [1, 0])).toEqualTypeOf<[Tensor, Tensor]>();
      expectTypeOf(vjp((a, b) => [mul(a, b), a])([t, 20], [1, 0])).toExtend<[[Tensor, Tensor], [Tensor, Tensor]]>();
      expectTypeOf(jacobian((a, b) => [mul(a, b), a], { wrt: [0, 1] })(t, 0)).toExtend<
        [[Tensor, Tensor], [Tensor, Tensor]]
      >();
      expectTypeOf(hessian((a, b) => mul(a, b), { wrt: [0, 1] })(3, 5)).toEqualTypeOf<
        [[number, number], [number, number]]
      >();
      const typed = jacobian((a: Tensor<[3], "f64">) => mul(a, a));
      expectTypeOf(typed(t)).toEqualTypeOf<Tensor<[3, 3], "f64">>();
      expectTypeOf(vmap((a, b) => mul(a, b), { inAxes: [0, null] })(t, t)).toEqualTypeOf<Tensor>();
      expectTypeOf(checkpoint((a) => [a, a])(t)).toEqualTypeOf<[Tensor, Tensor]>();
    }));

  it("with rules of their own keep their types", () =>
    only(() => {
      const f = customVjp((a) => mul(a, a), {
        forward: (a) => [mul(a, a), { a }],
        backward: ({ a }, ct) => {
          expectTypeOf(a).toEqualTypeOf<Tensor>();
          return [mul(mul(2, a), ct)];
        },
      });
      expectTypeOf(f(2)).toEqualTypeOf<Tensor>();
      expectTypeOf(
        customJvp(
          (a) => exp(a),
          ([a], [da]) => [exp(a), mul(exp(a), da)],
        )(t),
      ).toEqualTypeOf<Tensor>();
    }));

  it("may have types that hold themselves, and parameters that are left out", () =>
    only(() => {
      type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree };
      expectTypeOf(jit((p: Tree) => p)({ a: [t, 1] })).not.toBeAny();
      const biased = jit((a: Tensor, b?: Tensor, ...more: Tensor[]) => (b ? add(a, b) : (more[0] ?? a)));
      expectTypeOf([biased(t), biased(t, 1), biased(t, 1, [2])]).toEqualTypeOf<Tensor[]>();
      expectTypeOf(compile(matmul, ["f32[2, 3]", "f32[3, 4]"])(t, t)).toEqualTypeOf<Tensor<[2, 4], "f32">>();
      expectTypeOf(vmap(grad(exp))(t)).toEqualTypeOf<Tensor>();
    }));

  it("write results to typed arrays of their structure", () =>
    only(() => {
      const f = compile((a) => ({ y: a, s: [sum(a)] }), ["f32[N]"]);
      const memory = { y: new Float32Array(3), s: [new Float32Array(1)] as const };
      expectTypeOf(f.into(memory, t)).toEqualTypeOf<typeof memory>();
      // @ts-expect-error another dtype
      f.into({ y: new Float64Array(3), s: memory.s }, t);
      // @ts-expect-error another structure
      f.into([memory.y], t);
      const g = jit((a) => mul(a, 2));
      expectTypeOf(g.into(new Float32Array(3), t)).toExtend<Float32Array>();
    }));

  it("of control flow keep structures", () =>
    only(() => {
      const branches = jit((a) =>
        cond(
          less(a, 0),
          () => [a, 1],
          () => [mul(a, 2), 2],
        ),
      );
      expectTypeOf(branches(t)).toEqualTypeOf<[Tensor, Tensor<[]>]>();
      expectTypeOf(scan((s: Tensor, a: Tensor) => [add(s, a), a], 0, t)).toEqualTypeOf<[Tensor<[]>, Tensor]>();
      expectTypeOf(
        cond(
          less(t, 0),
          () => [t, t],
          () => [t, t],
        ),
      ).toEqualTypeOf<[Tensor, Tensor]>();
      expectTypeOf(
        cond(
          less(t, 0),
          (a, b) => add(a, b),
          (a) => a,
          t,
          t,
        ),
      ).toEqualTypeOf<Tensor>();
      const carried = whileLoop(
        ([i]) => less(i, 3),
        ([i, a]) => [add(i, 1), mul(a, 2)],
        [0, t],
      );
      expectTypeOf(carried).toEqualTypeOf<[Tensor<[]>, Tensor]>();
      expectTypeOf(fori(0, 3, (i, a) => add(a, cast(i, "f64")), t)).toEqualTypeOf<Tensor>();
      const [last, all] = scan((s, { row }) => [add(s, sum(row)), s], 0, { row: x });
      expectTypeOf(last).toEqualTypeOf<Tensor<[]>>();
      expectTypeOf(all).toEqualTypeOf<Tensor>();
    }));

  it("of expressions take as many numbers as names", () =>
    only(() => {
      expectTypeOf(compileExpression("x * y", ["x", "y"])(1, 2)).toEqualTypeOf<number>();
      expectTypeOf(compileExpression("x < y", ["x", "y"])(1, 2)).toEqualTypeOf<boolean>();
      expectTypeOf(compileExpression("x*y", ["x", "y"], { gradient: true })(1, 2)).toEqualTypeOf<
        [number, [number, number]]
      >();
      expectTypeOf(compileExpression("x", ["x"], { hessian: true })(1)).toEqualTypeOf<[number, [number], [[number]]]>();
    }));
});

describe("compileSource, told the type of the function in the text", () => {
  type Loss = (w: number[], body: { on: boolean; mass: number }, n: Int32Array, k?: number) => number;
  const text =
    "export const loss = (w: number[], body: { on: boolean; mass: number }, n: Int32Array, k = 1): number => w[0] * body.mass * k;";

  it("keeps it", () => {
    const f = compileSource<Loss>(text);
    expectTypeOf(f([1], { on: true, mass: 2 }, new Int32Array(1))).toEqualTypeOf<number>();
    expectTypeOf(f.source).toEqualTypeOf<string | null>();
  });

  it("gives derivatives in the shapes of those parameters that have them", () => {
    const [value, gradient] = compileSource<Loss>(text, { gradient: true })(
      [1],
      { on: true, mass: 2 },
      new Int32Array(1),
      3,
    );
    expectTypeOf(value).toEqualTypeOf<number>();
    expectTypeOf(gradient).toEqualTypeOf<[number[], { mass: number }, number]>();
    expect(gradient).toEqual([[6], { mass: 3 }, 2]);
    const [, by] = compileSource<Loss>(text, { gradient: true, wrt: ["k"] })(
      [1],
      { on: true, mass: 2 },
      new Int32Array(1),
    );
    expectTypeOf(by).toEqualTypeOf<(number[] | { mass: number } | number)[]>();
    const square = "export const square = (x: number): number => x * x;";
    expectTypeOf(compileSource<(x: number) => number>(square, { hessian: true })(3)).toEqualTypeOf<
      [number, [number], [[number]]]
    >();
  });

  it("untold knows nothing", () => {
    expectTypeOf(compileSource(text)).returns.toBeAny();
    expectTypeOf(compileSource(text, { gradient: true })).returns.toBeAny();
  });
});
