// Which trace is running, and how operands reach it: values of traces around it and concrete tensors are captured.

import {
  BlockBuilder,
  currentBuilder,
  type Func,
  FuncScope,
  fail,
  hasBuilder,
  type Origin,
  type Signature,
  signatureOf,
  type Value,
  withBuilder,
} from "../../ir/index.ts";
import type { Boundary } from "./boundary.ts";
import { Extent, partsOf } from "./extent.ts";
import { tracksGradient } from "./history.ts";
import { withAnyDerivatives } from "./nesting.ts";
import { Tensor } from "./tensor.ts";

/** One function being traced. */
export class TraceScope {
  readonly parent: TraceScope | null;
  readonly root: BlockBuilder;
  /** Functions made on the way: shared with the scopes around. */
  readonly funcs: Map<string, Func>;
  /** Names taken, by functions still being traced too. */
  readonly #names: Set<string>;
  /** Tensors from outside, each an argument behind the declared ones; read at each call. */
  readonly captured = new Map<Tensor, Value>();
  /** The public function that started the trace, and the function it calls. */
  readonly #entry: Boundary;
  readonly #traced: Boundary;
  readonly #origins: "user" | "caller";
  #isFrozen = false;

  /** `origins`: whether operations have lines of the user's, or take that of each call of the function. */
  constructor(parent: TraceScope | null, entry: Boundary, traced: Boundary, origins: "user" | "caller" = "user") {
    this.parent = parent;
    this.#origins = origins;
    this.#entry = entry;
    this.#traced = traced;
    this.funcs = parent?.funcs ?? new Map();
    this.#names = parent === null ? new Set() : parent.#names;
    this.root = new BlockBuilder(new FuncScope([], (name) => this.signature(name)));
  }

  /**
   * The outermost public function on the stack, for the origin of an operation that `boundary` makes: where the trace
   * itself calls `boundary`, as in compile(sin), the user's line is the one that started the trace.
   */
  boundary(boundary: Boundary): Boundary {
    if (boundary !== this.#traced) return boundary;
    return this.parent?.boundary(this.#entry) ?? this.#entry;
  }

  /** Whether operations have a line of their own; each call of the function says it where they have not. */
  get hasOrigins(): boolean {
    return this.#origins === "user";
  }

  /** Makes it the scope of a declared graph, to which operations on its tensors go whenever they are applied. */
  declare(): void {
    graphs.set(this.root, this);
  }

  get isDeclared(): boolean {
    return graphs.has(this.root);
  }

  /** From here on operations are refused. */
  freeze(): void {
    this.#isFrozen = true;
  }

  requireOpen(): void {
    if (!this.#isFrozen) return;
    fail("scope", "the graph is frozen, since a session runs it", {
      hint: "declare all of it before new Session(graph)",
    });
  }

  signature(name: string): Signature | null {
    const func = this.funcs.get(name);
    return func === undefined ? null : signatureOf(func);
  }

  freshName(base: string): string {
    let name = base;
    for (let n = 1; this.#names.has(name); n++) name = `${base}_${n}`;
    this.#names.add(name);
    return name;
  }

  /** The value of a tensor in this trace. */
  value(tensor: Tensor, origin: Origin | null): Value {
    const part = tensor.traced;
    if (part !== null && rootOf(part.builder) === this.root) return visible(tensor, origin);
    let argument = this.captured.get(tensor);
    if (argument === undefined) {
      if (part !== null && !this.isAround(rootOf(part.builder))) {
        const isGraphs = graphs.has(rootOf(part.builder));
        const whose = !isGraphs ? "another trace" : this.isDeclared ? "another graph" : "a declared graph";
        fail("scope", `a tensor of ${whose} is used here`, {
          origin,
          hint: !isGraphs
            ? "a traced tensor lives only while its function is traced; return it instead"
            : this.isDeclared
              ? "declare both in one graph, or feed the one what a session computes of the other"
              : "pass what a session computes of it, or apply the function to it outside of compile",
        });
      }
      argument = this.capture(tensor);
    }
    return argument;
  }

  /** The value that stands for a tensor from outside from here on: an argument behind the declared ones. */
  protected capture(tensor: Tensor): Value {
    const argument = this.root.argument(tensor.type, tensor.traced?.value.name ?? "captured");
    this.captured.set(tensor, argument);
    return argument;
  }

  /** Whether the value is a captured tensor that is 0 everywhere, and stays so: it can get no other elements. */
  isZero(value: Value): boolean {
    for (const [tensor, argument] of this.captured) {
      if (argument !== value) continue;
      if (tensor.traced !== null) return this.parent?.isZero(tensor.traced.value) ?? false;
      return !tracksGradient(tensor) && tensor.array("zero").data.every((x) => x === 0);
    }
    return false;
  }

  /** Whether the function of this root is traced around this one. */
  isAround(root: BlockBuilder): boolean {
    for (let scope = this.parent; scope !== null; scope = scope.parent) if (scope.root === root) return true;
    return false;
  }
}

export function rootOf(builder: BlockBuilder): BlockBuilder {
  let root = builder;
  while (root.parent !== null) root = root.parent;
  return root;
}

/** The value, if the operation to come can see it. */
function visible(tensor: Tensor, origin: Origin | null): Value {
  const part = tensor.traced;
  const here = hasBuilder() ? currentBuilder() : null;
  if (part !== null && here instanceof BlockBuilder && here.isWithin(part.builder)) return part.value;
  return fail("scope", "a tensor of one branch or loop body is used outside of it", {
    origin,
    hint: "return it from the branch or body",
  });
}

/** The scopes of declared graphs. */
const graphs = new WeakMap<BlockBuilder, TraceScope>();

/** The declared graph that one of the tensors or extents belongs to; null where none does, or a trace runs. */
export function graphOf(operands: Iterable<unknown>): TraceScope | null {
  if (running !== null) return null;
  for (const operand of operands) {
    const own = operand instanceof Tensor ? [operand.traced] : [];
    for (const part of operand instanceof Extent ? partsOf(operand).sources : own) {
      const graph = part === null ? undefined : graphs.get(rootOf(part.builder));
      if (graph !== undefined) return graph;
    }
  }
  return null;
}

/** Runs `body`, whose operations go to the graph. */
export function withGraph<T>(graph: TraceScope, body: () => T): T {
  graph.requireOpen();
  return withAnyDerivatives(() => withTrace(graph, () => withBuilder(graph.root, body)));
}

let running: TraceScope | null = null;

export function currentTrace(): TraceScope | null {
  return running;
}

/** Runs `body` with a trace running; restores the one before, errors included. */
export function withTrace<T>(scope: TraceScope, body: () => T): T {
  const before = running;
  running = scope;
  try {
    return body();
  } finally {
    running = before;
  }
}
