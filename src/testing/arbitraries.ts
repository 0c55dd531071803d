// Arbitraries for fast-check's own assert: modules, arguments, arrays, which print as IR does and shrink.

import fc from "fast-check";
import {
  type Constraint,
  type DType,
  dtypes,
  evaluateDim,
  type Module,
  type NdArray,
  printModule,
  printType,
  rankedOf,
  type Signature,
  sizeOf,
  type Type,
} from "../ir/index.ts";
import type { Dims } from "./generate/program.ts";
import { makeProgram, type Program, type ProgramOptions } from "./generate/program.ts";
import { randomProgram } from "./generate/programs.ts";
import { Random } from "./generate/random.ts";
import { requireProgramOptions, requireTypeOptions } from "./options.ts";
import { smallerModules } from "./reduce.ts";
import { arbitraryNumber, arbitraryType } from "./types.ts";
import { showArray } from "./values.ts";

class ProgramArbitrary extends fc.Arbitrary<Program> {
  readonly #options: ProgramOptions;

  constructor(options: ProgramOptions) {
    super();
    this.#options = options;
  }

  generate(random: fc.Random): fc.Value<Program> {
    const program = randomProgram(new Random(random.nextInt(-(2 ** 31), 2 ** 31 - 1)), this.#options);
    return new fc.Value(program, undefined);
  }

  canShrinkWithoutContext(value: unknown): value is Program {
    return typeof value === "object" && value !== null && "module" in value && "sizes" in value;
  }

  /** `path` has the texts of those that it was shrunk from: a step that leads back to one of them would be taken for ever. */
  shrink({ module, sizes }: Program, path?: unknown): fc.Stream<fc.Value<Program>> {
    const seen: ReadonlySet<unknown> = new Set(path instanceof Set ? path : []).add(printModule(module));
    const smaller = function* () {
      for (const candidate of smallerModules(module, "main"))
        if (!seen.has(printModule(candidate))) yield new fc.Value(makeProgram(candidate, sizes), seen);
    };
    return new fc.Stream(smaller());
  }
}

/** Random programs; a failing one shrinks to fewer operations and prints as IR. */
export function arbitraryProgram(options: ProgramOptions = {}): fc.Arbitrary<Program> {
  requireProgramOptions("arbitraryProgram", options);
  return new ProgramArbitrary(options);
}

/**
 * Random modules that the verifier accepts, with a public function `main`; a failing one shrinks to fewer operations and
 * prints as IR.
 *
 * @throws AdjointError `option` for an option that is not known, or a value that it cannot have.
 * @example fc.assert(fc.property(modules({ regions: false }), (module) => verify(myPass.run(module, context))))
 */
export function modules(options: ProgramOptions = {}): fc.Arbitrary<Module> {
  requireProgramOptions("modules", options);
  return new ProgramArbitrary(options).map(
    ({ module }) => Object.freeze({ ...module, toString: () => printModule(module) }),
    (shown) => makeProgram(shown as Module, {}),
  );
}

/** What types are made of. */
export interface TypeOptions {
  /** The symbols of sizes; N and M where left out. */
  readonly symbols?: readonly string[];
  /** Their dtypes; all where left out. */
  readonly dtypes?: readonly DType[];
  /** Tensors where left out, which are what `arrays` takes. */
  readonly kinds?: readonly Type["kind"][];
  /** The most axes; 3 where left out. */
  readonly rank?: number;
}

/**
 * Random types, which print as IR does: tensors, and on request unranked tensors, memory and lists.
 *
 * @throws AdjointError `option` for an option that is not known, or a value that it cannot have.
 * @example types({ dtypes: ["f64"], symbols: [] }).chain((type) => arrays(type))
 */
export function types(options: TypeOptions = {}): fc.Arbitrary<Type> {
  requireTypeOptions("types", options, ["tensor", "unranked", "memref", "vector", "list"]);
  return arbitraryType(options.symbols, { kinds: ["tensor"], ...options }).map(
    (type) => Object.freeze(Object.defineProperty({ ...type }, "toString", { value: () => printType(type) })),
    (shown) => shown as Type,
  );
}

/** The largest size of a dimension symbol in arguments. */
const largestSize = 5;

/**
 * Arguments for a function of tensors: sizes of its symbols for which its constraints hold, or the given ones, and arrays of
 * these shapes. They print as text, and shrink to smaller sizes and simpler numbers.
 *
 * @throws TypeError for what is no signature, and for an argument that is no tensor of known rank.
 * @example fc.property(callArguments(signatureOf(main)), (args) => interpret(module, "main", args).length === 1)
 */
export function callArguments(signature: Signature, sizes?: Dims): fc.Arbitrary<readonly NdArray[]> {
  if (!Array.isArray(signature?.arguments) || !Array.isArray(signature.symbols))
    throw new TypeError(`arguments: got a value of type ${typeof signature}, expected a signature: signatureOf(func)`);
  const known = sizes === undefined ? sizesOfSymbols(signature) : fc.constant(sizes);
  return known.chain((dims) => fc.tuple(...signature.arguments.map((type) => arrays(type, dims))));
}

function sizesOfSymbols({ symbols, constraints, arguments: args }: Signature): fc.Arbitrary<Dims> {
  const any = fc.record(Object.fromEntries(symbols.map((name) => [name, fc.nat(largestSize)])));
  const shapes = args.flatMap((type) => (type.kind === "tensor" ? type.shape : []));
  return any.filter((dims) => {
    const sizeAt = (name: string): number => dims[name];
    return constraints.every((c) => holds(c, sizeAt)) && shapes.every((d) => evaluateDim(d, sizeAt) >= 0);
  });
}

function holds({ left, relation, right }: Constraint, sizeAt: (name: string) => number): boolean {
  const [a, b] = [evaluateDim(left, sizeAt), evaluateDim(right, sizeAt)];
  return relation === "==" ? a === b : a >= b;
}

/**
 * Arrays of a tensor type, with these sizes of its symbols: special and extreme numbers often, every bit pattern sometimes.
 *
 * @throws TypeError for a type that is no tensor of known rank, and for a symbol whose size is not given.
 * @example fc.property(arrays(tensorType("f64", [3])), (x) => x.data.length === 3)
 */
export function arrays(type: Type, sizes: Dims = {}): fc.Arbitrary<NdArray> {
  if (type?.kind !== "tensor") throw new TypeError(`arrays: got ${showGiven(type)}, expected the type of a tensor`);
  const { dtype } = type;
  const sizeAt = (name: string): number => {
    const size = sizes[name];
    if (!Number.isSafeInteger(size) || size < 0)
      throw new TypeError(`arrays: ${printType(type)} has a symbol ${name}, and the sizes do not say how large it is`);
    return size;
  };
  const shape = rankedOf(type).shape.map((d) => evaluateDim(d, sizeAt));
  const count = sizeOf(shape);
  const numbers = fc.array(arbitraryNumber(dtype), { minLength: count, maxLength: count });
  return numbers.map((elements) => {
    const array = { dtype, shape, data: dtypes[dtype].array.from(elements) };
    return { ...array, toString: () => showArray(array) };
  });
}

function showGiven(type: Type | undefined): string {
  return type?.kind === undefined ? `a value of type ${typeof type}` : printType(type);
}

/** The module of a program. */
export function buildProgram({ module }: Program): Module {
  return module;
}

/** The value of every dimension symbol of a program. */
export function sizesOf({ sizes }: Program): Dims {
  return sizes;
}
