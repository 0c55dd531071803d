// Runs an op's type rule, for the builder (which may add constraints) and the verifier (which may not).

import { counted } from "../diagnostics/counted.ts";
import { AdjointError, assert, type ErrorCode, fail } from "../diagnostics/errors.ts";
import { type Origin, subjectOf } from "../diagnostics/origin.ts";
import type { Attributes, Block, Signature } from "../module/module.ts";
import type { Op, TypeContext } from "../op/op.ts";
import { Assumptions, type Constraint, constraint } from "../types/constraint.ts";
import { type Dim, sameDim } from "../types/dim.ts";
import { printType, sameLayout, sameRank, sameType, type Type } from "../types/type.ts";

/** What a type rule works on. */
export interface TypeInput {
  readonly op: Op;
  readonly operands: readonly Type[];
  readonly attributes: Attributes;
  readonly regions: readonly Block[];
  readonly segments: readonly number[];
  readonly declared: readonly Type[] | null;
  readonly origin: Origin | null;
}

/** What is known of a function's dimensions while it is built or verified. */
export class DimScope {
  readonly #constraints: Constraint[];
  readonly #assumptions: Assumptions;
  readonly #open: boolean;

  /** An open scope takes new constraints; a closed one refuses what does not follow from those it has. */
  constructor(constraints: readonly Constraint[], open: boolean) {
    this.#constraints = [...constraints];
    this.#assumptions = new Assumptions(constraints);
    this.#open = open;
  }

  get constraints(): readonly Constraint[] {
    return this.#constraints;
  }

  get assumptions(): Assumptions {
    return this.#assumptions;
  }

  /** Proves `a relation b`, or adds it, or says why not (null: it holds now). */
  require(a: Dim, relation: "==" | ">=", b: Dim, origin: Origin | null): "refuted" | "unproved" | null {
    const verdict = this.#assumptions.decide(a, relation, b);
    if (verdict === "proved") return null;
    if (verdict === "refuted") return "refuted";
    if (!this.#open) return "unproved";
    const added = constraint(a, relation, b, origin);
    this.#constraints.push(added);
    this.#assumptions.add(added);
    return null;
  }
}

/** The result types of an operation; errors carry `origin` and start with what the user called, or the op's name. */
export function inferTypes(
  input: TypeInput,
  scope: DimScope,
  signature: (name: string) => Signature | null,
): readonly Type[] {
  checkOperandCount(input);
  const context = new RuleContext(input, scope, signature);
  try {
    const types = input.op.types(context);
    if (input.declared !== null) checkDeclared(input, types, context);
    return types;
  } catch (error) {
    if (error instanceof AdjointError) throw error.at(input.origin);
    throw error;
  }
}

function checkOperandCount(input: TypeInput): void {
  const { op, operands, origin } = input;
  let least = 0;
  for (const { variadic } of op.operands) if (variadic !== true) least++;
  const fits = least === op.operands.length ? operands.length === least : operands.length >= least;
  if (!fits)
    fail(
      "arity",
      `got ${counted(operands.length, "operand")}, expected ${least === op.operands.length ? least : `at least ${least}`}`,
      { origin, subject: subjectOf(input) },
    );
}

function checkDeclared({ declared }: TypeInput, types: readonly Type[], context: TypeContext): void {
  if (declared === null || declared === types) return;
  if (types.length !== declared.length)
    context.fail("arity", `got ${counted(declared.length, "result")}, expected ${types.length}`);
  types.forEach((type, i) => {
    if (!sameType(type, declared[i])) unifyShapes(type, declared[i], context);
  });
}

/** A declared type may spell a dimension differently as long as both are equal under the constraints. */
function unifyShapes(inferred: Type, declared: Type, context: TypeContext): void {
  if (!sameForm(inferred, declared) || differs(inferred, declared)) {
    context.fail("shape", `the result has type ${printType(inferred)}, written as ${printType(declared)}`);
  }
  const [left, right] = [elementOf(inferred), elementOf(declared)];
  if (!("shape" in left && "shape" in right)) return;
  for (const [i, d] of left.shape.entries()) context.equal(d, right.shape[i], `axis ${i} of the result`);
}

/** Whether extents that are numbers differ. */
function differs(a: Type, b: Type): boolean {
  const [left, right] = [elementOf(a), elementOf(b)];
  if (!("shape" in left && "shape" in right)) return false;
  return left.shape.some((d, i) => typeof d === "number" && typeof right.shape[i] === "number" && d !== right.shape[i]);
}

/** The same kind, dtype, rank and layout. */
function sameForm(a: Type, b: Type): boolean {
  if (a.kind === "list" || b.kind === "list") return a.kind === b.kind && sameForm(elementOf(a), elementOf(b));
  return a.kind === b.kind && a.dtype === b.dtype && sameRank(a, b) && sameLayout(a, b);
}

function elementOf(type: Type): Type {
  return type.kind === "list" ? elementOf(type.element) : type;
}

class RuleContext implements TypeContext {
  readonly #input: TypeInput;
  readonly #scope: DimScope;
  readonly #signature: (name: string) => Signature | null;

  constructor(input: TypeInput, scope: DimScope, signature: (name: string) => Signature | null) {
    this.#input = input;
    this.#scope = scope;
    this.#signature = signature;
  }

  get operands(): readonly Type[] {
    return this.#input.operands;
  }
  get attributes(): Attributes {
    return this.#input.attributes;
  }
  get regions(): readonly Block[] {
    return this.#input.regions;
  }
  get segments(): readonly number[] {
    return this.#input.segments;
  }
  get declared(): readonly Type[] | null {
    return this.#input.declared;
  }

  group(name: string): readonly Type[] {
    const at = this.#input.op.groups.indexOf(name);
    assert(at >= 0, `op ${this.#input.op.name} has no operand group ${name}`);
    let start = 0;
    for (let i = 0; i < at; i++) start += this.segments[i];
    return this.operands.slice(start, start + this.segments[at]);
  }

  signature(name: string): Signature | null {
    return this.#signature(name);
  }

  equal(a: Dim, b: Dim, what: string): Dim {
    if (sameDim(a, b)) return a;
    this.#require(a, "==", b, what);
    return typeof b === "number" ? b : a;
  }

  atLeast(a: Dim, b: Dim, what: string): void {
    if (typeof a !== "number" || typeof b !== "number" || a < b) this.#require(a, ">=", b, what);
  }

  #require(a: Dim, relation: "==" | ">=", b: Dim, what: string): void {
    const problem = this.#scope.require(a, relation, b, this.#input.origin);
    if (problem === null) return;
    const expected = relation === "==" ? `${b}` : `at least ${b}`;
    if (problem === "refuted") this.fail("shape", `${what} is ${a}, expected ${expected}`);
    this.fail(
      "shape",
      `${what} is ${a}, expected ${expected}, which does not follow`,
      `declare it: where ${a} ${relation} ${b}`,
    );
  }

  fail(code: ErrorCode, reason: string, hint?: string): never {
    return fail(code, reason, { origin: this.#input.origin, hint, subject: subjectOf(this.#input) });
  }
}
