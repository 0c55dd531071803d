// A module's operations in the order in which they are read: modules that compute the same then list it alike.

import {
  type Block,
  type Func,
  freeValues,
  type Module,
  makeBlock,
  mapFuncs,
  type Operation,
  type Value,
  ValueMap,
  ValueSet,
  withBody,
  withRegions,
} from "../ir/index.ts";

export function inReadingOrder(module: Module): Module {
  return mapFuncs(module, (func: Func) => withBody(func, orderedBlock(func.body)));
}

/** What nothing reads comes in its own order, each behind what it reads itself; then what the results read. */
function orderedBlock(block: Block): Block {
  const operations = block.operations.map((o) => withRegions(o, o.regions.map(orderedBlock)));
  const definitions = new ValueMap<Operation>();
  for (const operation of operations) for (const v of operation.results) definitions.set(v, operation);
  const read = new ValueSet(block.results);
  for (const operation of operations) for (const v of reads(operation)) read.add(v);
  const roots = operations.filter((o) => !o.results.some((v) => read.has(v)));
  const ordered = new Set<Operation>();
  for (const root of roots) order(root, definitions, ordered);
  for (const v of block.results) {
    const operation = definitions.get(v);
    if (operation !== undefined) order(operation, definitions, ordered);
  }
  return makeBlock(block.arguments, [...ordered], block.results);
}

/** Adds an operation behind all that it reads; a stack of its own, since graphs are deep. */
function order(root: Operation, definitions: ValueMap<Operation>, ordered: Set<Operation>): void {
  const stack = [{ operation: root, left: [...reads(root)].reverse() }];
  while (stack.length > 0) {
    const { operation, left } = stack[stack.length - 1];
    const value = left.pop();
    if (value === undefined) {
      ordered.add(operation);
      stack.pop();
      continue;
    }
    const definition = definitions.get(value);
    if (definition === undefined || ordered.has(definition)) continue;
    stack.push({ operation: definition, left: [...reads(definition)].reverse() });
  }
}

/** The operands, and what the regions read from outside. */
function reads(operation: Operation): readonly Value[] {
  if (operation.regions.length === 0) return operation.operands;
  return [...operation.operands, ...freeValues(...operation.regions)];
}
