// Reading the IR: walks, uses, free values and symbols. Recursion goes into regions only (nesting is bounded).

import { ValueMap, ValueSet } from "../data/value-map.ts";
import { collectSymbols, type Dim } from "../types/dim.ts";
import { forEachDim } from "../types/type.ts";
import { dimsIn } from "./attributes.ts";
import type { Block, Operation, Value } from "./module.ts";

/** Every operation of a block and of its regions, each before its regions. */
export function walk(block: Block, visit: (operation: Operation, block: Block) => void): void {
  for (const operation of block.operations) {
    visit(operation, block);
    for (const region of operation.regions) walk(region, visit);
  }
}

/** How often each value is used in the block and its regions, results included. */
export function countUses(block: Block, into = new ValueMap<number>()): ValueMap<number> {
  const use = (v: Value): void => void into.set(v, (into.get(v) ?? 0) + 1);
  for (const operation of block.operations) {
    for (const v of operation.operands) use(v);
    for (const region of operation.regions) countUses(region, into);
  }
  for (const v of block.results) use(v);
  return into;
}

/** The values a block uses but does not define, in order of first use. */
export function freeValues(...blocks: readonly Block[]): readonly Value[] {
  const free = new Set<Value>();
  const defined = new ValueSet();
  const use = (v: Value): void => {
    if (!defined.has(v)) free.add(v);
  };
  const visit = (block: Block): void => {
    for (const v of block.arguments) defined.add(v);
    for (const operation of block.operations) {
      for (const v of operation.operands) use(v);
      for (const region of operation.regions) visit(region);
      for (const v of operation.results) defined.add(v);
    }
    for (const v of block.results) use(v);
  };
  for (const block of blocks) visit(block);
  return [...free];
}

/** Each value's defining operation, for the whole block and its regions; arguments have none. */
export function definitions(block: Block): ValueMap<Operation> {
  const map = new ValueMap<Operation>();
  walk(block, (operation) => {
    for (const v of operation.results) map.set(v, operation);
  });
  return map;
}

/** The function an operation calls, by its `callee` attribute. */
export function calleeOf(operation: Operation): string | null {
  const name = operation.attributes.callee;
  return typeof name === "string" && operation.op.attributes.callee?.kind === "function" ? name : null;
}

/** The symbols that an operation with a callee binds explicitly. */
export function bindingsOf({ attributes: { bindings } }: Operation): Readonly<Record<string, Dim>> {
  return typeof bindings === "object" && "bindings" in bindings ? bindings.bindings : {};
}

/** All symbols used anywhere in a block: types and dimension attributes. */
export function usedSymbols(block: Block): Set<string> {
  const names = new Set<string>();
  const addValues = (values: readonly Value[]): void => {
    for (const v of values) forEachDim(v.type, (d) => void collectSymbols(d, names));
  };
  addValues(block.arguments);
  walk(block, (operation) => {
    addValues(operation.results);
    for (const region of operation.regions) addValues(region.arguments);
    for (const d of attributeDims(operation)) collectSymbols(d, names);
  });
  return names;
}

/** The dimensions among an operation's attributes. */
export function attributeDims(operation: Operation): readonly Dim[] {
  const dims: Dim[] = [];
  for (const [name, spec] of Object.entries(operation.op.attributes)) {
    const value = operation.attributes[name];
    if (value === undefined) continue;
    if (spec.kind === "dim" || spec.kind === "dims" || spec.kind === "bindings") dims.push(...dimsIn(value));
  }
  return dims;
}
