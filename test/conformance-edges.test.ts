// Special and extreme values against references from outside: the whole collection, or the extract in test/fixtures.

import { describe, expect, it } from "vitest";
import * as adjoint from "../src/index.ts";
import { compile, type Tensor } from "../src/index.ts";
import { referenceText } from "./support/references.ts";

type Spelled = number | boolean | string;
type Unary = (x: Tensor) => Tensor;
type Binary = (x: Tensor, y: Tensor) => Tensor;

function numberOf(x: Spelled): number {
  return typeof x === "string" ? Number(x.replace("inf", "Infinity").replace("nan", "NaN")) : Number(x);
}

const scratch = new Float64Array(1);
const scratchBits = new BigInt64Array(scratch.buffer);

/** The place of x among all f64 in order. */
function place(x: number): bigint {
  scratch[0] = x;
  const bits = scratchBits[0];
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
}

function isNear(got: number, expected: number, ulps: number): boolean {
  if (Object.is(got, expected)) return true;
  if (!Number.isFinite(expected) || !Number.isFinite(got) || expected === 0) return false;
  const distance = place(got) - place(expected);
  return distance <= ulps && distance >= -ulps;
}

/** The elements that a function of columns gives, the same on every backend. */
function elementsOf(f: (...columns: Tensor[]) => Tensor, columns: readonly (readonly number[])[]): readonly number[] {
  const types = columns.map(() => "f64[N]");
  const [js, interpreted, wasm] = (["js", "interpret", "wasm"] as const).map((backend) => {
    const compiled = compile(f, types, { backend });
    expect(compiled.backend).toBe(backend);
    const call = compiled as (...x: Float64Array[]) => Tensor;
    return [...call(...columns.map((c) => Float64Array.from(c))).data()];
  });
  expect(js).toEqual(interpreted);
  expect(wasm).toEqual(interpreted);
  return js;
}

const { add, neg, sub, select } = { ...adjoint, select: adjoint.where };

/** Functions of the tables that have another name here, or are built on the spot. */
const renamed: Readonly<Record<string, Unary>> = {
  round_even: adjoint.round,
  round_away: (x) =>
    adjoint.copysign(
      select(
        adjoint.less(adjoint.abs(sub(adjoint.trunc(x), x)), 0.5),
        adjoint.trunc(x),
        add(adjoint.trunc(x), adjoint.sign(x)),
      ),
      x,
    ),
  sigmoid: adjoint.logistic,
  softplus: (x) => adjoint.logaddexp(x, 0),
  log_sigmoid: (x) => neg(adjoint.logaddexp(neg(x), 0)),
  relu: (x) => adjoint.maximum(x, 0),
  isnan: adjoint.isNaN,
  isinf: adjoint.isInf,
  isfinite: adjoint.isFinite,
};

const exactly =
  "neg abs sign floor ceil trunc round_even round_away square reciprocal sqrt isnan isinf isfinite relu".split(" ");

describe("unary functions at special and extreme values", () => {
  const table: Record<string, [Spelled, Spelled][]> = JSON.parse(referenceText("edges/unary_f64.json")).unary;

  it.each(Object.keys(table))("%s", (name) => {
    const f = renamed[name] ?? (adjoint as unknown as Record<string, Unary>)[name];
    const rows = table[name].map(([x, expected]) => [numberOf(x), numberOf(expected)] as const);
    const got = elementsOf(f, [rows.map(([x]) => x)]);
    const wrong = rows.flatMap(([x, expected], i) =>
      isNear(got[i], expected, exactly.includes(name) ? 0 : 2) ? [] : [[x, got[i], expected]],
    );
    expect(wrong).toEqual([]);
  });
});

const arrayNames: Readonly<Record<string, Unary | Binary>> = {
  ...renamed,
  divide: adjoint.div,
  multiply: adjoint.mul,
  floor_divide: adjoint.floorDivide,
  not_equal: adjoint.notEqual,
};

interface Row {
  readonly args: readonly number[];
  readonly expected: number;
  readonly ulps: number;
}

/** The power of ±1 to ±∞ is NaN and the sign of -0 is -0, as ECMAScript has it. */
function isOtherwise(name: string, args: readonly number[]): boolean {
  const [x, y] = args;
  return (name === "pow" && Math.abs(x) === 1 && !Number.isFinite(y)) || (name === "sign" && Object.is(x, -0));
}

function specials(): Readonly<Record<string, Row[]>> {
  const tables: Record<string, Row[]> = {};
  const { rows } = JSON.parse(referenceText("edges/array_api_specials.json")) as {
    rows: [string, Spelled[], Spelled, string, string?][];
  };
  for (const [name, spelled, expected, kind, note] of rows) {
    const args = spelled.map(numberOf);
    if (note !== undefined || isOtherwise(name, args)) continue;
    (tables[name] ??= []).push({ args, expected: numberOf(expected), ulps: kind === "exact" ? 0 : 2 });
  }
  return tables;
}

describe("special cases of the array API standard", () => {
  const tables = specials();

  it.each(Object.keys(tables))("%s", (name) => {
    const f = (arrayNames[name] ?? (adjoint as unknown as Record<string, Binary>)[name]) as Binary;
    const rows = tables[name];
    const columns = rows[0].args.map((_, k) => rows.map((row) => row.args[k]));
    const got = elementsOf(f, columns);
    const wrong = rows.flatMap(({ args, expected, ulps }, i) =>
      isNear(got[i], expected, ulps) ? [] : [[...args, got[i], expected]],
    );
    expect(wrong).toEqual([]);
  });
});
