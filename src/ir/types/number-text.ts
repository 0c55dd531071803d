// Numbers as text: the shortest decimal that reads back as the same value of its own dtype.

import { fail } from "../diagnostics/errors.ts";
import { type DType, dtypes, isRepresentable } from "./dtype.ts";

/** `0.1`, `-0`, `inf`, `-inf`, `nan`; booleans as `true` and `false`. */
export function printNumber(x: number, dtype: DType = "f64"): string {
  if (dtype === "bool" && (x === 0 || x === 1)) return x === 1 ? "true" : "false";
  if (Number.isNaN(x)) return "nan";
  if (Object.is(x, -0)) return "-0";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  return dtype === "f32" && Math.fround(x) === x ? shortestFloat32(x) : String(x);
}

/** Tries 1 to 9 digits; the neighbours in the last place matter at powers of two, where the spacing changes. */
function shortestFloat32(x: number): string {
  if (Number.isInteger(x) && Math.abs(x) < 2 ** 24) return String(x);
  for (let digits = 0; digits < 9; digits++) {
    const [mantissa, exponent] = x.toExponential(digits).split("e");
    const nearest = Number(mantissa.replace(".", ""));
    for (const m of [nearest, nearest - 1, nearest + 1]) {
      const decimal = Number(`${m}e${Number(exponent) - digits}`);
      if (Math.fround(decimal) === x) return String(decimal);
    }
  }
  return String(x);
}

/** A number literal as a value of `dtype`: floats round, integers have to be exact. */
export function numberOf(text: string, dtype: DType): number {
  if (text === "nan") return checked(NaN, text, dtype);
  if (text === "inf" || text === "-inf") return checked(text === "inf" ? Infinity : -Infinity, text, dtype);
  const exact = Number(text);
  const x = checked(dtypes[dtype].kind === "float" ? dtypes[dtype].round(exact) : exact, text, dtype);
  if (!Number.isFinite(x)) fail("literal", `${shown(text)} is beyond ${dtype}`, { hint: "write inf" });
  return x;
}

function checked(x: number, text: string, dtype: DType): number {
  if (dtype === "bool") fail("literal", `${shown(text)} is not a bool`, { hint: "write true or false" });
  if (isRepresentable(x, dtype)) return x;
  return fail("literal", `${shown(text)} is not a value of ${dtype}`, {
    hint: Number.isInteger(x) ? `it takes ${dtypes[dtype].min} to ${dtypes[dtype].max}` : "write an integer",
  });
}

/** A message is one line of bearable length, whatever the literal. */
function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
