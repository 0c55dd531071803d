// The instructions of WebAssembly that code here may have, by their code and by what follows it.
// https://webassembly.github.io/spec/core/appendix/index-instructions.html

/** What follows the code: nothing, a number that is an index or a label, the type of a block, an access of memory, a lane … */
export type Immediate =
  | "none"
  | "index"
  | "block"
  | "memory"
  | "lane"
  | "memoryLane"
  | "bytes"
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  | "zero"
  | "zeros";

export interface Instruction {
  readonly name: Mnemonic;
  /** The byte before the code; 0 where there is none. */
  readonly prefix: number;
  readonly code: number;
  readonly immediate: Immediate;
}

/** Names whose codes follow one another. */
interface Row<Name extends string> {
  readonly first: number;
  readonly names: readonly Name[];
  readonly immediate?: Immediate;
  readonly prefix?: number;
}

/** @__NO_SIDE_EFFECTS__ */
function row<const Name extends string>(
  first: number,
  names: readonly Name[],
  rest: Omit<Row<Name>, "first" | "names"> = {},
): Row<Name> {
  return { first, names, ...rest };
}

const vector = 0xfd;

const rows = [
  row(0x00, ["unreachable", "nop"]),
  row(0x02, ["block", "loop", "if"], { immediate: "block" }),
  row(0x05, ["else"]),
  row(0x0b, ["end"]),
  row(0x0c, ["br", "br_if"], { immediate: "index" }),
  row(0x0f, ["return"]),
  row(0x10, ["call"], { immediate: "index" }),
  row(0x1a, ["drop", "select"]),
  row(0x20, ["local.get", "local.set", "local.tee", "global.get", "global.set"], { immediate: "index" }),
  row(0x28, ["i32.load", "i64.load", "f32.load", "f64.load", "i32.load8_s", "i32.load8_u"], { immediate: "memory" }),
  row(0x36, ["i32.store", "i64.store", "f32.store", "f64.store", "i32.store8"], { immediate: "memory" }),
  row(0x3f, ["memory.size", "memory.grow"], { immediate: "zero" }),
  row(0x41, ["i32.const"], { immediate: "i32" }),
  row(0x42, ["i64.const"], { immediate: "i64" }),
  row(0x43, ["f32.const"], { immediate: "f32" }),
  row(0x44, ["f64.const"], { immediate: "f64" }),
  row(0x45, [
    ...([
      "i32.eqz",
      "i32.eq",
      "i32.ne",
      "i32.lt_s",
      "i32.lt_u",
      "i32.gt_s",
      "i32.gt_u",
      "i32.le_s",
      "i32.le_u",
    ] as const),
    ...([
      "i32.ge_s",
      "i32.ge_u",
      "i64.eqz",
      "i64.eq",
      "i64.ne",
      "i64.lt_s",
      "i64.lt_u",
      "i64.gt_s",
      "i64.gt_u",
    ] as const),
    ...(["i64.le_s", "i64.le_u", "i64.ge_s", "i64.ge_u", "f32.eq", "f32.ne", "f32.lt", "f32.gt", "f32.le"] as const),
    ...(["f32.ge", "f64.eq", "f64.ne", "f64.lt", "f64.gt", "f64.le", "f64.ge", "i32.clz", "i32.ctz"] as const),
    ...(["i32.popcnt", "i32.add", "i32.sub", "i32.mul", "i32.div_s", "i32.div_u", "i32.rem_s", "i32.rem_u"] as const),
    ...(["i32.and", "i32.or", "i32.xor", "i32.shl", "i32.shr_s", "i32.shr_u", "i32.rotl", "i32.rotr"] as const),
    ...(["i64.clz", "i64.ctz", "i64.popcnt", "i64.add", "i64.sub", "i64.mul", "i64.div_s", "i64.div_u"] as const),
    ...(["i64.rem_s", "i64.rem_u", "i64.and", "i64.or", "i64.xor", "i64.shl", "i64.shr_s", "i64.shr_u"] as const),
    ...(["i64.rotl", "i64.rotr", "f32.abs", "f32.neg", "f32.ceil", "f32.floor", "f32.trunc", "f32.nearest"] as const),
    ...(["f32.sqrt", "f32.add", "f32.sub", "f32.mul", "f32.div", "f32.min", "f32.max", "f32.copysign"] as const),
    ...(["f64.abs", "f64.neg", "f64.ceil", "f64.floor", "f64.trunc", "f64.nearest", "f64.sqrt", "f64.add"] as const),
    ...(["f64.sub", "f64.mul", "f64.div", "f64.min", "f64.max", "f64.copysign", "i32.wrap_i64"] as const),
    ...(["i32.trunc_f32_s", "i32.trunc_f32_u", "i32.trunc_f64_s", "i32.trunc_f64_u", "i64.extend_i32_s"] as const),
    ...(["i64.extend_i32_u", "i64.trunc_f32_s", "i64.trunc_f32_u", "i64.trunc_f64_s", "i64.trunc_f64_u"] as const),
    ...([
      "f32.convert_i32_s",
      "f32.convert_i32_u",
      "f32.convert_i64_s",
      "f32.convert_i64_u",
      "f32.demote_f64",
    ] as const),
    ...([
      "f64.convert_i32_s",
      "f64.convert_i32_u",
      "f64.convert_i64_s",
      "f64.convert_i64_u",
      "f64.promote_f32",
    ] as const),
    ...(["i32.reinterpret_f32", "i64.reinterpret_f64", "f32.reinterpret_i32", "f64.reinterpret_i64"] as const),
    ...(["i32.extend8_s", "i32.extend16_s", "i64.extend8_s", "i64.extend16_s", "i64.extend32_s"] as const),
  ]),
  row(
    0,
    [
      "i32.trunc_sat_f32_s",
      "i32.trunc_sat_f32_u",
      "i32.trunc_sat_f64_s",
      "i32.trunc_sat_f64_u",
      "i64.trunc_sat_f32_s",
      "i64.trunc_sat_f32_u",
      "i64.trunc_sat_f64_s",
      "i64.trunc_sat_f64_u",
    ],
    { prefix: 0xfc },
  ),
  row(10, ["memory.copy"], { prefix: 0xfc, immediate: "zeros" }),
  row(11, ["memory.fill"], { prefix: 0xfc, immediate: "zero" }),
  row(0, ["v128.load"], { prefix: vector, immediate: "memory" }),
  row(9, ["v128.load32_splat", "v128.load64_splat", "v128.store"], { prefix: vector, immediate: "memory" }),
  row(12, ["v128.const", "i8x16.shuffle"], { prefix: vector, immediate: "bytes" }),
  row(17, ["i32x4.splat", "i64x2.splat", "f32x4.splat", "f64x2.splat"], { prefix: vector }),
  row(
    27,
    [
      "i32x4.extract_lane",
      "i32x4.replace_lane",
      "i64x2.extract_lane",
      "i64x2.replace_lane",
      "f32x4.extract_lane",
      "f32x4.replace_lane",
      "f64x2.extract_lane",
      "f64x2.replace_lane",
    ],
    { prefix: vector, immediate: "lane" },
  ),
  row(
    55,
    [
      ...([
        "i32x4.eq",
        "i32x4.ne",
        "i32x4.lt_s",
        "i32x4.lt_u",
        "i32x4.gt_s",
        "i32x4.gt_u",
        "i32x4.le_s",
        "i32x4.le_u",
      ] as const),
      ...([
        "i32x4.ge_s",
        "i32x4.ge_u",
        "f32x4.eq",
        "f32x4.ne",
        "f32x4.lt",
        "f32x4.gt",
        "f32x4.le",
        "f32x4.ge",
      ] as const),
      ...(["f64x2.eq", "f64x2.ne", "f64x2.lt", "f64x2.gt", "f64x2.le", "f64x2.ge", "v128.not", "v128.and"] as const),
      ...(["v128.andnot", "v128.or", "v128.xor", "v128.bitselect", "v128.any_true"] as const),
    ],
    { prefix: vector },
  ),
  row(91, ["v128.store64_lane"], { prefix: vector, immediate: "memoryLane" }),
  row(92, ["v128.load32_zero", "v128.load64_zero"], { prefix: vector, immediate: "memory" }),
  row(94, ["f32x4.demote_f64x2_zero", "f64x2.promote_low_f32x4"], { prefix: vector }),
  row(103, ["f32x4.ceil", "f32x4.floor", "f32x4.trunc", "f32x4.nearest"], { prefix: vector }),
  row(116, ["f64x2.ceil", "f64x2.floor"], { prefix: vector }),
  row(122, ["f64x2.trunc"], { prefix: vector }),
  row(148, ["f64x2.nearest"], { prefix: vector }),
  row(160, ["i32x4.abs", "i32x4.neg"], { prefix: vector }),
  row(171, ["i32x4.shl", "i32x4.shr_s", "i32x4.shr_u", "i32x4.add"], { prefix: vector }),
  row(177, ["i32x4.sub"], { prefix: vector }),
  row(181, ["i32x4.mul", "i32x4.min_s", "i32x4.min_u", "i32x4.max_s", "i32x4.max_u"], { prefix: vector }),
  row(206, ["i64x2.add"], { prefix: vector }),
  row(209, ["i64x2.sub"], { prefix: vector }),
  row(213, ["i64x2.mul", "i64x2.eq", "i64x2.ne", "i64x2.lt_s", "i64x2.gt_s", "i64x2.le_s", "i64x2.ge_s"], {
    prefix: vector,
  }),
  row(224, ["f32x4.abs", "f32x4.neg"], { prefix: vector }),
  row(
    227,
    [
      "f32x4.sqrt",
      "f32x4.add",
      "f32x4.sub",
      "f32x4.mul",
      "f32x4.div",
      "f32x4.min",
      "f32x4.max",
      "f32x4.pmin",
      "f32x4.pmax",
      "f64x2.abs",
      "f64x2.neg",
    ],
    { prefix: vector },
  ),
  row(
    239,
    [
      ...([
        "f64x2.sqrt",
        "f64x2.add",
        "f64x2.sub",
        "f64x2.mul",
        "f64x2.div",
        "f64x2.min",
        "f64x2.max",
        "f64x2.pmin",
      ] as const),
      ...(["f64x2.pmax", "i32x4.trunc_sat_f32x4_s", "i32x4.trunc_sat_f32x4_u", "f32x4.convert_i32x4_s"] as const),
      ...(["f32x4.convert_i32x4_u", "i32x4.trunc_sat_f64x2_s_zero", "i32x4.trunc_sat_f64x2_u_zero"] as const),
      ...(["f64x2.convert_low_i32x4_s", "f64x2.convert_low_i32x4_u"] as const),
    ],
    { prefix: vector },
  ),
] as const;

export type Mnemonic = (typeof rows)[number]["names"][number];

/** Every instruction, by its name. */
export const instructions: ReadonlyMap<Mnemonic, Instruction> = new Map(
  rows.flatMap(({ first, names, immediate = "none", prefix = 0 }: Row<Mnemonic>) =>
    names.map((name, i) => [name, { name, prefix, code: first + i, immediate }] as const),
  ),
);

/** The types of values, and their codes. */
export const valueTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof valueTypes;
