// Rebuilding the body of a function: operations go or are replaced, and what read their results reads something else of the
// same type.

import {
  AdjointError,
  type Block,
  BlockBuilder,
  type Constraint,
  calleeOf,
  collectSymbols,
  type Func,
  freeValues,
  isSilent,
  type Module,
  makeBlock,
  makeFunc,
  makeModule,
  mapBodies,
  type Operation,
  Replacements,
  requireFunc,
  rolesOf,
  sameType,
  usedSymbols,
  Value,
  ValueSet,
  walk,
  withBuilder,
  withParts,
  withRegions,
} from "../../ir/index.ts";
import { zeros } from "../../ops/index.ts";

/**
 * One kind of step towards a smaller module. It yields candidates, is given for each what it became, or null where it was not
 * taken, and goes on from the last one that was.
 */
export type Step = (module: Module, entry: string) => Generator<Module, void, Module | null>;

/** What stands for a value that goes: a new argument, an operand, a value computed before, or a constant zero. */
export type Substitute = "argument" | "operand" | "earlier" | "constant";

/** Replaces an operation, and appends what stands for it; false keeps it. `number` counts operations, each before its regions. */
export type Edit = (operation: Operation, number: number, place: Place) => boolean;

/** Where an operation stands. */
export class Place {
  readonly operations: Operation[] = [];
  readonly #visible: Value[];
  readonly #body: Body;

  constructor(body: Body, visible: readonly Value[]) {
    this.#body = body;
    this.#visible = [...visible];
  }

  get visible(): readonly Value[] {
    return this.#visible;
  }

  append(operation: Operation): void {
    this.operations.push(operation);
    this.#visible.push(...operation.results);
  }

  replace(value: Value, by: Value): void {
    this.#body.replacements.set(value, by);
  }

  /** The operations of a region, as they would stand here; gives what it yields. */
  splice(region: Block): readonly Value[] {
    this.#body.operations(region.operations, this);
    return this.#body.replacements.all(region.results);
  }

  /** Something else of the type of a value; a constant where there is nothing of the kind. */
  substitute(value: Value, how: Substitute, operands: readonly Value[] = []): Value {
    const fits = (v: Value): boolean => v !== value && sameType(v.type, value.type);
    const found =
      how === "operand" ? operands.find(fits) : how === "earlier" ? this.#visible.findLast(fits) : undefined;
    if (found !== undefined) return found;
    if (how === "argument" && value.type.kind === "tensor") {
      const argument = this.#body.argument(value);
      if (argument !== null) return argument;
    }
    const builder = new BlockBuilder();
    const zero = withBuilder(builder, () => zeros(value.type));
    for (const operation of builder.operations) this.append(operation);
    return zero;
  }
}

class Body {
  readonly replacements = new Replacements();
  readonly added: Value[] = [];
  readonly #edit: Edit;
  readonly #mayTakeMore: boolean;
  #number = 0;

  constructor(edit: Edit, mayTakeMore: boolean) {
    this.#edit = edit;
    this.#mayTakeMore = mayTakeMore;
  }

  argument(like: Value): Value | null {
    if (!this.#mayTakeMore) return null;
    const value = new Value(like.type, like.name);
    this.added.push(value);
    return value;
  }

  block(block: Block, visible: readonly Value[]): Block {
    const place = new Place(this, [...visible, ...block.arguments]);
    this.operations(block.operations, place);
    return makeBlock(block.arguments, place.operations, this.replacements.all(block.results));
  }

  operations(operations: readonly Operation[], place: Place): void {
    for (const original of operations) {
      const operation = this.replacements.operation(original);
      const number = this.#number++;
      if (this.#edit(operation, number, place)) {
        this.#number = number + sizeOf(original);
        continue;
      }
      const regions = operation.regions.map((region) => this.block(region, place.visible));
      place.append(withRegions(operation, regions));
    }
  }
}

/** An operation and those of its regions. */
function sizeOf(operation: Operation): number {
  let size = 1;
  for (const region of operation.regions) walk(region, () => size++);
  return size;
}

/** The function with some of its operations replaced; one that nothing calls may take more arguments for it. */
export function rebuilt(func: Func, mayTakeMore: boolean, edit: Edit): Func {
  const body = new Body(edit, mayTakeMore);
  const { arguments: args, operations, results } = body.block(func.body, []);
  const all = [...args, ...body.added];
  return makeFunc({ ...func, roles: rolesOf(func, all), body: makeBlock(all, operations, results) });
}

/** The module with another version of a function. */
export function withFunc(module: Module, func: Func): Module {
  return makeModule(module.funcs.map((f) => (f.name === func.name ? func : f)));
}

/** The module without symbols and constraints that nothing speaks of, and, if wanted, without operations that nothing reads. */
export function tidied(module: Module, dropsUnused: boolean): Module {
  const before = dropsUnused ? mapBodies(module, withoutUnused) : module;
  let after = before;
  for (const func of before.funcs) {
    const next = withoutSymbols(func);
    const gone = func.symbols.filter((s) => !next.symbols.includes(s));
    if (gone.length === 0) continue;
    after = makeModule(
      withFunc(after, withoutSymbols(requireFunc(after, func.name))).funcs.map((f) =>
        withoutBindings(f, func.name, gone),
      ),
    );
  }
  return after;
}

/** The function without symbols and constraints that nothing speaks of. */
export function withoutSymbols(func: Func): Func {
  const used = usedSymbols(func.body);
  const symbols = func.symbols.filter((s) => used.has(s));
  const constraints = func.constraints.filter((c) => symbolsOf(c).every((s) => used.has(s)));
  return makeFunc({ ...func, symbols, constraints });
}

function symbolsOf({ left, right }: Constraint): readonly string[] {
  return [...collectSymbols(right, collectSymbols(left, new Set()))];
}

/** The block without pure operations that nothing reads. */
function withoutUnused({ arguments: args, operations, results }: Block): Block {
  const used = new ValueSet(results);
  const kept: Operation[] = [];
  for (const operation of operations.toReversed()) {
    // what is called, or stands in a region, may have effects
    const isPure = isSilent(operation.op.effects) && operation.regions.length === 0 && calleeOf(operation) === null;
    if (isPure && !operation.results.some((v) => used.has(v))) continue;
    const tidied = withRegions(operation, operation.regions.map(withoutUnused));
    kept.push(tidied);
    for (const v of [...tidied.operands, ...freeValues(...tidied.regions)]) used.add(v);
  }
  return makeBlock(args, kept.reverse(), results);
}

/** The function with its calls of `callee` binding none of the symbols that are gone. */
function withoutBindings(func: Func, callee: string, gone: readonly string[]): Func {
  return mapOperations(func, (operation) => {
    const { bindings } = operation.attributes;
    if (operation.attributes.callee !== callee || typeof bindings !== "object" || !("bindings" in bindings))
      return operation;
    const kept = Object.entries(bindings.bindings).filter(([name]) => !gone.includes(name));
    const attributes = {
      ...operation.attributes,
      bindings: Object.freeze({ bindings: Object.freeze(Object.fromEntries(kept)) }),
    };
    return withParts(operation, { attributes: Object.freeze(attributes) });
  });
}

/** The function with each of its operations mapped, those of regions first. */
function mapOperations(func: Func, map: (operation: Operation) => Operation): Func {
  const block = (b: Block): Block =>
    makeBlock(
      b.arguments,
      b.operations.map((o) => map(withRegions(o, o.regions.map(block)))),
      b.results,
    );
  return makeFunc({ ...func, body: block(func.body) });
}

/** What a step makes, or null where a type rule refuses it. */
export function attempted<T>(body: () => T): T | null {
  try {
    return body();
  } catch (error) {
    if (error instanceof AdjointError) return null;
    throw error;
  }
}

/** Whether another function of the module calls this one. */
export function isCalled(module: Module, name: string): boolean {
  let found = false;
  for (const func of module.funcs) walk(func.body, ({ attributes }) => void (found ||= attributes.callee === name));
  return found;
}
