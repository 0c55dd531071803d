// How many operations on single elements a target's vectors spare a program, by the sizes of its tensors.

import {
  type Block,
  type Dim,
  dtypes,
  elementDType,
  evaluateDim,
  loopOf,
  type Module,
  type Operation,
  productOf,
  type Type,
  type Value,
} from "../../ir/index.ts";
import { type Target, wasm } from "../../target/index.ts";

/** Whether a module at tensor level is faster in WebAssembly than in JavaScript, its calls included. */
export function paysInWasm(module: Module): boolean {
  return sparedOperations(module, wasm) >= wasm.calls.least;
}

/**
 * An estimate, for a module at tensor level. An operation on n elements, k of which are in a vector, takes n / k steps rather than
 * n. Numbers alone are in no vector, nor is what is moved; the engine's functions of f64 take one element at a time.
 */
export function sparedOperations({ funcs }: Module, { vectorBits, expands, calls }: Target): number {
  const extent = (d: Dim): number => evaluateDim(d, () => calls.usualExtent);
  const elements = (type: Type): number =>
    type.kind === "tensor" && type.shape.length > 0 ? extent(productOf(type.shape)) : 0;

  function spared(operation: Operation): number {
    const { op, results } = operation;
    if (op.traits.constant || op.traits.moves || operation.regions.length > 0) return 0;
    const dtype = results.length === 0 ? undefined : elementDType(results[0].type);
    if (dtype === undefined) return 0;
    const lanes = vectorBits / (8 * dtypes[dtype].bytes);
    const largest = Math.max(0, ...touched(operation).map(({ type }) => elements(type)));
    return (1 - 1 / lanes) * stepsOf(operation, largest, dtype === "f32");
  }

  /** Of which each element is read or written: of memory that is updated in place, or read at some subscript, few are. */
  function touched({ op: { lowering }, operands, results }: Operation): readonly Value[] {
    if (lowering?.kind === "update") return operands.slice(1);
    return lowering?.kind === "nest" || lowering?.kind === "procedure" ? [...operands, ...results] : results;
  }

  function stepsOf(operation: Operation, largest: number, isSingle: boolean): number {
    const { scalar, lowering } = operation.op;
    if (scalar !== null) {
      if (isSingle && expands && scalar.single !== undefined) return largest * calls.expanded;
      return scalar.double === undefined || isSingle ? largest : 0;
    }
    if (lowering?.kind !== "nest" || lowering.contraction === undefined) return largest;
    const { batch, rows, columns, depth } = lowering.contraction(operation);
    return 2 * extent(productOf([...batch, ...rows, ...columns, ...depth]));
  }

  function inBlock({ operations }: Block): number {
    let sum = 0;
    for (const operation of operations) {
      const loop = loopOf(operation);
      const steps = loop === null ? 1 : extent(loop.extent ?? calls.usualExtent);
      sum += spared(operation);
      for (const region of operation.regions) sum += steps * inBlock(region);
    }
    return sum;
  }

  return vectorBits === 0 ? 0 : funcs.reduce((sum, { body }) => sum + inBlock(body), 0);
}
