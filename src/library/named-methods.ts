// What functions are as methods where TypeScript does not find it by itself: those that are declared as functions and read
// shapes from the types of their arguments. A test compares each with its function.

import type {
  AtShape,
  asMethod,
  Binary,
  Checked,
  DTypeConstant,
  DTypeNamed,
  GivenShape,
  MatmulShape,
  Operand,
  OwnDType,
  PairDType,
  PermutedShape,
  ResultShape,
  ShapeIn,
  Size,
  Tensor,
  TransposedShape,
} from "../frontend/index.ts";
import type { ClippedShape, Index, Indices } from "./array/index.ts";
import type { MatmulFault } from "./products.ts";

type Bound = Operand | null | undefined;

export interface NamedMethods {
  readonly add: NonNullable<Binary[typeof asMethod]> & AddAt;
  readonly at: <X extends Tensor, const I extends readonly Index[]>(
    this: X,
    ...indices: Indices<X, I>
  ) => Tensor<ResultShape<AtShape<ShapeIn<X>, I>>, OwnDType<X>>;
  readonly broadcastTo: <X extends Tensor, const S extends Size | readonly Size[]>(
    this: X,
    shape: S,
  ) => Tensor<ResultShape<GivenShape<S>>, OwnDType<X>>;
  readonly cast: <X extends Tensor, D extends DTypeConstant | string>(
    this: X,
    dtype: D,
  ) => Tensor<ShapeIn<X>, DTypeNamed<D>>;
  readonly clip: <X extends Tensor, L extends Bound, H extends Bound>(
    this: X,
    low?: L,
    high?: H,
  ) => Tensor<ClippedShape<X, L, H>, OwnDType<X>>;
  readonly matmul: <X extends Tensor, Y extends Tensor>(
    this: X,
    y: Checked<MatmulFault<X, Y>, Y>,
  ) => Tensor<ResultShape<MatmulShape<ShapeIn<X>, ShapeIn<Y>>>, PairDType<X, Y>>;
  readonly matrixTranspose: <X extends Tensor>(
    this: Checked<TransposedShape<ShapeIn<X>>, X>,
  ) => Tensor<ResultShape<TransposedShape<ShapeIn<X>>>, OwnDType<X>>;
  readonly permuteDims: <X extends Tensor, const A extends readonly number[] | []>(
    this: X,
    axes: Checked<PermutedShape<ShapeIn<X>, A>, A>,
  ) => Tensor<ResultShape<PermutedShape<ShapeIn<X>, A>>, OwnDType<X>>;
  readonly reshape: <X extends Tensor, const S extends Size | readonly Size[]>(
    this: X,
    shape: S,
  ) => Tensor<ResultShape<GivenShape<S>>, OwnDType<X>>;
  readonly stopGradient: <X extends Tensor>(this: X) => Tensor<ShapeIn<X>, OwnDType<X>>;
}

/** With indices and a value: the tensor with the value added to the elements that they select. */
type AddAt = <X extends Tensor>(
  this: X,
  indices: readonly Index[] | Size | Tensor,
  value: Operand,
) => Tensor<ShapeIn<X>, OwnDType<X>>;
