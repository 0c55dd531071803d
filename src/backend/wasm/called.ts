// What compiled code calls of the host: memory, lists, and what ends a call or tells of it.

import { AdjointError, allocate, ndscalar } from "../../ir/index.ts";
import { rangeMessage } from "../../ops/index.ts";
import type { BackendOptions } from "../backend.ts";
import type { HostFunction } from "./context.ts";
import type { Heap } from "./heap.ts";
import type { HostLists } from "./host-lists.ts";
import type { Tables } from "./module-writer.ts";

export function hostFunctions(
  heap: Heap,
  lists: HostLists,
  tables: Tables,
  { observe }: BackendOptions,
): Readonly<Record<HostFunction, (...args: never[]) => unknown>> {
  return {
    ...lists.host,
    reserve: (end: number) => heap.reserve(end),
    check(number: number, ...steps: number[]) {
      const { message, origin } = tables.checks[number];
      throw new AdjointError("check", `check failed: ${message}`, { origin, iterations: steps.filter(isAround) });
    },
    range(number: number, index: number, extent: number, size: number, ...rest: number[]) {
      const { of, axis, elements, origin } = tables.ranges[number];
      throw new AdjointError("range", rangeMessage(index, axis, extent, size, rest.slice(0, elements)), {
        origin,
        iterations: rest.slice(elements).filter(isAround),
        subject: of,
      });
    },
    probe(number: number, x: number, ...shape: number[]) {
      const { name, dtype, isMemory, origin } = tables.probes[number];
      if (!isMemory) observe?.(name, ndscalar(dtype, x), origin);
      else {
        const value = allocate(dtype, shape);
        heap.read(x, value);
        observe?.(name, value, origin);
      }
    },
  };
}

/** A call in fewer loops than others of its function says so of the last steps. */
function isAround(step: number): boolean {
  return step >= 0;
}
