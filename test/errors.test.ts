// Every error code from the public API: what provokes it, and the one line that a user reads.

import { afterAll, describe, expect, it } from "vitest";
import * as api from "../src/index.ts";
import {
  AdjointError,
  add,
  broadcastTo,
  check,
  compile,
  compileExpression,
  cond,
  customVjp,
  type ErrorCode,
  errorCodes,
  f32,
  fori,
  grad,
  i32,
  jit,
  less,
  mul,
  parseModule,
  permuteDims,
  reshape,
  scan,
  sin,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
  whileLoop,
} from "../src/index.ts";
import { makeBlock, makeFunc, makeModule } from "../src/ir/index.ts";
import { definePass, type Pass, Pipeline } from "../src/rewrite/index.ts";
import { compileSource } from "../src/source/index.ts";
import { errorOf } from "./support/errors.ts";
import { oneIn } from "./support/runs.ts";
import { withoutStacks } from "./support/stacks.ts";

/** Arguments that the types forbid and JavaScript does not. */
// biome-ignore lint/suspicious/noExplicitAny: what tests pass on purpose
type Anything = any;
const wrong = (x: unknown): Anything => x;

const x2 = tensor([1, 2]);
const identity = (x: Tensor): Tensor => x;
const square = "func @square(%x: f64) -> f64 {\n  %y = mul %x, %x : f64\n  return %y\n}\n";

function leaked(): Tensor {
  const kept: Tensor[] = [];
  compile((x: Tensor) => kept[kept.push(x) - 1], ["f64"]);
  return kept[0];
}

function leakedProduct(): Tensor {
  const kept: Tensor[] = [];
  compile((x: Tensor) => kept[kept.push(mul(x, x)) - 1], ["f64"]);
  return kept[0];
}

/** Without an element at 1. */
const holed = (x: Anything): Anything => Object.assign([], { 0: x, 2: x });

/** Arrays within arrays. */
function deep(levels: number, inside: unknown = 1): unknown {
  let x = inside;
  for (let i = 0; i < levels; i++) x = [x];
  return x;
}

/** Written in `levels` steps, and 2^levels numbers when unfolded. */
function doubled(levels: number): unknown {
  let x: unknown = 1;
  for (let i = 0; i < levels; i++) x = [x, x];
  return x;
}

function cyclic(): unknown {
  const x: { a: unknown; again?: unknown } = { a: 1 };
  x.again = { x };
  return x;
}

const only = (...passes: Pass[]): Pipeline => new Pipeline(passes.map((pass) => ({ pass, reason: "a test" })));
const empties = definePass({
  name: "empties",
  summary: "Leaves results without their operations.",
  run: (m) => makeModule(m.funcs.map((f) => makeFunc({ ...f, body: makeBlock(f.body.arguments, [], f.body.results) }))),
});
const doubles = definePass({
  name: "doubles",
  summary: "Adds where it should multiply.",
  run: () => parseModule(square.replace("mul", "add")),
});

/** `HERE` stands for the line of this file. */
type Row = readonly [code: ErrorCode, provoke: () => unknown, message: string];

// biome-ignore format: a table one can see
const rows: readonly Row[] = [
  [
    "nan",
    () => compileExpression("x * log(x)", ["x"], { debug: true })(0),
    "<expression>:1:5 log gives -Infinity from x = 0",
  ],
  [
    "unsupported",
    () => compileSource("export function f(x: number) {\n  return `x`;\n}", { file: "a.ts" }),
    "a.ts:2:10 a string is not compiled: functions here take and give numbers, booleans and arrays of numbers",
  ],
  ["syntax", () => parseModule("func @f("), "<ir>:1:9 got the end of the text, expected an argument"],
  ["syntax", () => compile(identity, wrong(["f64[2.5]"])), "HERE the type 'f64[2.5]': got '2.5', expected an integer below 2^53"],
  ["name", () => compile(square, { entry: "cube" }), "HERE the module has no function @cube, expected one of @square"],
  ["name", () => parseModule("func @f(%x: f64) -> f64 {\n  %y = sine %x : f64\n  return %y\n}\n"), "<ir>:2:8 unknown op 'sine': did you mean sin?"],
  ["name", () => compile(identity, wrong(["float32[3]"])), "HERE the type 'float32[3]': 'float32' is no type: did you mean f32?"],
  ["dtype", () => add(tensor(1), f32(1)), "HERE add: operand 1 has dtype f32, expected f64 as operand 0: cast one of them"],
  ["dtype", () => add(tensor(1), true), "HERE add: the literal true meets a tensor of dtype f64: cast the tensor"],
  ["dtype", () => tensor(wrong([1, "2"])), 'HERE the data at [1]: got the string "2", expected a number or a boolean'],
  ["dtype", () => tensor(1, { dtype: wrong("int32") }), "HERE 'int32' is not a dtype: did you mean i32?"],
  ["dtype", () => sin(i32(1)), "HERE sin: operand 0 has dtype i32, expected f64 or f32"],
  ["shape", () => add(x2, tensor([1, 2, 3])), "HERE add: operands of types f64[2] and f64[3] do not broadcast: 2 and 3 differ"],
  ["shape", () => tensor(wrong([[1, 2], [3]])), "HERE the data at [1]: got an array of 1, expected an array of 2 as beside it"],
  ["shape", () => tensor([1, 2, 3], { shape: [2, 2] }), "HERE the data has 3 elements, expected 4 for the shape [2, 2]"],
  ["shape", () => compile(identity, wrong(["f64[-1]"])), "HERE the type 'f64[-1]': an extent is -1, expected at least 0"],
  ["shape", () => reshape(x2, [-1, -1]), "HERE reshape: two extents are -1, expected at most one"],
  ["shape", () => x2.matmul(tensor(1)), "HERE matmul: got ranks 1 and 0, expected 1 or more: write mul for a scalar"],
  ["shape", () => x2.item(), "HERE item() of f64[2]: it has 2 elements, expected 1: write toArray() or data() for all"],
  ["axis", () => sum(x2, { axes: 1 }), "HERE sum: axis 1 is out of range for rank 1: expected -1 to 0"],
  ["axis", () => permuteDims(x2, [0, 0]), "HERE permuteDims: axis 0 is named twice"],
  ["axis", () => sum(tensor(1), { axes: 0 }), "HERE sum: axis 0 is out of range for rank 0: a scalar has no axes"],
  ["attribute", () => api.polygamma(-1, 2), "HERE polygamma: the order is -1, expected a whole number from 0"],
  ["argument", () => check(less(1, 2), wrong(3)), "HERE check: the message is 3, expected a string"],
  ["arity", () => parseModule("func @f(%x: f64) -> f64 {\n  %y = mul %x : f64\n  return %y\n}\n"), "<ir>:2:8 @f: mul: got 1 operand, expected 2"],
  ["structure", () => parseModule("func @f(%x: f64) -> f64 {\n  %y = call @f(%x) : f64\n  return %y\n}\n"), "<ir>:1:1 @f calls itself: it calls @f: write the loop as while or scan"],
  ["literal", () => add(i32(1), 0.5), "HERE add: the literal 0.5 is not a value of i32: cast the tensor, or write a value it has"],
  ["literal", () => tensor([1, -1], { dtype: "u8" }), "HERE the data: -1 is not a value of u8: write a value it has, or cast"],
  ["scope", () => add(leaked(), 1), "HERE a traced tensor (the argument 'x') is used after its trace ended: return it from the traced function"],
  ["scope", () => add(leakedProduct(), 1), "HERE a traced tensor (made by mul at LEAKED) is used after its trace ended: return it from the traced function"],
  ["scope", () => compile((x: Tensor) => mul(x, leaked()), ["f64"]), "HERE a tensor of another trace is used here: a traced tensor lives only while its function is traced; return it instead"],
  ["scope", () => compile(identity, ["f64"])(leaked()), "HERE a traced tensor (the argument 'x') is used after its trace ended: return it from the traced function"],
  ["scope", () => compile(identity)(leaked()), "HERE a traced tensor (the argument 'x') is used after its trace ended: return it from the traced function"],
  ["scope", () => compile((x: Tensor) => compile(square)(x), ["f64"]), "HERE @square is called in a trace, but was compiled from IR: call it on concrete tensors, or write its operations as a function"],
  ["primitive", () => compile((x: Tensor) => wrong(x) * 2, ["f64"]), "HERE a tensor f64 was used as a JavaScript number: write neg(a) for -a, mul(a, b) for a * b, sin(a) for Math.sin(a), less(a, b) for a < b, where(c, a, b) or cond to branch, item() for the number of a concrete tensor"],
  // biome-ignore lint/suspicious/noDoubleEquals: what it does to a tensor
  ["primitive", () => wrong(x2) == 0, "HERE a tensor f64[2] was used as a JavaScript primitive: write add(a, b) for a + b, equal(a, b) for a == b, where(c, a, b) or cond to branch, item() for the number of a concrete tensor"],
  ["primitive", () => { const [a] = wrong(x2); return a; }, "HERE a tensor f64[2] was iterated, spread or destructured: write toArray() or data() for the elements of a concrete tensor, scan to go along its first axis"],
  ["primitive", () => JSON.stringify({ x2 }), "HERE a tensor f64[2] was given to JSON.stringify: write JSON.stringify(x.toArray()), and keep its dtype beside it"],
  ["primitive", () => wrong(x2).length, "HERE a tensor f64[2] was asked for .length, as arrays are: write shape[0] for its first extent, size for the number of its elements"],
  ["primitive", () => wrong(x2)[0], "HERE a tensor f64[2] was asked for [0], as arrays are: write toArray() or data() for the elements of a concrete tensor, scan to go along its first axis"],
  ["primitive", () => compile((x: Tensor) => mul(x, wrong(x.item())), ["f64"]), "HERE item(): a traced tensor f64 (the argument 'x') has no elements yet: read them from what the compiled function returns, or look with probe"],
  ["no-derivative", () => grad((x: Tensor) => mul(x, 2))([1, 2]), "HERE grad: the function gives f64[2], expected one float scalar: sum it, or differentiate one component"],
  ["no-derivative", () => grad(identity)(i32(1)), "HERE grad: the function gives i32, expected one float scalar: cast it to f32 or f64"],
  ["no-eval", () => compile(`${square}func @slope(%x: f64) -> f64 {\n  %one = constant 1 : f64\n  %y, %d = vjp @square(%x) cotangents(%one) : f64, f64\n  return %d\n}\n`, { backend: "interpret", pipeline: only() })(2), "<ir>:7:12 vjp has no meaning of its own here: a pass has to resolve it first"],
  ["option", () => compile(identity, ["f64"], wrong({ backnd: "js" })), "HERE compile: unknown option 'backnd', expected one of backend, check, fast, pipeline, entry, observe, debug, memory, ops: did you mean backend?"],
  ["option", () => api.jit(identity, wrong({ static: [] })), "HERE jit: unknown option 'static', expected one of donate, backend, check, fast, pipeline, entry, observe, debug, memory, ops"],
  ["option", () => new api.Session(new api.Graph(), wrong({ backend: "cuda" })), "HERE Session: option 'backend' is 'cuda', expected one of auto, interpret, js, wasm"],
  ["option", () => sum(x2, wrong(0)), "HERE sum: the options are a number, expected an object with some of axes, keepDims: write { axes: 0 }"],
  ["option", () => sum(x2, wrong([0, 1])), "HERE sum: the options are an array, expected an object with some of axes, keepDims: write { axes: [0,1] }"],
  ["option", () => api.concat([x2, x2], wrong(0)), "HERE concat: the options are a number, expected an object with some of axis: write { axis: 0 }"],
  ["option", () => sum(x2, wrong({ dim: 0 })), "HERE sum: unknown option 'dim', expected one of axes, keepDims: did you mean axes?"],
  ["option", () => api.softmax(x2, wrong({ dim: 0 })), "HERE softmax: unknown option 'dim', expected axis: did you mean axis?"],
  ["shape", () => api.linear(tensor([[1, 2]]), tensor([[1, 2, 3], [4, 5, 6]])), "HERE linear: operand 1 has shape [2, 3], expected [?, 2]: did you mean its transpose?"],
  ["shape", () => api.conv2d(api.zeros([1, 3, 8, 8]), api.zeros([3, 3, 3, 4])), 'HERE conv2d: axis 3 of x, its features, is 8, expected 3: where they are axis 1 write layout: "NCHW", and the kernel [out, in, …]'],
  ["shape", () => api.conv1d(api.zeros([1, 8, 3]), api.zeros([4, 3, 3]), { layout: "NCW" }), 'HERE conv1d: axis 1 of x, its features, is 8, expected 3: where they are axis 2 write layout: "NWC", and the kernel […, in, out]'],
  ["argument", () => x2.at(wrong("0")), 'HERE at: got the string "0" for axis 0, expected an integer: also [from, to], a tensor of integers, null or "..."'],
  ["argument", () => wrong(compile((p: { w: Tensor }, x: Tensor) => mul(p.w, x), [{ w: "f64" }, "f64"]))({ w: 1 }), "HERE @main: got 1 argument, expected 2: it takes p, x"],
  ["syntax", () => compileExpression("sin x", ["x"]), "<expression>:1:5 got 'x', expected an operator or the end: write sin(x) for a function, sin * x for a product"],
  ["syntax", () => compileExpression("x = 3", ["x"]), "<expression>:1:3 got '=', expected an operator or the end: write == to compare"],
  ["option", () => sum(x2, wrong(x2)), "HERE sum: the options are a Tensor, expected an object with some of axes, keepDims"],
  ["option", () => api.meshgrid(wrong(x2), wrong(x2)), "HERE meshgrid: the options are a Tensor, expected an object with some of indexing"],
  ["argument", () => api.hvp(wrong(x2)), "HERE hvp: got a Tensor, expected a function"],
  ["argument", () => api.hessian(wrong(x2)), "HERE hessian: got a Tensor, expected a function"],
  ["option", () => compile(identity, wrong({ chek: "verify" })), "HERE compile: unknown option 'chek', expected one of backend, check, fast, pipeline, entry, observe, debug, memory, ops: did you mean check?"],
  ["option", () => compile(identity, ["f64"], { backend: wrong("cuda") }), "HERE compile: option 'backend' is 'cuda', expected one of auto, interpret, js, wasm"],
  ["option", () => compile(identity, ["f64"], { check: wrong("verfy") }), "HERE compile: option 'check' is 'verfy', expected one of none, verify, validate: did you mean verify?"],
  ["option", () => grad(sin, wrong({ wtr: 0 })), "HERE grad: unknown option 'wtr', expected one of wrt, hasAux, debug, backend: did you mean wrt?"],
  ["option", () => valueAndGrad(sin, wrong({ check: "none" })), "HERE valueAndGrad: unknown option 'check', expected one of wrt, hasAux, debug, backend"],
  ["option", () => grad(sin, { wrt: -1 }), "HERE grad: wrt names argument -1, expected its position, counted from 0"],
  ["option", () => sum(x2, wrong({ axis: 0 })), "HERE sum: unknown option 'axis', expected one of axes, keepDims: did you mean axes?"],
  ["option", () => scan((s: Tensor, x: Tensor) => [add(s, x), x] as const, wrong(0), x2, wrong(true)), "HERE scan: the options are a boolean, expected an object with some of reverse, length"],
  ["argument", () => wrong(compile(identity, ["f64"]))(), "HERE @identity: got 0 arguments, expected 1: it takes x: f64"],
  ["argument", () => wrong(compile(identity, ["f64"]))(1, 2), "HERE @identity: got 2 arguments, expected 1: leave the others out, as in list.map((x) => f(x))"],
  ["argument", () => wrong(compile(identity, ["f64"]))("1"), "HERE argument 'x' of @identity is the string \"1\", expected f64: pass a number or a tensor"],
  ["argument", () => compile((p: { w: Tensor[] }) => p.w[0], [{ w: ["f64"] }])(wrong({ w: [null] })), "HERE argument 0 at w[0] of @main is null, expected f64: pass a number or a tensor"],
  ["argument", () => compile((p: { w: Tensor[] }) => p.w[0], [{ w: ["f64"] }])(wrong({ w: [1], b: 2 })), "HERE argument 0 of @main: got an object with w and b, expected an object with w"],
  ["argument", () => compile(identity, ["f64[N, 0]"])(new Float64Array(0)), "HERE argument 'x' of @identity is a flat array of 0 elements, from which N of f64[N, 0] does not follow: pass a tensor with its shape, or nested arrays"],
  ["argument", () => compile(add, ["f64[N]", "f64[N]"])([1, 2], [1]), "HERE @add: argument 'y': axis 0 (N) is 1, expected 2, since N = 2 (axis 0 of argument 'x')"],
  ["argument", () => compile(identity)(wrong(new Date(0))), "HERE argument 0: got a Date, expected tensors, numbers, or arrays and plain objects of them"],
  ["argument", () => compile(identity)(wrong(holed(x2))), "HERE argument 0 at [1]: got a hole in an array: write every element"],
  ["argument", () => compile(identity)(wrong(deep(10_000))), "HERE argument 0 at [0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]…: got a structure nested deeper than 100"],
  ["argument", () => compile(identity)(wrong(deep(10_000, { a: 1 }))), "HERE argument 0 at [0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]…: got a structure nested deeper than 100"],
  ["argument", () => compile(identity)(wrong(cyclic())), "HERE argument 0 at again.x: got a structure that holds itself, expected one that ends"],
  ["argument", () => compile(identity)(wrong([cyclic(), 1])), "HERE argument 0 at [0].again.x: got a structure that holds itself, expected one that ends"],
  ["argument", () => compile(identity)(wrong(doubled(40))), "HERE argument 0 at [0][0][0][0][0][0][0]: nested arrays of more than 33554432 numbers: pass a typed array"],
  ["argument", () => compile(identity)(wrong({ get a() { throw new Error("not now"); } })), "HERE argument 0 at a cannot be read: not now"],
  ["argument", () => compile(identity)(wrong(new Proxy({}, { ownKeys: () => { throw new Error("not this"); } }))), "HERE argument 0 cannot be read: not this"],
  ["argument", () => compile(identity)(wrong(new Proxy(x2, {}))), "HERE argument 0: got a Tensor of another copy of this package, or a proxy of one, expected tensors, numbers, or arrays and plain objects of them"],
  ["argument", () => add(wrong(new Proxy(x2, {})), 1), "HERE add: an operand is a Tensor of another copy of this package, or a proxy of one, expected a tensor, a number or a boolean"],
  ["argument", () => add(x2, wrong([1, 2])), "HERE add: an operand is an Array, expected a tensor, a number or a boolean: write tensor(…) around it"],
  ["argument", () => scan((s: Tensor, x: Tensor) => [add(s, x), x], tensor(0), wrong([1, 2])), "HERE what scan goes along at [0]: got 1, expected tensors, or arrays and plain objects of tensors: write tensor([…]) around numbers"],
  ["argument", () => scan((s: Tensor, x: Tensor) => [add(s, x), x], tensor(0), wrong(new Float64Array(2))), "HERE what scan goes along: got a Float64Array, expected tensors, or arrays and plain objects of tensors: write tensor([…]) around numbers"],
  ["argument", () => customVjp(sin, wrong({ forward: sin })), "HERE customVjp: backward is undefined, expected a function"],
  ["argument", () => permuteDims(x2, wrong(new (class _Axes {})())), "HERE permuteDims: the axes: got an Axes, expected an array"],
  ["argument", () => sin(wrong(undefined)), "HERE sin: an operand is undefined, expected a tensor, a number or a boolean: is an argument missing, or a return?"],
  ["argument", () => grad((x: Tensor, _: string) => sin(x), { wrt: 1 })(1, "relu"), "HERE grad: argument 1 holds no tensor to differentiate with respect to: name another with wrt"],
  ["argument", () => permuteDims(x2, wrong(1)), "HERE permuteDims: the axes: got 1, expected an array"],
  ["shape", () => tensor(wrong(deep(10_000))), "HERE the data: arrays nest deeper than 32"],
  ["shape", () => tensor(wrong(doubled(31))), "HERE the data: nested arrays of 2147483648 numbers, expected at most 33554432: pass a typed array"],
  ["dtype", () => tensor(holed(1)), "HERE the data at [1]: got undefined, expected a number or a boolean"],
  ["dtype", () => tensor(wrong(new BigInt64Array(1))), "HERE the data is a BigInt64Array, which has no dtype here: use Float64Array, Float32Array, Int32Array, Uint32Array or Uint8Array"],
  ["shape", () => reshape(x2, wrong([1.5])), "HERE reshape: got the extent 1.5, expected an integer from 0"],
  ["shape", () => compile((x: Tensor) => reshape(x, ["M"]), ["f64[N]"]), "HERE reshape: the extent 'M' names M, which is no dimension of an argument: write N"],
  ["argument", () => compile(wrong(3)), "HERE compile: got 3, expected a function, a module or IR text"],
  ["argument", () => compile(wrong(() => {}), []), "HERE main returns nothing, expected tensors: is a return missing?"],
  ["argument", () => jit((x: Tensor) => x)(wrong(undefined)), "HERE main returns nothing, expected tensors: argument 0 of the call is undefined"],
  ["argument", () => compile(identity, wrong("f64")), 'HERE compile: the types are the string "f64", expected an array: write one per argument'],
  ["argument", () => compile(identity, wrong(["f64[*]"])), "HERE the type 'f64[*]' is no type of an argument: write its extents, as f64[N, 3], or leave the types out and call the function"],
  ["argument", () => grad(sin, { wrt: 1 })(1), "HERE grad: wrt names argument 1, but the call has 1, counted from 0"],
  ["argument", () => cond(less(1, 2), wrong(x2), () => x2), "HERE cond: the first branch is a Tensor, expected a function: write () => … around it"],
  ["argument", () => whileLoop((x: Tensor) => wrong([less(x, 3), less(x, 4)]), (x) => add(x, 1), tensor(0)), "HERE whileLoop: the condition: got an array of 2, expected one bool scalar"],
  ["argument", () => fori(0, 3, wrong(() => {}), tensor(0)), "HERE fori: the body's result: got nothing, expected tensors: is a return missing?"],
  ["check", () => compile((x: Tensor) => { check(less(x, 3), "x is too large"); return x; }, ["f64"])(4), "HERE check failed: x is too large"],
  ["range", () => compile((x: Tensor) => broadcastTo(sum(x), ["N*N*N*N"]), ["f64[N]"])(new Float64Array(2000)), "HERE result 0 of @main has shape [16000000000000], 16000000000000 elements are too many"],
  ["verify", () => compile(square, { check: "verify", pipeline: only(empties) }), "<ir>:1:1 pass empties: @square: return: %y is not defined before its use"],
  ["validate", () => compile(square, { check: "validate", pipeline: only(doubles) }), "HERE pass doubles: changed @square: result 0 is f64 (2), was f64 (1), for f64 (1)"],
];

const shown = (error: AdjointError): string =>
  error.message
    .replace(/test\/errors\.test\.ts:\d+:\d+/, "HERE")
    .replace(/at test\/errors\.test\.ts:\d+:\d+/, "at LEAKED");

describe("the message of", () => {
  it.each(rows)("%s: %s", (code, provoke, message) => {
    const error = errorOf(provoke);
    expect([error.code, shown(error)]).toEqual([code, message]);
  });
});

describe("the table of codes", () => {
  it("has a row for every code", () => {
    expect(Object.keys(errorCodes).filter((code) => !rows.some(([c]) => c === code))).toEqual([]);
  });

  it("is met with one line, no engine's words and no empty values", () => {
    for (const [, provoke] of rows) {
      const { message } = errorOf(provoke);
      expect(message).not.toMatch(/\n|\[object|NaN/);
      expect(message).not.toMatch(/\b(got|has|takes|names|yields|returns) 1 \w+s\b/);
      expect(message.length).toBeLessThan(320);
    }
  });
});

describe("nonsense", () => {
  withoutStacks();
  // one of the functions switches it on
  afterAll(() => api.debugNaNs(false));
  const proxy = new Proxy(x2, {});
  const nonsense: readonly unknown[] = [
    undefined,
    null,
    "f64",
    1.5,
    -1,
    Number.NaN,
    3n,
    Symbol("s"),
    true,
    [],
    [[1], [2, 3]],
    {},
    { a: [null] },
    () => undefined,
    new Date(0),
    x2,
    i32([[1]]),
    leaked(),
    proxy,
    holed(1),
    cyclic(),
    new BigInt64Array(1),
    Object.create(null),
  ];
  const functions = Object.entries(api).filter(([name, f]) => typeof f === "function" && !/^[A-Z]/.test(name));

  it.each(functions)("%s takes it, or says in one line what is wrong", (name, f) => {
    const call = f as (...args: unknown[]) => unknown;
    const lists = [
      [],
      ...nonsense.flatMap((a) => [
        [a],
        ...nonsense.flatMap((b) => [
          [a, b],
          [a, b, b],
          [b, a, a],
        ]),
      ]),
    ];
    // an ordinary run takes some of the pairs, others for each function
    const every = oneIn(3);
    for (const [i, args] of lists.entries()) {
      if (args.length > 1 && (i + name.length) % every !== 0) continue;
      try {
        const result = call(...args);
        if (typeof result === "function") result(1);
      } catch (error) {
        if (!(error instanceof AdjointError))
          throw new Error(`${name}(${args.map(describeValue).join(", ")})`, { cause: error });
        // half a million calls: `expect` would take longer than they do
        if (error.message.includes("\n") || !Object.hasOwn(errorCodes, error.code))
          throw new Error(`${name}(${args.map(describeValue).join(", ")}): ${error.code}: ${error.message}`);
      }
    }
  });
});

function describeValue(x: unknown): string {
  return typeof x === "object" && x !== null ? `${typeof x} ${nonsenseName(x)}` : String(x);
}

function nonsenseName(x: object): string {
  return Array.isArray(x) ? "array" : (x.constructor?.name ?? "without prototype");
}
