// checkOp: each of our ops is what its record says, and records that are wrong in one facet are found, which it names.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tensorPipeline } from "../passes/index.ts";
import { interpret, jsBackend } from "../src/backend/index.ts";
import {
  addDims,
  type DType,
  defineOp,
  dtypes,
  emit,
  noEffects,
  type Op,
  type OpDefinition,
  parseModule,
  shapeOf,
  signatureOf,
  type TensorType,
  type Type,
  tensorType,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { records, standardOps } from "../src/ops/index.ts";
import { checkBatching, checkDerivative, checkOp, type OpCheckOptions, sameArrays } from "../src/testing/index.ts";
import { runs } from "./support/runs.ts";

function messageOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing found";
}

describe("our ops are what their records say", () => {
  // functions are found in programs of their own, which take their time
  const few = ["call", "vjp", "jvp", "vmap", "custom_jvp", "custom_vjp"];
  it.each([...standardOps.values()].map((op) => [op.name, op] as const))("%s", (name, op) => {
    checkOp(op, { runs: runs(few.includes(name) ? 2 : 3).numRuns });
  });
});

it("runs the examples of ops of the loop level, as they say and in JavaScript", () => {
  const subscript: Op = records.subscript;
  const withExample = (name: string, from: string, to: string): Op =>
    defineOp({ ...subscript, name, docs: { ...subscript.docs, example: subscript.docs.example.replace(from, to) } });
  expect(messageOf(() => checkOp(withExample("subscript", "== 7", "== 6")))).toContain(
    "its example: @element([5, 6, 7], 9) is f64 (7), not 6",
  );
  expect(messageOf(() => checkOp(withExample("mylib.at", "= subscript", "= mylib.at")))).toContain(
    "its code: in its example @element does not run: ",
  );
});

// ---- an op of one's own ----------------------------------------------------------------------------------------------

const swishOf = (change: Partial<Parameters<typeof ops.elementwise>[0]> = {}): Op =>
  ops.elementwise({
    name: "mylib.swish",
    summary: "x · logistic(x).",
    operands: ["x"],
    dtypes: "float",
    scalar: {
      compute: ([x]) => x / (1 + Math.exp(-x)),
      spell: ([x]) => `${x} / (1 + Math.exp(-${x}))`,
    },
    partials: ([x]) => {
      const s = ops.logistic(x);
      return [ops.add(s, ops.mul(ops.mul(x, s), ops.sub(ops.constantLike(1, x), s)))];
    },
    semantics: "x / (1 + exp(-x)).",
    example: { dtype: "f64", run: "@main(0) == 0" },
    ...change,
  }) as Op;

describe("an op of one's own", () => {
  it("has the fields that ops have, and no others", () => {
    const known = ["name", "commutative", "cheap", "scalar"];
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,12}$/), (field) => {
        fc.pre(
          !(field in swishOf()) && ![...known, "partials", "require", "result", "brief", "tangent"].includes(field),
        );
        fc.pre(!["dtypes", "semantics", "example", "succeeds"].includes(field));
        const said = `op mylib.swish: unknown option '${field}', expected one of name, `;
        expect(messageOf(() => swishOf({ [field]: true }))).toContain(said);
        expect(messageOf(() => defineOp({ ...swishOf(), [field]: true } as OpDefinition))).toContain(said);
      }),
      runs(50),
    );
    expect(messageOf(() => swishOf({ comutative: true } as object))).toContain("did you mean commutative?");
    expect(messageOf(() => swishOf({ traits: { commutative: true } } as object))).toContain("unknown option 'traits'");
    const traits = { elementwise: true, comutative: true } as object;
    expect(messageOf(() => defineOp({ ...swishOf(), traits } as OpDefinition))).toContain(
      "op mylib.swish: field 'traits': unknown option 'comutative', expected one of elementwise",
    );
  });

  it("has effects on operands of its own, and fields of before say what to write", () => {
    const made =
      (others: object): (() => Op) =>
      () =>
        defineOp({ ...swishOf(), ...others } as OpDefinition);
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,12}$/), fc.constantFrom("reads", "writes"), (operand, effect) => {
        fc.pre(operand !== "x");
        expect(messageOf(made({ effects: { [effect]: ["x", operand] } }))).toContain(
          `op mylib.swish: its effects name operand '${operand}', expected one of its operands: x`,
        );
        expect(made({ effects: { [effect]: ["x"] } })().effects[effect]).toEqual(["x"]);
      }),
      runs(30),
    );
    const words = [{}, { fails: true }, { observable: true }, { reads: ["x"], fails: true }, { allocates: true }];
    expect(words.map((effects) => made({ effects })().effect)).toEqual([
      "pure",
      "mayFail",
      "effect",
      "effect",
      "effect",
    ]);
    expect(messageOf(made({ effects: { fail: true } }))).toContain("unknown option 'fail'");
    expect(messageOf(made({ effects: "mayFail" }))).toContain("op mylib.swish: field 'effects'");
    expect(messageOf(made({ effect: "mayFail" }))).toContain(
      "op mylib.swish: field 'effect' follows from effects, expected effects: write effects: { fails: true }",
    );
    expect(messageOf(made({ effect: "pure" }))).toContain("leave it out");
    expect(messageOf(made({ traits: { memory: true } }))).toContain("trait 'memory' is gone, expected effects: write");
  });

  it("is taken by its record, and what was tried is told", () => {
    const report = checkOp(swishOf(), { runs: 30 });
    expect(report.programs).toBe(30);
    expect(report.changed).toBe(30);
    expect(report.compared).toBeGreaterThan(300);
    expect(report.coverage.ops.get("mylib.swish")?.count).toBe(30);
    expect(checkDerivative(swishOf(), { runs: 10 }).compared).toBeGreaterThan(100);
    expect(checkBatching(swishOf(), { runs: 10 }).changed).toBe(10);
  });

  it("whose derivative is wrong is told so with what differences say, one operation and how to run it again", () => {
    const wrong = swishOf({ partials: ([x]) => [ops.logistic(x)] });
    const message = messageOf(() => checkOp(wrong));
    expect(message).toMatch(
      /^op mylib\.swish is wrong \(seed 1, program \d+; \d+ tried, \d+ changed\): its derivative to argument 0 \(forward mode\): \S+.*, differences say \S+\n/,
    );
    expect(message.split("\n").filter((line) => line.startsWith("  %")).length).toBe(1);
    expect(message).toMatch(/\nreplay: checkOp\(op, \{ seed: 1, replay: \d+ \}\)$/m);
    expect(messageOf(() => checkDerivative(wrong))).toContain("differences say");
    expect(messageOf(() => checkOp(wrong, { without: ["derivative"], runs: 20 }))).toBe("nothing found");
  });

  it("is asked for by name, and so are options", () => {
    expect(messageOf(() => checkOp(tensorPipeline as never))).toBe(
      "checkOp: got a pipeline, expected an op: call checkPipeline(pipeline)",
    );
    expect(messageOf(() => checkOp(3 as never))).toContain("checkOp: got a number, expected an op");
    expect(messageOf(() => checkOp(swishOf(), { rums: 3 } as never))).toContain("unknown option 'rums'");
    expect(messageOf(() => checkOp(swishOf(), { without: ["shape" as never] }))).toContain("without");
    expect(messageOf(() => checkBatching("x" as never))).toContain(
      "got a string, expected an op, a pass or a pipeline",
    );
  });
});

// ---- wrong records ------------------------------------------------------------------------------------------------------

/** One of our records with a part that is wrong; rules see it under its own name. */
function wrong(name: string, change: (own: Op) => Partial<OpDefinition>): Op {
  const own = standardOps.get(name) as Op;
  return defineOp({ ...own, ...change(own) } as OpDefinition) as Op;
}

const partials = (of: Extract<Op["derivative"], { kind: "elementwise" }>["partials"]) => () => ({
  derivative: { kind: "elementwise", partials: of } as const,
});
const derivative = (change: (own: never) => object) => (own: Op) => ({
  derivative: { ...own.derivative, ...change(own.derivative as never) } as Op["derivative"],
});
const spelled = (text: (...x: readonly string[]) => string) => (own: Op) => ({
  scalar: { ...(own.scalar as NonNullable<Op["scalar"]>), spell: (x: readonly string[]) => text(...x) },
});
const computed = (compute: (...x: readonly number[]) => number) => (own: Op) => ({
  scalar: { ...(own.scalar as NonNullable<Op["scalar"]>), compute: (x: readonly number[]) => compute(...x) },
});
const traits = (more: Partial<Op["traits"]>) => (own: Op) => ({ traits: { ...own.traits, ...more } });
const batchedBy = (batch: Extract<Op["batching"], { kind: "rule" }>["batch"]) => () => ({
  batching: { kind: "rule", batch } as const,
});
const ownBatch = (name: string) => (standardOps.get(name) as Op).batching as Extract<Op["batching"], { kind: "rule" }>;
const like = (v: Parameters<typeof ops.neg>[0], c: number) => ops.constantLike(c, v);

type Mutant = readonly [name: string, op: Op, facet: string];

// biome-ignore format: a table one can see
const mutants: readonly Mutant[] = [
  ["spelled with the operands swapped", wrong("sub", spelled((x, y) => `${y} - ${x}`)), "its spelling"],
  ["spelled without the sign of zero", wrong("abs", spelled((x) => `(${x} < 0 ? -${x} : ${x})`)), "its spelling"],
  ["spelled as no expression", wrong("neg", spelled((x) => `-(${x}`)), "its spelling"],
  ["computed in f32 on the way", wrong("exp", computed((x) => Math.exp(Math.fround(x)))), "its spelling"],
  ["not rounded to f32", wrong("mul", (own) => ({ scalar: { ...(own.scalar as NonNullable<Op["scalar"]>), exact: true } })), "its scalar function"],
  ["evaluated otherwise than spelled", wrong("add", (own) => ({ eval: (cx) => (own.eval as NonNullable<Op["eval"]>)(cx).map((a) => ({ ...a, data: a.data.map((x) => x + (x === 1.5 ? 1 : 0) + (a.dtype === "f32" ? 1e-3 : 0)) })) })), "its "],
  ["writes to its operand", wrong("reverse", (own) => ({ eval: (cx) => { const out = (own.eval as NonNullable<Op["eval"]>)(cx); cx.operands[0].data.fill(0); return out; } })), "its meaning writes to argument 0"],
  ["another result each time", wrong("permute", (own) => { let n = 0; return { eval: (cx) => (own.eval as NonNullable<Op["eval"]>)(cx).map((a) => ({ ...a, data: a.data.map((x) => x + n++) })) }; }), "its meaning is another one"],
  ["type with an axis too many", wrong("reduce", (own) => ({ types: (cx) => own.types(cx).map((t) => tensorType((t as TensorType).dtype, [...(t as TensorType).shape, 1])) })), "its type rule"],
  ["type of another dtype", wrong("is_nan", () => ({ types: (cx) => [tensorType("i32", (cx.operands[0] as TensorType).shape)] })), "its example"],
  ["extent of the type is one too large", wrong("concatenate", (own) => ({ types: (cx) => own.types(cx).map((t) => tensorType((t as TensorType).dtype, (t as TensorType).shape.map((d) => addDims(d, 1)))) })), "its code"],
  ["fails though it is pure", wrong("sqrt", () => ({ eval: (cx) => (cx.operands[0].data.some((x) => x < 0) ? cx.fail("range", "below 0") : cx.operands) })), "its "],
  ["refuses by a TypeError", wrong("permute", () => ({ types: () => { throw new TypeError("no shape"); } })), "TypeError: no shape"],
  ["partial of the wrong sign", wrong("cos", partials(([x]) => [ops.sin(x)])), "its derivative to argument 0 (forward mode)"],
  ["partial to the second operand is that to the first", wrong("div", partials(([, y]) => [ops.div(like(y, 1), y), ops.div(like(y, 1), y)])), "its derivative to argument"],
  ["zero though it is not", wrong("tanh", () => ({ derivative: { kind: "zero", reason: "it is flat" } as const })), "differences say"],
  ["a derivative that is right but its own is not", wrong("sin", partials(([x]) => [ops.cos(ops.stopGradient(x))])), "its derivative of second order"],
  ["ties count twice", wrong("maximum", partials(([x, y]) => [ops.cast(ops.compare(x, y, "ge"), (x.type as TensorType).dtype), ops.cast(ops.compare(y, x, "ge"), (x.type as TensorType).dtype)])), "its derivative"],
  ["transpose of reverse does not reverse", wrong("reverse", derivative(() => ({ transpose: ({ cotangent }: { cotangent: never }) => [cotangent] }))), "(reverse mode)"],
  ["transpose of a product takes half", wrong("dot", derivative((own: Extract<Op["derivative"], { kind: "multilinear" }>) => ({ transpose: (cx: Parameters<typeof own.transpose>[0]) => own.transpose(cx).map((c, i) => (i === 0 || c === null || !("type" in c) ? c : ops.mul(c, like(c, 0.5)))) }))), "its derivative"],
  ["jvp forgets an operand", wrong("reduce", derivative((own: Extract<Op["derivative"], { kind: "rule" }>) => ({ jvp: (cx: Parameters<typeof own.jvp>[0]) => { const t = own.jvp(cx); return t === null ? null : ops.mul(t, like(t, 2)); } }))), "(forward mode)"],
  ["batch reduces the same axis", wrong("cumulative", batchedBy(({ operation: { attributes: a }, operands: [x] }) => emit(records.cumulative, [x], { attributes: a }))), "its batching"],
  ["batch ignores that an operand has no new axis", wrong("dot", batchedBy((cx) => { const [y] = ownBatch("dot").batch(cx); return cx.batched[0] && !cx.batched[1] && shapeOf(y).length === 3 ? [ops.permute(y, [0, 2, 1])] : [y]; })), "its batching"],
  ["batch takes the first element", wrong("reverse", batchedBy(({ operation: { attributes: a }, operands: [x] }) => [ops.reverse(x, (a.axes as readonly number[]))])), "its batching"],
  ["lowering ignores strides", wrong("slice", () => ({ lowering: { kind: "element", element: (cx, at) => cx.element(0, at.map((d, a) => addDims((cx.operation.attributes.start as readonly number[])[a], d))) } })), "its code"],
  ["lowering ignores the permutation", wrong("permute", () => ({ lowering: { kind: "element", element: (cx, at) => cx.element(0, at) } })), "its code"],
  ["called commutative", wrong("sub", traits({ commutative: true })), "its traits: it is commutative"],
  ["called a move", wrong("neg", traits({ moves: true })), "its traits: it moves elements"],
  ["called elementwise", wrong("cumulative", traits({ elementwise: true })), "its traits: it is elementwise"],
  ["called pure", wrong("gather", () => ({ effects: noEffects })), "its effects: it cannot fail"],
  ["said to succeed always", wrong("gather", () => ({ succeeds: () => true })), "its effects: succeeds()"],
  ["called a choice", wrong("clamp", traits({ selects: true })), "its traits: it selects"],
  ["called a sum", wrong("exp", derivative(() => ({ coefficients: [1] }))), "its derivative: it is the sum of its operands times 1, and gives 1 of zeros"],
  ["a constant with an operand", wrong("floor", traits({ constant: true })), "its traits: it is a constant"],
  ["an example that is not so", wrong("add", (own) => ({ docs: { ...own.docs, example: own.docs.example.replace("== 3", "== 4") } })), "its example: @main(1, 2) is f64 (3), not 4"],
];

describe("wrong records are found, by the facet that is wrong", () => {
  it.each(mutants)("%s", (_, op, facet) => {
    const message = messageOf(() => checkOp(op, { timeBudget: 15_000 }));
    expect(message).toMatch(new RegExp(`^op ${op.name}( is wrong|:)`));
    expect(message).toContain(facet);
    // and each says how to see it again
    const again = replayOf(message);
    // what was shrunk less may be told by the other mode, which says what this one says
    expect(messageOf(() => checkOp(op, { timeBudget: 300, ...again }))).toContain(facet.replace(/^\((.*)\)$/, "$1"));
    if (again.replay === undefined) expect(again).toEqual({ runs: 0 });
  });

  it.each([
    ["none", () => []],
    ["two", ({ operands: [x] }: { operands: readonly Type[] }) => [x, x]],
  ])("whose type rule says %s of one result", (_, types) => {
    expect(messageOf(() => checkOp(wrong("reverse", () => ({ types }))))).toMatch(
      /^op reverse is wrong \(seed 1, program /,
    );
  });
});

/** The options of the call that shows a failure again. */
function replayOf(message: string): OpCheckOptions {
  const options = /^replay: checkOp\(op, \{ (.*) \}\)$/m.exec(message)?.[1] ?? "none";
  return Object.fromEntries(options.split(", ").map((o) => [o.split(": ")[0], Number(o.split(": ")[1])]));
}

describe("what is wrong with a record alone", () => {
  const spellings: readonly ((x: string) => string)[] = [
    (x) => x,
    (x) => `${x} + 0`,
    (x) => `Math.abs(${x})`,
    (x) => `1 / ${x}`,
  ];

  it("is told with a program of one operation and a call for which its code gives something else", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("neg", "floor", "sin", "sign", "exp", "sqrt"),
        fc.constantFrom(...spellings),
        (name, spell) => {
          const op = wrong(name, spelled(spell));
          const message = messageOf(() => checkOp(op, { runs: 0 }));
          expect(message).toMatch(/\nfor @main\(.*\)\nreplay: checkOp\(op, \{ runs: 0 \}\)\n/);
          const table = new Map([...standardOps, [op.name, op]]);
          const module = parseModule(message.slice(message.indexOf("\nfunc @main")), table);
          expect(module.funcs[0].body.operations.map((o) => o.op)).toEqual([op]);
          // run again on that program alone, it is wrong there
          const call = /for @main\((\w+) \((.*)\)\)/.exec(message) as RegExpExecArray;
          const args = [
            { dtype: call[1] as DType, shape: [], data: dtypes[call[1] as DType].array.of(Number(call[2])) },
          ];
          const compiled = jsBackend.compile(module, { entry: "main", signature: signatureOf(module.funcs[0]) });
          expect(sameArrays(compiled.run(args), interpret(module, "main", args))).toBe(false);
        },
      ),
      runs(40),
    );
  });

  it("is tried as often where an option is given and is undefined", () => {
    expect(checkOp(swishOf(), { runs: undefined, without: ["derivative", "batching"] }).programs).toBe(200);
  });

  it("is all that is tried where no program is asked for", () => {
    expect(checkOp(swishOf(), { runs: 0 }).programs).toBe(0);
    const wrongExample = swishOf({ example: { dtype: "f64", run: "@main(0) == 1" } });
    expect(messageOf(() => checkOp(wrongExample, { runs: 0 }))).toMatch(
      /its example: .*\nreplay: checkOp\(op, \{ runs: 0 \}\)\nfunc @main\(/,
    );
  });

  it("and a rule that throws for some types names the program, too", () => {
    fc.assert(
      fc.property(fc.nat(3), (rank) => {
        const types =
          (own: Op): Op["types"] =>
          (cx) => {
            if (shapeOf({ type: cx.operands[0] } as never).length === rank) throw new TypeError("not of this rank");
            return own.types(cx);
          };
        const op = wrong("reverse", (own) => ({ types: types(own) }));
        const message = messageOf(() => checkOp(op));
        expect(message).toContain("its rules fail with TypeError: not of this rank");
        expect(messageOf(() => checkOp(op, replayOf(message)))).toBe(message);
      }),
      runs(4),
    );
  });
});
