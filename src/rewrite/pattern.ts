// Patterns, the left sides of rewrite rules: trees of operations, written with functions made from an op table.

import {
  type Attribute,
  type Attributes,
  counted,
  fail,
  mustStay,
  type Op,
  type Operation,
  sameAttribute,
  touchesMemory,
  type Value,
} from "../ir/index.ts";

/** A tree of operations over variables and literals. */
export type Pattern =
  /** Any value; the same variable twice means the same value twice. */
  | { readonly kind: "variable"; readonly index: number }
  /** A constant whose elements all have these bits: -0 is not 0. */
  | { readonly kind: "literal"; readonly value: number }
  /** An operation of one result. Attributes that are not named may be anything. */
  | {
      readonly kind: "operation";
      readonly op: Op;
      readonly operands: readonly Pattern[];
      readonly attributes: Attributes;
    };

/** An operand of a pattern. A number or boolean matches a splat of any shape and dtype. */
export type PatternOperand = Pattern | number | boolean;

/** `mul(x, 1)`; the last argument may name attributes: `compare(x, x, { direction: "eq" })`. */
export type PatternFunction = (...args: readonly (PatternOperand | Attributes)[]) => Pattern;

/** A pattern function for each record: `const { mul, neg } = vocabulary(records)`. */
export function vocabulary<R extends Readonly<Record<string, Op>>>(
  records: R,
): { readonly [K in keyof R]: PatternFunction } {
  const functions: Record<string, PatternFunction> = {};
  for (const [name, op] of Object.entries(records)) functions[name] = patternFunction(op);
  return Object.freeze(functions) as { readonly [K in keyof R]: PatternFunction };
}

function patternFunction(op: Op): PatternFunction {
  return (...args) => {
    const operands: Pattern[] = [];
    let attributes: Attributes = {};
    for (const [i, arg] of args.entries()) {
      if (typeof arg === "number" || typeof arg === "boolean") operands.push({ kind: "literal", value: Number(arg) });
      else if (isPattern(arg)) operands.push(arg);
      else if (i === args.length - 1) attributes = arg;
      else fail("arity", `${op.name}: attributes come last in a pattern`);
    }
    checkPattern(op, operands, attributes);
    return Object.freeze({ kind: "operation", op, operands: Object.freeze(operands), attributes });
  };
}

function isPattern(arg: Pattern | Attributes): arg is Pattern {
  return arg.kind === "variable" || arg.kind === "literal" || arg.kind === "operation";
}

/** A value that a pattern matches may be computed elsewhere, or not at all: its ops have no effects, memory or regions. */
function checkPattern(op: Op, operands: readonly Pattern[], attributes: Attributes): void {
  if (mustStay(op.effects) || touchesMemory(op.effects) || op.regions.length > 0) {
    fail("structure", `${op.name} has effects, memory or regions, which a pattern cannot describe`, {
      hint: "write a pass",
    });
  }
  const variadic = op.operands.some((o) => o.variadic === true);
  if (!variadic && operands.length !== op.operands.length) {
    fail("arity", `${op.name}: the pattern has ${counted(operands.length, "operand")}, expected ${op.operands.length}`);
  }
  for (const name of Object.keys(attributes)) {
    if (!Object.hasOwn(op.attributes, name)) fail("attribute", `${op.name} has no attribute '${name}'`);
  }
}

export function variable(index: number): Pattern {
  return Object.freeze({ kind: "variable", index });
}

/** The definitions of values, which a match reads. */
export interface Definitions {
  /** The operation that defines a value; undefined for arguments. */
  definition(value: Value): Operation | undefined;
  /** The number of a splat constant; null for other values. */
  splat(value: Value): number | null;
}

/** The values of a pattern's variables, and its operations: the root, then its operands' from left to right. */
export interface Bound {
  readonly values: readonly Value[];
  readonly operations: readonly Operation[];
}

/** Matches a pattern whose root is an operation; operands of commutative ops in either order. */
export function match(pattern: Pattern, root: Operation, definitions: Definitions): Bound | null {
  if (pattern.kind !== "operation") return null;
  const matcher = new Matcher(definitions);
  return matcher.operation(pattern, root) ? matcher.bound() : null;
}

export type OperationPattern = Pattern & { readonly kind: "operation" };

/** A fast necessary condition, by ops and literals only: most rules do not match most operations. */
export function mayMatch(
  { operands, op }: OperationPattern,
  { operands: values }: Operation,
  definitions: Definitions,
): boolean {
  if (operands.length !== values.length) return false;
  if (operands.length !== 2) return operands.every((p, i) => mayBe(p, values[i], definitions));
  const [p, q] = operands;
  const [v, w] = values;
  if (p.kind === "variable" && q.kind === "variable" && p.index === q.index && v !== w) return false;
  if (mayBe(p, v, definitions) && mayBe(q, w, definitions)) return true;
  return op.traits.commutative && mayBe(p, w, definitions) && mayBe(q, v, definitions);
}

function mayBe(pattern: Pattern, value: Value, definitions: Definitions): boolean {
  if (pattern.kind === "variable") return true;
  if (pattern.kind === "literal") return Object.is(definitions.splat(value), pattern.value);
  const operation = definitions.definition(value);
  return operation !== undefined && operation.op === pattern.op && mayMatch(pattern, operation, definitions);
}

class Matcher {
  readonly #definitions: Definitions;
  readonly #values: (Value | undefined)[] = [];
  readonly #operations: Operation[] = [];

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
  }

  bound(): Bound {
    return { values: this.#values.filter((v) => v !== undefined), operations: this.#operations };
  }

  operation(pattern: OperationPattern, operation: Operation): boolean {
    const { op, operands, attributes } = pattern;
    if (operation.op !== op || operation.results.length !== 1) return false;
    if (operation.operands.length !== operands.length) return false;
    for (const [name, value] of Object.entries(attributes)) {
      if (!sameAttribute(operation.attributes[name] as Attribute, value)) return false;
    }
    const mark = this.#operations.length;
    const before = [...this.#values];
    const attempt = (order: readonly Value[]): boolean => {
      this.#operations.push(operation);
      if (operands.every((p, i) => this.#value(p, order[i]))) return true;
      this.#operations.length = mark;
      this.#values.splice(0, this.#values.length, ...before);
      return false;
    };
    if (attempt(operation.operands)) return true;
    return op.traits.commutative && operands.length === 2 && attempt([...operation.operands].reverse());
  }

  #value(pattern: Pattern, value: Value): boolean {
    switch (pattern.kind) {
      case "literal":
        return Object.is(this.#definitions.splat(value), pattern.value);
      case "operation": {
        const operation = this.#definitions.definition(value);
        return operation !== undefined && this.operation(pattern, operation);
      }
      case "variable": {
        const known = this.#values[pattern.index];
        if (known === undefined) this.#values[pattern.index] = value;
        return known === undefined || known === value;
      }
    }
  }
}
