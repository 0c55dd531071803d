// Windows at the loop level: whatever their strides, padding and holes, the loops that they become have their bits.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandWindows } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { compileModule } from "../src/compile/index.ts";
import { type Module, type NdArray, verify, walk } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { checkPass } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

const cx = { ops: standardOps, fast: false };

interface Axis {
  readonly extent: number;
  readonly size: number;
  readonly stride: number;
  readonly low: number;
  readonly high: number;
  readonly dilation: number;
  readonly windowDilation: number;
}

const arbitraryAxis: fc.Arbitrary<Axis> = fc
  .record({
    extent: fc.integer({ min: 0, max: 6 }),
    size: fc.integer({ min: 0, max: 5 }),
    stride: fc.integer({ min: 1, max: 3 }),
    low: fc.integer({ min: -1, max: 3 }),
    high: fc.integer({ min: -1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    windowDilation: fc.integer({ min: 1, max: 3 }),
  })
  .filter((axis) => placesOf(axis) >= 1);

const spread = (n: number, by: number): number => Math.max(0, (n - 1) * by + 1);

function placesOf({ extent, size, stride, low, high, dilation, windowDilation }: Axis): number {
  return Math.floor((low + spread(extent, dilation) + high - spread(size, windowDilation)) / stride) + 1;
}

/** At each place: the elements under the window in order, as digits, and their number. Sizes are symbols or numbers. */
function textOf(axes: readonly Axis[], isSymbolic: boolean): string {
  const names = axes.map((_, a) => `N${a}`);
  const extents = axes.map(({ extent }, a) => (isSymbolic ? names[a] : extent));
  const places = axes.map(placesOf);
  const list = (of: (axis: Axis) => number): string => `[${axes.map(of).join(", ")}]`;
  const indices = axes.map((_, a) => `%i${a}`).join(", ");
  const subscripts = axes.map(({ stride, low, dilation, windowDilation }, a) => {
    const undivided = `${stride}*%i${a}+${windowDilation}*%k${a}-${low}`.replace("--", "+");
    return dilation === 1 ? undivided : `floor((${undivided})/${dilation})`;
  });
  const attributes = [
    `extents = [${extents.join(", ")}]`,
    `window = ${list((a) => a.size)}`,
    `strides = ${list((a) => a.stride)}`,
    `low = ${list((a) => a.low)}`,
    `high = ${list((a) => a.high)}`,
    `base_dilation = ${list((a) => a.dilation)}`,
    `window_dilation = ${list((a) => a.windowDilation)}`,
  ];
  const constraints = isSymbolic ? ` where ${axes.map(({ extent }, a) => `N${a} == ${extent}`).join(", ")}` : "";
  return `func @main${isSymbolic ? `<${names.join(", ")}>` : ""}(%x: memref<f64[${extents.join(", ")}]>, %y: out memref<f64[${places.join(", ")}]>, %n: out memref<i32[${places.join(", ")}]>)${constraints} {
  %zero = constant 0 : f64
  %none = constant 0 : i32
  %one = constant 1 : i32
  %ten = constant 10 : f64
  ${places.map((n, a) => `for %i${a}: index = 0 to ${n} {`).join("\n")}
  %sum, %count = window ${axes.map((_, a) => `%k${a}: index`).join(", ")} at [${indices}] carry(%s: f64 = %zero, %c: i32 = %none), ${attributes.join(", ")} : f64, i32 {
    %x_k = load %x[${subscripts.join(", ")}] : f64
    %moved = mul %s, %ten : f64
    %next = add %moved, %x_k : f64
    %more = add %c, %one : i32
    yield %next, %more
  }
  store %sum, %y[${indices}]
  store %count, %n[${indices}]
  ${"}\n".repeat(axes.length)}
  return
}
`;
}

/** The same in plain JavaScript. */
function expected(axes: readonly Axis[], x: Float64Array): readonly number[] {
  const sums: number[] = [];
  const counts: number[] = [];
  for (const place of tuples(axes.map(placesOf))) {
    let [sum, count] = [0, 0];
    for (const k of tuples(axes.map(({ size }) => size))) {
      let at = 0;
      let isInside = true;
      for (const [a, { extent, stride, low, dilation, windowDilation }] of axes.entries()) {
        const i = (place[a] * stride + k[a] * windowDilation - low) / dilation;
        isInside &&= Number.isInteger(i) && i >= 0 && i < extent;
        at = at * extent + i;
      }
      if (!isInside) continue;
      sum = sum * 10 + x[at];
      count++;
    }
    sums.push(sum);
    counts.push(count);
  }
  return [...sums, ...counts];
}

function* tuples(extents: readonly number[]): Generator<readonly number[]> {
  if (extents.length === 0) yield [];
  else for (let i = 0; i < extents[0]; i++) for (const rest of tuples(extents.slice(1))) yield [i, ...rest];
}

function run(axes: readonly Axis[], call: (args: readonly NdArray[]) => unknown): readonly number[] {
  const shape = axes.map(({ extent }) => extent);
  const places = axes.map(placesOf);
  const count = places.reduce((n, m) => n * m, 1);
  const size = shape.reduce((n, m) => n * m, 1);
  const x: NdArray = { dtype: "f64", shape, data: Float64Array.from({ length: size }, (_, i) => (i % 9) + 1) };
  const y: NdArray = { dtype: "f64", shape: places, data: new Float64Array(count) };
  const n: NdArray = { dtype: "i32", shape: places, data: new Int32Array(count) };
  call([x, y, n]);
  return [...y.data, ...n.data];
}

function windowsIn(module: Module): number {
  let count = 0;
  for (const { body } of module.funcs) walk(body, ({ op }) => void (count += op.name === "window" ? 1 : 0));
  return count;
}

describe("expand-windows", () => {
  it("keeps every bit of random programs, and finds windows in some", () => {
    let windows = 0;
    const counted = {
      ...expandWindows,
      run(module: Module) {
        windows += windowsIn(module);
        const after = expandWindows.run(module, cx);
        expect(windowsIn(after)).toBe(0);
        verify(after, { level: "loop" });
        return after;
      },
    };
    checkPass(counted, { runs: runs(200).numRuns });
    expect(windows).toBeGreaterThan(10);
  });

  it("visits the elements that lie under a window, in order, as the window and as JavaScript do", () => {
    fc.assert(
      fc.property(fc.array(arbitraryAxis, { minLength: 1, maxLength: 2 }), fc.boolean(), (axes, isSymbolic) => {
        const module = parse(textOf(axes, isSymbolic));
        const x = Float64Array.from({ length: axes.reduce((n, { extent }) => n * extent, 1) }, (_, i) => (i % 9) + 1);
        const wanted = expected(axes, x);
        expect(run(axes, (args) => interpret(module, "main", args))).toEqual(wanted);
        const after = expandWindows.run(module, cx);
        verify(after, { level: "loop" });
        expect(run(axes, (args) => interpret(after, "main", args))).toEqual(wanted);
        const { executable } = compileModule(module, { entry: "main", backend: "js", check: "verify" });
        expect(run(axes, (args) => executable.run(args))).toEqual(wanted);
      }),
      runs(150),
    );
  });
});
