// Loops of generated JavaScript at their edges: no step at all, conditions with effects, which step an error names.

import { describe, expect, it } from "vitest";
import type { Convention, Structure } from "../src/backend/backend.ts";
import { interpret, jsBackend } from "../src/backend/index.ts";
import { compileModule } from "../src/compile/index.ts";
import { type NdArray, signatureOf } from "../src/ir/index.ts";
import { parse } from "../src/ops/index.ts";
import { compileJs, everyWay, f64, i32, values } from "./backends.ts";
import { errorOf } from "./support/errors.ts";

describe("loops of generated JavaScript", () => {
  it("ask a condition that calls a function even where a flag settles it", () => {
    const text = `private func @holds(%x: f64) -> bool {
  %limit = constant 3 : f64
  %is_below = compare %x, %limit, direction = lt : bool
  check %is_below, message = "too far"
  return %is_below
}

func @f(%n: f64) -> f64 {
  %zero = constant 0 : f64
  %one = constant 1 : f64
  %no = constant false : bool
  %yes = constant true : bool
  %r, %end = while carry(%i: f64 = %zero, %done: bool = %no) : f64, bool {
    %holds = call @holds(%i) : bool
    %go = not %done : bool
    yield %go
  } do(%j: f64, %d: bool) {
    %k = add %j, %one : f64
    %is_last = compare %k, %n, direction = ge : bool
    %e = if %is_last : bool {
      yield %yes
    } else {
      yield %d
    }
    yield %k, %e
  }
  return %r
}
`;
    expect(values(everyWay(text, "f", [f64(2)]))).toEqual([[2]]);
    for (const run of [interpret(parse(text), "f", [f64(1)]), compileJs(parse(text), "f").run([f64(1)])])
      expect(values(run)).toEqual([[1]]);
    expect(errorOf(() => interpret(parse(text), "f", [f64(3)])).reason).toContain("check failed: too far");
    expect(errorOf(() => compileJs(parse(text), "f").run([f64(3)])).reason).toContain("check failed: too far");
  });

  it("fill nothing where they take no step, and store the numbers of their steps one by one", () => {
    const none = `func @f<N>(%x: memref<f64[N]>, %y: inout memref<f64[100]>) -> f64 {
  %one = constant 1 : f64
  for %i: index = 0 to N-5 {
    store %one, %y[%i]
  }
  %r = load %y[3] : f64
  return %r
}
`;
    const y = (): NdArray => f64(new Array(100).fill(0));
    expect(values(everyWay(none, "f", [f64([1, 2]), y()]))).toEqual([[0]]);
    expect(values(compileJs(parse(none), "f").run([f64(new Array(9).fill(1)), y()]))).toEqual([[1]]);
    const places = `func @f() -> index[100] {
  %i = iota axis = 0 : index[100]
  return %i
}
`;
    const { executable } = compileModule(parse(places), { entry: "f" });
    expect(values(executable.run([]))).toEqual(values(interpret(parse(places), "f", [])));
  });

  it("name the range in a standalone module where a window reaches beyond the end", async () => {
    const module = parse(`func @pair<N>(%x: memref<f64[N]>, %i: f64) -> f64 {
  %at = subscript %i, of = "pair", axis = 0, extent = N, size = 2 : index
  %first = load %x[%at] : f64
  %second = load %x[%at+1] : f64
  %sum = add %first, %second : f64
  return %sum
}
`);
    const signature = signatureOf(module.funcs[0]);
    const leaf = (kind: "number" | "Float64Array"): Structure => ({ kind: "leaf", leaf: kind });
    const convention: Convention = {
      parameters: [
        { name: "x", structure: leaf("Float64Array"), fallback: undefined },
        { name: "i", structure: leaf("number"), fallback: undefined },
      ],
      result: leaf("number"),
      written: [],
    };
    const request = { convention, root: null, embedded: null };
    const made = jsBackend.standalone?.(module, { entry: "pair", signature }, request);
    const { pair } = await import(`data:text/javascript,${encodeURIComponent(made?.code ?? "")}`);
    expect(pair(Float64Array.of(5, 6, 7), 1)).toBe(13);
    expect(() => pair(Float64Array.of(5, 6, 7), 2)).toThrow("2 elements from index 2 on are out of range");
  });

  it.each([
    ["u8", "250", "1"],
    ["u32", "3", "4294967295"],
    ["i32", "2147483645", "1"],
    ["i32", "-2147483640", "-1"],
    ["f32", "16777214", "1"],
    ["f64", "1e300", "1"],
    ["f64", "inf", "1"],
    ["f64", "9", "-2"],
  ])("count their steps where a carried %s goes on from %s by %s", (dtype, start, by) => {
    const text = `func @f(%bad: i32) -> i32 {
  %zero = constant 0 : i32
  %one = constant 1 : i32
  %start = constant ${start} : ${dtype}
  %by = constant ${by} : ${dtype}
  %last, %steps = while carry(%v: ${dtype} = %start, %n: i32 = %zero) : ${dtype}, i32 {
    %limit = constant 400 : i32
    %go = compare %n, %limit, direction = lt : bool
    yield %go
  } do(%w: ${dtype}, %m: i32) {
    %is_good = compare %m, %bad, direction = ne : bool
    check %is_good, message = "bad"
    %x = add %w, %by : ${dtype}
    %k = add %m, %one : i32
    yield %x, %k
  }
  return %steps
}
`;
    expect(values(everyWay(text, "f", [i32(-1)]))).toEqual([[400]]);
    for (const bad of [0, 7, 300])
      expect(errorOf(() => compileJs(parse(text), "f").run([i32(bad)])).reason).toContain(`(iteration ${bad})`);
  });

  it("are told by errors in functions of long loops within them, and in parts of their bodies", () => {
    const around = (body: string): string => `func @f(%bad: i32) -> f64 {
  %zero = constant 0 : i32
  %one = constant 1 : i32
  %begin = constant 1 : f64
  %sum, %n = while carry(%s: f64 = %begin, %i: i32 = %zero) : f64, i32 {
    %limit = constant 9 : i32
    %go = compare %i, %limit, direction = lt : bool
    yield %go
  } do(%t: f64, %j: i32) {
    %is_good = compare %j, %bad, direction = ne : bool
${body}
    %k = add %j, %one : i32
    yield %end, %k
  }
  return %sum
}
`;
    const long = `    %end = for %a: index = 0 to 9000 carry(%u: f64 = %t) : f64 {
      check %is_good, message = "bad"
      %v = sin %u : f64
      yield %v
    }`;
    const chain = Array.from({ length: 6000 }, (_, i) => `    %s${i} = sin ${i === 0 ? "%t" : `%s${i - 1}`} : f64`);
    const check = '    check %is_good, message = "bad"';
    const cut = [...chain, check, "    %end = cos %s5999 : f64"].join("\n");
    for (const text of [around(long), around(cut)])
      expect(errorOf(() => compileJs(parse(text), "f").run([i32(3)])).reason).toContain("(iteration 3)");
  });

  it("are told by errors in functions that are called in loops, in one or in two", () => {
    const text = `private func @checked(%i: i32, %bad: i32) -> i32 {
  %is_good = compare %i, %bad, direction = ne : bool
  check %is_good, message = "bad"
  %one = constant 1 : i32
  %next = add %i, %one : i32
  return %next
}

func @f(%outer: i32, %inner: i32) -> i32 {
  %zero = constant 0 : i32
  %nine = constant 9 : i32
  %last = while carry(%i: i32 = %zero) : i32 {
    %go = compare %i, %nine, direction = lt : bool
    yield %go
  } do(%i: i32) {
    %end = while carry(%j: i32 = %zero) : i32 {
      %more = compare %j, %i, direction = lt : bool
      yield %more
    } do(%j: i32) {
      %k = call @checked(%j, %inner) : i32
      yield %k
    }
    %next = call @checked(%i, %outer) : i32
    yield %next
  }
  %all = call @checked(%last, %outer) : i32
  return %all
}
`;
    const said = (outer: number, inner: number): string =>
      errorOf(() => compileJs(parse(text), "f").run([i32(outer), i32(inner)])).reason;
    expect(values(everyWay(text, "f", [i32(-1), i32(-1)]))).toEqual([[10]]);
    expect(said(4, -1)).toContain("check failed: bad (iteration 4)");
    expect(said(-1, 3)).toContain("check failed: bad (iterations 4, 3)");
    expect(said(9, -1)).toMatch(/check failed: bad$/);
  });
});
