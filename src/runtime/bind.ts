// Binding: the sizes of a function's dimension symbols from concrete arguments, with every check that a call needs.

import {
  AdjointError,
  addDims,
  asSymbol,
  type Constraint,
  collectSymbols,
  counted,
  type Dim,
  dtypes,
  evaluateDim,
  fail,
  isDType,
  isTypedArray,
  mulDims,
  type NdArray,
  type Origin,
  printShape,
  printType,
  type Signature,
  sizeOf,
  subDims,
  symbol,
  type Type,
  termsOf,
} from "../ir/index.ts";

import { DeferredArray } from "./deferred.ts";

/** The value of each dimension symbol for one call. */
export type Sizes = ReadonlyMap<string, number>;

/** `coefficient * name + rest == right`, which gives the symbol `name` once the others are known. */
interface Equation {
  readonly name: string;
  readonly coefficient: number;
  readonly rest: Dim;
  readonly right: Dim | Extent;
  readonly origin: Origin | null;
}

/** One extent of one argument. */
interface Extent {
  readonly argument: number;
  readonly axis: number;
}

interface Parameter {
  readonly type: Type;
  readonly shape: readonly Dim[];
  readonly label: string;
}

/** The part of an argument that determines sizes. */
type Shaped = Pick<NdArray, "shape">;

/** Binds the symbols of one signature. The plan is made once, so that a call only reads and compares extents. */
export class Binder {
  readonly #signature: Signature;
  readonly #parameters: readonly Parameter[];
  /** The first extent that is a bare symbol, for each symbol that has one. */
  readonly #extents = new Map<string, Extent>();
  /** Equations for the symbols that are no extent by themselves, in solving order. */
  readonly #equations: readonly Equation[];

  /** `names` are the user's names of the arguments, for messages. */
  constructor(signature: Signature, names: readonly (string | null)[] = []) {
    this.#signature = signature;
    this.#parameters = signature.arguments.map((type, i) => ({
      type,
      shape: "shape" in type ? type.shape : [],
      label: names[i] == null ? `argument ${i}` : `argument '${names[i]}'`,
    }));
    for (const [argument, { shape }] of this.#parameters.entries()) {
      for (const [axis, d] of shape.entries()) {
        const name = asSymbol(d);
        if (name !== null && !this.#extents.has(name)) this.#extents.set(name, { argument, axis });
      }
    }
    this.#equations = this.#extents.size === signature.symbols.length ? [] : this.#planEquations();
  }

  /** The sizes for arguments that are known to fit. `given` has the sizes that the call binds itself. */
  sizes(args: readonly Shaped[], given: Readonly<Record<string, number>> = {}): Sizes {
    const sizes = new Map(Object.entries(given));
    for (const [name, { argument, axis }] of this.#extents) {
      if (!sizes.has(name)) sizes.set(name, args[argument].shape[axis]);
    }
    for (const equation of this.#equations) if (!sizes.has(equation.name)) this.#solve(equation, args, sizes);
    return sizes;
  }

  /** Whether arguments of these shapes, of the right dtypes and ranks, fit. */
  accepts(shapes: readonly (readonly number[])[]): boolean {
    try {
      const args = shapes.map((shape) => ({ shape }));
      const sizes = this.sizes(args);
      if (this.#signature.symbols.some((name) => !sizes.has(name))) return false;
      for (let i = 0; i < args.length; i++) this.#checkExtents(this.#parameters[i], args[i], sizes);
      for (const c of this.#signature.constraints) this.#checkConstraint(c, sizes);
      return true;
    } catch (error) {
      if (error instanceof AdjointError) return false;
      throw error;
    }
  }

  /** The sizes; an argument of another dtype, rank or extent, or a constraint that does not hold, is an error. */
  check(args: readonly NdArray[]): Sizes {
    const expected = this.#parameters.length;
    if (args.length !== expected) this.#fail(`got ${counted(args.length, "argument")}, expected ${expected}`);
    for (let i = 0; i < args.length; i++) this.#checkKind(this.#parameters[i], args[i]);
    const sizes = this.sizes(args);
    for (const name of this.#signature.symbols) {
      if (!sizes.has(name)) this.#fail(`symbol ${name} does not follow from the argument shapes`);
    }
    for (let i = 0; i < args.length; i++) this.#checkExtents(this.#parameters[i], args[i], sizes);
    for (const c of this.#signature.constraints) this.#checkConstraint(c, sizes);
    return sizes;
  }

  #checkKind({ type, shape, label }: Parameter, arg: NdArray): void {
    const problem = problemOf(arg);
    if (problem !== null) this.#fail(`${label} ${problem}`);
    if (type.kind === "list") this.#fail(`${label} is a ${printType(type)}, which cannot be passed in`);
    if (arg.dtype !== type.dtype) this.#fail(`${label} has dtype ${arg.dtype}, expected ${type.dtype}: cast it`);
    if (type.kind !== "unranked" && arg.shape.length !== shape.length) {
      this.#fail(
        `${label} has rank ${arg.shape.length} (shape ${printShape(arg.shape)}), expected rank ${shape.length} as in ${printType(type)}`,
      );
    }
  }

  #checkExtents({ shape, label }: Parameter, arg: Shaped, sizes: Sizes): void {
    for (let axis = 0; axis < shape.length; axis++) {
      const d = shape[axis];
      const expected = this.#value(d, sizes);
      if (arg.shape[axis] === expected) continue;
      const dimension = typeof d === "number" ? "" : ` (${d})`;
      const reason = typeof d === "number" ? "" : `, since ${this.#describe([d], sizes)}`;
      this.#fail(`${label}: axis ${axis}${dimension} is ${arg.shape[axis]}, expected ${expected}${reason}`);
    }
  }

  #checkConstraint(c: Constraint, sizes: Sizes): void {
    const left = this.#value(c.left, sizes, c.origin);
    const right = this.#value(c.right, sizes, c.origin);
    if (c.relation === "==" ? left === right : left >= right) return;
    if (c.relation === ">=" && typeof c.left === "number")
      this.#fail(
        `${c.right} is ${right}, expected at most ${left}, since ${this.#describe([c.right], sizes)}`,
        c.origin,
      );
    const sides = `${c.left} is ${left}, expected ${c.relation === "==" ? "" : "at least "}${c.right}`;
    const bound = typeof c.right === "number" ? "" : ` = ${right}`;
    this.#fail(`${sides}${bound}, since ${this.#describe([c.left, c.right], sizes)}`, c.origin);
  }

  #value(d: Dim, sizes: Sizes, origin: Origin | null = null): number {
    try {
      return evaluateDim(d, (name) => sizes.get(name));
    } catch (error) {
      if (!(error instanceof AdjointError)) throw error;
      return this.#fail(`${d} has no value: ${error.reason}, since ${this.#describe([d], sizes)}`, origin);
    }
  }

  /** `B = 3 (axis 0 of argument 'x')` for each symbol of the dimensions. */
  #describe(dims: readonly Dim[], sizes: Sizes): string {
    const names = new Set<string>();
    for (const d of dims) collectSymbols(d, names);
    return [...names].map((name) => `${name} = ${sizes.get(name)}${this.#source(name)}`).join(" and ");
  }

  #source(name: string): string {
    const extent = this.#extents.get(name);
    return extent === undefined ? "" : ` (axis ${extent.axis} of ${this.#parameters[extent.argument].label})`;
  }

  #fail(reason: string, origin: Origin | null = null): never {
    return fail("argument", `@${this.#signature.name}: ${reason}`, { origin });
  }

  // ---- equations ----------------------------------------------------------------------------------------------------

  #planEquations(): readonly Equation[] {
    const known = new Set(this.#extents.keys());
    const open = this.#statements();
    const plan: Equation[] = [];
    for (let progress = true; progress; ) {
      progress = false;
      for (const [left, right, origin] of open) {
        const equation = isolate(left, right, origin, known);
        if (equation === null) continue;
        plan.push(equation);
        known.add(equation.name);
        progress = true;
      }
    }
    return plan;
  }

  /** The equalities of the signature: argument extents with their dimensions, and the sides of `==` constraints. */
  #statements(): readonly (readonly [Dim, Dim | Extent, Origin | null])[] {
    const extents = this.#parameters.flatMap(({ shape }, argument) =>
      shape.flatMap((d, axis) =>
        typeof d === "number" || asSymbol(d) !== null ? [] : [[d, { argument, axis }, null] as const],
      ),
    );
    const equalities = this.#signature.constraints
      .filter((c) => c.relation === "==")
      .map((c) => [subDims(c.left, c.right), 0, c.origin] as const);
    return [...extents, ...equalities];
  }

  #solve(equation: Equation, args: readonly Shaped[], into: Map<string, number>): void {
    const { name, coefficient, rest, right, origin } = equation;
    const lookup = (other: string): number | undefined => into.get(other);
    const target = isExtent(right) ? args[right.argument].shape[right.axis] : evaluateDim(right, lookup);
    const value = (target - evaluateDim(rest, lookup)) / coefficient;
    if (Number.isInteger(value) && value >= 0) {
      into.set(name, value);
      return;
    }
    const where = isExtent(right) ? `${this.#parameters[right.argument].label}: axis ${right.axis}` : "a constraint";
    const form = addDims(mulDims(coefficient, symbol(name)), rest);
    this.#fail(`${where} needs ${form} = ${target}, which no size ${name} of at least 0 gives`, origin);
  }
}

/** Why an argument is no array; callers without types may pass anything. */
function problemOf(arg: unknown): string | null {
  if (typeof arg !== "object" || arg === null || !("data" in arg && "shape" in arg && "dtype" in arg)) {
    return `is ${arg === null ? "null" : `a ${typeof arg}`}, expected an array { dtype, shape, data }`;
  }
  if (arg instanceof DeferredArray) return null;
  const { dtype, shape, data } = arg as NdArray;
  if (!isDType(dtype)) return `has dtype '${String(dtype)}', which is none`;
  if (!Array.isArray(shape) || !shape.every((n) => Number.isSafeInteger(n) && n >= 0))
    return `has a shape that is no array of sizes`;
  if (!isTypedArray(data, dtypes[dtype].array.name))
    return `has other data than the ${dtypes[dtype].array.name} of ${dtype}`;
  if (data.length === sizeOf(shape)) return null;
  return `has ${counted(data.length, "element")}, expected ${sizeOf(shape)} for its shape ${printShape(shape)}`;
}

function isExtent(right: Dim | Extent): right is Extent {
  return typeof right === "object" && "argument" in right;
}

/** The equation for the one symbol of `left` that is not known, where `left` is linear in it. */
function isolate(left: Dim, right: Dim | Extent, origin: Origin | null, known: ReadonlySet<string>): Equation | null {
  const unknown = [...collectSymbols(left, new Set())].filter((name) => !known.has(name));
  if (unknown.length !== 1) return null;
  const [name] = unknown;
  const coefficient = termsOf(left).find((t) => t.key === name)?.coefficient;
  if (coefficient === undefined) return null;
  const rest = subDims(left, mulDims(coefficient, symbol(name)));
  return collectSymbols(rest, new Set()).has(name) ? null : { name, coefficient, rest, right, origin };
}
