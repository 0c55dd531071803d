// Lists are linear: programs that use each once on every path verify and run the same everywhere, and one more use is told.

import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type Block,
  BlockBuilder,
  buildFunc,
  type Func,
  list,
  type Module,
  makeBlock,
  makeModule,
  type Operation,
  printModule,
  scalar,
  signatureOf,
  type Value,
  verify,
  withBody,
  withBuilder,
  withRegions,
} from "../src/ir/index.ts";
import * as ops from "../src/ops/index.ts";
import { everyWay, f64 } from "./backends.ts";
import { errorOf } from "./support/errors.ts";

const f = scalar("f64");
const tape = list(f);

/** A number and two lists, which every step goes on with. */
type State = readonly [x: Value, a: Value, b: Value];

type Step =
  | { readonly kind: "push" | "pop" | "drop" | "call"; readonly second: boolean }
  | { readonly kind: "branch" | "loop" | "scan"; readonly bodies: readonly (readonly Step[])[] };

const { steps } = fc.letrec<{ steps: readonly Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie("step"), { maxLength: 4 }),
  step: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ kind: fc.constantFrom("push", "pop", "drop", "call"), second: fc.boolean() }),
    fc.record({
      kind: fc.constantFrom("branch", "loop", "scan"),
      bodies: fc.array(tie("steps"), { minLength: 2, maxLength: 2 }),
    }),
  ),
}));

const callee = buildFunc({ name: "turn", visibility: "private" }, [f, tape], (x, a) => {
  const [rest, top] = ops.pop(a);
  return [ops.sub(top, x), ops.push(rest, x, top)];
});

function run(all: readonly Step[], state: State): State {
  return all.reduce((s, step) => apply(step, s), state);
}

function apply(step: Step, [x, a, b]: State): State {
  if ("bodies" in step) return nested(step.kind, step.bodies, [x, a, b]);
  const own = step.second ? b : a;
  const back = (next: Value, changed: Value): State => (step.second ? [next, a, changed] : [next, changed, b]);
  switch (step.kind) {
    case "push":
      return back(ops.add(x, ops.constant(1.5, f)), ops.push(own, x, ops.neg(x)));
    case "pop": {
      const [rest, top] = ops.pop(own);
      return back(ops.add(x, top), rest);
    }
    case "drop":
      return back(x, ops.empty(tape));
    default: {
      const [next, changed] = ops.call(signatureOf(callee), [x, own]);
      return back(next, changed);
    }
  }
}

function nested(kind: "branch" | "loop" | "scan", [first, second]: readonly (readonly Step[])[], state: State): State {
  const asState = ([x, a, b]: readonly Value[]): State => [x, a, b];
  if (kind === "branch") {
    const p = ops.compare(state[0], ops.constant(1, f), "gt");
    return asState(
      ops.ifElse(
        p,
        () => run(first, state),
        () => run(second, state),
      ),
    );
  }
  if (kind === "scan")
    return asState(ops.scan(state, [], (carry) => ({ carry: run(first, asState(carry)), out: [] }), { length: 2 }));
  const index = scalar("i32");
  const [, ...last] = ops.whileLoop(
    [ops.constant(2, index), ...state],
    (i) => ops.compare(i, ops.constant(0, index), "gt"),
    (i, ...carry) => [ops.add(i, ops.constant(-1, index)), ...run(first, asState(carry))],
  );
  return asState(last);
}

function build(all: readonly Step[]): Module {
  const main = buildFunc({ name: "main" }, [f], (x) => {
    const [last, a, b] = run(all, [x, ops.empty(tape), ops.empty(tape)]);
    return [last, ops.pop(a)[1], ops.pop(b)[1]];
  });
  return makeModule([callee, main]);
}

/** The places where lists are used: before the operation that does, another push can stand. */
function usesIn(block: Block): number {
  return block.operations.reduce((n, o) => n + lists(o).length + o.regions.reduce((m, r) => m + usesIn(r), 0), 0);
}

function lists(operation: Operation): readonly Value[] {
  return operation.operands.filter((v) => v.type.kind === "list");
}

/** The block with another use of the list that its use number `at` is of. */
function doubled(block: Block, at: { next: number }): Block {
  const operations = block.operations.flatMap((operation): readonly Operation[] => {
    const found = lists(operation).find(() => at.next-- === 0);
    if (found === undefined)
      return [
        withRegions(
          operation,
          operation.regions.map((r) => doubled(r, at)),
        ),
      ];
    const extra = new BlockBuilder();
    withBuilder(extra, () => ops.push(found, ops.constant(0, f)));
    return [...extra.operations, operation];
  });
  return makeBlock(block.arguments, operations, block.results);
}

const runs = (n: number): { numRuns: number } => ({ numRuns: n * Number(process.env.ADJOINT_FUZZ ?? 1) });

it("programs that use each list once verify, and give the same bits everywhere", () => {
  fc.assert(
    fc.property(steps, fc.double({ min: -2, max: 2, noNaN: true }), (all, x) => {
      everyWay(printModule(build(all)), "main", [f64(x)]);
    }),
    runs(60),
  );
});

it("one more use of any list, anywhere, is told by verify", () => {
  fc.assert(
    fc.property(steps, fc.nat(), (all, pick) => {
      const module = build(all);
      const main = module.funcs[1] as Func;
      const next = pick % usesIn(main.body);
      const wrong = makeModule([callee, withBody(main, doubled(main.body, { next }))]);
      expect(errorOf(() => verify(wrong)).message).toMatch(
        /list .* (second time|outside of a loop|condition of a loop)/,
      );
    }),
    runs(200),
  );
});
