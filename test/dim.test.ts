// Dimensions: the normal form means what the expression meant, prints and parses to itself, and proofs are sound.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Assumptions,
  addDims,
  type Constraint,
  constraint,
  type Dim,
  DimExpr,
  DimScope,
  evaluateDim,
  exactDim,
  floorDim,
  maxDims,
  minDims,
  mulDims,
  operandDim,
  parseModule,
  sameDim,
  subDims,
  substituteDim,
  symbol,
  tensorType,
} from "../src/ir/index.ts";

/** A dimension, and the same computed without normal form; NaN where a division leaves a rest. */
interface Meaning {
  readonly dim: Dim;
  readonly of: (sizes: Readonly<Record<string, number>>) => number;
}

const names = ["A", "B", "C"] as const;
const leaf = fc.oneof(
  fc.integer({ min: 0, max: 6 }).map((n): Meaning => ({ dim: n, of: () => n })),
  fc.constantFrom(...names).map((s): Meaning => ({ dim: symbol(s), of: (sizes) => sizes[s] })),
);

const { meaning } = fc.letrec<{ meaning: Meaning }>((tie) => {
  const pair = fc.tuple(tie("meaning"), tie("meaning"));
  const divisor = fc.integer({ min: 1, max: 6 });
  return {
    meaning: fc.oneof(
      { maxDepth: 4 },
      leaf,
      pair.map(([a, b]): Meaning => ({ dim: addDims(a.dim, b.dim), of: (s) => a.of(s) + b.of(s) })),
      pair.map(([a, b]): Meaning => ({ dim: subDims(a.dim, b.dim), of: (s) => a.of(s) - b.of(s) })),
      pair.map(([a, b]): Meaning => ({ dim: mulDims(a.dim, b.dim), of: (s) => a.of(s) * b.of(s) })),
      pair.map(([a, b]): Meaning => ({ dim: minDims(a.dim, b.dim), of: (s) => Math.min(a.of(s), b.of(s)) })),
      pair.map(([a, b]): Meaning => ({ dim: maxDims(a.dim, b.dim), of: (s) => Math.max(a.of(s), b.of(s)) })),
      fc
        .tuple(tie("meaning"), divisor)
        .map(([a, n]): Meaning => ({ dim: floorDim(a.dim, n), of: (s) => Math.floor(a.of(s) / n) })),
      fc
        .tuple(tie("meaning"), divisor)
        .map(([a, n]): Meaning => ({ dim: exactDim(mulDims(a.dim, n), n), of: (s) => a.of(s) })),
    ),
  };
});

const sizes = fc.record({
  A: fc.integer({ min: 0, max: 7 }),
  B: fc.integer({ min: 0, max: 7 }),
  C: fc.integer({ min: 0, max: 7 }),
});

function evaluate(d: Dim, at: Readonly<Record<string, number>>): number {
  return evaluateDim(d, (name) => at[name]);
}

function holds(c: Constraint, at: Readonly<Record<string, number>>): boolean {
  const [left, right] = [evaluate(c.left, at), evaluate(c.right, at)];
  return c.relation === "==" ? left === right : left >= right;
}

/** The dimension that `text` writes. */
function parseDim(text: string): Dim {
  const module = parseModule(`func @f(%x: f32[max(0, 0), ${text}]) {\n  return\n}`, new Map(), { verify: false });
  const { type } = module.funcs[0].body.arguments[0];
  return type.kind === "tensor" ? type.shape[1] : 0;
}

describe("the normal form", () => {
  it("evaluates to what the expression evaluates to", () => {
    fc.assert(
      fc.property(meaning, sizes, ({ dim, of }, at) => {
        expect(evaluate(dim, at)).toBe(of(at) + 0);
      }),
      { numRuns: 2000 },
    );
  });

  it("prints as text that parses to the same dimension", () => {
    fc.assert(
      fc.property(meaning, ({ dim }) => {
        if (typeof dim === "number" && dim < 0) return;
        expect(sameDim(parseDim(`${dim}`), dim)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it("substitutes as it evaluates", () => {
    fc.assert(
      fc.property(meaning, meaning, sizes, ({ dim }, by, at) => {
        const value = by.of(at);
        const replaced = substituteDim(dim, (name) => (name === "A" ? by.dim : undefined));
        expect(evaluate(replaced, at)).toBe(evaluate(dim, { ...at, A: value }));
      }),
      { numRuns: 1000 },
    );
  });

  it("is one for expressions equal by the laws of a commutative ring", () => {
    fc.assert(
      fc.property(meaning, meaning, meaning, (a, b, c) => {
        const [x, y, z] = [a.dim, b.dim, c.dim];
        expect(sameDim(addDims(x, y), addDims(y, x))).toBe(true);
        expect(sameDim(mulDims(x, y), mulDims(y, x))).toBe(true);
        expect(sameDim(mulDims(x, addDims(y, z)), addDims(mulDims(x, y), mulDims(x, z)))).toBe(true);
        expect(sameDim(subDims(addDims(x, y), y), x)).toBe(true);
        expect(subDims(x, x)).toBe(0);
        expect(sameDim(minDims(x, minDims(y, z)), minDims(minDims(z, x), y))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("looks as documented", () => {
    const [B, H, K] = ["B", "H", "K"].map((s) => symbol(s));
    const table: readonly (readonly [Dim, string])[] = [
      [addDims(mulDims(2, B), 1), "2*B+1"],
      [floorDim(addDims(H, 2), 2), "floor(H/2)+1"],
      [floorDim(addDims(mulDims(4, B), 2), 4), "B"],
      [floorDim(floorDim(B, 2), 3), "floor(B/6)"],
      [floorDim(addDims(mulDims(2, B), 5), 4), "floor(B/2)+1"],
      [exactDim(mulDims(B, H), B), "H"],
      [exactDim(subDims(mulDims(B, B), mulDims(H, H)), addDims(B, H)), "B-H"],
      [exactDim(mulDims(2, B), 3), "exact(2*B/3)"],
      [exactDim(addDims(B, 1), mulDims(2, H)), "exact((B+1)/(2*H))"],
      [minDims(8, B, 3, minDims(B, K)), "min(B, K, 3)"],
      [maxDims(4, 2), "4"],
      [subDims(1, B), "-B+1"],
      [mulDims(mulDims(B, H), B), "B*B*H"],
    ];
    expect(table.map(([d]) => `${d}`)).toEqual(table.map(([, text]) => text));
  });

  it("refuses to grow without bound", () => {
    let d: Dim = addDims(symbol("A"), symbol("B"));
    expect(() => {
      for (let i = 0; i < 64; i++) d = mulDims(d, d);
    }).toThrow(/degree|terms|characters|2\^53/);
    let nested: Dim = symbol("A");
    expect(() => {
      for (let i = 0; i < 1000; i++) nested = minDims(addDims(nested, 1), mulDims(2, nested));
    }).toThrow(/characters|nested/);
    expect(() => mulDims(2 ** 40, 2 ** 40)).toThrow("beyond 2^53");
    expect(() => mulDims(mulDims(2 ** 40, symbol("A")), 2 ** 40)).toThrow("beyond 2^53");
  });

  it("is frozen", () => {
    const d = floorDim(addDims(symbol("A"), 1), 2);
    expect(d instanceof DimExpr && Object.isFrozen(d) && Object.isFrozen(d.terms)).toBe(true);
    expect(Object.isFrozen(tensorType("f32", [d]).shape)).toBe(true);
  });
});

const small = fc.integer({ min: -3, max: 3 });
/** Linear and bilinear expressions, as constraints have them. */
const simple = fc
  .tuple(small, small, small, small, fc.constantFrom(...names), fc.constantFrom(...names))
  .map(([a, b, c, k, s, t]) =>
    addDims(
      addDims(mulDims(a, symbol("A")), mulDims(b, symbol("B"))),
      addDims(mulDims(c, mulDims(symbol(s), symbol(t))), k),
    ),
  );
const relation = fc.constantFrom("==" as const, ">=" as const);
const constraints = fc.array(
  fc
    .tuple(
      fc.oneof(
        simple,
        fc.constantFrom(...names).map((s) => symbol(s)),
      ),
      relation,
      simple,
    )
    .map(([a, r, b]) => constraint(a, r, b)),
  { maxLength: 4 },
);

const allSizes = [0, 1, 2, 3, 5].flatMap((A) => [0, 1, 2, 4, 7].flatMap((B) => [0, 1, 3, 6].map((C) => ({ A, B, C }))));

describe("proofs", () => {
  it("hold for all sizes that meet the constraints", () => {
    fc.assert(
      fc.property(constraints, simple, relation, simple, (given, left, r, right) => {
        const verdict = new Assumptions(given).decide(left, r, right);
        if (verdict === "unknown") return;
        for (const at of allSizes) {
          if (!given.every((c) => holds(c, at))) continue;
          expect([at, holds(constraint(left, r, right), at)]).toEqual([at, verdict === "proved"]);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("hold for expressions with floor, exact, min and max", () => {
    fc.assert(
      fc.property(meaning, relation, meaning, constraints, (a, r, b, given) => {
        const verdict = new Assumptions(given).decide(a.dim, r, b.dim);
        if (verdict === "unknown") return;
        for (const at of allSizes) {
          if (!given.every((c) => holds(c, at))) continue;
          expect([at, holds(constraint(a.dim, r, b.dim), at)]).toEqual([at, verdict === "proved"]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("find every constraint that is given", () => {
    fc.assert(
      fc.property(constraints, (given) => {
        const met = allSizes.filter((at) => given.every((c) => holds(c, at)));
        if (met.length === 0) return;
        const known = new Assumptions(given);
        for (const c of given)
          expect([`${c.left} ${c.relation} ${c.right}`, known.decide(c.left, c.relation, c.right)]).toEqual([
            `${c.left} ${c.relation} ${c.right}`,
            "proved",
          ]);
      }),
      { numRuns: 2000 },
    );
  });

  it("know equalities, bounds, what is stated, and divisibility", () => {
    const [B, C, D, H, K] = ["B", "C", "D", "H", "K"].map((s) => symbol(s));
    const twice = mulDims(2, K);
    const known = new Assumptions([
      constraint(H, "==", twice),
      constraint(B, ">=", 1),
      constraint(C, ">=", B),
      constraint(mulDims(3, symbol("X")), "==", mulDims(2, symbol("Y"))),
      constraint(9, ">=", symbol("Z")),
    ]);
    const table: readonly (readonly [Dim, "==" | ">=", Dim, string])[] = [
      [H, "==", twice, "proved"],
      [mulDims(H, B), "==", mulDims(twice, B), "proved"],
      [H, "==", addDims(twice, 1), "refuted"],
      [mulDims(6, symbol("X")), "==", mulDims(4, symbol("Y")), "proved"],
      [mulDims(2, symbol("Y")), "==", mulDims(3, symbol("X")), "proved"],
      [B, ">=", 1, "proved"],
      [B, "==", 0, "refuted"],
      [C, ">=", 1, "proved"],
      [C, ">=", subDims(B, 1), "proved"],
      [subDims(B, 1), ">=", C, "refuted"],
      [B, ">=", C, "unknown"],
      [B, ">=", addDims(C, 1), "refuted"],
      [mulDims(2, B), "==", addDims(mulDims(2, C), 1), "refuted"],
      [10, ">=", symbol("Z"), "proved"],
      [symbol("Z"), ">=", 10, "refuted"],
      [floorDim(B, 2), ">=", 0, "proved"],
      [minDims(B, 64), ">=", 1, "proved"],
      [D, ">=", minDims(D, 2), "proved"],
      [D, ">=", floorDim(D, 2), "proved"],
      [mulDims(2, floorDim(D, 2)), ">=", subDims(D, 1), "proved"],
      [maxDims(0, subDims(D, 3)), ">=", subDims(D, 3), "proved"],
      [minDims(D, 4), ">=", minDims(D, 3), "proved"],
      [minDims(D, 3), ">=", minDims(D, 4), "unknown"],
      [subDims(B, 2), ">=", 0, "unknown"],
      [subDims(-1, B), ">=", 0, "refuted"],
      [operandDim(0), ">=", 0, "unknown"],
    ];
    expect(table.map(([a, r, b]) => `${a} ${r} ${b}: ${known.decide(a, r, b)}`)).toEqual(
      table.map(([a, r, b, verdict]) => `${a} ${r} ${b}: ${verdict}`),
    );
  });

  it("keep what was known of a symbol when an equality replaces it", () => {
    const [A, B, C] = names.map((s) => symbol(s));
    const known = new Assumptions([constraint(A, ">=", 3)]);
    known.add(constraint(A, "==", subDims(B, C)));
    expect(known.decide(subDims(B, C), ">=", 3)).toBe("proved");
    expect(known.decide(A, ">=", 3)).toBe("proved");
    expect(known.decide(B, ">=", C)).toBe("proved");
  });
});

describe("a scope", () => {
  it("adds constraints in time that does not grow with those it has", () => {
    const scope = new DimScope([], true);
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      const [a, b, c] = [symbol(`A${i}`), symbol(`B${i}`), symbol(`A${i + 1}`)];
      expect(scope.require(a, "==", mulDims(2, b), null)).toBeNull();
      expect(scope.require(c, ">=", addDims(b, 1), null)).toBeNull();
      expect(scope.require(c, ">=", b, null)).toBeNull();
    }
    expect(scope.constraints.length).toBe(2 * count);
  });

  it("resolves long chains of equalities once", () => {
    const count = 20_000;
    const forward = new Assumptions();
    for (let i = 0; i < count; i++) forward.add(constraint(symbol(`A${i}`), "==", symbol(`A${i + 1}`)));
    expect(forward.isEqual(symbol("A0"), symbol(`A${count}`))).toBe(true);
    for (let i = 0; i < count; i++) expect(forward.isEqual(symbol(`A${i}`), symbol("A1"))).toBe(true);
  });

  it("refuses what does not follow when it is closed", () => {
    const scope = new DimScope([constraint(symbol("B"), ">=", 2)], false);
    expect(scope.require(symbol("B"), ">=", 1, null)).toBeNull();
    expect(scope.require(symbol("B"), ">=", 3, null)).toBe("unproved");
    expect(scope.require(symbol("B"), "==", 1, null)).toBe("refuted");
  });
});
