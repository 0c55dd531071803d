// What the code of a function asks of the module that it is in.

import type { Attribute, LoopCounters, MemRefType, Module, Operation } from "../../ir/index.ts";
import type { HostLists } from "./host-lists.ts";
import type { ValueType } from "./instructions.ts";

/** What a module calls of the host. */
export type HostFunction = "range" | "check" | "probe" | "reserve" | keyof HostLists["host"];

export interface ModuleContext {
  readonly module: Module;
  /** What errors tell of the loops around. */
  readonly counters: LoopCounters;
  functionKey(name: string): string;
  /** The key of the function of an operation's record. */
  record(operation: Operation): string;
  /** The key of a function of the host that takes and gives these. */
  hostFunction(name: HostFunction, parameters: readonly ValueType[], results: readonly ValueType[]): string;
  /** The key of the function that allocates so many bytes and gives their address. */
  allocate(): string;
  checkNumber(operation: Operation): number;
  rangeNumber(operation: Operation, elements: number): number;
  probeNumber(operation: Operation): number;
  /** How far constant memory is behind the first byte of all constants, where the host puts them. */
  constant(value: Attribute, type: MemRefType): number;
}
