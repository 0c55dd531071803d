// What checks compare beside numbers, where derivatives, mapped functions and rules of class fast change these a little:
// probes, errors, places in the source; what they give to passes that resolve some transforms; and what time they count.

import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  batch,
  canonicalize,
  canonicalizeRules,
  cse,
  deadNodeElimination,
  differentiate,
  lowerToLoops,
} from "../passes/index.ts";
import { runPasses } from "../src/compile/index.ts";
import {
  type Block,
  type Module,
  makeModule,
  mapBodies,
  type NdArray,
  type Operation,
  withOperations,
  withParts,
  withRegions,
} from "../src/ir/index.ts";
import { add, constantLike, div, mul, parse, probe, records, sqrt, sub } from "../src/ops/index.ts";
import { applyRules, definePass, opRule, type Pass, Pipeline, rule, vocabulary } from "../src/rewrite/index.ts";
import { closeFault, noisy } from "../src/testing/close.ts";
import { resolvedOrNull, run } from "../src/testing/compare.ts";
import { arbitraryProgram, checkDerivative, checkPass, checkPipeline, checkRule } from "../src/testing/index.ts";
import { courseOf } from "../src/testing/outcome.ts";
import { argumentsOf } from "../src/testing/values.ts";
import { messageOf } from "./support/errors.ts";
import { runs } from "./support/runs.ts";

const p = vocabulary(records);

const twice = `func @main(%x: f64[2]) -> f64[2] {
  %y = add %x, %x : f64[2]
  return %y
}`;

const pass = (name: string, run: Pass["run"]): Pass => definePass({ name, summary: "Is made for a test.", run });

/** The module with each operation changed, those of regions too. */
function eachOperation(module: Module, change: (operation: Operation) => Operation): Module {
  const inside = (block: Block): Block =>
    withOperations(
      block,
      block.operations.map((o) => change(o.regions.length === 0 ? o : withRegions(o, o.regions.map(inside)))),
      block.results,
    );
  return mapBodies(module, inside);
}

const renamed = (module: Module): Module =>
  eachOperation(module, (o) =>
    o.op === records.probe ? withParts(o, { attributes: { ...o.attributes, name: `${o.attributes.name} again` } }) : o,
  );

describe("under transforms", () => {
  it("other names of probes are seen wherever a probe runs", () => {
    const programs = arbitraryProgram({ transforms: true, regions: false, operations: 6 });
    fc.assert(
      fc.property(programs, fc.nat(100), (program, seed) => {
        const [before, after] = [resolvedOrNull(program.module), resolvedOrNull(renamed(program.module))];
        if (before === null || after === null) return;
        let isSeen = false;
        for (const func of before.funcs) {
          if (func.visibility !== "public") continue;
          for (const args of argumentsOf(func, program, [2 * seed])) {
            const outcome = run(before, func.name, args);
            const isStable = [1, -1, 2].every(
              (sign) => courseOf(run(noisy(before, sign), func.name, args)) === courseOf(outcome),
            );
            isSeen ||= isStable && outcome.seen.length > 0 && typeof outcome.results !== "string";
          }
        }
        const fault = closeFault(before, after, { level: "tensor", fast: false }, program, [2 * seed]);
        if (isSeen) expect(fault?.message).toMatch(/^@\w+: observation \d+ is of probe ".* again", expected "/);
      }),
      runs(60),
    );
  });

  const mapped = parse(`private func @f(%x: f64) -> f64 {
  %y = probe %x, name = "in" : f64
  return %y
}

func @main(%x: f64[2], %o: f64) -> (f64[2], f64, f64) {
  %y = vmap @f(%x) : f64[2]
  %v, %d = vjp @f(%o) cotangents(%o) : f64, f64
  return %y, %v, %d
}`);
  const failing = parse(`private func @f(%x: f64) -> f64 {
  %zero = constant 0 : f64
  %ok = compare %x, %zero, direction = lt : bool
  check %ok, message = "below zero"
  %y = mul %x, %x : f64
  return %y
}

func @main(%x: f64) -> (f64, f64) {
  %v, %d = vjp @f(%x) cotangents(%x) : f64, f64
  return %v, %d
}`);
  const without = (name: string) => (m: Module) =>
    mapBodies(m, (body, func) => {
      if (func.visibility === "public") return body;
      const isGone = (o: Operation): boolean => o.op.name === name;
      const given = new Map(body.operations.filter(isGone).map((o) => [o.results[0], o.operands[0]]));
      const left = body.operations.filter((o) => !isGone(o));
      return withOperations(
        body,
        left,
        body.results.map((v) => given.get(v) ?? v),
      );
    });

  it("a probe that is lost is seen", () => {
    const wrong = pass("loses-probes", without("probe"));
    expect(messageOf(() => checkPass(wrong, { corpus: mapped, runs: 0 }))).toContain('probe "in" no longer runs');
  });

  it("an error that is lost is seen", () => {
    const wrong = pass("loses-checks", without("check"));
    expect(messageOf(() => checkPass(wrong, { corpus: failing, runs: 0 }))).toMatch(
      /got .*, expected error check: .*below zero/,
    );
  });

  it("passes that keep both are right", () => {
    for (const right of [cse, deadNodeElimination, batch, differentiate])
      expect(() => checkPass(right, { corpus: [mapped, failing], runs: 0, vacuous: "allow" })).not.toThrow();
  });
});

it("a pass that lowers has to say so", () => {
  const silent = pass("lowers", (m, cx) => lowerToLoops.run(m, cx));
  expect(messageOf(() => checkPass(silent, { runs: 30 }))).toContain(
    'it gives loops over memory, expected tensors: write lowers: "loop" in a pass that lowers',
  );
  expect(checkPass(definePass({ ...silent, lowers: "loop" }), { runs: 10 }).changed).toBeGreaterThan(5);
});

describe("loops over memory", () => {
  /** The module without the stores that are taken for needless. */
  const withoutStoresOf =
    (isWrong: (o: Operation) => boolean): Pass["run"] =>
    (module) => {
      const inside = (block: Block): Block =>
        withOperations(
          block,
          block.operations
            .filter((o) => o.op !== records.store || !isWrong(o))
            .map((o) => withRegions(o, o.regions.map(inside))),
        );
      return mapBodies(module, inside);
    };
  const ofConstantPlaces = withoutStoresOf(({ operands }) => operands.length === 2);

  it("are what a pass of that level is given", () => {
    const seen = pass("seen", (m) => m);
    const levels = new Set<string>();
    const watching = definePass({
      ...seen,
      level: "loop",
      run(module) {
        for (const { body } of module.funcs) for (const { type } of body.arguments) levels.add(type.kind);
        return module;
      },
    });
    checkPass(watching, { runs: 60, vacuous: "allow" });
    // parts that were outlined may take lists
    levels.delete("list");
    expect(levels).toEqual(new Set(["tensor", "memref"]));
    expect(messageOf(() => runPasses(parse(twice), new Pipeline([{ pass: watching, reason: "" }])))).toContain(
      "pass seen takes loops over memory, got an argument of type f64[2]: run lower-to-loops before it",
    );
  });

  it("have their own wrong passes, which are found with what they change", () => {
    const wrong = definePass({ ...pass("forgets-stores", ofConstantPlaces), level: "loop" });
    expect(messageOf(() => checkPass(wrong, { runs: 200 }))).toMatch(
      /^pass forgets-stores is wrong [\s\S]*by this change:\n- +store %/,
    );
  });

  it("are what every fourth program is brought to, of a pass for both levels", () => {
    const right = pass("at-tensors", ofConstantPlaces);
    expect(checkPass(right, { runs: 100, vacuous: "allow" }).changed).toBe(0);
    const wrong = definePass({ ...right, level: "both" });
    const message = messageOf(() => checkPass(wrong, { runs: 200 }));
    const [, seed, replay] = /seed: (\d+), replay: (\d+)/.exec(message) ?? [];
    expect(Number(replay) % 4).toBe(3);
    expect(messageOf(() => checkPass(wrong, { seed: Number(seed), replay: Number(replay) }))).toContain("is wrong");
  });

  it("are what a pipeline of such passes is given", () => {
    const wrong = definePass({ ...pass("forgets-stores", ofConstantPlaces), level: "loop" });
    const pipeline = new Pipeline([{ pass: wrong, reason: "" }]);
    expect(messageOf(() => checkPipeline(pipeline, { runs: 200 }))).toContain("after pass forgets-stores (run 1 of 1)");
  });
});

describe("a probe in a branch of a mapped function", () => {
  const branching = (condition: string): Module =>
    parse(`private func @each(%x: f64, %y: f64) -> f64 {
  %c = compare %x, %${condition}, direction = gt : bool
  if %c {
    %seen = probe %y, name = "seen" : f64
  }
  %all = probe %y, name = "all" : f64
  return %all
}

func @main(%x: f64[2], %y: f64[2]) -> f64[2] {
  %z = vmap @each(%x, %y) : f64[2]
  return %z
}`);

  it("need not run where the condition becomes the same for all elements", () => {
    expect(checkPass(canonicalize, { corpus: branching("x"), runs: 0 }).changed).toBe(1);
  });

  it("is the only one that need not", () => {
    const silent = opRule(
      "probe x → x",
      (op) => op === records.probe,
      (o) => [o.operands[0]],
    );
    expect(messageOf(() => checkRule(silent, { corpus: branching("y"), runs: 0 }))).toContain(
      'probe "all" no longer runs',
    );
  });
});

describe("what the elements of a batch have in common", () => {
  const seen = (probed: string): Module =>
    parse(`private func @each(%x: f64) -> f64 {
  %below = compare %x, %x, direction = lt : bool
  %seen = probe %${probed}, name = "seen" : ${probed === "x" ? "f64" : "bool"}
  return %x
}

func @main(%x: f64[2]) -> f64[2] {
  %y = vmap @each(%x) : f64[2]
  return %y
}`);

  it("a probe may see once", () => {
    expect(checkPass(canonicalize, { corpus: seen("below"), runs: 0 }).changed).toBe(1);
  });

  it("is no more than that", () => {
    const zeroed = opRule(
      "probe x → probe 0",
      (op) => op === records.probe,
      // the argument, so that it does not apply to what it makes
      ({ operands: [x], attributes }) => (x.name === "x" ? [probe(constantLike(0, x), String(attributes.name))] : null),
    );
    expect(messageOf(() => checkRule(zeroed, { corpus: seen("x"), runs: 0 }))).toContain('probe "seen" saw');
  });
});

describe("where a derivative is undefined", () => {
  it("beside a NaN on the way, formulas may say different things", () => {
    const beside = parse(`private func @least(%x: f64) -> f64 {
  %y = minimum %x, %x : f64
  return %y
}

private func @slope(%x: f64) -> f64 {
  %y, %d = jvp @least(%x) tangents(%x) : f64, f64
  return %d
}

func @main(%x: f64) -> f64 {
  %none = constant nan : f64
  %y, %d = jvp @slope(%none) tangents(%x) : f64, f64
  return %d
}`);
    expect(checkPass(canonicalize, { corpus: beside, runs: 0 }).changed).toBe(1);
  });

  it("those near the ends of the range are beyond it", () => {
    const least = parse(`func @main(%x: f64[3]) -> f64[3] {
  %c = constant 2e-308 : f64[3]
  %y = mul %x, %c : f64[3]
  %z = log2 %y : f64[3]
  return %z
}`);
    expect(checkDerivative(differentiate, { corpus: least, runs: 0, seed: 2 }).compared).toBeGreaterThan(0);
  });

  it("at the end of a domain a formula has none, though the function may not move there", () => {
    const constant = parse(`func @main(%x: f64) -> f64 {
  %y = div %x, %x : f64
  %z = acosh %y : f64
  return %z
}`);
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      expect(checkDerivative(differentiate, { corpus: constant, runs: 0, seed }).programs).toBe(1);
    }
  });

  it("bits of integers have none, though they make a float again", () => {
    const bits = parse(`func @main(%x: f32) -> f32 {
  %i = bitcast %x : i32
  %y = bitcast %i : f32
  return %y
}`);
    expect(checkDerivative(differentiate, { corpus: bits, runs: 0, vacuous: "allow" }).leftOut).toBe(0);
  });
});

describe("the noise of rounding", () => {
  const picks = [
    "reduce %q, kind = max, axes = [] : f64",
    "reduce %q, kind = min, axes = [] : f64",
    "maximum %q, %q : f64",
    "minimum %q, %q : f64",
    "select %p, %q, %q : f64",
    "broadcast %q : f64",
    "stop_gradient %q : f64",
    "call @same(%q) : f64",
    "if %p : f64 {\n    yield %q\n  } else {\n    yield %q\n  }",
  ];

  it("leaves what is moved or picked as what it was made of", () => {
    fc.assert(
      fc.property(fc.constantFrom(...picks), fc.double({ noNaN: true }), fc.constantFrom(1, -1, 2), (pick, x, sign) => {
        const picked = parse(`private func @same(%x: f64) -> f64 {
  return %x
}

func @main(%x: f64) -> (bool, f64) {
  %p = compare %x, %x, direction = eq : bool
  %q = sin %x : f64
  %y = ${pick}
  %z = sub %y, %q : f64
  %none = is_nan %z : bool
  %e = compare %y, %q, direction = eq : bool
  %same = or %e, %none : bool
  return %same, %q
}`);
        const arrays = [{ dtype: "f64", shape: [], data: Float64Array.of(x) } as const];
        const [same, noise] = run(noisy(picked, sign), "main", arrays).results as readonly NdArray[];
        expect([...same.data]).toEqual([1]);
        // there is noise
        if (Math.abs(Math.sin(x)) > 1e-300) expect(noise.data[0]).not.toBe(Math.sin(x));
      }),
      runs(100),
    );
  });

  it("so that a derivative goes the way that it went without, and a rule of class fast may round there", () => {
    const quotient = rule(
      "√x / √y → √(x / y)",
      (x, y) => p.div(p.sqrt(x), p.sqrt(y)),
      (x, y) => sqrt(div(x, y)),
      { class: "fast" },
    );
    const largest = parse(`private func @f(%x: f64, %y: f64) -> f64 {
  %xy = mul %x, %y : f64
  %a = sqrt %xy : f64
  %b = sqrt %y : f64
  %q = div %a, %b : f64
  %r = reduce %q, kind = max, axes = [] : f64
  return %r
}

func @main(%x: f64, %y: f64) -> (f64, f64) {
  %ct = constant 1.5 : f64
  %r, %dx, %dy = vjp @f(%x, %y) cotangents(%ct) : f64, f64, f64
  return %dx, %dy
}`);
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        expect(checkRule(quotient, { corpus: largest, runs: 0, seed }).changed).toBe(1);
      }),
      runs(100),
    );
  });
});

describe("what cancels exactly", () => {
  const sums = rule(
    "x + y - z → x + (y - z)",
    (x, y, z) => p.sub(p.add(x, y), z),
    (x, y, z) => add(x, sub(y, z)),
    { class: "fast" },
  );
  const less = (x: string, y: string): Module =>
    parse(`func @main(%x: f64, %y: f64, %z: f64) -> f64 {
  %s = add ${x}, ${y} : f64
  %d = sub %s, %s : f64
  %r = add %d, %z : f64
  return %r
}`);

  it("may leave a rest in another order, beside what it is added to", () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.constantFrom("%x, %y", "%y, %z", "%x, %x"), (seed, of) => {
        const [x, y] = of.split(", ");
        expect(checkRule(sums, { corpus: less(x, y), runs: 0, seed }).changed).toBe(1);
      }),
      runs(60),
    );
  });

  it("and is no excuse for what is wrong", () => {
    const nearly = rule(
      "x + y - z → x + (y - (1 + 2⁻³⁶) z)",
      (x, y, z) => p.sub(p.add(x, y), z),
      (x, y, z) => add(x, sub(y, mul(constantLike(1 + 2 ** -36, z), z))),
      { class: "fast" },
    );
    expect(messageOf(() => checkRule(nearly, { corpus: less("%x", "%y"), runs: 0 }))).toContain("expected nearly");
  });
});

describe("a rule of class fast", () => {
  it("keeps probes and errors", () => {
    const silent = opRule(
      "probe x → x",
      (op) => op === records.probe,
      (o) => [o.operands[0]],
      { class: "fast" },
    );
    expect(messageOf(() => checkRule(silent))).toMatch(/probe ".*" no longer runs/);
  });

  it("may round otherwise", () => {
    const associated = rule(
      "x * y + x * z → x * (y + z)",
      (x, y, z) => p.add(p.mul(x, y), p.mul(x, z)),
      (x, y, z) => mul(x, add(y, z)),
      { class: "fast" },
    );
    expect(checkRule(associated, { runs: 200 }).changed).toBeGreaterThan(0);
  });

  it("may overflow where the other order does not, and only there", () => {
    const associated = canonicalizeRules.find((r) => r.name === "(x * a) * b → x * (a * b)");
    if (associated === undefined) throw new Error("the rule has another name");
    const overflows = parse(`func @main(%x: f32) -> f32 {
  // run: @main(0) == 0
  %two = constant 2 : f32
  %y = mul %x, %two : f32
  %most = constant 3e38 : f32
  %z = mul %y, %most : f32
  return %z
}`);
    expect(checkRule(associated, { corpus: overflows, runs: 200 }).changed).toBeGreaterThan(0);
    const wrong = rule(
      "x * y + x * z → x * (y + 2 * z)",
      (x, y, z) => p.add(p.mul(x, y), p.mul(x, z)),
      (x, y, z) => mul(x, add(y, add(z, z))),
      { class: "fast" },
    );
    expect(messageOf(() => checkRule(wrong, { runs: 200 }))).toContain("expected nearly");
  });
});

describe("places in the source", () => {
  it("that neighbours exchange are seen, whether origins are asked for or not", () => {
    const exchanged = pass("exchanges", (m) =>
      mapBodies(m, (body) => {
        const [first, second, ...others] = body.operations;
        if (second === undefined) return body;
        const swapped = [
          withParts(first, { origin: second.origin }),
          withParts(second, { origin: first.origin }),
          ...others,
        ];
        return withOperations(body, swapped, body.results);
      }),
    );
    for (const origins of [true, false])
      expect(messageOf(() => checkPass(exchanged, { origins, runs: 50 }))).toMatch(
        /what gives \S+ at \S+:\d+:\d+ stands at \S+:\d+:\d+ now/,
      );
  });
});

describe("a pass that resolves some transforms", () => {
  it.each([
    ["differentiate", differentiate],
    ["batch", batch],
    ["one of a user's", pass("mine", (m, cx) => differentiate.run(m, cx))],
  ])("is tried on others inside of them once those are resolved: %s", (_, each) => {
    for (const seed of [1, 2]) expect(checkPass(each, { runs: 60, seed }).changed).toBeGreaterThan(0);
  });

  it("and so are pipelines", () => {
    const both = new Pipeline([
      { pass: cse, reason: "first" },
      { pass: differentiate, reason: "then" },
    ]);
    expect(checkPipeline(both, { runs: 60 }).changed).toBeGreaterThan(0);
  });

  it("is found where it is wrong", () => {
    const through = rule(
      "stop_gradient x → x",
      (x) => p.stopGradient(x),
      (x) => x,
    );
    const wrong = pass("goes-through", (m, cx) => differentiate.run(applyRules(m, [through], cx), cx));
    expect(messageOf(() => checkPass(wrong))).toContain("pass goes-through is wrong");
  });
});

describe("a pass that only orders functions", () => {
  it("has changed the programs", () => {
    const reversed = pass("reverses", (m) => (m.funcs.length < 2 ? m : makeModule(m.funcs.toReversed())));
    const { programs, changed } = checkPass(reversed, { runs: 60 });
    expect(changed).toBeGreaterThan(0);
    expect(changed).toBeLessThan(programs);
  });
});

describe("what a pass gives that is no module", () => {
  it.each([
    [undefined, "gave undefined, expected a module: return the module that it was given where nothing changes"],
    [null, "gave null, expected a module"],
    [5, "gave a number, expected a module"],
    [{}, "gave an object, expected a module"],
    [Promise.resolve(), "gave a promise, expected a module: a pass is not asynchronous"],
  ])("is said: %j", (given, message) => {
    const wrong = pass("no-module", () => given as never);
    expect(messageOf(() => checkPass(wrong, { runs: 5 }))).toContain(`it fails: pass no-module ${message}`);
    const pipeline = new Pipeline([{ pass: wrong, reason: "alone" }]);
    expect(messageOf(() => checkPipeline(pipeline, { runs: 5 }))).toContain(`pass no-module ${message}`);
  });
});

it("a pass that changes none of the usual number of programs is tried on more, unless their number is given", () => {
  let seen = 0;
  const late = pass("late", (module) => (seen++ < 3050 ? module : (null as never)));
  expect(messageOf(() => checkPass(late, { runs: 40 }))).toContain("changed none of 40 programs");
  const programs = { operations: 1, regions: false, effects: false, transforms: false, dtypes: ["bool"] } as const;
  expect(messageOf(() => checkPass(late, { programs }))).toMatch(/\(seed 1, program 30\d\d; 30\d\d tried, 0 changed\)/);
});

describe("the time budget", () => {
  afterEach(() => void vi.restoreAllMocks());

  /** A processor that has computed so many milliseconds more whenever it is asked. */
  function computing(milliseconds: number): void {
    let user = 0;
    vi.spyOn(process, "cpuUsage").mockImplementation(() => ({ user: (user += milliseconds * 1000), system: 0 }));
  }

  it("counts what this process computes, however long it waits", () => {
    computing(0);
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (now += 1e6));
    const { programs, stopped } = checkPass(cse, { runs: 40, timeBudget: 1 });
    expect([programs, stopped]).toEqual([40, null]);
  });

  it("says that it ended a check", () => {
    computing(10);
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (now += 10));
    const { programs, stopped } = checkPass(cse, { runs: 400, timeBudget: 1000, vacuous: "allow" });
    expect(stopped).toBe("time");
    expect(programs).toBeLessThan(101);
    const idle = pass("idle", (m) => m);
    expect(messageOf(() => checkPass(idle, { runs: 400, timeBudget: 1000 }))).toMatch(
      /changed none of \d+ programs, where the time budget ended, so nothing was tried/,
    );
  });

  it("is a clock's where no process tells", () => {
    vi.spyOn(process, "cpuUsage").mockImplementation(() => undefined as never);
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (now += 10));
    expect(checkPass(cse, { runs: 400, timeBudget: 1000, vacuous: "allow" }).stopped).toBe("time");
  });
});
