// skip-arms: choices between lanes whose sides are computed, nested and with values in common, keep every bit.

import fc from "fast-check";
import { expect, it } from "vitest";
import { skipArms } from "../passes/index.ts";
import { Validator } from "../src/backend/index.ts";
import { type Module, verify } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { type Pass, runPass } from "../src/rewrite/index.ts";
import { runs } from "./support/runs.ts";

/** An operation on the value before it and one more: of those in front of the choice around, or of all that stand above. */
interface Step {
  readonly op: string;
  readonly other: number;
  readonly isShared: boolean;
}

/** Steps on the value before it, or the choice between two such sides. */
type Piece =
  | Step
  | { readonly direction: string; readonly bound: number; readonly sides: readonly (readonly Piece[])[] };

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom("add", "sub", "mul", "div", "maximum", "minimum"),
  other: fc.nat(),
  isShared: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

/** Choices of `depth` levels, with so many steps in their longer sides. */
function choice(depth: number, least: number, most: number): fc.Arbitrary<Piece> {
  const inside: fc.Arbitrary<Piece> =
    depth === 0 ? step : fc.oneof({ arbitrary: step, weight: 6 }, choice(depth - 1, least, most));
  const long = fc.array(inside, { minLength: least, maxLength: most });
  const short = fc.array(step, { minLength: 1, maxLength: 6 });
  return fc.record({
    direction: fc.constantFrom("lt", "le", "gt", "ge", "eq", "ne"),
    bound: fc.nat(),
    sides: fc.oneof(fc.tuple(long, short), fc.tuple(short, long)),
  });
}

/** The text of a program: what is loaded, constants that hardly any lane or all of them exceed, and the pieces in turn. */
function textOf(pieces: readonly Piece[], type: string, element: string): string {
  const values = ["x", "y", "none", "all"];
  const lines: string[] = [];
  let n = 0;
  const write = (line: string): string => {
    lines.push(`  %v${n} = ${line}`);
    return `v${n++}`;
  };
  const piece = (p: Piece, before: string, outside: number): string => {
    if ("op" in p) {
      const other = values[p.other % (p.isShared ? values.length : outside)];
      return write(`${p.op} %${before}, %${other} : ${type}`);
    }
    const mask = write(
      `compare %${before}, %${values[p.bound % outside]}, direction = ${p.direction} : ${type.replace(element, "bool")}`,
    );
    const [a, b] = p.sides.map((side) => all(side, before, values.length));
    return write(`select %${mask}, %${a}, %${b} : ${type}`);
  };
  const all = (side: readonly Piece[], before: string, outside: number): string => {
    let last = before;
    for (const p of side) {
      last = piece(p, last, outside);
      values.push(last);
    }
    return last;
  };
  const last = all(pieces, "x", values.length);
  const memory = `memref<${element}[4]>`;
  return `func @main(%p: ${memory}, %q: ${memory}, %r: out ${memory}) {
  %x = load_lanes %p[0] : ${type}
  %y = load_lanes %q[0] : ${type}
  %none = constant 1000000 : ${type}
  %all = constant -1000000 : ${type}
${lines.join("\n")}
  store_lanes %${last}, %r[0]
  return
}
`;
}

const context = { ops: standardOps, fast: false };

/** Of so many programs, how many the pass changes: it keeps the bits of all. */
function changedBy(pass: Pass, arbitrary: fc.Arbitrary<Piece>, count: { readonly numRuns: number }): number {
  let changed = 0;
  const types = fc.constantFrom(["vector<4xf32>", "f32"], ["vector<4xf64>", "f64"]);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(arbitrary, step), { minLength: 1, maxLength: 3 }),
      types,
      (pieces, [type, element]) => {
        const module: Module = parse(textOf(pieces, type, element));
        const after = runPass(pass, module, context);
        verify(after, { level: "vector" });
        new Validator().compare(module, after);
        if (after !== module) changed++;
      },
    ),
    count,
  );
  return changed;
}

it("keeps every bit of nested choices, and leaves sides of most to branches", () => {
  const count = runs(150);
  expect(changedBy(skipArms.small ?? skipArms, choice(2, 2, 6), count)).toBeGreaterThan(count.numRuns / 2);
});

it("does so where sides are as long as they are in programs", () => {
  const count = runs(60);
  expect(changedBy(skipArms, choice(0, 26, 40), count)).toBeGreaterThan(count.numRuns / 4);
});
