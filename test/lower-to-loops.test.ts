// lower-to-loops: what fuses into one nest, where memory is made, and that nothing recurses over a chain.

import { describe, expect, it } from "vitest";
import { tensorPipeline } from "../passes/index.ts";
import { fuse } from "../passes/loop/fuse.ts";
import { lowerStraight, lowerToLoops } from "../passes/loop/lower-to-loops.ts";
import { placeResults } from "../passes/loop/place-results.ts";
import { planInPlace } from "../passes/loop/plan-in-place.ts";
import { planMemory } from "../passes/loop/plan-memory.ts";
import { jsBackend } from "../src/backend/index.ts";
import { runPasses } from "../src/compile/index.ts";
import {
  type Block,
  buildFunc,
  type Module,
  makeModule,
  type Op,
  printModule,
  signatureOf,
  standsAt,
  tensorType,
  verify,
  walk,
} from "../src/ir/index.ts";
import { add, neg, parse, permute, standardOps } from "../src/ops/index.ts";

function lower(module: Module): Module {
  verify(module);
  const context = { ops: standardOps, fast: false };
  const placed = [planInPlace, fuse, placeResults].reduce((before, pass) => {
    const after = pass.run(before, context);
    if (after !== module) verify(after, { level: "fused" });
    return after;
  }, module);
  const lowered = lowerToLoops.run(placed, context);
  verify(lowered, { level: "loop" });
  return lowered;
}

function count(block: Block, name: string): number {
  let n = 0;
  walk(block, ({ op }) => {
    if (op.name === name) n++;
  });
  return n;
}

function bodyOf(text: string): Block {
  const { funcs } = lower(parse(text));
  return funcs[funcs.length - 1].body;
}

describe("lower-to-loops", () => {
  it("leaves functions of scalars and of memory as they are", () => {
    const module = parse(`private func @g(%x: f64) -> f64 {
  %y = stop_gradient %x : f64
  return %y
}

func @f(%n: i32, %x: f64) -> f64 {
  %zero = constant 0 : i32
  %one = constant 1 : i32
  %last, %i = while carry(%s: f64 = %x, %i: i32 = %zero) : f64, i32 {
    %p = compare %i, %n, direction = lt : bool
    yield %p
  } do(%s: f64, %i: i32) {
    %y = call @g(%s) : f64
    %next = add %i, %one : i32
    yield %y, %next
  }
  return %last
}
`);
    expect(lower(module)).toBe(module);
    const tensors = parse("func @f<N>(%x: f64[N]) -> f64[N] {\n  %y = neg %x : f64[N]\n  return %y\n}\n");
    const lowered = lower(tensors);
    expect(lower(lowered)).toBe(lowered);
  });

  it("computes a value that one nest reads twice once, without memory", () => {
    const body = bodyOf(`func @f<N>(%a: f64[N], %b: f64[N]) -> f64[N] {
  %x = mul %a, %b : f64[N]
  %s = sin %x : f64[N]
  %y = mul %x, %s : f64[N]
  %z = add %y, %x : f64[N]
  return %z
}
`);
    expect(["for", "alloc", "mul", "sin", "load", "store"].map((name) => count(body, name))).toEqual([
      1, 0, 2, 1, 2, 1,
    ]);
  });

  it("takes producers into a reduction, but computes no element twice", () => {
    const body = bodyOf(`func @f<B, N>(%x: f64[B, N]) -> (f64[B], f64[B, N]) {
  %e = exp %x : f64[B, N]
  %n = neg %e : f64[B, N]
  %s = reduce %n, kind = sum, axes = [1] : f64[B]
  %t = sin %s : f64[B]
  %wide = broadcast %t, axes = [0] : f64[B, N]
  %y = mul %x, %wide : f64[B, N]
  return %s, %y
}
`);
    // exp and neg in the nest of the reduction, once for each of its 16 + 15 places; sin in memory, since a row reads it
    expect(["exp", "neg", "sin", "alloc"].map((name) => count(body, name))).toEqual([31, 31, 1, 1]);
  });

  it("makes memory in the block of its tensor, of which plan-memory makes one arena a block", () => {
    const module = lower(
      parse(`func @f<T, N>(%xs: f64[T, N], %init: f64[N]) -> f64[N] {
  %last = scan carry(%c: f64[N] = %init) over(%x: f64[N] = %xs) : f64[N] {
    %e = exp %c : f64[N]
    %s = reduce %e, kind = sum, axes = [0] : f64
    %wide = broadcast %s, axes = [] : f64[N]
    %m = mul %e, %wide : f64[N]
    %y = add %m, %x : f64[N]
    yield %y
  }
  return %last
}
`),
    );
    const [{ body }] = module.funcs;
    const top = body.operations.filter(({ op }) => op.name === "alloc").length;
    expect(count(body, "alloc")).toBeGreaterThan(top);
    const planned = planMemory.run(module, { ops: standardOps, fast: false });
    verify(planned, { level: "loop" });
    const counts = ["scratch", "alloc"].map((name) => count(planned.funcs[0].body, name));
    expect(counts).toEqual([top > 0 ? 2 : 1, 0]);
  });

  it("writes no zeros to memory that is fresh", () => {
    const scatter = (zero: string, result: string, visibility = ""): Block =>
      bodyOf(`${visibility}func @f<N>(%at: i32[N], %u: f64[N]) -> f64[8] {
  %z = constant ${zero} : f64[8]
  %s = scatter %z, %at, %u, kind = add, update_axes = [], inserted_axes = [0], index_map = [0], index_axis = 1, mode = drop : f64[8]
  %e = reverse %s, axes = [0] : f64[8]
  return %${result}
}
`);
    // memory that users pass is zero; what functions pass may hold anything
    const bodies = [scatter("0", "e"), scatter("-0", "e"), scatter("0", "s"), scatter("0", "s", "private ")];
    expect(bodies.map((body) => count(body, "store"))).toEqual([2, 3, 1, 2]);
    const allocated = bodies.map(({ operations }) =>
      operations.flatMap(({ op, attributes }) => (op.name === "alloc" ? [attributes.init] : [])),
    );
    expect(allocated).toEqual([["zero"], ["any"], [], []]);
  });

  it("keeps the user's line on every operation", () => {
    const body = bodyOf(`func @f<B, N>(%x: f64[B, N]) -> f64[N] {
  %e = exp %x : f64[B, N]
  %s = reduce %e, kind = sum, axes = [0] : f64[N]
  return %s
}
`);
    const lines = new Set<number | undefined>();
    walk(body, ({ origin }) => lines.add(origin?.line));
    expect([...lines].sort()).toEqual([2, 3]);
  });

  it("lowers long chains without recursion, moves among them", () => {
    const type = tensorType("f64", [2, 3]);
    const chain = (size: number, isTurned: boolean): Module => {
      const func = buildFunc({ name: "f" }, [type], (x) => {
        let y = x;
        for (let i = 0; i < size; i++) {
          if (isTurned) y = neg(permute(permute(y, [1, 0]), [1, 0]));
          else y = i % 2 === 0 ? neg(y) : add(y, x);
        }
        return [y];
      });
      return makeModule([func]);
    };
    for (const module of [chain(20_000, false), chain(5_001, true)]) {
      const entry = module.funcs[0];
      const lowered = lower(module);
      const executable = jsBackend.compile(lowered, { entry: "f", signature: signatureOf(entry) });
      const [y] = executable.run([{ dtype: "f64", shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) }]);
      expect([...y.data].map(Math.abs).every((v) => v <= 6)).toBe(true);
    }
  }, 60_000);

  it("says which operation it cannot lower", () => {
    const text = `private func @g<N>(%x: f64[N]) -> f64 {
  %s = reduce %x, kind = sum, axes = [0] : f64
  return %s
}

func @f<N>(%x: f64[N]) -> f64[N] {
  %one = constant 1 : f64
  %y, %dx = vjp @g(%x) cotangents(%one) : f64, f64[N]
  return %dx
}
`;
    expect(() => lowerToLoops.run(parse(text), { ops: standardOps, fast: false })).toThrow("vjp");
  });
});

describe("lowering without loops", () => {
  const context = { ops: standardOps, fast: false };
  const resolved = (op: Op): Module => runPasses(parse(op.docs.example), tensorPipeline).module;
  const mnemonicsIn = ({ funcs }: Module): ReadonlySet<string> => {
    const found = new Set<string>();
    for (const { body } of funcs) walk(body, ({ op }) => void found.add(op.name));
    return found;
  };
  const loops = ["while", "scan", "empty", "push", "pop"];
  const examples = [...standardOps.values()]
    .filter((op) => standsAt(op, "tensor"))
    .map((op) => ({ op, module: resolved(op) }))
    .filter(({ module }) => !loops.some((name) => mnemonicsIn(module).has(name)));

  it("gives the same for what holds none", () => {
    expect(examples.length).toBeGreaterThan(100);
    for (const { op, module } of examples)
      expect(printModule(lowerStraight.run(module, context)), op.name).toBe(
        printModule(lowerToLoops.run(module, context)),
      );
  });

  it("makes loops whose end is not known of these ops only: functions of the library that use them say applyLooping", () => {
    const looping = examples.filter(({ module }) => {
      const found = mnemonicsIn(lowerToLoops.run(module, context));
      return loops.some((name) => found.has(name));
    });
    expect(looping.map(({ op }) => op.name)).toEqual(["sort"]);
  });
});
