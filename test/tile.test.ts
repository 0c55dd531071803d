// Contractions and what tile makes of them: whatever their regions do, the loops have the bits of the contraction.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuse, inline, lowerToLoops, tile } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { type Module, type NdArray, verify, walk } from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import { Pipeline } from "../src/rewrite/index.ts";
import { checkPass } from "../src/testing/index.ts";
import { ordinary } from "./op-cases.ts";
import { runs } from "./support/runs.ts";

const cx = { ops: standardOps, fast: false };

/** How often operations stand in a module. */
function counts(module: Module): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { body } of module.funcs) walk(body, ({ op }) => void (found[op.name] = (found[op.name] ?? 0) + 1));
  return found;
}

/** How many axes each list has, their extents, and whether the text has these as symbols. */
interface Shape {
  readonly batch: readonly number[];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly depth: readonly number[];
}

interface Choice {
  readonly shape: Shape;
  readonly dtype: "f64" | "f32" | "i32";
  readonly isSymbolic: boolean;
  /** In which order the memory of the operands has the axes: as the lists stand, or from the last. */
  readonly reversed: readonly [left: boolean, right: boolean];
  /** How many operations compute an element of each operand, and what becomes of a sum. */
  readonly weights: readonly [left: number, right: number, result: number];
  /** Of which indices the condition is, by position; none: there is no padding. */
  readonly padding: readonly number[];
  /** Whether the left operand is read under a window that moves along. */
  readonly slides: boolean;
}

const axes = (max: number, least: number, ...extents: readonly number[]): fc.Arbitrary<number[]> =>
  fc.array(fc.constantFrom(1, 2, 5, ...extents), { minLength: least, maxLength: max });

const choices: fc.Arbitrary<Choice> = fc.record({
  shape: fc.record({
    batch: axes(1, 0),
    rows: axes(2, 0, 0, 4, 9),
    columns: axes(2, 0, 0, 3, 8),
    depth: fc.oneof(axes(2, 1, 0, 4, 7), axes(3, 3)),
  }),
  dtype: fc.constantFrom("f64", "f32", "i32"),
  isSymbolic: fc.boolean(),
  reversed: fc.tuple(fc.boolean(), fc.boolean()),
  weights: fc.tuple(fc.constantFrom(0, 1, 20), fc.constantFrom(0, 1, 20), fc.constantFrom(0, 1, 3)),
  padding: fc.oneof(fc.constant([]), fc.array(fc.nat(4), { maxLength: 3 })),
  slides: fc.boolean(),
});

/** An extent as it is spelled in types. */
type Spell = (axis: string, extent: number) => string;

class Text {
  readonly #choice: Choice;
  readonly symbols = new Map<string, number>();

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  spell: Spell = (axis, extent) => {
    if (!this.#choice.isSymbolic || axis === "") return String(extent);
    this.symbols.set(axis, extent);
    return axis;
  };

  extents(name: keyof Shape): readonly string[] {
    return this.#choice.shape[name].map((d, i) => this.spell(`${name[0].toUpperCase()}${i}`, d));
  }

  /** The indices of a region over lists, and their extents. */
  indices(names: readonly (keyof Shape)[], tag: string): readonly (readonly [index: string, extent: string])[] {
    return names.flatMap((name) => this.extents(name).map((d, i) => [`%${tag}${name[0]}${i}`, d] as const));
  }
}

/** Operations that change a number, one after another, ending in %value. */
function chain(from: string, count: number, dtype: string, tag: string): string {
  const lines: string[] = [];
  let last = from;
  for (let i = 0; i < count; i++) {
    const next = `%${tag}${i}`;
    lines.push(`    ${next} = ${["neg", "add", "abs"][i % 3]} ${i % 3 === 1 ? `${last}, %c` : last} : ${dtype}`);
    last = next;
  }
  return `${lines.join("\n")}\n    yield ${last}`;
}

interface Made {
  readonly text: string;
  readonly args: readonly NdArray[];
}

const shapeOf = (list: readonly (readonly [string, string])[]): string => list.map(([, d]) => d).join(", ");

function made(choice: Choice): Made {
  const { dtype, reversed, weights, shape } = choice;
  const text = new Text(choice);
  const params = (list: readonly (readonly [string, string])[]): string =>
    list.length === 0 ? "" : `(${list.map(([index]) => `${index}: index`).join(", ")})`;
  const at = (list: readonly (readonly [string, string])[], isReversed: boolean) =>
    isReversed ? list.toReversed() : list;
  const left = text.indices(["batch", "rows", "depth"], "l");
  const right = text.indices(["batch", "columns", "depth"], "r");
  const inside = text.indices(["batch", "rows", "depth"], "w");
  const result = text.indices(["batch", "rows", "columns"], "s");
  // under a window, the last rows and the last axis of the depth move along one axis of memory
  const row = left.findLastIndex(([index]) => index.startsWith("%lr"));
  const depth = left.length - 1;
  const isWindow = choice.slides && row >= 0;
  const read = isWindow
    ? left
        .slice(0, -1)
        .map(([index, d], i) =>
          i === row ? ([`${index}+${left[depth][0]}`, `${d}+${left[depth][1]}`] as const) : ([index, d] as const),
        )
    : left;
  const padding = choice.padding.filter((i) => i < inside.length);
  const condition =
    padding.length === 0
      ? ""
      : ` inside${params(inside)} {
    %sum_of = dim ${padding.map((i) => inside[i][0]).join("+")} : index
    %limit = dim 4 : index
    %holds = compare %sum_of, %limit, direction = lt : bool
    yield %holds
  }`;
  const lists = (["batch", "rows", "columns", "depth"] as const)
    .filter((name) => shape[name].length > 0)
    .map((name) => `${name} = [${text.extents(name).join(", ")}]`);
  const z = shapeOf(result);
  const stores =
    weights[2] === 0
      ? `    store %sum, %z[${result.map(([index]) => index).join(", ")}]`
      : `    %old = load %b[${result.map(([index]) => index).join(", ")}] : ${dtype}
    %end = add %sum, %old : ${dtype}
    %twice = add %end, %sum : ${dtype}
    store %end, %z[${result.map(([index]) => index).join(", ")}]
    store %twice, %b[${result.map(([index]) => index).join(", ")}]`;
  const [x, y] = [shapeOf(at(read, reversed[0])), shapeOf(at(right, reversed[1]))];
  const body = `  %c = constant 2 : ${dtype}
  contract ${lists.join(", ")}${condition} left${params(left)} {
    %x_i = load %x[${at(read, reversed[0])
      .map(([index]) => index)
      .join(", ")}] : ${dtype}
${chain("%x_i", weights[0], dtype, "p")}
  } right${params(right)} {
    %y_i = load %y[${at(right, reversed[1])
      .map(([index]) => index)
      .join(", ")}] : ${dtype}
${chain("%y_i", weights[1], dtype, "q")}
  } result(${[...result.map(([index]) => `${index}: index`), `%sum: ${dtype}`].join(", ")}) {
${stores}
  }
  return
}
`;
  const symbols = [...text.symbols.keys()];
  const memory = (dims: string): string => `memref<${dtype}[${dims}]>`;
  const head = `func @main${symbols.length === 0 ? "" : `<${symbols.join(", ")}>`}(%x: ${memory(x)}, %y: ${memory(y)}, %z: inout ${memory(z)}, %b: inout ${memory(z)}) {\n`;
  const size = (dims: string): number[] =>
    dims === ""
      ? []
      : dims.split(", ").map((d) => d.split("+").reduce((n, s) => n + (text.symbols.get(s) ?? Number(s)), 0));
  const args = [x, y, z, z].map((dims, i) => ordinary(dtype, size(dims), i + 1));
  return { text: head + body, args };
}

/** What a module leaves in memory. */
function left(module: Module, args: readonly NdArray[]): readonly NdArray[] {
  const own = args.map((a) => ({ ...a, data: a.data.slice() }));
  interpret(module, "main", own);
  return own;
}

describe("tile", () => {
  it("keeps the bits of contractions whatever their regions do", () => {
    fc.assert(
      fc.property(choices, (choice) => {
        const { text, args } = made(choice);
        const module = parse(text);
        verify(module, { level: "loop" });
        const tiled = tile.run(module, cx);
        verify(tiled, { level: "loop" });
        expect(counts(tiled).contract).toBeUndefined();
        expect(left(tiled, args), text).toEqual(left(module, args));
      }),
      runs(120),
    );
    // nothing packed, one operand or two, and sums beside them
    const sample = fc
      .sample(choices, { numRuns: 200, seed: 1 })
      .map((choice) => tile.run(parse(made(choice).text), cx));
    const seen = new Set(sample.map((module) => counts(module).alloc ?? 0));
    expect([...seen].sort()).toEqual([0, 1, 2, 3]);
  });

  it("keeps the bits of random programs that sum products", () => {
    const focus = ["dot", "conv"].flatMap((name) => standardOps.get(name) ?? []);
    expect(checkPass(tile, { runs: runs(100).numRuns, programs: { focus } }).changed).toBeGreaterThan(0);
  });

  it("leaves nothing to do", () => {
    const module = parse(`func @main<N>(%x: f64[N, 8], %y: f64[8, N]) -> f64[N, N] {
  %z = dot %x, %y, contract = [1] x [0] : f64[N, N]
  return %z
}
`);
    const lowering = new Pipeline([inline, fuse, lowerToLoops].map((pass) => ({ pass, reason: "it is looked at" })));
    const lowered = lowering.run(module, (pass, m) => pass.run(m, cx));
    expect(counts(lowered)).toEqual({ contract: 1, load: 2, store: 1 });
    const tiled = tile.run(lowered, cx);
    expect(tile.run(tiled, cx)).toBe(tiled);
  });
});
