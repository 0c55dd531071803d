// Rules, their driver, pipelines and the CompileLog, on a few ops of their own: nothing here depends on the real table.

import { describe, expect, it } from "vitest";
import {
  BlockBuilder,
  buildFunc,
  countOperations,
  defineOp,
  emit,
  isomorphic,
  type Module,
  makeModule,
  type Op,
  type OpDefinition,
  type OpTable,
  originAt,
  parseModule,
  printModule,
  scalar,
  type Type,
  type Value,
  verify,
  withBuilder,
} from "../src/ir/index.ts";
import {
  applyRules,
  bringPrinting,
  CompileLog,
  definePass,
  opRule,
  type PassContext,
  Pipeline,
  type Rule,
  rule,
  vocabulary,
} from "../src/rewrite/index.ts";
import { errorOf } from "./support/errors.ts";

bringPrinting();

function op(form: Pick<OpDefinition, "name" | "operands"> & Partial<OpDefinition>): Op {
  return defineOp({
    summary: "for tests",
    types: (x) => [x.operands[0]],
    derivative: { kind: "none", reason: "for tests" },
    batching: { kind: "none", reason: "for tests" },
    docs: { semantics: "", constraints: [], example: "" },
    ...form,
  });
}

const x = { name: "x" };
const summary = "for tests";
const records = {
  constant: op({
    name: "constant",
    operands: [],
    attributes: { value: { kind: "constant", summary } },
    assembly: [{ kind: "value" }],
    types: (c) => c.declared ?? [],
    traits: { constant: true },
  }),
  add: op({ name: "add", operands: [x, x], traits: { commutative: true } }),
  sub: op({ name: "sub", operands: [x, x] }),
  neg: op({ name: "neg", operands: [x] }),
  turn: op({ name: "turn", operands: [x], attributes: { by: { kind: "integer", summary } } }),
  cast: op({ name: "cast", operands: [x], types: (c) => c.declared ?? [] }),
  store: op({ name: "store", operands: [x], effects: { observable: true }, types: () => [] }),
  if: op({ name: "if", operands: [x], regions: [{ name: "then" }, { name: "else" }], types: (c) => c.declared ?? [] }),
};
const ops: OpTable = new Map(Object.values(records).map((o) => [o.name, o]));
const context: PassContext = { ops, fast: false };
const { add, sub, neg, turn } = vocabulary(records);
const strict = (record: Op, ...operands: Value[]): Value => emit(record, operands)[0];

const parse = (text: string): Module => parseModule(text, ops);

/** A function of f64 arguments from its body lines. */
function f(args: string, ...lines: string[]): string {
  return `func @f(${args}) -> f64 {\n${lines.map((l) => `  ${l}\n`).join("")}}\n`;
}

function rewritten(text: string, rules: readonly Rule[], fast = false): string {
  const module = applyRules(parse(text), rules, { ops, fast });
  verify(module);
  return printModule(module);
}

const addZero = rule(
  "x + -0 → x",
  (a) => add(a, -0),
  (a) => a,
);
const doubleNeg = rule(
  "-(-x) → x",
  (a) => neg(neg(a)),
  (a) => a,
);

describe("a rule", () => {
  it("matches operands of commutative ops in both orders, of others in one", () => {
    const zero = "%z = constant -0 : f64";
    for (const sum of ["add %a, %z", "add %z, %a"]) {
      const text = f("%a: f64", zero, `%s = ${sum} : f64`, "return %s");
      expect(rewritten(text, [addZero])).toBe(f("%a: f64", zero, "return %a"));
    }
    const minus = rule(
      "x - 0 → x",
      (a) => sub(a, 0),
      (a) => a,
    );
    const text = f("%a: f64", "%z = constant 0 : f64", "%s = sub %z, %a : f64", "return %s");
    expect(rewritten(text, [minus])).toBe(text);
  });

  it("tells -0 from 0 and NaN from numbers in literals", () => {
    const text = f("%a: f64", "%z = constant 0 : f64", "%s = add %a, %z : f64", "return %s");
    expect(rewritten(text, [addZero])).toBe(text);
    const nan = rule(
      "x + nan → nan",
      (a) => add(a, Number.NaN),
      () => Number.NaN,
    );
    const withNan = f("%a: f64", "%n = constant nan : f64", "%s = add %a, %n : f64", "return %s");
    expect(rewritten(withNan, [nan])).toContain("return %s");
    expect(rewritten(withNan, [nan])).toContain("%s = constant nan");
  });

  it("takes the same variable for the same value only", () => {
    const same = rule(
      "x - x → 0",
      (a) => sub(a, a),
      () => 0,
    );
    const text = f(
      "%a: f64, %b: f64",
      "%s = sub %a, %b : f64",
      "%t = sub %a, %a : f64",
      "%u = add %s, %t : f64",
      "return %u",
    );
    expect(rewritten(text, [same])).toBe(text.replace("sub %a, %a", "constant 0"));
  });

  it("compares the attributes that its pattern names", () => {
    const once = rule(
      "turn by 0 → x",
      (a) => turn(a, { by: 0 }),
      (a) => a,
    );
    const text = f("%a: f64", "%t = turn %a, by = 0 : f64", "%u = turn %t, by = 1 : f64", "return %u");
    expect(rewritten(text, [once])).toBe(f("%a: f64", "%u = turn %a, by = 1 : f64", "return %u"));
  });

  it("gives its guard and its replacement the matched operations", () => {
    const both = rule(
      "turns add up",
      (a) => turn(turn(a)),
      (a) => (m) => {
        const by = m.operations.map((o) => o.attributes.by as number).reduce((s, n) => s + n, 0);
        return emit(records.turn, [a], { attributes: { by } })[0];
      },
      { where: (m) => m.operations[1].attributes.by !== 9 },
    );
    const text = (by: number) =>
      f("%a: f64", `%t = turn %a, by = ${by} : f64`, "%u = turn %t, by = 1 : f64", "return %u");
    expect(rewritten(text(2), [both])).toContain("%u = turn %a, by = 3");
    expect(rewritten(text(9), [both])).toBe(text(9));
  });

  it("of class fast runs on request only", () => {
    const loose = rule(
      "x + x → -x",
      (a) => add(a, a),
      (a) => strict(records.neg, a),
      { class: "fast" },
    );
    const text = f("%a: f64", "%s = add %a, %a : f64", "return %s");
    expect(rewritten(text, [loose])).toBe(text);
    expect(rewritten(text, [loose], true)).toContain("%s = neg %a");
  });

  it("is refused where its pattern is no pattern", () => {
    expect(
      errorOf(() =>
        rule(
          "x → x",
          (a) => a,
          (a) => a,
        ),
      ).message,
    ).toMatch("not an operation");
    expect(
      errorOf(() =>
        rule(
          "?",
          (a, _b) => neg(a),
          (a) => a,
        ),
      ).message,
    ).toMatch("1 of its 2 variables");
    expect(
      errorOf(() =>
        rule(
          "?",
          (a) => vocabulary(records).store(a),
          (a) => a,
        ),
      ).message,
    ).toMatch("effects");
    expect(
      errorOf(() =>
        rule(
          "?",
          (a) => add(a),
          (a) => a,
        ),
      ).message,
    ).toMatch("1 operand, expected 2");
    expect(
      errorOf(() =>
        rule(
          "?",
          (a) => neg(a, { by: 1 }),
          (a) => a,
        ),
      ).message,
    ).toMatch("no attribute 'by'");
  });

  it("that changes a type is an error that names it", () => {
    const wrong = rule(
      "wrong",
      (a) => neg(a),
      (a) => emit(records.cast, [a], { types: [scalar("f32")] })[0],
    );
    const text = f("%a: f64", "%s = neg %a : f64", "return %s");
    expect(errorOf(() => rewritten(text, [wrong])).message).toMatch("rule 'wrong' changes the type");
  });
});

describe("the driver", () => {
  it("gives the same module back where nothing applies", () => {
    const module = parse(f("%a: f64", "%s = neg %a : f64", "return %s"));
    expect(applyRules(module, [addZero, doubleNeg], context)).toBe(module);
  });

  it("applies rules to what rules emitted, in regions too, and is done after one sweep", () => {
    const text = f(
      "%a: f64, %p: bool",
      "%z = constant -0 : f64",
      "%n = neg %a : f64",
      "%y = if %p : f64 {",
      "  %m = add %n, %z : f64",
      "  %k = neg %m : f64",
      "  yield %k",
      "} else {",
      "  yield %n",
      "}",
      "return %y",
    );
    const module = applyRules(parse(text), [addZero, doubleNeg], context);
    verify(module);
    expect(printModule(module)).toContain("yield %a");
    expect(applyRules(module, [addZero, doubleNeg], context)).toBe(module);
  });

  it("keeps names and origins: what is emitted comes from where the root came from", () => {
    const swap = rule(
      "x - y → x + -y",
      (a, b) => sub(a, b),
      (a, b) => strict(records.add, a, strict(records.neg, b)),
    );
    const func = buildFunc({ name: "f" }, [scalar("f64")], (a) =>
      emit(records.sub, [a, a], { origin: originAt("a.ts", 3, 5), names: ["d"] }),
    );
    const module = applyRules(makeModule([func]), [swap], context);
    const { operations } = module.funcs[0].body;
    expect(operations.map((o) => o.op.name)).toEqual(["neg", "add"]);
    expect(operations.map((o) => o.origin?.line)).toEqual([3, 3]);
    expect(operations[1].results[0].name).toBe("d");
  });

  it("ends rules that undo each other with an error that names both", () => {
    const there = rule(
      "there",
      (a, b) => add(a, b),
      (a, b) => strict(records.sub, a, b),
    );
    const back = rule(
      "back",
      (a, b) => sub(a, b),
      (a, b) => strict(records.add, a, b),
    );
    const text = f("%a: f64", "%s = add %a, %a : f64", "return %s");
    const error = errorOf(() => rewritten(text, [there, back]));
    expect(error.message).toMatch(/rules '(there|back)' and '(there|back)' undo each other/);
    const grow = rule(
      "grow",
      (a) => neg(a),
      (a) => strict(records.neg, strict(records.neg, a)),
    );
    expect(errorOf(() => rewritten(text.replace("add %a,", "neg"), [grow])).message).toMatch(
      "rule 'grow' feeds itself",
    );
  });

  it("says where by the names of the function's text, and of what rules emitted by their ops", () => {
    const swap = rule(
      "swap",
      (a, b) => add(a, b),
      (a, b) => strict(records.add, b, a),
    );
    const text = f("%a: f64, %b: f64", "%left = neg %a : f64\n  %s = add %left, %b : f64", "return %s");
    const { message } = errorOf(() => rewritten(text, [swap]));
    expect(message).toMatch(/rule 'swap' feeds itself: 256 rewrites at %s = add %(left, %b|b, %left) : f64$/);
    const deepen = rule(
      "deepen",
      (a, b) => sub(a, b),
      (a, b) => strict(records.sub, strict(records.neg, a), b),
    );
    const deep = errorOf(() => rewritten(text.replace("add", "sub"), [deepen])).message;
    expect(deep).toMatch(/rule 'deepen' feeds itself: 256 rewrites at %s = sub %neg(_\d+)?, %b : f64$/);
    expect(message + deep).not.toContain("undefined");
  });

  it("splices the operations of a region as they are", () => {
    const first = opRule(
      "if → then",
      (o) => o === records.if,
      (operation, c) => c.splice(operation, 0),
    );
    const text = f(
      "%a: f64, %p: bool",
      "%y = if %p : f64 {",
      "  %n = neg %a : f64",
      "  %k = neg %n : f64",
      "  yield %k",
      "} else {",
      "  yield %a",
      "}",
      "%t = neg %y : f64",
      "return %t",
    );
    expect(rewritten(text, [first])).toBe(
      f("%a: f64, %p: bool", "%n = neg %a : f64", "%k = neg %n : f64", "%t = neg %k : f64", "return %t"),
    );
    expect(rewritten(text, [first, doubleNeg])).toBe(
      f("%a: f64, %p: bool", "%n = neg %a : f64", "%t = neg %a : f64", "return %t"),
    );
  });

  it("takes deep and wide functions of 100,000 operations", () => {
    const n = 100_000;
    const chain = (emitOne: (v: Value, zero: Value, i: number) => Value): Module =>
      makeModule([
        buildFunc({ name: "f" }, [scalar("f64")], (a) => {
          const zero = emit(records.constant, [], { attributes: { value: -0 }, types: [scalar("f64")] })[0];
          let v = a;
          for (let i = 0; i < n; i++) v = emitOne(v, zero, i);
          return [v];
        }),
      ]);
    const zeros = chain((v, zero) => strict(records.add, v, zero));
    expect(countOperations(applyRules(zeros, [addZero], context))).toBe(1);
    const negs = chain((v) => strict(records.neg, v));
    const module = applyRules(negs, [doubleNeg], context);
    expect(module.funcs[0].body.results[0]).toBe(module.funcs[0].body.arguments[0]);
  });
});

describe("a pipeline", () => {
  const nothing = definePass({ name: "nothing", summary: "keeps the module", run: (m) => m });
  const shorten = definePass({
    name: "shorten",
    summary: "drops a function",
    run: (m) => (m.funcs.length > 1 ? makeModule(m.funcs.slice(0, -1)) : m),
  });
  const module = parse(["f", "g", "h"].map((n) => `func @${n}() {\n  return\n}\n`).join("\n"));

  it("runs a group of passes until a round changes nothing", () => {
    const ran: string[] = [];
    const pipeline = new Pipeline([
      { pass: nothing, reason: "" },
      { pass: shorten, reason: "", group: "g" },
      { pass: nothing, reason: "", group: "g" },
    ]);
    const result = pipeline.run(module, (pass, m) => {
      ran.push(pass.name);
      return pass.run(m, context);
    });
    expect(result.funcs.length).toBe(1);
    // the last `nothing` would see the very module that it has seen
    expect(ran.join(" ")).toBe("nothing shorten nothing shorten nothing shorten");
  });

  it("does not run an idempotent pass on what it gave itself", () => {
    const ran: string[] = [];
    const once = { ...shorten, name: "once", idempotent: true };
    const steps = [once, nothing].map((pass) => ({ pass, reason: "", group: "g" }));
    const result = new Pipeline(steps).run(module, (pass, m) => {
      ran.push(pass.name);
      return pass.run(m, context);
    });
    expect(result.funcs.length).toBe(2);
    expect(ran.join(" ")).toBe("once nothing");
  });

  it("is edited by name, and an unknown name says which there are", () => {
    const pipeline = new Pipeline([{ pass: nothing, reason: "first" }]);
    expect(pipeline.insertAfter("nothing", shorten).names).toEqual(["nothing", "shorten"]);
    expect(pipeline.insertBefore("nothing", shorten).names).toEqual(["shorten", "nothing"]);
    expect(pipeline.concat(pipeline).names.length).toBe(2);
    expect(errorOf(() => pipeline.without("cse")).message).toMatch("no pass 'cse': it has nothing");
    expect(errorOf(() => definePass({ ...nothing, name: "No Thing" })).code).toBe("name");
  });
});

describe("the CompileLog", () => {
  const text = f("%a: f64", "%z = constant -0 : f64", "%s = add %a, %z : f64", "%n = neg %s : f64", "return %n");
  const simplify = definePass({ name: "simplify", summary: "", run: (m, c) => applyRules(m, [addZero], c) });

  it("counts what was removed, added and changed by identity", () => {
    const log = new CompileLog();
    const module = parse(text);
    const after = log.run(simplify, log.run(simplify, module, context), context);
    expect(log.entries.map((e) => [e.pass, e.changed, e.removed, e.added, e.modified, e.operations])).toEqual([
      ["simplify", true, 1, 0, 1, 2],
      ["simplify", false, 0, 0, 0, 2],
    ]);
    expect(log.entries[1].after).toBe(after);
    expect(log.milliseconds).toBeGreaterThan(0);
  });

  it("shows changes line by line, and whole modules on request", () => {
    const log = new CompileLog();
    log.run(simplify, parse(text), context);
    expect(log.text({ diff: true })).toBe(
      [
        "// ----- simplify: 1 removed, 0 added, 1 changed, 2 operations",
        "  func @f(%a: f64) -> f64 {",
        "-   %s = add %a, %z : f64",
        "~   %n = neg %s : f64 → %n = neg %a : f64",
      ].join("\n"),
    );
    expect(log.text({ modules: true })).toContain("%n = neg %a : f64\n  return %n\n}");
    expect(`${log}`).toMatch(/in \d+\.\d\d ms$/);
    expect(JSON.parse(JSON.stringify(log))[0]).toMatchObject({
      pass: "simplify",
      removed: 1,
      after: expect.any(String),
    });
  });

  it("shows functions that came and went, and a changed return", () => {
    const log = new CompileLog();
    const before = parse("func @f(%a: f64, %b: f64) -> f64 {\n  return %a\n}\n\nfunc @g() {\n  return\n}\n");
    const after = parse("func @f(%a: f64, %b: f64) -> f64 {\n  return %b\n}\n\nfunc @h() {\n  return\n}\n");
    log.record("swap", before, after, 0);
    expect(log.text({ diff: true }).split("\n").slice(1)).toEqual([
      "- func @g() {",
      "  func @f(%a: f64, %b: f64) -> f64 {",
      "~   return %a → return %b",
      "+ func @h() {",
      "+   return",
      "+ }",
    ]);
  });
});

it("patterns need no builder, and replacements emit into one of their own", () => {
  const builder = new BlockBuilder();
  const types: Type[] = [scalar("f64")];
  const a = builder.argument(types[0]);
  withBuilder(builder, () => strict(records.neg, a));
  expect(builder.operations.length).toBe(1);
  const module = parse(f("%a: f64", "%n = neg %a : f64", "%m = neg %n : f64", "return %m"));
  withBuilder(builder, () => applyRules(module, [doubleNeg], context));
  expect(builder.operations.length).toBe(1);
  expect(isomorphic(module, module)).toBe(null);
});
