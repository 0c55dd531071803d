// Forward mode of control flow: the same operation, which carries tangents beside the values.

import { emit, type ForwardContext, type TangentRegion, type Tangents, type Value } from "../../../ir/index.ts";
import { zerosLike } from "../../base/zeros.ts";

/** Both branches also yield the tangents of the results that have one in either. */
export function forwardIf(cx: ForwardContext): Tangents {
  const { op, results, regions } = cx.operation;
  const branches = regions.map((region) => cx.region(region, []));
  const flows = results.map((_, i) => branches.some((b) => b.tangents[i] !== null));
  const blocks = branches.map((b) => b.finish([], (tangent) => [...b.results, ...where(flows, tangent)]));
  const names = results.map((r) => r.name);
  return separate(emit(op, cx.operands, { regions: blocks, names }), flows);
}

/** Also carries the tangents of carried values; the condition does not read them. */
export function forwardWhile(cx: ForwardContext): Tangents {
  const { op, regions } = cx.operation;
  const { active, step } = carriedTangents(cx, (carry) => cx.region(regions[1], carry));
  const test = cx.region(regions[0], active);
  const blocks = [
    test.finish([...test.arguments, ...tangentsOf(test)], () => test.results),
    step.finish([...step.arguments, ...tangentsOf(step)], (tangent) => [...step.results, ...where(active, tangent)]),
  ];
  return separate(emit(op, [...cx.operands, ...initial(cx, active)], { regions: blocks }), active);
}

/** Also carries the tangents of carried values, scans over those of sequences, and stacks those of outputs. */
export function forwardScan(cx: ForwardContext): Tangents {
  const { op, regions, attributes, segments } = cx.operation;
  const count = segments[0];
  const isScanned = cx.tangents.slice(count).map((t) => t !== null);
  const { active, step } = carriedTangents(cx, (carry) => cx.region(regions[0], [...carry, ...isScanned]));
  const flows = step.results.map((_, i) => (i < count ? active[i] : step.tangents[i] !== null));
  const [carried, scanned] = parts(step.arguments, count);
  const [carriedTangent, scannedTangent] = parts(step.argumentTangents, count);
  const body = step.finish(
    [...carried, ...present(carriedTangent), ...scanned, ...present(scannedTangent)],
    (tangent) => {
      const tangents = step.results.map((_, i) => (flows[i] ? tangent(i) : null));
      return [
        ...step.results.slice(0, count),
        ...present(tangents.slice(0, count)),
        ...step.results.slice(count),
        ...present(tangents.slice(count)),
      ];
    },
  );
  const carry = [...cx.operands.slice(0, count), ...initial(cx, active)];
  const over = [...cx.operands.slice(count), ...present(cx.tangents.slice(count))];
  const all = emit(op, [...carry, ...over], { attributes, regions: [body], segments: [carry.length, over.length] });
  const [lasts, outputs] = parts(all, carry.length);
  const [last, output] = [separate(lasts, flows.slice(0, count)), separate(outputs, flows.slice(count))];
  return { results: [...last.results, ...output.results], tangents: [...last.tangents, ...output.tangents] };
}

/** The carried values with a tangent: those whose initial or next value has one, found by iterating to a fixpoint. */
function carriedTangents(cx: ForwardContext, body: (active: readonly boolean[]) => TangentRegion) {
  const count = cx.operation.segments[0];
  let active = cx.tangents.slice(0, count).map((t) => t !== null);
  for (;;) {
    const step = body(active);
    const next = active.map((a, i) => a || step.tangents[i] !== null);
    if (next.every((a, i) => a === active[i])) return { active, step };
    active = next;
  }
}

/** The initial values of carried tangents. */
function initial(cx: ForwardContext, active: readonly boolean[]): readonly Value[] {
  return where(active, (i) => cx.tangents[i] ?? zerosLike(cx.operands[i]));
}

function where<T>(flags: readonly boolean[], make: (i: number) => T): readonly T[] {
  return flags.flatMap((flag, i) => (flag ? [make(i)] : []));
}

function present(values: readonly (Value | null)[]): readonly Value[] {
  return values.filter((v) => v !== null);
}

function tangentsOf(region: TangentRegion): readonly Value[] {
  return present(region.argumentTangents);
}

function parts<T>(list: readonly T[], count: number): readonly [readonly T[], readonly T[]] {
  return [list.slice(0, count), list.slice(count)];
}

/** Results, then tangents of those that `flows` names. */
function separate(all: readonly Value[], flows: readonly boolean[]): Tangents {
  let next = flows.length;
  return { results: all.slice(0, flows.length), tangents: flows.map((flow) => (flow ? all[next++] : null)) };
}
