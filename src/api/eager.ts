// Gradients of eager code: the history of a concrete tensor is rebuilt as one function of IR, which the pass
// differentiate differentiates like any other.

import { gradModule, interpret } from "../compile/index.ts";
import {
  asTensor,
  atBoundary,
  binary,
  gradLeafOf,
  type HistoryEntry,
  historyOf,
  named,
  type Operand,
  Tensor,
} from "../frontend/index.ts";
import {
  BlockBuilder,
  bindSymbols,
  buildFunc,
  Cloner,
  type Func,
  FuncScope,
  fail,
  isDebugging,
  isFloat,
  type Module,
  makeFunc,
  makeModule,
  printType,
  renameCallees,
  requireFunc,
  requireOptions,
  sameType,
  signatureOf,
  type Value,
} from "../ir/index.ts";
import { add, constant, vjp } from "../ops/index.ts";
import { installBackward, requireConcrete, withoutGradient } from "./members.ts";

const plus = binary(add);

/** All that a tensor was computed from: functions that ran, oldest first, and the tensors that none of them made. */
interface History {
  readonly entries: readonly HistoryEntry[];
  readonly inputs: readonly Tensor[];
}

function historyBefore(tensor: Tensor): History {
  const entries = new Set<HistoryEntry>();
  const inputs = new Set<Tensor>();
  const open = [tensor];
  const seen = new Set<Tensor>(open);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const producer = historyOf(next)?.producer;
    if (producer === undefined) inputs.add(next);
    else if (!entries.has(producer)) {
      entries.add(producer);
      for (const input of producer.inputs) {
        if (seen.has(input)) continue;
        seen.add(input);
        open.push(input);
      }
    }
  }
  const ordered = [...entries].sort((a, b) => a.order - b.order);
  const used = new Set(ordered.flatMap((entry) => entry.inputs.filter((input) => inputs.has(input))));
  return { entries: ordered, inputs: used.size === 0 ? [...inputs] : [...used] };
}

/** Builds a module with one function that inlines all entries of a history. */
class HistoryModule {
  readonly #builder = new BlockBuilder(new FuncScope());
  readonly #values = new Map<Tensor, Value>();
  readonly #results = new Map<HistoryEntry, readonly Value[]>();
  /** The functions that entries call, under new names. */
  readonly #callees: Func[] = [];
  /** For each entry's module, the new names of its functions, which may be called the same in another module. */
  readonly #renamed = new Map<Module, ReadonlyMap<string, string>>();

  module(tensor: Tensor, { entries, inputs }: History): Module {
    for (const input of inputs) this.#values.set(input, this.#builder.argument(input.type));
    for (const entry of entries) this.#add(entry);
    const body = this.#builder.finish([this.#valueOf(tensor)]);
    return makeModule([...this.#callees, makeFunc({ name: "main", body })]);
  }

  #valueOf(tensor: Tensor): Value {
    const provenance = historyOf(tensor);
    const results = provenance === null ? undefined : this.#results.get(provenance.producer);
    return (results?.[provenance?.result ?? 0] ?? this.#values.get(tensor)) as Value;
  }

  #add(entry: HistoryEntry): void {
    const func = requireFunc(entry.module, entry.entry);
    const args = entry.inputs.map((input) => this.#valueOf(input));
    const bound = bindSymbols(
      signatureOf(func),
      args.map((v) => v.type),
    );
    const body = renameCallees(func.body, this.#calleesOf(entry.module, func));
    this.#results.set(entry, new Cloner(bound).inline(body, args, this.#builder));
  }

  #calleesOf(module: Module, entry: Func): ReadonlyMap<string, string> {
    let names = this.#renamed.get(module);
    if (names === undefined) {
      const others = module.funcs.filter((f) => f !== entry);
      names = new Map(others.map((f, i) => [f.name, `${f.name}.${this.#callees.length + i}`]));
      this.#renamed.set(module, names);
      for (const f of others) {
        const renamed = names.get(f.name) as string;
        this.#callees.push(
          makeFunc({ ...f, name: renamed, visibility: "private", body: renameCallees(f.body, names) }),
        );
      }
    }
    return names;
  }
}

/**
 * The IR of the operations that computed a concrete tensor: @main takes the tensors that it was computed from, in the
 * order of their first use, and gives the tensor; with `gradient`, also the gradient that `backward` would add to each
 * of them that requires one.
 * @throws AdjointError code `scope` for a traced tensor, `no-derivative` as `backward`.
 * @example printModule(recorded(a.mul(b)))
 */
export function recorded(tensor: Tensor, options: { readonly gradient?: boolean } = {}): Module {
  return atBoundary(named("recorded", recorded), () => {
    requireConcrete(tensor, "recorded");
    requireOptions("recorded", options, ["gradient"]);
    const history = historyBefore(tensor);
    if (options.gradient !== true) return new HistoryModule().module(tensor, history);
    const { module, entry } = withGradient(tensor, history, true);
    return makeModule([...module.funcs, makeFunc({ ...entry, name: "main" })]);
  });
}

/**
 * The history as a private function @value, and an entry that gives the gradients of those inputs that require one. The
 * entry takes the inputs and a cotangent; `withValue` lets the cotangent be 1 and puts the value in front of the
 * gradients.
 */
function withGradient(
  tensor: Tensor,
  history: History,
  withValue: boolean,
): { readonly module: Module; readonly entry: Func } {
  const wrt = history.inputs.flatMap((input, i) => (gradLeafOf(input) === null ? [] : [i]));
  if (wrt.length === 0) withoutGradient();
  const { funcs } = new HistoryModule().module(tensor, history);
  const value = makeFunc({ ...funcs[funcs.length - 1], name: "value", visibility: "private" });
  const signature = signatureOf(value);
  const given = withValue ? [] : [tensor.type];
  const entry = buildFunc({ name: "backward" }, [...signature.arguments, ...given], (...x) => {
    const args = x.slice(0, signature.arguments.length);
    const cotangents = withValue ? [constantOne(tensor)] : x.slice(args.length);
    return vjp(signature, args, cotangents, wrt).slice(withValue ? 0 : 1);
  });
  return { module: makeModule([...funcs.slice(0, -1), value]), entry };
}

function constantOne({ type }: Tensor): Value {
  if (type.kind === "tensor") return constant(1, type);
  return fail("no-derivative", `backward: the tensor has type ${printType(type)}, expected a tensor`);
}

/** Lets tensors that require a gradient be made: whoever makes one calls this before. */
export function bringBackward(): void {
  installBackward(backward);
}

/** Runs reverse mode over the tensor's history, and adds to `grad` of each input that requires one its gradient. */
function backward(tensor: Tensor, upstream: Operand | undefined): void {
  requireConcrete(tensor, "backward");
  if (!isFloat(tensor.dtype)) fail("no-derivative", `backward: the tensor has dtype ${tensor.dtype}, expected a float`);
  const cotangent = cotangentOf(tensor, upstream);
  const history = historyBefore(tensor);
  const { module, entry } = withGradient(tensor, history, false);
  const arrays = [...history.inputs, cotangent].map((t) => t.array("backward"));
  const gradients = interpret(gradModule(makeModule([...module.funcs, entry])), "backward", arrays, {
    debug: isDebugging(),
  });
  const leaves = history.inputs.flatMap((input) => gradLeafOf(input) ?? []);
  for (const [k, leaf] of leaves.entries()) {
    const gradient = new Tensor(gradients[k]);
    leaf.grad = leaf.grad === null ? gradient : plus(leaf.grad, gradient);
  }
}

function cotangentOf(tensor: Tensor, upstream: Operand | undefined): Tensor {
  if (upstream === undefined) {
    if (tensor.rank === 0) return asTensor(Tensor.prototype.backward, 1, tensor.dtype);
    const hint = "sum it, or pass the upstream gradient: y.backward(dy)";
    return fail("no-derivative", `backward: the tensor has type ${printType(tensor.type)}, expected a scalar`, {
      hint,
    });
  }
  const given = upstream instanceof Tensor ? upstream : asTensor(Tensor.prototype.backward, upstream, tensor.dtype);
  if (sameType(given.type, tensor.type)) return given;
  return fail(
    "shape",
    `backward: the upstream gradient has type ${printType(given.type)}, expected ${printType(tensor.type)}`,
  );
}
