// Uses of ops that nobody told the generator of, beyond operands and attributes: regions by what their records say of them,
// and the operation of an op's own example where nothing that was drawn fits.

import {
  AdjointError,
  type Block,
  Cloner,
  currentBlock,
  type Dim,
  emit,
  freeValues,
  type Module,
  makeBlock,
  type Op,
  type Operation,
  type OpTable,
  parseModule,
  scalar,
  type TensorType,
  type Type,
  usedSymbols,
  type Value,
  walk,
} from "../../ir/index.ts";
import { tensorOf } from "../../ops/index.ts";
import type { Pool } from "./pool.ts";
import type { Steps } from "./region-idiom.ts";
import { attributesOf } from "./uses.ts";

/** How often something else is tried where the type rule refuses. */
const tries = 6;

/** Whether its record names functions: such an op is not drawn by its record. */
export function namesFunctions({ attributes }: Op): boolean {
  return Object.values(attributes).some(({ kind }) => kind === "function" || kind === "bindings");
}

/** An op with regions, of what its record says: its arguments, whether it branches, and what a loop carries and tests. */
export function regionUse(op: Op, pool: Pool, steps: Steps): readonly Value[] {
  const { operations } = currentBlock();
  const before = operations.length;
  for (let i = 0; i < tries; i++) {
    try {
      return proposal(op, pool, steps);
    } catch (error) {
      if (!(error instanceof AdjointError)) throw error;
      operations.length = before;
    }
  }
  return [];
}

function proposal(op: Op, pool: Pool, steps: Steps): readonly Value[] {
  const { random } = pool;
  const like = tensorOf(pool.any());
  const bool = scalar("bool");
  const operands = op.operands.map(({ variadic }, i): readonly Value[] => {
    if (op.traits.branches && i === 0)
      return [pool.find(({ dtype, shape }) => dtype === "bool" && shape.length === 0) ?? pool.constant(bool)];
    const count = variadic === true ? random.pick([1, 2, 1, 3, 0]) : 1;
    return Array.from({ length: count }, () => (random.oneIn(2) ? pool.like(like) : pool.any()));
  });
  const given = operands.flat();
  const types = given.map((v) => v.type);
  const regions: Block[] = [];
  for (let i = 0; i < op.regions.length; i++) {
    const args = argumentsOf(op, types, regions);
    const isTest = op.loop?.test === i;
    regions.push(
      currentBlock().region(args, (...own) => {
        const after = pool.within(own);
        steps(after);
        if (isTest)
          return [after.find(({ dtype, shape }) => dtype === "bool" && shape.length === 0) ?? pool.constant(bool)];
        return resultTypes(op, types, regions, like, pool).map((type) => after.computed(type));
      }),
    );
  }
  const segments = op.groups.length === 0 ? [] : operands.map((group) => group.length);
  const attributes = attributesOf(op, like, random);
  return emit(op, given, { attributes, regions, segments });
}

/** What a region takes: what the record says, nothing of a branch, and otherwise what it is given. */
function argumentsOf(op: Op, operands: readonly Type[], before: readonly Block[]): readonly Type[] {
  if (op.argumentTypes !== undefined) return op.argumentTypes(operands, before);
  if (op.traits.branches || !op.assembly.some(({ kind }) => kind === "bind")) return [];
  const indices = op.loop !== null && op.loop.body === before.length ? op.loop.indices : 0;
  return [...Array.from({ length: indices }, () => scalar("index")), ...operands];
}

/** What a region gives: what is carried, or as many values as the region before it, or some of the types there are. */
function resultTypes(
  op: Op,
  operands: readonly Type[],
  before: readonly Block[],
  like: TensorType,
  { random }: Pool,
): readonly TensorType[] {
  const tensors = (types: readonly Type[]) => types.filter((t) => t.kind === "tensor");
  if (op.loop !== null) return tensors(operands);
  const earlier = before[before.length - 1];
  if (earlier !== undefined && random.oneIn(2)) return tensors(earlier.results.map((v) => v.type));
  return random.pick([[like], tensors(operands), [], [like, like]]);
}

// ---- the example of a record --------------------------------------------------------------------------------------------

/** An operation that stands alone: its operands and what its regions see are its arguments. */
interface Example {
  readonly block: Block;
  readonly symbols: readonly string[];
}

const examples = new WeakMap<Op, Example | null>();

/** The size of the symbols of an example: large enough for windows and parts. */
const exampleSize = 3;

/** The operation of the op's example, on values of the pool. */
export function exampleUse(op: Op, pool: Pool, table: OpTable): readonly Value[] {
  let example = examples.get(op);
  if (example === undefined) examples.set(op, (example = exampleOf(op, table)));
  if (example === null) return [];
  const sizes = Object.fromEntries(example.symbols.map((name): [string, Dim] => [name, exampleSize]));
  const cloner = new Cloner(sizes);
  const types = example.block.arguments.map(({ type }) => cloner.type(type));
  const values = types.flatMap((type) => (type.kind === "tensor" ? [pool.like(type)] : []));
  return cloner.inline(example.block, values, currentBlock());
}

/** The first operation of the op in its example that takes nothing but tensors; null where there is none. */
function exampleOf(op: Op, table: OpTable): Example | null {
  let module: Module;
  try {
    module = parseModule(op.docs.example, table);
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
  const uses: Operation[] = [];
  for (const func of module.funcs) walk(func.body, (o) => void (o.op.name === op.name && uses.push(o)));
  if (uses.length === 0) return null;
  const [operation] = uses;
  const taken = [...new Set([...operation.operands, ...freeValues(...operation.regions)])];
  if (!taken.every(({ type }) => type.kind === "tensor")) return null;
  const block = makeBlock(taken, [operation], operation.results);
  return { block, symbols: [...usedSymbols(block)] };
}
