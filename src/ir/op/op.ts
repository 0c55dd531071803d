// Op records: everything about an operation in one place. Parser, printer, verifier, interpreter, folding, CSE,
// differentiation, batching, lowering, code generation, the test generators and the docs all read them.
//
// An operation holds its record, and a record's rules see operations: the protocols leave the record open, and are closed
// here.

import type { NdArray } from "../data/ndarray.ts";
import type { Value } from "../data/value.ts";
import { AdjointError, fail } from "../diagnostics/errors.ts";
import { requireOptions } from "../diagnostics/options.ts";
import type { Type } from "../types/type.ts";
import {
  type AttributeSpec,
  type AttributeSpecs,
  type Attributes,
  type AttributesOf,
  noAttributes,
} from "./attribute-spec.ts";
import { withDocumentation } from "./documentation.ts";
import { completeEffects, type Effect, effectOf, noEffects, type OpEffects } from "./effects.ts";
import type { OpDocs } from "./op-docs.ts";
import type { AssemblyItem, LegalAt, OperandSpec, RegionSpec } from "./op-spec.ts";
import type { BlockOf, OperationOf } from "./operation.ts";
import type * as batching from "./protocols/batching.ts";
import type * as derivative from "./protocols/derivative.ts";
import type { Varies } from "./protocols/derivative.ts";
import type * as lowering from "./protocols/lowering.ts";
import type * as meaning from "./protocols/meaning.ts";
import type * as recording from "./protocols/recording.ts";
import { type LoopInterface, noTraits, type Traits } from "./traits.ts";

export type { OpDocs } from "./op-docs.ts";
export { type Role, roleNames, type Signature } from "./operation.ts";
export type { Batched } from "./protocols/batching.ts";
export type {
  Contribution,
  Increment,
  PartialDerivative,
  Pullback,
  TangentCall,
  Tangents,
  Varies,
} from "./protocols/derivative.ts";
export type { ScalarContext, ScalarMeaning, SingleFunction, SpellContext } from "./protocols/meaning.ts";
export type {
  BackwardCall,
  OpenTapes,
  Recorded,
  RegionCotangents,
  SplitCall,
  TapeKey,
  Tapes,
} from "./protocols/recording.ts";
export type { Traits } from "./traits.ts";

export type Operation<A extends Attributes = Attributes> = OperationOf<Op, A>;
export type Block = BlockOf<Op>;

export type TypeContext<A extends Attributes = Attributes> = meaning.TypeContext<Op, A>;
export type EvalContext<A extends Attributes = Attributes> = meaning.EvalContext<Op, A>;

export type Derivative<A extends Attributes = Attributes> = derivative.Derivative<Op, A>;
export type TransposeContext<A extends Attributes = Attributes> = derivative.TransposeContext<Op, A>;
export type FlowContext<A extends Attributes = Attributes> = derivative.FlowContext<Op, A>;
export type UseContext<A extends Attributes = Attributes> = derivative.UseContext<Op, A>;
export type ReverseContext<A extends Attributes = Attributes> = derivative.ReverseContext<Op, A>;
export type ForwardContext<A extends Attributes = Attributes> = derivative.ForwardContext<Op, A>;
export type TangentRegion = derivative.TangentRegion<Op>;
export type SplitRegion = recording.SplitRegion<Op>;

export type Batching<A extends Attributes = Attributes> = batching.Batching<Op, A>;
export type BatchContext<A extends Attributes = Attributes> = batching.BatchContext<Op, A>;
export type StructuredBatchContext<A extends Attributes = Attributes> = batching.StructuredBatchContext<Op, A>;
export type BatchedRegion = batching.BatchedRegion<Op>;

export type Lowering<A extends Attributes = Attributes> = lowering.Lowering<Op, A>;
export type LowerContext<A extends Attributes = Attributes> = lowering.LowerContext<Op, A>;
export type WholeContext<A extends Attributes = Attributes> = lowering.WholeContext<Op, A>;
export type UpdateContext<A extends Attributes = Attributes> = lowering.UpdateContext<Op, A>;
export type ProcedureContext<A extends Attributes = Attributes> = lowering.ProcedureContext<Op, A>;
export type Part = lowering.Piece<Op>;
export type ContractionRule = lowering.ContractionRule<Op>;

/** An op record; `A` is what its attributes are. Operations hold it directly, so only the parser needs a table of names. */
export interface Op<A extends Attributes = Attributes> {
  /** The mnemonic, snake_case; ops outside this project carry a namespace (`mylib.swish`). */
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly OperandSpec[];
  readonly groups: readonly string[];
  readonly attributes: AttributeSpecs;
  readonly regions: readonly RegionSpec[];
  readonly assembly: readonly AssemblyItem[];
  readonly level: LegalAt;
  types(cx: TypeContext<A>): readonly Type[];
  /**
   * The types of the arguments of the next region, of ops whose regions do not all take the operands that are bound: from
   * the types of the operands and the regions before.
   */
  argumentTypes?(operands: readonly Type[], before: readonly Block[]): readonly Type[];
  readonly effects: OpEffects;
  /** Its effects in a word, for passes that look at no memory: see `effectOf`. Follows from `effects`. */
  readonly effect: Effect;
  /** Of an op that may fail: whether an operation cannot, given the splats among its operands; null stands for others. */
  succeeds?(operation: Operation<A>, splats: readonly (number | null)[]): boolean;
  readonly traits: Traits;
  /** Of an op that repeats a region. */
  readonly loop: LoopInterface<Op, A> | null;
  /** For each result, counted from the first, the operand in whose memory it stands: it is no value of its own. */
  readonly aliases: readonly number[];
  readonly scalar: meaning.ScalarMeaning<A> | null;
  /** The reference meaning. Elementwise ops get it from `scalar`. */
  eval?(cx: EvalContext<A>): readonly NdArray[];
  readonly derivative: Derivative<A>;
  /**
   * Along which axes a result may vary, given that of the operands. Where left out: of an elementwise op as one of its
   * operands does, else along all.
   */
  varies?(operation: Operation<A>, result: Value, of: (v: Value) => Varies): Varies;
  readonly batching: Batching<A>;
  readonly lowering: Lowering<A> | null;
  readonly docs: OpDocs;
}

/** What a definition may leave out. */
type Optional = "groups" | "regions" | "assembly" | "level" | "loop" | "aliases" | "scalar" | "lowering";

/** What a record is made of; its rules see attributes as `attributes` specifies them. */
export type OpDefinition<S extends AttributeSpecs = AttributeSpecs> = Omit<
  Op<AttributesOf<S>>,
  Optional | "attributes" | "traits" | "effects" | "effect"
> &
  Partial<Pick<Op<AttributesOf<S>>, Optional>> & {
    readonly attributes?: S;
    readonly traits?: Partial<Traits>;
    readonly effects?: Partial<OpEffects>;
  };

/** All that a definition may say. */
const fields: readonly string[] = [
  ...["name", "summary", "operands", "groups", "attributes", "regions", "assembly", "level", "types", "argumentTypes"],
  ...["effects", "succeeds", "traits", "loop", "aliases", "scalar", "eval", "derivative", "varies", "batching"],
  ...["lowering", "docs"],
];

const namePattern = /^([a-z][a-z0-9_]*\.)?[a-z][a-z0-9_]*$/;

const none: readonly [] = Object.freeze([]);
const operandsAlone: readonly AssemblyItem[] = Object.freeze([{ kind: "operands" }]);

/** Records are instances of a class, which Immer leaves as they are. */
class OpRecord {
  declare readonly effects: OpEffects;

  get effect(): Effect {
    return effectOf(this.effects);
  }
}

/** All traits, given some. */
function completeTraits(given: Partial<Traits>): Traits {
  const traits = { ...noTraits };
  for (const name in traits) traits[name as keyof Traits] = given[name as keyof Traits] ?? false;
  return Object.freeze(traits);
}

const formerEffects: Readonly<Record<string, string>> = {
  pure: "leave it out",
  mayFail: "write effects: { fails: true }",
  effect: "write effects: { observable: true }, or name the operands whose memory it writes to: { writes: [...] }",
};

/** Fields of before say what to write instead. */
function refuseFormerFields({ name, traits, ...others }: { readonly name: string; readonly traits?: object }): void {
  if ("effect" in others) {
    const hint = formerEffects[String(others.effect)] ?? formerEffects.effect;
    fail("option", `op ${name}: field 'effect' follows from effects, expected effects`, { hint });
  }
  if (traits !== undefined && "memory" in traits) {
    const hint = "write effects: { reads: [...], writes: [...] } with names of operands, or { allocates: true }";
    fail("option", `op ${name}: trait 'memory' is gone, expected effects`, { hint });
  }
}

/** Effects are about operands that the op has. */
function requireEffects(name: string, operands: readonly OperandSpec[], given: Partial<OpEffects>): void {
  requireOptions(`op ${name}: field 'effects'`, given, Object.keys(noEffects));
  for (const operand of [...(given.reads ?? []), ...(given.writes ?? [])]) {
    if (operands.some((spec) => spec.name === operand)) continue;
    const names = operands.map((spec) => spec.name).join(", ") || "none";
    fail("option", `op ${name}: its effects name operand '${operand}', expected one of its operands: ${names}`);
  }
}

/** The specifications of an op without attributes. */
export type NoAttributes = Record<never, AttributeSpec>;

/**
 * Makes an op record; the public way to add an op.
 *
 * @throws AdjointError `name` for a name that is no mnemonic, and `option` for a field, a trait or an effect that is not
 * known, and for effects on operands that the op does not have.
 * @__NO_SIDE_EFFECTS__
 */
export function defineOp<const S extends AttributeSpecs = NoAttributes>(
  definition: OpDefinition<S>,
): Op<AttributesOf<S>> {
  const { name } = definition;
  refuseFormerFields(definition);
  requireOptions(`op ${name}`, definition, fields);
  requireOptions(`op ${name}: field 'traits'`, definition.traits ?? {}, Object.keys(noTraits));
  if (!namePattern.test(name)) {
    throw new AdjointError("name", `op name '${name}' is not a mnemonic`, {
      hint: "write snake_case, with a namespace: mylib.swish",
    });
  }
  requireEffects(name, definition.operands, definition.effects ?? {});
  return makeOp(definition);
}

/**
 * As defineOp, for a definition that fits: of the project's own, tests see to that.
 *
 * @__NO_SIDE_EFFECTS__
 */
export function makeOp<const S extends AttributeSpecs>(definition: OpDefinition<S>): Op<AttributesOf<S>> {
  // each with every field in one order, so that all records have one shape, which engines read fast
  const record = Object.assign(new OpRecord(), {
    name: definition.name,
    operands: definition.operands,
    groups: definition.groups ?? none,
    attributes: definition.attributes ?? noAttributes,
    regions: definition.regions ?? none,
    assembly: definition.assembly ?? operandsAlone,
    level: definition.level ?? "tensor",
    types: definition.types,
    argumentTypes: definition.argumentTypes,
    effects: definition.effects === undefined ? noEffects : completeEffects(definition.effects),
    succeeds: definition.succeeds,
    traits: definition.traits === undefined ? noTraits : completeTraits(definition.traits),
    loop: definition.loop ?? null,
    aliases: definition.aliases ?? none,
    scalar: definition.scalar ?? null,
    eval: definition.eval,
    derivative: definition.derivative,
    varies: definition.varies,
    batching: definition.batching,
    lowering: definition.lowering ?? null,
  });
  return Object.freeze(withDocumentation(record, definition));
}

/** Whether the operation is one of the op; if so, its attributes are known by their types. */
export function isOf<A extends Attributes>(op: Op<A>, operation: Operation): operation is Operation<A> {
  return operation.op === op;
}

/** Of an op that gives the sum of its operands, each times a number: these numbers. */
export function coefficientsOf({ derivative }: Op): readonly number[] | undefined {
  return derivative.kind === "elementwise" ? derivative.coefficients : undefined;
}

/** The names the parser knows; the project's own ops and, on request, a user's. */
export type OpTable = ReadonlyMap<string, Op>;
