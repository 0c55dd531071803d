// Operations and their op records: everything about an operation in one place. Parser, printer, verifier, interpreter, folding, CSE,
// differentiation, batching, lowering, code generation, the test generators and the docs all read it.

import type { NdArray } from "../data/ndarray.ts";
import type { Value } from "../data/value.ts";
import { AdjointError, type ErrorCode } from "../diagnostics/errors.ts";
import type { Origin } from "../diagnostics/origin.ts";
import type { Constraint } from "../types/constraint.ts";
import type { Dim } from "../types/dim.ts";
import type { DType } from "../types/dtype.ts";
import type { MemRefType, Type } from "../types/type.ts";
import type { Kernel } from "./kernel.ts";
import type { AssemblyItem, AttributeSpec, Attributes, Effect, Level, OperandSpec, RegionSpec } from "./op-spec.ts";

/** One use of an op. */
export interface Operation {
  readonly op: Op;
  readonly operands: readonly Value[];
  /** Complete: defaults are filled in. */
  readonly attributes: Attributes;
  readonly regions: readonly Block[];
  readonly results: readonly Value[];
  readonly origin: Origin | null;
  /** How many operands each of the op's groups takes, where it has several: `carry(…) over(…)`. */
  readonly segments: readonly number[];
}

/** Arguments, operations in order, and what the terminator (`return` or `yield`) gives back. */
export interface Block {
  readonly arguments: readonly Value[];
  readonly operations: readonly Operation[];
  readonly results: readonly Value[];
}

export interface Signature {
  readonly name: string;
  readonly symbols: readonly string[];
  readonly constraints: readonly Constraint[];
  readonly arguments: readonly Type[];
  readonly results: readonly Type[];
}

/** What a type rule sees. Dimensions that are not provably equal become constraints of the function being built. */
export interface TypeContext {
  readonly operands: readonly Type[];
  readonly attributes: Attributes;
  readonly regions: readonly Block[];
  readonly segments: readonly number[];
  /** The result types as written, for ops whose operands do not determine them (`broadcast`, `cast`, …). */
  readonly declared: readonly Type[] | null;
  /** The types of one operand group. */
  group(name: string): readonly Type[];
  /** Requires `a == b`; gives the one to go on with. `what` completes the sentence "… of <what>". */
  equal(a: Dim, b: Dim, what: string): Dim;
  atLeast(a: Dim, b: Dim, what: string): void;
  /** The signature of a function of this module; null while the module is still being built. */
  signature(name: string): Signature | null;
  fail(code: ErrorCode, reason: string, hint?: string): never;
}

/** What `eval` sees: concrete operands, and a way to run regions and functions. */
export interface EvalContext {
  readonly operation: Operation;
  readonly operands: readonly NdArray[];
  readonly attributes: Attributes;
  /** The operands of one operand group. */
  group(name: string): readonly NdArray[];
  /** The value of a dimension under the sizes of this call. */
  dim(d: Dim): number;
  /** The value of an affine attribute whose `%n` symbols are the operands of `group`. */
  affine(d: Dim, group: string): number;
  /** The concrete shape of a type. */
  shape(type: Type): readonly number[];
  run(region: Block, args: readonly NdArray[]): readonly NdArray[];
  call(name: string, args: readonly NdArray[], bindings: Readonly<Record<string, number>>): readonly NdArray[];
  /** Reports a value to the observer of `probe`. */
  observe(name: string, value: NdArray): void;
  fail(code: ErrorCode, reason: string): never;
}

/** What a scalar function knows of its operation: the attributes, and the result's dtype. */
export interface ScalarContext {
  readonly attributes: Attributes;
  readonly dtype: DType;
}

/** What the spelling of a scalar function may call besides Math. */
export interface SpellContext extends ScalarContext {
  /** The name of a kernel in the text being written, which carries each kernel that was asked for once. */
  nameOf(kernel: Kernel): string;
}

/** The scalar function of an elementwise op, before rounding to its dtype; booleans are 0 and 1. */
export interface ScalarMeaning {
  /** Computes in f64 (or exact integers); the result is rounded to the result's dtype by the caller. */
  compute(args: readonly number[], operation: ScalarContext): number;
  /** The same as a JavaScript expression over atoms (identifiers or parenthesised); booleans are JavaScript booleans. */
  spell(args: readonly string[], operation: SpellContext): string;
  /** True where the result needs no rounding because the operands' own rounding suffices (min, max, select, neg of floats). */
  readonly exact?: boolean;
}

/** A partial derivative: a value, or a number for a constant one. Null: no derivative with respect to that operand. */
export type PartialDerivative = Value | number | null;

/**
 * A cotangent that stands for `select(mask, value, 0)`. Partial derivatives multiply `value`, and the mask is applied
 * after them, so an infinite derivative where the mask is false never meets a zero: 0 · ∞ does not arise.
 */
export interface Masked {
  readonly mask: Value;
  readonly value: Value;
}

/** A cotangent that is zero but for a few elements: adds itself to what was gathered before, without a sum over all. */
export interface Increment {
  addTo(gathered: Value): Value;
}

/** What flows back to one operand; null is zero. */
export type Contribution = Value | Masked | Increment | null;

/** What a linear op's transpose sees. Operands outside the linear ones may be read; linear ones only for their types. */
export interface TransposeContext {
  readonly operation: Operation;
  readonly operands: readonly Value[];
  readonly cotangent: Value;
  /** Which operands a cotangent is wanted for; others may be given as null. */
  readonly wanted: readonly boolean[];
}

/** What depends on what is differentiated, before anything is emitted. */
export interface FlowContext {
  readonly operation: Operation;
  isActive(value: Value): boolean;
  /** Whether what is asked for depends on the value through derivatives. */
  isUseful(value: Value): boolean;
  /** Whether each result of a region does, where the arguments named do. */
  flows(region: Block, active: readonly boolean[]): readonly boolean[];
}

/** What the results that are asked for depend on, before anything is emitted. */
export interface UseContext {
  readonly operation: Operation;
  isUseful(value: Value): boolean;
  /** Marks a value as useful. */
  use(value: Value): void;
  /** Marks what those of a region's results that are named depend on. */
  region(region: Block, results: readonly boolean[]): void;
}

/** The forward half of a structured op's reverse rule: re-emits it in the forward function, keeping what is needed. */
export interface ReverseContext extends FlowContext {
  /** The operands as the forward function has them. */
  readonly operands: readonly Value[];
  /** A value of the original function as the forward function has it. */
  lookup(value: Value): Value;
  /** The operation that a value is a result of, or an argument of a region of; null for arguments of the function. */
  definition(value: Value): Operation | null;
  /** The lists on which loops around this operation record, which it may go on with. */
  readonly tapes: Tapes;
  /**
   * Splits a region, where the arguments named depend on what is differentiated, into a forward and a backward block.
   * `around` gives the lists that the region goes on with where it records something; without, loops in it begin lists.
   */
  split(region: Block, active: readonly boolean[], around?: OpenTapes): SplitRegion;
  calleeSignature(callee: string): Signature;
  /** Splits a function of the module for the given active arguments; `keep`: it is also called as it is. */
  splitCall(callee: string, active: readonly boolean[], keep: boolean): SplitCall;
}

/**
 * The lists, one for each type of what they hold, on which loops within one another record: each goes on where the last
 * one stopped, and backwards where that one began, since what is recorded last is read first.
 */
export interface Tapes {
  get(element: Type): Value;
  set(element: Type, tape: Value): void;
  /** Whether the block may run many times: then what it keeps goes on the tapes. */
  readonly isRepeated: boolean;
}

/** Where a region's tapes come from: `open` is asked once for each type. */
export interface OpenTapes {
  open(element: Type): Value;
  readonly isRepeated: boolean;
  /** Which arguments of the region follow from the number of its run, and so take no record. */
  readonly counters?: readonly boolean[];
}

/** A list that a block goes on with: as it gets it, and as it leaves it. */
export interface Recorded {
  readonly element: Type;
  readonly before: Value;
  readonly after: Value;
}

export interface SplitRegion {
  /** Whether each argument, and each result, depends on what is differentiated. */
  readonly argumentFlows: readonly boolean[];
  readonly resultFlows: readonly boolean[];
  /** What the backward block reads from the forward one. */
  readonly residuals: readonly Value[];
  /** The forward block's own arguments, for rules that hand one on by other means than a residual. */
  readonly arguments: readonly Value[];
  /** The forward block: its results are the original ones and then those of `extra`, which may append to it. */
  forward(extra: () => readonly Value[], extraArguments?: readonly Value[]): Block;
  /** The values from outside the region that receive a cotangent from it, original values. */
  readonly captured: readonly Value[];
  /** The lists that the region goes on with. */
  readonly recorded: readonly Recorded[];
  /**
   * Emits the backward operations into the current builder: from values for the residuals and cotangents of the
   * results to cotangents of the region's arguments, then of `captured`. Null stands for zero. A captured value's
   * cotangent includes its seed, where it has one. `tapes` are those of `recorded` as the region left them, and come
   * back as it got them.
   */
  backward(
    residuals: readonly Value[],
    cotangents: readonly (Value | null)[],
    seed?: (captured: Value) => Value | null,
    tapes?: readonly Value[],
  ): {
    readonly arguments: readonly (Value | null)[];
    readonly captured: readonly (Value | null)[];
    readonly tapes: readonly Value[];
  };
}

export interface SplitCall {
  readonly forward: Signature;
  readonly backward: Signature;
  /** For each original result, whether the backward function takes its cotangent. */
  readonly takesCotangent: readonly boolean[];
}

/** What a structured op's reverse rule gives: the results in the forward function, and the way back. */
export interface Pullback {
  readonly results: readonly Value[];
  /**
   * Runs in the backward builder: cotangents of the results → [value of the original function, its cotangent]. `take`
   * gives what was gathered for a value so far and leaves nothing behind, so that a loop may go on adding to it. `tapes`
   * are those that the operation went on with, null where loops around it have none.
   */
  pull(
    cotangents: readonly (Value | null)[],
    take: (value: Value) => Value | null,
    tapes: Tapes | null,
  ): readonly (readonly [Value, Contribution])[];
  /** Whether it recorded something: then it is pulled in any case, so that the tapes are as they were. */
  readonly records?: boolean;
}

/** What a structured op's forward rule sees: it emits the operation with tangents beside its results. */
export interface ForwardContext {
  readonly operation: Operation;
  /** The operands as the new function has them, and their tangents; null stands for zero. */
  readonly operands: readonly Value[];
  readonly tangents: readonly (Value | null)[];
  /** Emits a region's operations here as they are. */
  inline(region: Block, args: readonly Value[]): readonly Value[];
  /** A region with tangents, where the arguments named have one. Nothing of it is emitted before `finish`. */
  region(region: Block, active: readonly boolean[]): TangentRegion;
  calleeSignature(callee: string): Signature;
  /** The function that gives a callee's results, then their tangents, from its arguments and those of the active ones. */
  tangentCall(callee: string, active: readonly boolean[]): TangentCall;
}

export interface TangentRegion {
  readonly arguments: readonly Value[];
  readonly argumentTangents: readonly (Value | null)[];
  readonly results: readonly Value[];
  /** Null where a result has none. */
  readonly tangents: readonly (Value | null)[];
  /** The block; `tangent(i)` is that of result i, made of zeros where there is none. */
  finish(args: readonly Value[], results: (tangent: (i: number) => Value) => readonly Value[]): Block;
}

export interface TangentCall {
  readonly signature: Signature;
  /** For each original result, whether a tangent of it stands behind the results. */
  readonly givesTangent: readonly boolean[];
}

/** Results of a structured op in forward mode; null stands for a tangent of zero. */
export interface Tangents {
  readonly results: readonly Value[];
  readonly tangents: readonly (Value | null)[];
}

/**
 * How an op differentiates; forward and reverse mode follow from the same facts. A rule emits operations through the
 * current builder and may only emit ops that are differentiable themselves.
 */
export type Derivative =
  /** The partial derivative per operand, each a value of the result's shape, from the operands and the result. */
  | {
      readonly kind: "elementwise";
      partials(operands: readonly Value[], result: Value, operation: Operation): readonly PartialDerivative[];
    }
  /** Jointly linear in the operands listed (all if left out): the tangent is the op of the tangents. */
  | {
      readonly kind: "linear";
      readonly in?: readonly number[];
      transpose(x: TransposeContext): readonly Contribution[];
    }
  /** Linear in each of the operands listed (all if left out) on its own: the tangent is the sum over them. */
  | {
      readonly kind: "multilinear";
      readonly in?: readonly number[];
      transpose(x: TransposeContext): readonly Contribution[];
    }
  /** Any op of one result by its VJP and JVP: from operands, result and (co)tangents. */
  | {
      readonly kind: "rule";
      vjp(x: TransposeContext & { readonly result: Value }): readonly Contribution[];
      jvp(x: {
        readonly operation: Operation;
        readonly operands: readonly Value[];
        readonly result: Value;
        readonly tangents: readonly (Value | null)[];
      }): Value | null;
    }
  /** Ops with regions or a callee. */
  | {
      readonly kind: "structured";
      /** Whether each result depends on what is differentiated; all of them where left out. */
      flows?(x: FlowContext): readonly boolean[];
      /** Marks what the useful results depend on; all operands and all in the regions where left out. */
      uses?(x: UseContext): void;
      reverse(x: ReverseContext): Pullback;
      forward(x: ForwardContext): Tangents;
    }
  /** Piecewise constant or not numeric: nothing flows back (compare, iota, stop_gradient). */
  | { readonly kind: "zero"; readonly reason: string }
  /** Asking for it is an error with this reason. */
  | { readonly kind: "none"; readonly reason: string };

/** What a batching rule sees: batched operands carry the new axis first, the others are as they were. */
export interface BatchContext {
  readonly operation: Operation;
  readonly operands: readonly Value[];
  readonly batched: readonly boolean[];
  readonly size: Dim;
  /** For an op with an effect: for which elements of the batch it happens; null for all. */
  readonly mask: Value | null;
}

/** Results, and which of them carry the new axis first. */
export interface Batched {
  readonly results: readonly Value[];
  readonly batched: readonly boolean[];
}

/** What the batching rule of an op with regions or a callee sees. */
export interface StructuredBatchContext extends BatchContext {
  /** The value with the new axis; repeated along it where it has none. */
  whole(value: Value, batched: boolean): Value;
  /** For each element of the batch `then` or `otherwise`, which have the new axis as the mask has. */
  choose(mask: Value, then: Value, otherwise: Value): Value;
  /** Whether the mask holds for any element of the batch. */
  any(mask: Value): Value;
  /** A region whose arguments carry the new axis where named. Nothing of it is emitted before `finish`. */
  region(region: Block, batched: readonly boolean[]): BatchedRegion;
  /** Emits a region's operations here, for the elements of the batch that `mask` names. */
  inline(region: Block, args: Batched, mask: Value): Batched;
  calleeSignature(callee: string): Signature;
  /** The function that takes arguments with the new axis where named. */
  batchedCall(
    callee: string,
    batched: readonly boolean[],
  ): { readonly signature: Signature; readonly batched: readonly boolean[] };
}

export interface BatchedRegion extends Batched {
  readonly arguments: readonly Value[];
  /** The block; `whole(i)` is result i with the new axis. */
  finish(results: (whole: (i: number) => Value) => readonly Value[]): Block;
}

export type Batching =
  /** Unbatched operands are broadcast along the new axis, then the op is applied as it is. */
  | { readonly kind: "elementwise" }
  /** Emits the batched operation; its results carry the new axis first. */
  | { readonly kind: "rule"; batch(x: BatchContext): readonly Value[] }
  /** Ops with regions or a callee. */
  | { readonly kind: "structured"; batch(x: StructuredBatchContext): Batched }
  | { readonly kind: "none"; readonly reason: string };

/** What a lowering rule sees. Subscripts are affine in index values: `indexDim(value)` turns one into a Dim. */
export interface LowerContext {
  readonly operation: Operation;
  /** The scalar at a subscript of operand `i`, computed in place or loaded. */
  element(i: number, at: readonly Dim[]): Value;
  /** What `make` gives of the scalar at a subscript of operand `i`: made once, outside of loops that it does not need. */
  derived(i: number, at: readonly Dim[], make: (element: Value) => Value): Value;
  /** Operand `i` in memory. */
  memory(i: number): Value;
  /** The extents of a type. */
  shape(type: Type): readonly Dim[];
}

/** What a rule sees that writes its whole result to memory. */
export interface WholeContext extends LowerContext {
  /** Gives the element of the result at a subscript its value; the last one stands. */
  write(at: readonly Dim[], value: Value): void;
  /** The value that an element of the result was given before. */
  written(at: readonly Dim[]): Value;
  /** Memory for the rule alone, zero before the function runs and made outside of every loop. */
  scratch(type: MemRefType, name: string): Value;
}

/** What a rule that changes memory sees. The memory of the result holds the elements of operand 0 when it begins. */
export interface UpdateContext extends LowerContext {
  /** Loops over a shape, the last axis innermost. */
  nest(shape: readonly Dim[], body: (at: readonly Dim[]) => void): void;
  /** The result's element at a subscript, as it is by now. */
  read(at: readonly Dim[]): Value;
  write(element: Value, at: readonly Dim[]): void;
}

/** What a rule sees that writes all of an op's results to memory. */
export interface ProcedureContext extends LowerContext {
  write(result: number, at: readonly Dim[], value: Value): void;
  /** The value that an element of a result was given before. */
  written(result: number, at: readonly Dim[]): Value;
  /** Memory for the rule alone, made outside of every loop; it holds whatever it held before. */
  scratch(type: MemRefType, name: string): Value;
}

/** Elements of a result that one loop nest computes. Parts are written in order, a later one over an earlier one. */
export interface Part {
  /** The extents of the nest; one below 0 is empty. */
  readonly shape: readonly Dim[];
  /** The subscript in the result of an element of this part. */
  place(at: readonly Dim[]): readonly Dim[];
  element(x: LowerContext, at: readonly Dim[]): Value;
}

/**
 * How a tensor op becomes loops.
 *   element    one scalar of the result at a subscript: fuses into whoever reads it (broadcast, permute, iota, …)
 *   nest       as element, but costly per element: computed once into memory and then read (dot, reduce)
 *   view       the operand's memory under another shape (reshape)
 *   update     operand 0 but for what the rule writes: in its memory where nobody reads it afterwards, else in a copy
 *   procedure  all results at once, in whatever loops the rule opens (sort)
 *   structured by the pass itself (regions, calls), or the op is at loop level already
 * An op with a scalar meaning needs no lowering of its own: the same op is emitted on scalars.
 */
export type Lowering =
  | {
      readonly kind: "element";
      element(x: LowerContext, at: readonly Dim[]): Value;
      /** For a rule that decides by subscript: the same without deciding, where the whole result is wanted in memory. */
      parts?(operation: Operation): readonly Part[];
    }
  | {
      readonly kind: "nest";
      element(x: LowerContext, at: readonly Dim[]): Value;
      /** The nests of the whole result, where they are cheaper than element by element; null where they are not. */
      whole?(operation: Operation): ((x: WholeContext) => void) | null;
      /** The operands of which several subscripts are the same element, though each uses every index around. */
      again?(operation: Operation): readonly number[];
    }
  | { readonly kind: "view" }
  | { readonly kind: "update"; update(x: UpdateContext): void }
  | { readonly kind: "procedure"; run(x: ProcedureContext): void }
  | { readonly kind: "structured" };

/** What passes may ask instead of naming an op. */
export interface Traits {
  /** Works element by element on operands of one shape. */
  readonly elementwise?: boolean;
  /** op(x, y) and op(y, x) have the same bits. */
  readonly commutative?: boolean;
  /** Its value is its attributes alone: folding stops here, AD copies it rather than keep it. */
  readonly constant?: boolean;
  /** Makes, reads or writes memory: two equal operations are two different ones, and order matters. */
  readonly memory?: boolean;
  /** Resolved by a pass before anything runs (vjp, jvp, vmap). */
  readonly transform?: boolean;
  /** Its callee gets the arguments in attribute `mapped` element by element. */
  readonly maps?: boolean;
  /** Runs one of two regions without arguments, the first where its only operand is true; gives what that one yields. */
  readonly branches?: boolean;
  /**
   * A loop: its first operand group enters every region as the first arguments, and comes back as the first results of the
   * last region; what the last region yields beyond is collected, and no region reads it.
   */
  readonly carries?: boolean;
  /** Its first region, on its operands, is all it means; the others tell differentiate how. */
  readonly wraps?: boolean;
  /** Computing an element costs no more than reading one from memory. */
  readonly cheap?: boolean;
  /** Copies or moves elements without computing: bits are kept, NaN payloads aside. */
  readonly moves?: boolean;
}

export interface OpDocs {
  /** What each result element is, edge cases included. */
  readonly semantics: string;
  /** What must hold of operands and attributes. */
  readonly constraints: readonly string[];
  /** A complete IR document with a `// run:` line; runs as a test. */
  readonly example: string;
}

export interface OpDefinition {
  /** The mnemonic, snake_case; ops outside this project carry a namespace (`mylib.swish`). */
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly OperandSpec[];
  readonly groups?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly regions?: readonly RegionSpec[];
  readonly assembly?: readonly AssemblyItem[];
  readonly level?: Level;
  types(x: TypeContext): readonly Type[];
  readonly effect?: Effect;
  readonly traits?: Traits;
  readonly scalar?: ScalarMeaning;
  /** The reference meaning. Elementwise ops get it from `scalar`. */
  eval?(x: EvalContext): readonly NdArray[];
  readonly derivative: Derivative;
  readonly batching: Batching;
  readonly lowering?: Lowering;
  readonly docs: OpDocs;
}

const namePattern = /^([a-z][a-z0-9_]*\.)?[a-z][a-z0-9_]*$/;

/** An op record. Operations hold it directly, so only the parser needs a table of names. */
export class Op {
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly OperandSpec[];
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly regions: readonly RegionSpec[];
  readonly assembly: readonly AssemblyItem[];
  readonly level: Level;
  readonly effect: Effect;
  readonly traits: Traits;
  readonly scalar: ScalarMeaning | null;
  readonly types: OpDefinition["types"];
  readonly eval: OpDefinition["eval"] | null;
  readonly derivative: Derivative;
  readonly batching: Batching;
  readonly lowering: Lowering | null;
  readonly docs: OpDocs;

  constructor(d: OpDefinition) {
    if (!namePattern.test(d.name)) {
      throw new AdjointError("name", `op name '${d.name}' is not a mnemonic`, {
        hint: "write snake_case, with a namespace: mylib.swish",
      });
    }
    this.name = d.name;
    this.summary = d.summary;
    this.operands = d.operands;
    this.groups = d.groups ?? [];
    this.attributes = d.attributes ?? {};
    this.regions = d.regions ?? [];
    this.assembly = d.assembly ?? [{ kind: "operands" }];
    this.level = d.level ?? "tensor";
    this.effect = d.effect ?? "pure";
    this.traits = d.traits ?? {};
    this.scalar = d.scalar ?? null;
    this.types = d.types.bind(d);
    this.eval = d.eval?.bind(d) ?? null;
    this.derivative = d.derivative;
    this.batching = d.batching;
    this.lowering = d.lowering ?? null;
    this.docs = d.docs;
    Object.freeze(this);
  }
}

/** The names the parser knows; the project's own ops and, on request, a user's. */
export type OpTable = ReadonlyMap<string, Op>;
