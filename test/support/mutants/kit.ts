// Ways to be wrong: how the deliberately wrong rules, passes and records are made that the kit has to find.

import {
  AdjointError,
  type Attributes,
  type Block,
  BlockBuilder,
  elementDType,
  type Func,
  FuncScope,
  findFunc,
  isOf,
  type Module,
  makeBlock,
  mapBodies,
  type Op,
  type Operation,
  Replacements,
  sameType,
  signatureOf,
  type Value,
  ValueMap,
  withBuilder,
  withOperands,
  withParts,
  withRegions,
} from "../../../src/ir/index.ts";
import { defineOp } from "../../../src/ops/index.ts";
import { applyRules, definePass, type Pass, type Rule, rule } from "../../../src/rewrite/index.ts";

export interface Mutant {
  readonly area: string;
  readonly pass: Pass;
}

export const isFloatDType = (d: string): boolean => d === "f64" || d === "f32";
export const isInteger = (d: string): boolean => d === "i32" || d === "u32" || d === "u8";
export const only =
  (...dtypes: readonly string[]) =>
  (d: string): boolean =>
    dtypes.includes(d);

export const dtypeOf = (v: Value): string => elementDType(v.type) ?? "";

type RuleArguments = Parameters<typeof rule>;

/** An identity that does not hold. */
export function identity(
  area: string,
  name: string,
  pattern: RuleArguments[1],
  replacement: RuleArguments[2],
  options: RuleArguments[3] = {},
): Mutant {
  const wrong: Rule = rule(name, pattern, replacement, options);
  return overall(area, name, (module, cx) => applyRules(module, [wrong], cx));
}

/** A wrong pass. */
export function overall(area: string, name: string, run: Pass["run"]): Mutant {
  return {
    area,
    pass: definePass({ name: name.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, ""), summary: name, run }),
  };
}

/** What an operation is replaced by: values for its results, or another operation with the same results. */
export type Instead = Value | readonly Value[] | Operation | null;

export type Edit = (operation: Operation, source: (v: Value) => Operation | undefined, module: Module) => Instead;

/** A wrong rewrite of each operation of an op. */
export function uses<A extends Attributes>(
  area: string,
  name: string,
  op: Op<A>,
  to: (operation: Operation<A>, source: (v: Value) => Operation | undefined, module: Module) => Instead,
): Mutant {
  return edits(area, name, (operation, source, module) => (isOf(op, operation) ? to(operation, source, module) : null));
}

export function edits(area: string, name: string, edit: Edit): Mutant {
  return overall(area, name, (module) => edited(module, edit));
}

export function edited(module: Module, edit: Edit): Module {
  return mapBodies(module, (body, func) => new Editor(module, func, edit).block(body));
}

class Editor {
  readonly #module: Module;
  readonly #func: Func;
  readonly #edit: Edit;
  readonly #replaced = new Replacements();
  readonly #sources = new ValueMap<Operation>();

  constructor(module: Module, func: Func, edit: Edit) {
    this.#module = module;
    this.#func = func;
    this.#edit = edit;
  }

  block(block: Block): Block {
    const signature = (name: string) => {
      const callee = findFunc(this.#module, name);
      return callee === undefined ? null : signatureOf(callee);
    };
    const builder = new BlockBuilder(new FuncScope(this.#func.constraints, signature, false));
    for (const first of block.operations) {
      const before = builder.operations.length;
      const regions = first.regions.map((r) => this.block(r));
      this.#operation(withRegions(withOperands(first, this.#replaced.all(first.operands)), regions), builder);
      for (const o of builder.operations.slice(before)) for (const v of o.results) this.#sources.set(v, o);
    }
    return makeBlock(block.arguments, builder.operations, this.#replaced.all(block.results));
  }

  #operation(operation: Operation, builder: BlockBuilder): void {
    const before = builder.operations.length;
    builder.origin = operation.origin;
    let made: Instead = null;
    try {
      made = withBuilder(builder, () => this.#edit(operation, (v) => this.#sources.get(v), this.#module));
    } catch (error) {
      if (!(error instanceof AdjointError)) throw error;
    }
    if (made !== null && "op" in made) {
      builder.append(made);
      return;
    }
    const values = made === null ? [] : "type" in made ? [made] : made;
    const { results } = operation;
    if (
      made !== null &&
      values.length === results.length &&
      values.every((v, i) => sameType(v.type, results[i].type))
    ) {
      for (const [i, v] of results.entries()) this.#replaced.set(v, values[i]);
      return;
    }
    builder.operations.length = before;
    builder.append(operation);
  }
}

/** The operation with other attributes. */
export function changed(operation: Operation, attributes: Attributes): Operation {
  const all = { ...operation.attributes, ...attributes };
  for (const value of Object.values(all)) Object.freeze(value);
  return withParts(operation, { attributes: Object.freeze(all) });
}

/** Every block with its operations under a function of their list. */
export function lists(
  area: string,
  name: string,
  f: (operations: readonly Operation[], block: Block) => readonly Operation[],
): Mutant {
  const under = (block: Block): Block =>
    makeBlock(
      block.arguments,
      f(
        block.operations.map((o) => withRegions(o, o.regions.map(under))),
        block,
      ),
      block.results,
    );
  return overall(area, name, (module) => mapBodies(module, under));
}

/** Operations that are the same as an earlier one of their block, by a comparison that is wrong, are that one. */
export function merging(area: string, name: string, isSame: (a: Operation, b: Operation) => boolean): Mutant {
  return overall(area, name, (module) =>
    mapBodies(module, (body) => {
      const replaced = new Replacements();
      const under = (block: Block): Block => {
        const kept: Operation[] = [];
        for (const first of block.operations) {
          const o = withRegions(withOperands(first, replaced.all(first.operands)), first.regions.map(under));
          const earlier = kept.find((k) => k.op === o.op && isSame(k, o));
          if (earlier === undefined) kept.push(o);
          else for (const [i, v] of o.results.entries()) replaced.set(v, earlier.results[i]);
        }
        return makeBlock(block.arguments, kept, replaced.all(block.results));
      };
      return under(body);
    }),
  );
}

export function sameOperands(a: Operation, b: Operation): boolean {
  const alike = (x: readonly Value[], y: readonly Value[]) => x.length === y.length && x.every((v, i) => v === y[i]);
  return alike(a.operands, b.operands) && a.results.every((v, i) => sameType(v.type, b.results[i].type));
}

/** A pass of the project over ops of which one has a wrong record: the fault of its author. */
export function author<A extends Attributes>(
  area: string,
  name: string,
  pass: Pass,
  op: Op<A>,
  change: Partial<Op<A>>,
): Mutant {
  const wrong = defineOp<Record<never, never>>({ ...op, ...change } as never) as unknown as Op;
  const swap = (module: Module, from: Op, to: Op): Module =>
    edited(module, (o) => (o.op === from ? Object.freeze({ ...o, op: to }) : null));
  const own = op as unknown as Op;
  const { pass: made, ...rest } = overall(area, name, (module, cx) =>
    swap(pass.run(swap(module, own, wrong), cx), wrong, own),
  );
  return { ...rest, pass: definePass({ ...made, ...(pass.lowers === undefined ? {} : { lowers: pass.lowers }) }) };
}
