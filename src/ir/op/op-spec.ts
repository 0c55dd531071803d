// What an op record says of its operands and regions, and of their text.

/**
 * The levels of a module: `tensor`; `fused`, where tensors that one nest of loops computes stand in one operation; `loop`
 * (`for`, `load`, memrefs); `vector`, where some numbers of the loops are vectors.
 */
export type Level = "tensor" | "fused" | "loop" | "vector";

/**
 * Where an op is legal, or what a pass takes. Ops of the tensor level stand at the fused level too, those of the loop level at
 * the vector level; `both` is everywhere.
 */
export type LegalAt = Level | "both";

const levelsOf: Readonly<Record<LegalAt, readonly Level[]>> = {
  tensor: ["tensor", "fused"],
  fused: ["fused"],
  loop: ["loop", "vector"],
  vector: ["vector"],
  both: ["tensor", "fused", "loop", "vector"],
};

/** Whether modules of the level have memory in place of tensors. */
export function hasMemory(level: Level): boolean {
  return level === "loop" || level === "vector";
}

/** Whether an op is legal at a level. */
export function standsAt(op: { readonly level: LegalAt }, level: Level): boolean {
  return levelsOf[op.level].includes(level);
}

export interface OperandSpec {
  readonly name: string;
  /** Takes any number of operands; at most one per group. */
  readonly variadic?: boolean;
  /** Says where elements are, and fails out of range, which 0 is not. */
  readonly isIndex?: boolean;
}

export interface RegionSpec {
  /** The first region follows the types directly; later regions print this name before their brace. */
  readonly name: string;
  /** The first region prints its name as well. */
  readonly named?: boolean;
  /** May be left out in text where the operation has no results; then it is an empty block. */
  readonly optional?: boolean;
  /** Writes no memory that stands outside, is not seen from there, and reads none that another region writes. */
  readonly readsOnly?: boolean;
}

/**
 * The pieces of an operation's text between mnemonic and attributes, in order. Without one, the operands stand
 * separated by commas.
 *   operands          %a, %b              the operands, or those of `group`
 *   arguments         (%a, %b)            the operands of `group` in parentheses
 *   group             cotangents(%a, %b)  the operands of `group`, named
 *   bind              carry(%i: i32 = %a) as group, and binds an argument of region 0 to each
 *   callee            @f<B = 2*N>         attributes `callee` and `bindings`
 *   value             1, dense<…>         attribute `value`
 *   affine            2*%j+1              attribute `value`, affine in the operands of `group`
 *   subscript         %x[%i, 2*%j]        operand `operand` and attribute `at`, affine in the operands of `group`; with
 *                                         `lanes`, the first of several elements that the operation is about
 *   span              %x[0 to N]          operand `operand` and attributes `lower`, `upper`, affine in the operands of `group`
 *   places            %k: index at [2*%i] attribute `at`, affine in the operands of `group`; binds an argument of region 0 to
 *                                         each entry
 *   range             %j: index = 0 to N step 4    attributes `lower`, `upper`, `step`, affine in the operands of `group`
 */
export type AssemblyItem =
  | { readonly kind: "operands"; readonly group?: string }
  | { readonly kind: "operand"; readonly operand: number }
  | { readonly kind: "arguments" | "group" | "bind"; readonly group: string }
  | { readonly kind: "callee" }
  | { readonly kind: "value" }
  | { readonly kind: "subscript"; readonly operand: number; readonly group: string; readonly lanes?: true }
  | { readonly kind: "span"; readonly operand: number; readonly group: string }
  | { readonly kind: "affine" | "range" | "places"; readonly group: string };
