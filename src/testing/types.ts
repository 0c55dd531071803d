// Random dtypes, dimensions, types and numbers, each printed as the IR spells it when a property fails.

import fc from "fast-check";
import {
  addDims,
  type Dim,
  type DType,
  dtypeNames,
  dtypes,
  exactDim,
  floorDim,
  isFloat,
  list,
  maxDims,
  memref,
  minDims,
  mulDims,
  subDims,
  symbol,
  type TensorType,
  type Type,
  tensorType,
  unranked,
  vector,
} from "../ir/index.ts";
import { samples } from "./values.ts";

/** Any dtype of tensors; `index` belongs to the loop level. */
export function arbitraryDType(): fc.Arbitrary<DType> {
  return fc.constantFrom(...dtypeNames.filter((name) => name !== "index"));
}

/** Any value of a dtype: specials and extremes often, every bit pattern sometimes. */
export function arbitraryNumber(dtype: DType): fc.Arbitrary<number> {
  const special = fc.constantFrom(...samples[dtype]);
  const { min, max, round } = dtypes[dtype];
  const any = isFloat(dtype) ? fc.double().map(round) : fc.integer({ min, max });
  return fc.oneof(special, any);
}

/** An expression over the symbols in normal form; not an extent that has to be at least 0. */
export function arbitraryDim(symbols: readonly string[] = ["N", "M"]): fc.Arbitrary<Dim> {
  const atom: fc.Arbitrary<Dim> = fc.oneof(
    fc.integer({ min: -4, max: 9 }),
    fc.constantFrom(...symbols).map((s) => symbol(s)),
  );
  const { dim } = fc.letrec<{ dim: Dim }>((tie) => {
    const pair = fc.tuple(tie("dim"), tie("dim"));
    const divisor = fc.integer({ min: 1, max: 5 });
    return {
      dim: fc.oneof(
        { maxDepth: 4, depthIdentifier: "dim" },
        atom,
        pair.map(([a, b]) => addDims(a, b)),
        pair.map(([a, b]) => subDims(a, b)),
        pair.map(([a, b]) => mulDims(a, b)),
        pair.map(([a, b]) => minDims(a, b)),
        pair.map(([a, b]) => maxDims(a, b)),
        fc.tuple(tie("dim"), divisor).map(([a, d]) => floorDim(a, d)),
        fc.tuple(tie("dim"), divisor).map(([a, d]) => exactDim(mulDims(d, a), d)),
        fc.tuple(fc.constantFrom(...symbols), divisor).map(([s, d]) => exactDim(symbol(s), d)),
      ),
    };
  });
  return dim;
}

/** A small number; unless the list is empty, or a symbol. */
function arbitrarySize(symbols: readonly string[]): fc.Arbitrary<Dim> {
  return fc.oneof({ arbitrary: fc.nat(4), weight: 2 }, ...symbols.map((s) => fc.constant(symbol(s))));
}

/** A ranked tensor type; extents are numbers and, unless the list is empty, symbols. */
export function arbitraryTensorType(
  symbols: readonly string[] = ["N", "M"],
  maxRank = 3,
  dtype: fc.Arbitrary<DType> = arbitraryDType(),
): fc.Arbitrary<TensorType> {
  return fc
    .tuple(dtype, fc.array(arbitrarySize(symbols), { maxLength: maxRank }))
    .map(([d, shape]) => tensorType(d, shape));
}

interface TypesOf {
  readonly kinds?: readonly Type["kind"][];
  readonly dtypes?: readonly DType[];
  readonly rank?: number;
}

/** Where elements of memory of a shape may stand. */
function arbitraryLayout(symbols: readonly string[]): fc.Arbitrary<(shape: readonly Dim[]) => readonly Dim[]> {
  const sizes = fc.array(arbitrarySize(symbols), { minLength: 5, maxLength: 5 });
  return sizes.map(([offset, ...strides]) => (shape) => [
    offset,
    ...shape.map((_, axis) => strides[axis % strides.length]),
  ]);
}

/** Any type: tensors, unranked ones, memory and lists of any of these; or of some kinds. */
export function arbitraryType(
  symbols: readonly string[] = ["N", "M"],
  { kinds = ["tensor", "unranked", "memref", "vector", "list"], dtypes: among, rank }: TypesOf = {},
): fc.Arbitrary<Type> {
  const dtype = among === undefined ? arbitraryDType() : fc.constantFrom(...among);
  const tensors = arbitraryTensorType(symbols, rank, dtype);
  const { type } = fc.letrec<{ type: Type }>((tie) => {
    const made: Readonly<Record<Type["kind"], fc.Arbitrary<Type>>> = {
      tensor: tensors,
      unranked: dtype.map(unranked),
      memref: fc
        .tuple(tensors, fc.option(arbitraryLayout(symbols)))
        .map(([{ dtype: d, shape }, layout]) => memref(d, shape, layout?.(shape))),
      vector: fc.tuple(dtype, fc.integer({ min: 2, max: 16 })).map(([d, lanes]) => vector(d, lanes)),
      list: (kinds.every((kind) => kind === "list") ? tensors : tie("type")).map(list),
    };
    return { type: fc.oneof({ maxDepth: 3, depthIdentifier: "type" }, ...kinds.map((kind) => made[kind])) };
  });
  return type;
}
