// Windows become loops over the elements that lie under them, or where these are few, their code once for each.

import {
  type Block,
  BlockBuilder,
  boundBy,
  type Dim,
  type Func,
  FuncScope,
  holdsOp,
  indexDim,
  isOf,
  mapBodies,
  mapOperations,
  type Op,
  type Operation,
  Replacements,
  type Value,
  withBuilder,
  withOperands,
  withRegions,
} from "../../src/ir/index.ts";
import {
  and,
  elementsWithin,
  forLoop,
  ifElse,
  isWrittenOut,
  type PlacedAttributes,
  restConditions,
  subscriptUnder,
  windowOp,
  windowsIn,
} from "../../src/ops/index.ts";
import { definePass } from "../../src/rewrite/index.ts";
import { inlined } from "./analyses/region.ts";

export const expandWindows = definePass({
  name: "expand-windows",
  summary: "Turns what runs under a window into loops over its elements, or writes it out for a few.",
  level: "loop",
  idempotent: true,
  example: windowOp.docs.example,
  run: (module) =>
    mapBodies(module, (body, func) => (holdsOp(body, isWindow) ? new Expansion(func).block(body) : body)),
});

function isWindow(op: Op): boolean {
  return op === windowOp;
}

/** Bounds leave padding out; only between elements is it decided. */
class Expansion {
  readonly #scope: FuncScope;
  readonly #replaced = new Replacements();

  constructor({ constraints }: Func) {
    this.#scope = new FuncScope(constraints);
  }

  block(block: Block): Block {
    return mapOperations(
      block,
      (operation) => this.#operation(operation),
      () => this.#replaced.all(block.results),
    );
  }

  #operation(given: Operation): Operation | readonly Operation[] {
    const { operands, regions } = given;
    const operation = withRegions(
      withOperands(given, this.#replaced.all(operands)),
      regions.map((region) => this.block(region)),
    );
    if (!isOf(windowOp, operation)) return operation;
    const builder = new BlockBuilder(this.#scope);
    builder.origin = operation.origin;
    const carried = withBuilder(builder, () => loops(operation));
    for (const [k, v] of given.results.entries()) this.#replaced.set(v, carried[k]);
    return builder.operations;
  }
}

/** What is carried in the end. */
function loops(operation: Operation<PlacedAttributes>): readonly Value[] {
  const [region] = operation.regions;
  const { at, extents } = operation.attributes;
  const windows = windowsIn(operation);
  const places = at.map((d) => boundBy(d, operation, "at"));
  const open = (k: readonly Dim[], carry: readonly Value[]): readonly Value[] => {
    const axis = k.length;
    if (axis === windows.length) return element(k, carry);
    const w = windows[axis];
    const [lower, upper] = elementsWithin(places[axis], w, extents[axis]);
    if (isWrittenOut(w, windows)) {
      let carried = carry;
      for (let i = 0; i < Number(upper); i++) carried = open([...k, i], carried);
      return carried;
    }
    const names = [region.arguments[axis], ...region.arguments.slice(windows.length)].map(({ name }) => name);
    return forLoop(lower, upper, 1, carry, (index, ...carried) => open([...k, indexDim(index)], carried), names);
  };
  // between two elements of what the window moves over, there is none under it
  const element = (k: readonly Dim[], carry: readonly Value[]): readonly Value[] => {
    const conditions = windows.flatMap((w, axis) =>
      restConditions(subscriptUnder(places[axis], k[axis], w), w.dilation),
    );
    const body = (): readonly Value[] => inlined(region, k, carry);
    return conditions.length === 0 ? body() : ifElse(conditions.reduce(and), body, () => carry);
  };
  return open([], operation.operands.slice(operation.segments[0]));
}
