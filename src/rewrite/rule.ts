// Rewrite rules: local identities as data. The driver decides where and in which order they apply.

import {
  assert,
  counted,
  type DType,
  elementDType,
  fail,
  type Op,
  type Operation,
  type Type,
  type Value,
} from "../ir/index.ts";
import {
  type Definitions,
  match,
  mayMatch,
  type OperationPattern,
  type Pattern,
  type PatternOperand,
  variable,
} from "./pattern.ts";

/** `exact` rules keep every bit of every result; `fast` ones run only where the user allows them. */
export type RuleClass = "exact" | "fast";

/** The context of a rewrite. Operations go to the current builder. */
export interface RewriteContext extends Definitions {
  /** Appends a constant of the type, all elements equal. */
  constant(value: number | boolean, type: Type): Value;
  /** Appends the operations of a region without arguments as they are; gives its results. */
  splice(operation: Operation, region: number): readonly Value[];
}

/** A match of a pattern, for guards and replacements that need more than the variables. */
export interface Match extends RewriteContext {
  /** The variables' values, in order. */
  readonly values: readonly Value[];
  /** The matched operations: the root, then its operands' from left to right. */
  readonly operations: readonly Operation[];
  /** The type of the replaced value. */
  readonly type: Type;
  readonly dtype: DType;
}

/** The new value; a number is a constant of the root's type, and null declines the rewrite. */
export type Replacement = Value | number | boolean | null;

export interface RuleOptions {
  /** Default: exact. */
  readonly class?: RuleClass;
  /** The dtypes of the replaced value; any where left out. */
  readonly dtypes?: (dtype: DType) => boolean;
  /** Narrows the rule further. */
  readonly where?: (match: Match) => boolean;
}

export interface Rule {
  /** The identity itself: `x * 1 → x`. */
  readonly name: string;
  readonly class: RuleClass;
  /** Null where no pattern describes the rule. */
  readonly pattern: Pattern | null;
  /** Whether operations of this op can be the root. */
  matches(op: Op): boolean;
  /** A fast necessary condition, which is false nearly everywhere. */
  mayApply(operation: Operation, definitions: Definitions): boolean;
  /** New values for the operation's results, or null. */
  rewrite(operation: Operation, context: RewriteContext): readonly Value[] | null;
}

/**
 * A local identity: `rule("x * 1 → x", (x) => mul(x, 1), (x) => x)`, where `mul` comes from a `vocabulary`. The pattern
 * is given variables, and returns the operation to find. The replacement is given their values, and returns the new value,
 * built with strict functions, or a function of the whole match that returns it. Commutative ops match in both orders.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function rule(
  name: string,
  pattern: (...variables: Pattern[]) => PatternOperand,
  replacement: Replace,
  options: RuleOptions = {},
): Rule {
  const tree = patternOf(name, pattern);
  return Object.freeze(new LocalRule(name, () => tree, replacement, options));
}

/** A right side: what takes the variables' values. */
export type Replace = (...values: Value[]) => Replacement | ((match: Match) => Replacement);

/** The tree of a pattern's function, which has as many variables as that has parameters. */
export function patternOf(name: string, pattern: (...variables: Pattern[]) => PatternOperand): OperationPattern {
  const tree = pattern(...Array.from({ length: pattern.length }, (_, i) => variable(i)));
  if (typeof tree !== "object" || tree.kind !== "operation") {
    return fail("structure", `rule '${name}': the pattern is not an operation`, { hint: "write it like mul(x, 1)" });
  }
  requireAllVariables(name, tree, pattern.length);
  return tree;
}

/**
 * A rule whose pattern may be made when it is first asked for. It is null while the program lacks an op that it speaks of, and
 * asked for again then, since a part of the compiler that is brought later may have the op.
 */
export class LocalRule implements Rule {
  readonly name: string;
  readonly class: RuleClass;
  readonly #makePattern: () => OperationPattern | null;
  #pattern: OperationPattern | null | undefined;
  readonly #replacement: Replace;
  readonly #dtypes: RuleOptions["dtypes"];
  readonly #where: RuleOptions["where"];

  constructor(name: string, pattern: () => OperationPattern | null, replacement: Replace, options: RuleOptions) {
    this.name = name;
    this.class = options.class ?? "exact";
    this.#makePattern = pattern;
    this.#replacement = replacement;
    this.#dtypes = options.dtypes;
    this.#where = options.where;
  }

  get pattern(): OperationPattern | null {
    const pattern = this.#pattern ?? this.#makePattern();
    this.#pattern = pattern;
    return pattern;
  }

  matches(op: Op): boolean {
    return op === this.pattern?.op;
  }

  mayApply(operation: Operation, definitions: Definitions): boolean {
    const dtype = this.#dtypes === undefined ? undefined : elementDType(operation.results[0].type);
    if (dtype !== undefined && this.#dtypes?.(dtype) === false) return false;
    const { pattern } = this;
    return pattern !== null && mayMatch(pattern, operation, definitions);
  }

  rewrite(operation: Operation, context: RewriteContext): readonly Value[] | null {
    const { pattern } = this;
    const found = pattern === null ? null : match(pattern, operation, context);
    if (found === null) return null;
    const whole = wholeMatch(found.values, found.operations, context);
    if (this.#dtypes?.(whole.dtype) === false || this.#where?.(whole) === false) return null;
    const given = this.#replacement(...found.values);
    const result = typeof given === "function" ? given(whole) : given;
    if (result === null) return null;
    return [typeof result === "object" ? result : context.constant(result, whole.type)];
  }
}

/**
 * A rule for every op of a kind, or for operations that no pattern describes: with regions, or several results.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function opRule(
  name: string,
  matches: (op: Op) => boolean,
  rewrite: (operation: Operation, context: RewriteContext) => readonly Value[] | null,
  options: { readonly class?: RuleClass } = {},
): Rule {
  return Object.freeze({
    name,
    class: options.class ?? "exact",
    pattern: null,
    matches,
    mayApply: () => true,
    rewrite,
  });
}

function requireAllVariables(name: string, tree: Pattern, count: number): void {
  const used = new Set<number>();
  const visit = (p: Pattern): void => {
    if (p.kind === "variable") used.add(p.index);
    if (p.kind === "operation") for (const operand of p.operands) visit(operand);
  };
  visit(tree);
  if (used.size !== count)
    fail("arity", `rule '${name}': the pattern uses ${used.size} of its ${counted(count, "variable")}`);
}

function wholeMatch(values: readonly Value[], operations: readonly Operation[], context: RewriteContext): Match {
  const { type } = operations[0].results[0];
  const dtype = elementDType(type);
  assert(dtype !== undefined, "a pattern describes tensors");
  return {
    values,
    operations,
    type,
    dtype,
    definition: (v) => context.definition(v),
    splat: (v) => context.splat(v),
    constant: (value, t) => context.constant(value, t),
    splice: (operation, region) => context.splice(operation, region),
  };
}
