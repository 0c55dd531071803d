// Resolves `vmap`: for each mapped function f makes @f.batched, which computes a whole batch at once, and calls it.
//
// An operation stays as it is where nothing of it has the new axis, and follows its op's batching rule where something
// has. Callees come first, so that a function that is batched holds no vmap itself; a vjp in it becomes the vjp of the
// batched function, so that batching goes before differentiation. What only takes derivatives at one point, along many
// directions, waits until they are resolved: batched after that, the primal is computed once, and only tangents and
// cotangents have the new axis.

import {
  type Block,
  BlockBuilder,
  calleesFirst,
  type Func,
  FuncScope,
  fail,
  holdsOp,
  type Module,
  makeBlock,
  makeFunc,
  makeModule,
  type Operation,
  Replacements,
  type Signature,
  shapeOf,
  signatureOf,
  symbol,
  type Value,
  withBuilder,
  withOperands,
  withoutUnreached,
  withRegions,
} from "../../src/ir/index.ts";
import { call, isMap, type MapAttributes, mappedOf, withBatchAxis } from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { atOnePoint } from "./batch/one-point.ts";
import { type BatchHost, BatchSweep } from "./batch/sweep.ts";

export const batch = definePass({
  name: "batch",
  summary: "Resolves vmap: makes @f.batched and calls it.",
  resolves: true,
  example: `private func @f(%x: f64[3], %w: f64[3]) -> f64 {
  %mul = mul %x, %w : f64[3]
  %y = reduce %mul, kind = sum, axes = [0] : f64
  return %y
}

func @main<N>(%x: f64[N, 3], %w: f64[3]) -> f64[N] {
  %y = vmap @f(%x, %w), mapped = [0] : f64[N]
  return %y
}
`,
  run(given) {
    const holds = (m: Module): boolean => m.funcs.some((f) => holdsMap(f.body));
    const module = holds(given) ? withoutUnreached(given) : given;
    return holds(module) ? new Batching(module).run() : module;
  },
});

function holdsMap(block: Block): boolean {
  return holdsOp(block, ({ traits }) => traits.transform && !traits.differentiates);
}

interface Made {
  readonly signature: Signature;
  readonly batched: readonly boolean[];
}

class Batching implements BatchHost {
  readonly #module: Module;
  readonly #funcs: Map<string, Func>;
  /** What was made from each function, in order. */
  readonly #from = new Map<string, Func[]>();
  readonly #made = new Map<string, Made>();
  /** The operations that wait until derivatives are resolved. */
  readonly #waiting: ReadonlySet<Operation>;

  constructor(module: Module) {
    this.#module = module;
    this.#waiting = atOnePoint(module);
    this.#funcs = new Map(module.funcs.map((f) => [f.name, f]));
  }

  run(): Module {
    for (const func of calleesFirst(this.#module)) {
      if (holdsMap(func.body)) this.#funcs.set(func.name, this.#resolve(func));
    }
    return makeModule(this.#module.funcs.flatMap((f) => this.#withMade(f.name)));
  }

  #withMade(name: string): readonly Func[] {
    const made = this.#from.get(name) ?? [];
    return [this.#func(name), ...made.flatMap((f) => this.#withMade(f.name))];
  }

  #func(name: string): Func {
    return this.#funcs.get(name) ?? fail("name", `@${name} is not a function of this module`);
  }

  signature(callee: string): Signature {
    return signatureOf(this.#func(callee));
  }

  // ---- replacing vmap operations ------------------------------------------------------------------------------------

  #resolve(func: Func): Func {
    const scope = new FuncScope(func.constraints, (name) => this.signature(name));
    const body = this.#block(func.body, new BlockBuilder(scope), new Replacements());
    return makeFunc({ ...func, constraints: scope.dims.constraints, body });
  }

  #block(block: Block, builder: BlockBuilder, replacements: Replacements): Block {
    for (const operation of block.operations) {
      const renamed = withOperands(operation, replacements.all(operation.operands));
      if (isMap(operation) && !this.#waiting.has(operation))
        this.#map(renamed.operands, operation, builder, replacements);
      else if (operation.regions.length === 0) builder.append(renamed);
      else {
        const inner = (r: Block): Block => this.#block(r, new BlockBuilder(builder.scope, builder), replacements);
        builder.append(withRegions(renamed, operation.regions.map(inner)));
      }
    }
    return makeBlock(block.arguments, builder.operations, replacements.all(block.results));
  }

  #map(
    operands: readonly Value[],
    { attributes, results, origin }: Operation<MapAttributes>,
    builder: BlockBuilder,
    replacements: Replacements,
  ): void {
    builder.origin = origin;
    const mapped = mappedOf(attributes, operands.length);
    const { signature, batched } = this.batchedCall(
      attributes.callee,
      operands.map((_, i) => mapped.includes(i)),
    );
    const [size] = shapeOf(operands[mapped[0]]);
    const values = withBuilder(builder, () => {
      const { bindings } = attributes.bindings;
      const names = results.map((r) => r.name);
      return call(signature, operands, bindings, names).map((v, i) => withBatchAxis(v, batched[i], size));
    });
    for (const [i, r] of results.entries()) replacements.set(r, values[i]);
  }

  // ---- making batched functions -------------------------------------------------------------------------------------

  batchedCall(callee: string, batched: readonly boolean[]): Made {
    const key = `${callee} ${batched.map(Number).join("")}`;
    let made = this.#made.get(key);
    if (made === undefined) this.#made.set(key, (made = this.#make(this.#func(callee), batched)));
    return made;
  }

  #make(func: Func, flags: readonly boolean[]): Made {
    const size = freshSymbol(func);
    const scope = new FuncScope(func.constraints, (name) => this.signature(name));
    const sweep = new BatchSweep(this, symbol(size));
    const { body, batched } = sweep.body(func.body, flags, new BlockBuilder(scope));
    const made = makeFunc({
      ...func,
      name: this.#freshName(`${func.name}.batched`),
      visibility: "private",
      symbols: flags.includes(true) ? [size, ...func.symbols] : func.symbols,
      constraints: scope.dims.constraints,
      body,
    });
    this.#funcs.set(made.name, made);
    this.#from.set(func.name, [...(this.#from.get(func.name) ?? []), made]);
    return { signature: signatureOf(made), batched };
  }

  #freshName(base: string): string {
    let name = base;
    for (let n = 1; this.#funcs.has(name); n++) name = `${base}_${n}`;
    return name;
  }
}

/** The batch's extent in a function, which has its own symbols. */
function freshSymbol({ symbols }: Func): string {
  let name = "V";
  for (let n = 1; symbols.includes(name); n++) name = `V${n}`;
  return name;
}
