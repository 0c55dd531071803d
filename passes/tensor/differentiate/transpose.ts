// The cotangents of one operation's operands, from that of its result: by its partial derivatives, transpose or rule. Where
// the result's has a mask, so have they: element by element the same one, else the elements that those in it depend on.

import {
  type Cloner,
  type Contribution,
  type FlowMask,
  fail,
  type Operation,
  type PartialDerivative,
  type Replacements,
  type Support,
  shapeOf,
  tensorType,
  Value,
  type ValueSet,
} from "../../../src/ir/index.ts";
import { constant, mul, neg, supportApart } from "../../../src/ops/index.ts";
import type { Activity } from "./activity.ts";
import type { Cotangents } from "./cotangents.ts";
import { type Flow, flowOf, maskOf, plain, predicateOf, unmask, within } from "./mask.ts";
import type { MaskFacts } from "./mask-facts.ts";

/** What has to be known of the function around the operation. */
interface State {
  readonly forward: Cloner | Replacements;
  readonly active: Activity;
  readonly keeps: ValueSet;
  readonly masks: MaskFacts;
}

export class Transposed {
  readonly #operation: Operation;
  readonly #operands: readonly Value[];
  readonly #wanted: readonly boolean[];
  readonly #cotangent: Flow;
  /** Whether the operands' elements are taken where the result's are. */
  readonly #isElementwise: boolean;
  readonly #state: State;
  /** The cotangent's mask, where it is one of other elements than the operands'. */
  readonly #mask: FlowMask | null;
  readonly #contributions: readonly Contribution[];
  readonly #supports = new Map<Value, Support>();

  constructor(operation: Operation, cotangent: Flow, state: State) {
    this.#operation = operation;
    this.#state = state;
    this.#cotangent = cotangent;
    this.#operands = operation.operands.map((v) => state.forward.get(v));
    this.#wanted = operation.operands.map((v) => state.active.has(v));
    this.#isElementwise = operation.op.traits.elementwise === true;
    const isMoved = !this.#isElementwise && cotangent.mask.length > 0;
    this.#mask = isMoved ? state.masks.of(predicateOf(cotangent.mask)) : null;
    this.#contributions = this.#transpose();
  }

  /** Adds what flows to operand `i`, which is `value`. */
  addTo(cotangents: Cotangents, value: Value, i: number): void {
    const contribution = this.#contributions[i] ?? null;
    if (contribution === null) return;
    if (!(contribution instanceof Value) && contribution.kind === "increment") {
      cotangents.increment(value, contribution, {
        mask: this.#mask?.value ?? null,
        all: () => constant(true, tensorType("bool", shapeOf(this.#operation.results[0]))),
        support: (mask) => this.#supportOf(mask, i),
      });
      return;
    }
    const flow = flowOf(contribution, false);
    if (this.#isElementwise) {
      // a partial of 1 leaves what is zero off the mask as it is
      const isSame = flow.value === this.#cotangent.value && flow.mask.length === 0;
      cotangents.add(value, isSame ? this.#cotangent : within(flow, this.#cotangent.mask));
      return;
    }
    // what a linear op makes of zeros is zero; what others do, in rows that are not taken, is not looked at
    const isLinear = this.#operation.op.derivative.kind === "linear";
    const keeps = this.#state.keeps.has(value);
    const support = this.#mask !== null && (keeps || !isLinear) ? this.#supportOf(this.#mask.value, i) : null;
    const isClean = isLinear && flow.isClean;
    const taken = support === null ? flow : { ...within(flow, maskOf(support)), isClean };
    cotangents.add(value, keeps ? taken : plain(unmask(taken)));
  }

  #transpose(): readonly Contribution[] {
    const { op, results, origin } = this.#operation;
    const { derivative, name } = op;
    const operands = this.#operands;
    const raw = this.#cotangent.value;
    const shared = { operation: this.#operation, operands, wanted: this.#wanted, mask: this.#mask };
    switch (derivative.kind) {
      case "elementwise": {
        const partials = derivative.partials(operands, this.#state.forward.get(results[0]), this.#operation);
        return partials.map((p, i) => (this.#wanted[i] ? scale(raw, p) : null));
      }
      case "linear":
        // what stands off the mask is moved with the rest, but not added to it
        return derivative.transpose({ ...shared, cotangent: this.#isElementwise ? raw : unmask(this.#cotangent) });
      case "multilinear":
        return derivative.transpose({ ...shared, cotangent: unmask(this.#cotangent) });
      case "rule": {
        const result = this.#state.forward.get(results[0]);
        return derivative.vjp({ ...shared, result, cotangent: unmask(this.#cotangent) });
      }
      case "none":
        return fail("no-derivative", `${name} has no derivative: ${derivative.reason}`, { origin });
      default:
        return [];
    }
  }

  /** The elements of operand `i` that those of the result in the mask depend on; null where any may be. */
  #supportOf(mask: Value, i: number): Value | null {
    let supports = this.#supports.get(mask);
    if (supports === undefined) this.#supports.set(mask, (supports = this.#allSupports(mask)));
    return supports[i] ?? null;
  }

  #allSupports(mask: Value): Support {
    const { derivative } = this.#operation.op;
    const shared = { operation: this.#operation, operands: this.#operands, wanted: this.#wanted };
    if (derivative.kind === "linear" && derivative.moves === true) {
      return derivative.transpose({ ...shared, cotangent: mask }).map((m) => (m instanceof Value ? m : null));
    }
    if ("support" in derivative && derivative.support !== undefined) {
      return derivative.support({ ...shared, mask: this.#state.masks.of(mask) });
    }
    return this.#operands.map((v, i) => (this.#wanted[i] ? supportApart(mask, v, 0) : null));
  }
}

function scale(cotangent: Value, partial: PartialDerivative): Value | null {
  return partial === null || partial === 0 ? null : scaleValue(cotangent, partial);
}

/** value · partial. */
export function scaleValue(cotangent: Value, partial: Value | number): Value {
  if (partial === 1) return cotangent;
  if (partial === -1) return neg(cotangent);
  if (partial instanceof Value) return mul(cotangent, partial);
  if (cotangent.type.kind !== "tensor") return fail("no-derivative", "a cotangent has to be a tensor");
  return mul(cotangent, constant(partial, cotangent.type));
}
