// Backends: the interpreter's meaning of regions, calls and symbols, and generated JavaScript that has the same bits.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { interpret } from "../src/backend/index.ts";
import {
  buildFunc,
  type DType,
  type Module,
  makeModule,
  mapBodies,
  type NdArray,
  type Origin,
  scalar,
  sizeOf,
  withOperations,
} from "../src/ir/index.ts";
import { add, parse, sin } from "../src/ops/index.ts";
import { compileJs, everyWay, f32, f64, i32, nd, values } from "./backends.ts";
import { errorOf } from "./support/errors.ts";

const special = [0, -0, 1, -1, 0.1, 1e-310, 1e308, Number.NaN, Infinity, -Infinity, 3.5, -2.5];

describe("the interpreter", () => {
  it("runs the branch that the predicate names and no other", () => {
    const text = `func @f(%p: bool, %x: f64) -> f64 {
  %y = if %p : f64 {
    %s = sin %x : f64
    yield %s
  } else {
    %zero = constant 0 : f64
    %no = compare %x, %zero, direction = lt : bool
    check %no, message = "not negative"
    yield %x
  }
  return %y
}
`;
    const module = parse(text);
    expect(values(interpret(module, "f", [nd("bool", true), f64(0.5)]))).toEqual([[Math.sin(0.5)]]);
    expect(errorOf(() => interpret(module, "f", [nd("bool", false), f64(2)])).code).toBe("check");
  });

  it("sees values from outside in nested loops, and frees none too early", () => {
    const text = `func @f(%n: i32, %k: i32) -> i32 {
  %zero = constant 0 : i32
  %one = constant 1 : i32
  %total, %i = while carry(%t: i32 = %zero, %i: i32 = %zero) : i32, i32 {
    %p = compare %i, %n, direction = lt : bool
    yield %p
  } do(%t: i32, %i: i32) {
    %u, %j = while carry(%u: i32 = %t, %j: i32 = %zero) : i32, i32 {
      %p = compare %j, %k, direction = lt : bool
      yield %p
    } do(%u: i32, %j: i32) {
      %m = mul %i, %k : i32
      %v = add %u, %m : i32
      %next = add %j, %one : i32
      yield %v, %next
    }
    %next = add %i, %one : i32
    yield %u, %next
  }
  return %total, %i
}
`.replace("-> i32 {", "-> (i32, i32) {");
    expect(values(everyWay(text, "f", [i32(4), i32(3)]))).toEqual([[54], [4]]);
    expect(values(everyWay(text, "f", [i32(0), i32(3)]))).toEqual([[0], [0]]);
  });

  it("gives callees their own symbols, inferred or bound by the call", () => {
    const text = `private func @ones<N>() -> f64[N] {
  %ones = constant 1 : f64[N]
  return %ones
}

private func @total<N>(%x: f64[N]) -> f64 {
  %sum = reduce %x, kind = sum, axes = [0] : f64
  return %sum
}

func @f<B>(%x: f64[B]) -> (f64, f64) {
  %ones = call @ones<N = 2*B>() : f64[2*B]
  %a = call @total(%ones) : f64
  %b = call @total(%x) : f64
  return %a, %b
}
`;
    expect(values(everyWay(text, "f", [f64([1, 2, 4])]))).toEqual([[6], [7]]);
    expect(values(everyWay(text, "f", [f64([])]))).toEqual([[0], [0]]);
  });

  it("names an operation that a pass has to resolve first", () => {
    const text = `private func @g(%x: f64) -> f64 {
  %y = mul %x, %x : f64
  return %y
}

func @f(%x: f64) -> f64 {
  %one = constant 1 : f64
  %y, %dx = vjp @g(%x) cotangents(%one) : f64, f64
  return %dx
}
`;
    const error = errorOf(() => interpret(parse(text), "f", [f64(3)]));
    expect(error.code).toBe("no-eval");
    expect(error.message).toContain("vjp");
    expect(error.origin?.line).toBe(8);
  });

  it("shows probes to the observer, in order and without changing anything", () => {
    const text = `func @f<N>(%x: f64[N], %y: f64) -> f64[N] {
  %a = probe %x, name = "x" : f64[N]
  %b = probe %y, name = "y" : f64
  %c = broadcast %b, axes = [] : f64[N]
  %d = mul %a, %c : f64[N]
  %e = probe %d, name = "d" : f64[N]
  return %e
}
`;
    const module = parse(text);
    const args = [f64([1, 2]), f64(10)];
    const seen: [string, number[]][] = [];
    const observe = (name: string, value: NdArray, _origin?: Origin | null): void => {
      seen.push([name, [...value.data]]);
    };
    interpret(module, "f", args, { observe });
    const expected = [
      ["x", [1, 2]],
      ["y", [10]],
      ["d", [10, 20]],
    ];
    expect(seen).toEqual(expected);
    seen.length = 0;
    compileJs(module, "f", observe).run(args);
    expect(seen).toEqual(expected);
  });
});

describe("generated JavaScript", () => {
  const product = `func @product(%a: f64, %b: f64) -> (f64, f64, f64) {
  %c = mul %a, %b : f64
  return %c, %b, %a
}
`;

  /** The module with every operation of its first block at this place, or none. */
  function withOrigin(module: Module, origin: Origin | null): Module {
    return mapBodies(module, (body) =>
      withOperations(
        body,
        body.operations.map((o) => Object.freeze({ ...o, origin })),
      ),
    );
  }

  it("is straight-line code over numbers", () => {
    const executable = compileJs(withOrigin(parse(product), null), "product");
    expect(executable.source).toBe(`function product(a, b) {
  const c = a * b;
  return [c, b, a];
}`);
    expect(executable.scalar?.(15, 20)).toEqual([300, 20, 15]);
  });

  it("says where each operation comes from when the place changes", () => {
    const executable = compileJs(parse(product, { file: "examples/a.ir" }), "product");
    expect(executable.source).toContain("// examples/a.ir:2\n  const c = a * b;");
  });

  it("takes no character of a user's name or path as it is", () => {
    const evil = "x; process.exit(1) //\n\u2028*/ $`";
    const func = buildFunc(
      { name: `f ${evil}`, argumentNames: ["arguments", "class", evil, "$check", "Math", "x_1", "x"] },
      Array.from({ length: 7 }, () => scalar("f64")),
      (...args) => [args.reduce((sum, x) => add(sum, sin(x)))],
    );
    const module = withOrigin(makeModule([func]), { file: evil, line: 1, column: 1 });
    const executable = compileJs(module, func.name);
    const args = [1, 2, 3, 4, 5, 6, 7];
    const sum = args.slice(1).reduce((s, x) => s + Math.sin(x), 1);
    expect(executable.scalar?.(...args)).toBe(sum);
    expect(executable.source).toMatch(/^[A-Za-z0-9_ \n(){}[\];,.=+*/$:<>@-]*$/);
  });

  it("has the interpreter's bits on special numbers", () => {
    const text = `func @f(%x: f64, %y: f64) -> (f64, f64, f64, f64, bool, bool, f64) {
  %add = add %x, %y : f64
  %mul = mul %x, %y : f64
  %neg = neg %x : f64
  %max = maximum %x, %y : f64
  %lt = compare %x, %y, direction = lt : bool
  %ne = compare %x, %y, direction = ne : bool
  %pick = select %lt, %x, %y : f64
  return %add, %mul, %neg, %max, %lt, %ne, %pick
}
`;
    for (const x of special) for (const y of special) everyWay(text, "f", [f64(x), f64(y)]);
    everyWay(text.replaceAll("f64", "f32"), "f", [f32(0.1), f32(1e30)]);
  });

  it("rounds f32 and wraps integers after every operation", () => {
    const text = `func @f(%x: T, %y: T) -> (T, T, T) {
  %mul = mul %x, %y : T
  %add = add %mul, %x : T
  %neg = neg %add : T
  return %mul, %add, %neg
}
`;
    everyWay(text.replaceAll("T", "f32"), "f", [f32(0.1), f32(1.7)]);
    const numbers = [0, 1, 255, 65537, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
    for (const dtype of ["i32", "u32", "u8"] as const) {
      for (const x of numbers) {
        for (const y of numbers) everyWay(text.replaceAll("T", dtype), "f", [nd(dtype, x), nd(dtype, y)]);
      }
    }
  });

  it("converts between all dtypes as the interpreter does", () => {
    const names: readonly DType[] = ["f64", "f32", "i32", "u32", "u8", "bool"];
    for (const from of names) {
      for (const to of names) {
        const text = `func @f<N>(%x: ${from}[N], %y: ${from}) -> (${to}[N], ${to}) {
  %a = cast %x : ${to}[N]
  %b = cast %y : ${to}
  return %a, %b
}
`;
        everyWay(text, "f", [nd(from, from === "bool" ? [0, 1, 1] : special), nd(from, 1)]);
      }
    }
  });

  it("computes chains of tensors in one loop without memory in between", () => {
    const text = `func @f<N>(%x: f64[N], %s: f64) -> f64[N] {
  %b = broadcast %s, axes = [] : f64[N]
  %m = mul %x, %b : f64[N]
  %e = exp %m : f64[N]
  %a = add %e, %m : f64[N]
  %n = neg %a : f64[N]
  return %n
}
`;
    everyWay(text, "f", [f64(special), f64(0.5)]);
    everyWay(text, "f", [f64([]), f64(0.5)]);
    everyWay(text, "f", [f64([7]), f64(0.5)]);
    const source = compileJs(parse(text), "f").source ?? "";
    expect(source).not.toContain("new Float64Array");
    expect(source.match(/Math\.exp/g)?.length).toBe(1);
  });

  it("lowers softmax, a layer and moves to the interpreter's bits for all sizes", () => {
    const softmax = `func @f<B, N>(%x: f64[B, N]) -> f64[B, N] {
  %max = reduce %x, kind = max, axes = [1] : f64[B]
  %neg = neg %max : f64[B]
  %wide = broadcast %neg, axes = [0] : f64[B, N]
  %shift = add %x, %wide : f64[B, N]
  %exp = exp %shift : f64[B, N]
  %sum = reduce %exp, kind = sum, axes = [1] : f64[B]
  %wide_1 = broadcast %sum, axes = [0] : f64[B, N]
  %less = compare %exp, %wide_1, direction = lt : bool[B, N]
  %y = select %less, %exp, %wide_1 : f64[B, N]
  return %y
}
`;
    const layer = `func @f<B, K, N>(%x: f64[B, K], %w: f64[K, N], %b: f64[N]) -> (f64[N, B], f64, f64[N*B]) {
  %dot = dot %x, %w, contract = [1] x [0] : f64[B, N]
  %bias = broadcast %b, axes = [1] : f64[B, N]
  %add = add %dot, %bias : f64[B, N]
  %zero = constant 0 : f64[B, N]
  %relu = maximum %add, %zero : f64[B, N]
  %turn = permute %relu, permutation = [1, 0] : f64[N, B]
  %loss = reduce %relu, kind = sum, axes = [0, 1] : f64
  %flat = reshape %turn : f64[N*B]
  return %turn, %loss, %flat
}
`;
    const fill = (shape: readonly number[], f: (i: number) => number): NdArray =>
      f64(
        Array.from({ length: sizeOf(shape) }, (_, i) => f(i)),
        shape,
      );
    for (const [b, k, n] of [
      [3, 4, 2],
      [1, 1, 1],
      [0, 2, 3],
      [2, 0, 2],
      [2, 3, 0],
      [5, 33, 17],
    ]) {
      everyWay(softmax, "f", [fill([b, n], (i) => Math.sin(i) * 9)]);
      const args = [fill([b, k], Math.sin), fill([k, n], Math.cos), fill([n], (i) => i - 2)];
      everyWay(layer, "f", args);
    }
  });

  it("reduces with every kind, over every set of axes, in the interpreter's order", () => {
    const x = f64(
      Array.from({ length: 3 * 2 * 37 }, (_, i) => Math.sin(i * 7) * 10 ** (i % 9)),
      [3, 2, 37],
    );
    const shapes: Record<string, string> = {
      "0": "[2, 37]",
      "1": "[3, 37]",
      "2": "[3, 2]",
      "0, 2": "[2]",
      "0, 1, 2": "",
    };
    for (const [axes, shape] of Object.entries(shapes)) {
      for (const kind of ["sum", "prod", "max", "min"]) {
        const text = `func @f(%x: f64[3, 2, 37]) -> f64${shape} {
  %two = constant 2 : f64[3, 2, 37]
  %y = mul %x, %two : f64[3, 2, 37]
  %r = reduce %y, kind = ${kind}, axes = [${axes}] : f64${shape}
  return %r
}
`;
        everyWay(text, "f", [x]);
        everyWay(text.replaceAll("f64", "f32"), "f", [{ ...x, dtype: "f32", data: Float32Array.from(x.data) }]);
      }
    }
  });

  it("keeps tensors that loops carry apart, swapped ones too", () => {
    const text = `func @f<N>(%a: f64[N], %b: f64[N], %n: i32) -> (f64[N], f64[N], i32) {
  %zero = constant 0 : i32
  %one = constant 1 : i32
  %x, %y, %last = while carry(%p: f64[N] = %a, %q: f64[N] = %b, %i: i32 = %zero) : f64[N], f64[N], i32 {
    %more = compare %i, %n, direction = lt : bool
    yield %more
  } do(%r: f64[N], %s: f64[N], %j: i32) {
    %t = add %r, %s : f64[N]
    %next = add %j, %one : i32
    yield %s, %t, %next
  }
  return %x, %y, %last
}
`;
    for (const n of [0, 1, 2, 5]) {
      const [x] = values(everyWay(text, "f", [f64([1, 2]), f64([1, 10]), i32(n)]));
      expect(x).toEqual(
        [
          [1, 2],
          [1, 10],
          [2, 12],
          [3, 22],
          [5, 34],
          [8, 56],
        ][n],
      );
    }
  });

  it("scans over rows, forwards and back, with tensors carried and stacked", () => {
    for (const reverse of ["", ", reverse = true"]) {
      const text = `func @f<T, N>(%xs: f64[T, N], %ys: f64[T], %init: f64[N]) -> (f64[N], f64[T, N], f64[T]) {
  %last, %rows, %sums = scan carry(%c: f64[N] = %init) over(%x: f64[N] = %xs, %y: f64 = %ys)${reverse} : f64[N], f64[T, N], f64[T] {
    %wide = broadcast %y, axes = [] : f64[N]
    %m = mul %c, %wide : f64[N]
    %next = add %m, %x : f64[N]
    %sum = reduce %next, kind = sum, axes = [0] : f64
    yield %next, %next, %sum
  }
  return %last, %rows, %sums
}
`;
      everyWay(text, "f", [f64([1, 2, 3, 4, 5, 6], [3, 2]), f64([2, 3, 4]), f64([1, 1])]);
      everyWay(text, "f", [f64([], [0, 2]), f64([]), f64([1, 1])]);
    }
  });

  it("runs branches over tensors, results that are arguments, and the same result twice", () => {
    const text = `func @f<N>(%p: bool, %x: f64[N]) -> (f64[N], f64[N], f64[N], f64) {
  %y, %s = if %p : f64[N], f64 {
    %e = exp %x : f64[N]
    %sum = reduce %e, kind = sum, axes = [0] : f64
    yield %e, %sum
  } else {
    %zero = constant 0 : f64
    yield %x, %zero
  }
  return %y, %x, %y, %s
}
`;
    everyWay(text, "f", [nd("bool", true), f64([1, 2])]);
    everyWay(text, "f", [nd("bool", false), f64([1, 2])]);
  });

  it("passes memory to functions it calls, from within loops too", () => {
    const text = `private func @step<N>(%x: f64[N], %y: f64[N]) -> (f64[N], f64) {
  %m = mul %x, %y : f64[N]
  %s = reduce %m, kind = sum, axes = [0] : f64
  return %m, %s
}

func @f<T, N>(%xs: f64[T, N], %init: f64[N]) -> (f64[N], f64[T, N], f64[T]) {
  %last, %rows, %sums = scan carry(%c: f64[N] = %init) over(%x: f64[N] = %xs) : f64[N], f64[T, N], f64[T] {
    %m, %s = call @step(%x, %c) : f64[N], f64
    yield %m, %x, %s
  }
  return %last, %rows, %sums
}
`;
    everyWay(text, "f", [f64([1, 2, 3, 4, 5, 6], [3, 2]), f64([1, -1])]);
  });

  it("runs nests of short loops in ranges of the outer one, empty ones among them", () => {
    const text = `func @f<N>(%x: memref<f64[N, 3]>, %y: inout memref<f64[N]>) {
  for %i: index = 0 to N {
    for %z: index = 0 to 0 {
      for %k: index = 0 to N {
        %never = load %y[%k] : f64
        store %never, %y[%z]
      }
    }
    for %j: index = 0 to 3 {
      %x_ij = load %x[%i, %j] : f64
      store %x_ij, %y[%i]
    }
  }
  return
}
`;
    const { source } = compileJs(parse(text), "f");
    expect(source).toContain("at += 1365");
    for (const n of [0, 1, 1365, 1366, 5000]) {
      const x = Array.from({ length: 3 * n }, (_, i) => i);
      const y = new Float64Array(n);
      const run = new Function(`${source}\nreturn f;`)() as (...args: unknown[]) => void;
      run(n, Float64Array.from(x), y);
      expect([...y]).toEqual(x.filter((v) => v % 3 === 2));
    }
  });

  it("runs long loops in ranges, whatever they carry", () => {
    const text = `func @f<N>(%x: memref<f64[N]>, %b: memref<bool[N]>) -> (f64, f64, f64, bool) {
  %zero = constant 0 : f64
  %one = constant 1 : f64
  %yes = constant true : bool
  %sum = for %i: index = 0 to N carry(%s: f64 = %zero) : f64 {
    %x_i = load %x[%i] : f64
    %next = add %s, %x_i : f64
    yield %next
  }
  %p, %q, %odd = for %i: index = 1 to N step 3 carry(%a: f64 = %zero, %c: f64 = %one, %o: bool = %yes) : f64, f64, bool {
    %x_i = load %x[%i - 1] : f64
    %m = mul %c, %x_i : f64
    %r = add %a, %m : f64
    %b_i = load %b[%i] : bool
    %t = select %b_i, %o, %b_i : bool
    yield %c, %r, %t
  }
  return %sum, %p, %q, %odd
}
`;
    for (const n of [0, 1, 2, 4095, 4096, 4097, 20_000]) {
      const x = f64(
        Array.from({ length: n }, (_, i) => Math.sin(i)),
        [n],
      );
      const b = nd(
        "bool",
        Array.from({ length: n }, (_, i) => i % 5 !== 4),
        [n],
      );
      everyWay(text, "f", [x, b]);
    }
    const source = compileJs(parse(text), "f").source ?? "";
    expect(source.match(/function f_range/g)?.length).toBe(2);
    const chain = `func @f<N>(%x: f32[N]) -> f32[N] {
  %e = exp %x : f32[N]
  %y = add %e, %x : f32[N]
  return %y
}
`;
    everyWay(chain, "f", [{ dtype: "f32", shape: [10_000], data: new Float32Array(10_000).map((_, i) => i / 1e4) }]);
  });

  it("leaves a loop where a branch settles that there is no next step", () => {
    const text = readFileSync("ir-samples/programs/exits.ir", "utf8");
    const source = compileJs(parse(text), "first_power_above").source ?? "";
    expect(source).toMatch(/if \(is_above\) \{[^{}]*= true;[^{}]*break;\s*\} else/);
  });

  it("has the tapes of a loop in variables, with the same memory until they grow", () => {
    const text = readFileSync("ir-samples/programs/tapes.ir", "utf8");
    const source = compileJs(parse(text), "recorded").source ?? "";
    expect(source).toMatch(/rounds: while \(true\) \{\s*const d_data = d\.data;/);
    expect(source.match(/new pool\.array|new tape\.data\.constructor/g)).toHaveLength(3);
    expect([...source.matchAll(/array: (\w+)/g)].map(([, name]) => name)).toEqual([
      "Float64Array",
      "Int32Array",
      "Uint8Array",
    ]);
  });

  it("fills and copies whole memory by the engine's own functions", () => {
    const text = `func @f<N>(%x: memref<f64[N, 3]>, %y: inout memref<f64[N, 3]>, %z: inout memref<f64[N]>) {
  %one = constant 1 : f64
  for %i: index = 0 to N {
    for %j: index = 0 to 3 {
      %v = load %x[%i, %j] : f64
      store %v, %y[%i, %j]
    }
  }
  for %i: index = 1 to N {
    store %one, %z[%i]
  }
  return
}
`;
    const source = compileJs(parse(text), "f").source ?? "";
    expect(source).toContain("y.set(x);");
    expect(source).toContain("z.fill(1, 1, N);");
  });

  it("reads constants of many elements from memory that is made once", () => {
    const text = `func @f(%i: f64) -> (f64[2, 3], bool[2], f64, f64[0, 2]) {
  %c = constant dense<[[1, 2, 3], [-0, nan, 6]]> : f64[2, 3]
  %b = constant dense<[true, false]> : bool[2]
  %one = constant dense<[[7]]> : f64[1, 1]
  %none = constant dense<[]> : f64[0, 2]
  %flat = reshape %one : f64
  %wide = broadcast %i, axes = [] : f64[2, 3]
  %y = mul %c, %wide : f64[2, 3]
  %s = reduce %y, kind = sum, axes = [0, 1] : f64
  %t = add %s, %flat : f64
  return %c, %b, %t, %none
}
`;
    everyWay(text.replace("%none = constant dense<[]>", "%none = constant 1"), "f", [f64(2)]);
  });

  it("fails a check with the message and the user's line", () => {
    const text = `func @f(%x: f64) -> f64 {
  %zero = constant 0 : f64
  %p = compare %x, %zero, direction = ge : bool
  check %p, message = "x is \\"negative\\" \\\\"
  return %x
}
`;
    const { scalar } = compileJs(parse(text), "f");
    expect(scalar?.(1)).toBe(1);
    const error = errorOf(() => scalar?.(-1));
    expect(error.code).toBe("check");
    expect(error.origin?.line).toBe(4);
    expect(error.message).toContain('x is "negative" \\');
  });
});
