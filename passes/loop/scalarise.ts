// Scalarisation: for what has no vectors, each lane becomes a number of its own.

import {
  addDims,
  type Block,
  BlockBuilder,
  boundBy,
  calleeOf,
  type Dim,
  dimsIn,
  elementDType,
  emit,
  FuncScope,
  groupOf,
  holdsOp,
  indexDim,
  isOf,
  type Module,
  makeFunc,
  mapFuncs,
  type Operation,
  scalar,
  Value,
  ValueMap,
  withBuilder,
  withOperands,
  withParts,
} from "../../src/ir/index.ts";
import {
  compare,
  constant,
  dim,
  extractLaneOp,
  ifElse,
  lanesInHalves,
  load,
  loadLanesOp,
  rampOp,
  reduceLanesOp,
  splatOp,
  store,
  storeLanesOp,
} from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";

export const scalarise = definePass({
  name: "scalarise",
  summary: "Makes a number of each lane of a vector.",
  level: "vector",
  lowers: "loop",
  idempotent: true,
  example: `func @main(%x: memref<f32[4]>) -> f32 {
  %v = load_lanes %x[0] : vector<4xf32>
  %w = mul %v, %v : vector<4xf32>
  %s = reduce_lanes %w, kind = sum : f32
  return %s
}
`,
  run: (module) =>
    holdsVectors(module)
      ? mapFuncs(module, (func) => {
          const lanes = new Scalariser(new FuncScope(func.constraints, () => null, false));
          const roles = func.body.arguments.flatMap((v, i) => Array.from({ length: lanesOf(v) }, () => func.roles[i]));
          return makeFunc({ ...func, roles, body: lanes.block(func.body, null) });
        })
      : module,
});

/** Vectors come from arguments and from ops of their level: all others make vectors of vectors. */
function holdsVectors({ funcs }: Module): boolean {
  return funcs.some(
    ({ body }) =>
      body.arguments.some(({ type }) => type.kind === "vector") || holdsOp(body, ({ level }) => level === "vector"),
  );
}

/** How many numbers a value is. */
function lanesOf({ type }: Value): number {
  return type.kind === "vector" ? type.shape[0] : 1;
}

class Scalariser {
  readonly #scope: FuncScope;
  readonly #lanes = new ValueMap<readonly Value[]>();

  constructor(scope: FuncScope) {
    this.#scope = scope;
  }

  block(block: Block, parent: BlockBuilder | null): Block {
    const builder = new BlockBuilder(this.#scope, parent);
    for (const v of block.arguments) builder.arguments.push(...this.#split(v));
    withBuilder(builder, () => {
      for (const operation of block.operations) {
        builder.origin = operation.origin;
        this.#operation(operation, builder);
      }
    });
    return builder.finish(this.#all(block.results));
  }

  /** The numbers that a vector becomes; any other value is itself. */
  #split(v: Value): readonly Value[] {
    const { type, name } = v;
    if (type.kind !== "vector") return [v];
    const numbers = Array.from({ length: lanesOf(v) }, () => new Value(scalar(type.dtype), name));
    this.#lanes.set(v, numbers);
    return numbers;
  }

  #all(values: readonly Value[]): readonly Value[] {
    return values.flatMap((v) => this.#lanes.get(v) ?? [v]);
  }

  /** The number in one lane; a number is in all. */
  #lane(v: Value, lane: number): Value {
    return this.#lanes.get(v)?.[v.type.kind === "vector" ? lane : 0] ?? v;
  }

  #operation(given: Operation, builder: BlockBuilder): void {
    const operands = given.operands.map((v) => (v.type.kind === "vector" ? v : this.#lane(v, 0)));
    const operation = withOperands(given, operands);
    const { op, results, regions } = operation;
    const [result] = results;
    const isOfVectors = [...operands, ...results].some(({ type }) => type.kind === "vector");
    if (!isOfVectors && regions.length === 0) builder.append(operation);
    else if (op === storeLanesOp) this.#store(operation);
    else if (isOf(reduceLanesOp, operation))
      this.#lanes.set(result, [lanesInHalves(this.#all([operation.operands[0]]), operation.attributes.kind)]);
    else if (isOf(extractLaneOp, operation))
      this.#lanes.set(result, [this.#lane(operation.operands[0], operation.attributes.lane)]);
    else if (result?.type.kind !== "vector" || regions.length > 0 || calleeOf(operation) !== null)
      this.#structured(operation, builder);
    else this.#lanes.set(result, this.#numbers(operation));
  }

  /** The lanes of a vector that an operation gives. */
  #numbers(operation: Operation): readonly Value[] {
    const { op, operands, attributes, results } = operation;
    const [result] = results;
    const [first] = operands;
    const each = (make: (lane: number) => Value): readonly Value[] =>
      Array.from({ length: lanesOf(result) }, (_, lane) => make(lane));
    if (op === splatOp) return each(() => first);
    if (op === loadLanesOp) return each((lane) => this.#loaded(operation, lane));
    if (isOf(rampOp, operation)) {
      const { step } = operation.attributes;
      return each((lane) => (lane === 0 ? first : dim(addDims(indexDim(first), lane * step), "index")));
    }
    const types = [scalar(elementDType(result.type) ?? "f64")];
    const made = (lane: number): Value =>
      emit(
        op,
        operands.map((v) => this.#lane(v, lane)),
        { attributes, types, names: [result.name] },
      )[0];
    if (!op.traits.constant) return each(made);
    const one = made(0);
    return each(() => one);
  }

  #loaded(operation: Operation, lane: number): Value {
    const [memory] = groupOf(operation, "memory");
    const read = (): Value => load(memory, placeOf(operation, lane));
    const inside = insideCount(operation, lane);
    if (inside === null) return read();
    const dtype = elementDType(memory.type) ?? "f64";
    return ifElse(
      inside,
      () => [read()],
      () => [constant(dtype === "bool" ? false : 0, scalar(dtype))],
    )[0];
  }

  #store(operation: Operation): void {
    const [memory] = groupOf(operation, "memory");
    const numbers = this.#all(groupOf(operation, "value"));
    for (const [lane, number] of numbers.entries()) {
      const write = (): readonly Value[] => {
        store(number, memory, placeOf(operation, lane));
        return [];
      };
      const inside = insideCount(operation, lane);
      if (inside === null) write();
      else ifElse(inside, write, () => []);
    }
  }

  /** An operation with regions, or a call: each vector that it takes or gives is so many numbers. */
  #structured(operation: Operation, builder: BlockBuilder): void {
    const { op, operands, results, regions, segments } = operation;
    const counts = segments.map((_, k) => this.#all(groupOf(operation, op.groups[k])).length);
    builder.append(
      withParts(operation, {
        operands: this.#all(operands),
        segments: counts,
        regions: regions.map((region) => this.block(region, builder)),
        results: results.flatMap((v) => this.#split(v)),
      }),
    );
  }
}

/** The subscripts of a lane. */
function placeOf(operation: Operation, lane: number): readonly Dim[] {
  const at = dimsIn(operation.attributes.at);
  const last = at.length - 1;
  return at.map((d, axis) => {
    const bound = boundBy(d, operation, "at");
    return axis === last ? addDims(bound, lane) : bound;
  });
}

/** Whether a lane is in use; null where all are. */
function insideCount(operation: Operation, lane: number): Value | null {
  const [count] = groupOf(operation, "count");
  return count === undefined ? null : compare(dim(lane, "index"), count, "lt");
}
