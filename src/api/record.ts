// What all transforms begin with: they trace the user's function as a private function of the running trace, and number
// the leaves of its arguments.

import {
  applyKeepingRank,
  type Boundary,
  calledName,
  currentTrace,
  flatten,
  flattenList,
  isOperand,
  isStatic,
  isWeak,
  type Operand,
  Tensor,
  type TracedFunction,
  TraceScope,
  type Tree,
  traceInto,
  unflatten,
  withDerivatives,
} from "../frontend/index.ts";
import {
  captureOrigin,
  type ErrorCode,
  fail,
  isFloat,
  type Origin,
  printType,
  type Signature,
  signatureOf,
  type Type,
  unrankedHint,
  type Value,
} from "../ir/index.ts";

/** An argument that is differentiated: its leaves, numbers `from` up to `to` among the leaves of all arguments. */
export interface WrtArgument {
  readonly from: number;
  readonly to: number;
  readonly tree: Tree;
  readonly leaves: readonly unknown[];
}

/** The user's function as a traced function of the module. `name` is the name of the transform, for errors. */
export class TracedFunctionRecord {
  readonly name: string;
  readonly origin: Origin;
  readonly signature: Signature;
  /** The structure of the function's result. */
  readonly results: Tree;
  /** The arguments' leaves. */
  readonly tensors: readonly Tensor[];
  readonly #args: readonly unknown[];
  readonly #boundary: Boundary;
  readonly #captured: readonly Tensor[];

  /**
   * `derivatives` is how many derivatives of the function the transform takes. `typeOf` gives the type with
   * which leaf k is traced; if it is left out, the leaf's own type.
   */
  constructor(
    name: string,
    fn: TracedFunction,
    args: readonly unknown[],
    call: Boundary,
    derivatives: 0 | 1 = 1,
    typeOf: (tensor: Tensor, k: number) => Type = (tensor) => tensor.type,
  ) {
    const outer = currentTrace() ?? fail("scope", `${name} is recorded outside of a trace`);
    // hvp and hessian record a gradient inside: errors name what the user called
    this.name = calledName(call) || name;
    this.#args = args;
    this.#boundary = outer.boundary(call);
    this.origin = captureOrigin(this.#boundary);
    const { leaves, tree } = flattenList(args, isOperand, "argument", isStatic);
    this.tensors = leaves.map((leaf) => this.#tensor(leaf));
    const inner = withDerivatives(derivatives, () =>
      traceInto(
        new TraceScope(outer, this.#boundary, fn),
        fn,
        { types: this.tensors.map(typeOf), weak: this.tensors.map(isWeak) },
        tree,
        "private",
      ),
    );
    this.signature = signatureOf(inner.func);
    this.results = inner.results;
    this.#captured = inner.captured;
  }

  /** Emits operations: `build` gets the values of the arguments (captured ones last) and of the further operands. */
  apply(
    more: readonly Operand[],
    build: (args: readonly Value[], more: readonly Value[]) => readonly Value[],
  ): readonly Tensor[] {
    const args = [...this.tensors, ...this.#captured];
    return applyKeepingRank(this.#boundary, [...args, ...more], (...values) =>
      build(values.slice(0, args.length), values.slice(args.length)),
    );
  }

  /** The leaves of argument `i`, after checking that there are some and that each is a float. */
  wrtArgument(i: number): WrtArgument {
    const args = this.#args;
    if (i >= args.length) {
      this.fail("argument", `wrt names argument ${i}, but the call has ${args.length}, counted from 0`);
    }
    const { leaves, tree } = flatten(args[i], isOperand, `argument ${i}`, isStatic);
    if (leaves.length === 0) {
      this.fail("argument", `argument ${i} holds no tensor to differentiate with respect to`, "name another with wrt");
    }
    const from = flattenList(args.slice(0, i), isOperand, "argument", isStatic).leaves.length;
    for (let k = from; k < from + leaves.length; k++) this.#requireFloat(k);
    return { from, to: from + leaves.length, tree, leaves };
  }

  /** Whether argument `i` has leaves, all of which are floats. */
  holdsFloats(i: number): boolean {
    const count = (list: readonly unknown[]): number =>
      flattenList(list, isOperand, "argument", isStatic).leaves.length;
    const leaves = this.tensors.slice(count(this.#args.slice(0, i)), count(this.#args.slice(0, i + 1)));
    return leaves.length > 0 && leaves.every((t) => isFloat(t.dtype));
  }

  /** The type of the function's result (with `hasAux`, of its first part), which has to be one float scalar. */
  requireScalarResult(hasAux = false): Signature["results"][number] & { kind: "tensor" } {
    const [result, ...others] = this.signature.results;
    const more = hasAux && this.results.kind === "array" && this.results.items[0].kind === "leaf" ? [] : others;
    if (result?.kind === "tensor" && more.length === 0 && result.shape.length === 0 && isFloat(result.dtype)) {
      return result;
    }
    const isOne = more.length === 0 && result?.kind === "tensor" && result.shape.length === 0;
    const got = this.signature.results.map(printType).join(", ") || "no tensor";
    const hint = isOne ? "cast it to f32 or f64" : "sum it, or differentiate one component";
    return this.fail("no-derivative", `the function gives ${got}, expected one float scalar`, hint);
  }

  /** Refuses tensors of unknown rank, for a transform that has to count axes. */
  requireRanks(): this {
    const open = this.tensors.find((t) => t.type.kind === "unranked");
    if (open !== undefined) this.fail("shape", `the rank of ${printType(open.type)} is not known here`, unrankedHint);
    return this;
  }

  fail(code: ErrorCode, reason: string, hint?: string): never {
    return fail(code, `${this.name}: ${reason}`, { origin: this.origin, hint });
  }

  #tensor(leaf: Operand): Tensor {
    return leaf instanceof Tensor ? leaf : applyKeepingRank(this.#boundary, [leaf], (v) => [v])[0];
  }

  #requireFloat(k: number): void {
    const { dtype } = this.tensors[k];
    if (isFloat(dtype)) return;
    const hint = "cast it to f32 or f64, or leave it out of wrt";
    this.fail("no-derivative", `argument ${k} has dtype ${dtype}, which has no derivative`, hint);
  }
}

/** The numbers of the leaves of these arguments. */
export function leafNumbers(wrt: readonly WrtArgument[]): readonly number[] {
  return wrt.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, k) => from + k));
}

/** Puts tensors, one for each leaf of these arguments, into the structures of the arguments. */
export function structured(wrt: readonly WrtArgument[], tensors: readonly Tensor[]): readonly unknown[] {
  let next = 0;
  return wrt.map(({ tree, leaves }) =>
    unflatten(
      tree,
      leaves.map(() => tensors[next++]),
    ),
  );
}
