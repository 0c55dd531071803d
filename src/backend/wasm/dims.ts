// Dimensions as 64-bit integers on the stack.

import { type Atom, type Dim, isVariable, type Term, termsOf, type Variable } from "../../ir/index.ts";
import type { Code } from "./code.ts";

/** Puts a variable of a dimension on the stack. */
export type PutVariable = (variable: Variable) => void;

export function putDim(code: Code, d: Dim, put: PutVariable): void {
  const terms = typeof d === "number" ? [] : termsOf(d);
  if (terms.length === 0) code.add("i64.const", typeof d === "number" ? d : 0);
  for (const [i, term] of terms.entries()) {
    putTerm(code, term, put);
    if (i > 0) code.add("i64.add");
  }
}

function putTerm(code: Code, { coefficient, factors }: Term, put: PutVariable): void {
  for (const [i, factor] of factors.entries()) {
    putAtom(code, factor, put);
    if (i > 0) code.add("i64.mul");
  }
  if (factors.length > 0 && coefficient === 1) return;
  code.add("i64.const", coefficient);
  if (factors.length > 0) code.add("i64.mul");
}

export function putAtom(code: Code, atom: Atom, put: PutVariable): void {
  if (isVariable(atom)) {
    put(atom);
    return;
  }
  if (atom.kind === "floor") putFloor(code, atom.numerator, atom.divisor, put);
  else if (atom.kind === "exact") {
    putDim(code, atom.numerator, put);
    putDim(code, atom.divisor, put);
    code.add("i64.div_s");
  } else {
    const [first, ...rest] = atom.arguments;
    putDim(code, first, put);
    for (const d of rest) {
      const [a, b] = [code.local("i64"), code.local("i64")];
      code.add("local.set", a);
      putDim(code, d, put);
      code.add("local.set", b);
      for (const x of [a, b, a, b]) code.add("local.get", x);
      code.add(atom.kind === "max" ? "i64.gt_s" : "i64.lt_s");
      code.add("select");
    }
  }
}

/** ⌊n / d⌋ for d > 0: division truncates, so d - 1 is taken off an n below 0. */
function putFloor(code: Code, numerator: Dim, divisor: number, put: PutVariable): void {
  const n = code.local("i64");
  putDim(code, numerator, put);
  code.add("local.tee", n);
  code.add("local.get", n);
  code.add("i64.const", 63);
  code.add("i64.shr_s");
  code.add("i64.const", divisor - 1);
  code.add("i64.and");
  code.add("i64.sub");
  code.add("i64.const", divisor);
  code.add("i64.div_s");
}
