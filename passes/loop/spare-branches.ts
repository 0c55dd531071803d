// Choices between a number and 0 that no engine makes without a branch become arithmetic: which sign the numbers of an
// activation have, no processor guesses, and each wrong guess takes as long as ten additions (measured: 3.3 ns instead of 8.5
// an element, for signs in any order).

import {
  type Block,
  BlockBuilder,
  type DType,
  elementDType,
  FuncScope,
  isScalar,
  mapBodies,
  mapOperations,
  type Operation,
  Replacements,
  scalar,
  type Value,
  ValueMap,
  ValueSet,
  walk,
  withBuilder,
  withOperations,
  withRegions,
} from "../../src/ir/index.ts";
import { abs, add, cast, compare, compareOp, constant, isOwn, mul, select, sub } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { javascript } from "../../src/target/index.ts";

/** A choice between a number and 0: of the positive numbers, or of the negative ones. */
interface Part {
  readonly x: Value;
  readonly zero: Value;
  readonly sign: 1 | -1;
}

/** The choices of a function that are parts of numbers, by their results. Of x >= 0 ? 0 : x, -0 would be -0. */
function partsIn(body: Block): ValueMap<Part> {
  const zeros = new ValueSet();
  const below = new ValueMap<Value>();
  const parts = new ValueMap<Part>();
  const note = ({ op, operands: [a, b, x], attributes, results: [result] }: Operation): void => {
    if (op.traits.constant && Object.is(attributes.value, 0)) zeros.add(result);
    else if (op === compareOp && attributes.direction === "le" && zeros.has(b)) below.set(result, a);
    else if (result === undefined || elementDType(result.type) !== "f32" || !isScalar(result.type)) return;
    else if (op.traits.selects && below.get(a) === x && zeros.has(b)) parts.set(result, { x, zero: b, sign: 1 });
    else {
      const sign = isOwn(op, "maximum") ? 1 : isOwn(op, "minimum") ? -1 : null;
      if (sign === null) return;
      if (zeros.has(b)) parts.set(result, { x: a, zero: b, sign });
      else if (zeros.has(a)) parts.set(result, { x: b, zero: a, sign });
    }
  };
  walk(body, note);
  return parts;
}

/** Computes the parts of one function. */
class Parts {
  readonly #parts: ValueMap<Part>;
  readonly #scope: FuncScope;
  /** The constants of all parts, in front of the function. */
  readonly #constants: BlockBuilder;
  readonly #known = new Map<string, Value>();
  readonly #replaced = new Replacements();

  constructor(parts: ValueMap<Part>, scope: FuncScope) {
    this.#parts = parts;
    this.#scope = scope;
    this.#constants = new BlockBuilder(scope);
  }

  body(body: Block): Block {
    const { operations, results } = this.#replaced.block(this.#block(body));
    return withOperations(body, [...this.#constants.operations, ...operations], results);
  }

  #block(block: Block): Block {
    return mapOperations(block, (operation) => {
      const { regions, results, origin } = operation;
      if (regions.length > 0) return withRegions(operation, regions.map(this.#block, this));
      const part = results.length === 1 ? this.#parts.get(results[0]) : undefined;
      if (part === undefined) return operation;
      const builder = new BlockBuilder(this.#scope);
      builder.origin = origin;
      // a constant is of the first part that has it
      this.#constants.origin = origin;
      this.#replaced.set(
        results[0],
        withBuilder(builder, () => this.#computed(part)),
      );
      return builder.operations;
    });
  }

  /**
   * (x + |x|) / 2 is x or 0, exactly: f64 has the digits and the range for that of f32. Only of -∞ it would be NaN; that
   * this is no -∞, any processor guesses.
   */
  #computed({ x, zero, sign }: Part): Value {
    const isInfinite = compare(x, this.#constant(-Infinity * sign, "f32"), "eq");
    const finite = select(isInfinite, zero, x);
    const [wide, size] = [cast(finite, "f64"), cast(abs(finite), "f64")];
    const doubled = sign === 1 ? add(wide, size) : sub(wide, size);
    return cast(mul(doubled, this.#constant(0.5, "f64")), "f32");
  }

  #constant(value: number, dtype: DType): Value {
    const key = `${dtype} ${value}`;
    const known = this.#known.get(key) ?? withBuilder(this.#constants, () => constant(value, scalar(dtype)));
    this.#known.set(key, known);
    return known;
  }
}

export const spareBranches = definePass({
  name: "spare-branches",
  summary: "Computes the positive and negative parts of f32 by arithmetic, where the target would branch.",
  level: "loop",
  idempotent: true,
  example: `func @main<N>(%x: memref<f32[N]>, %y: out memref<f32[N]>) {
  %zero = constant 0 : f32
  for %i: index = 0 to N {
    %x_i = load %x[%i] : f32
    %isNegative = compare %x_i, %zero, direction = le : bool
    %part = select %isNegative, %zero, %x_i : f32
    store %part, %y[%i]
  }
  return
}
`,
  run: (module, { target = javascript }) =>
    target.selects
      ? module
      : mapBodies(module, (body, func) => {
          const parts = partsIn(body);
          if (parts.size === 0) return body;
          return new Parts(parts, new FuncScope(func.constraints, () => null, false)).body(body);
        }),
});
