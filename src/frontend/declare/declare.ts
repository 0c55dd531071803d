// Declared graphs: operations on a graph's tensors go to that graph, and sessions run subgraphs of it later.

import {
  AdjointError,
  type Block,
  Cloner,
  captureOrigin,
  collectSymbols,
  counted,
  type Dim,
  elementDType,
  type Func,
  fail,
  forEachDim,
  freeValues,
  type Module,
  makeBlock,
  makeFunc,
  makeModule,
  type Operation,
  type Origin,
  parseTypeText,
  printType,
  rankedOf,
  requireOptions,
  type Signature,
  sameType,
  showAs,
  signatureOf,
  symbol,
  type Type,
  tensorType,
  unranked,
  Value,
  ValueSet,
} from "../../ir/index.ts";
import { filledLike, isFloatType, vjp } from "../../ops/index.ts";
import { bringTensors, bringTypeTexts } from "../../parts/index.ts";
import { openDim, type Size } from "../handle/axes.ts";
import { atBoundary } from "../handle/boundary.ts";
import { tensorOf } from "../handle/create.ts";
import type { Data } from "../handle/data.ts";
import { describe } from "../handle/describe.ts";
import { type DTypeConstant, dtypeNamed } from "../handle/dtypes.ts";
import { Extent } from "../handle/extent.ts";
import { apply, type Operand } from "../handle/lift.ts";
import { rootOf, TraceScope, withGraph } from "../handle/scope.ts";
import { Tensor } from "../handle/tensor.ts";

export interface PlaceholderOptions {
  /** Its name in feeds. */
  readonly name?: string;
  /** Extents and symbols, as `["B", 28, 28]`; any shape where left out. */
  readonly shape?: readonly Size[];
}

/** An input of a graph. */
export interface GraphInput {
  readonly kind: "placeholder" | "variable" | "captured";
  readonly name: string;
  readonly tensor: Tensor;
  readonly origin: Origin | null;
  /** The first value of a variable, or the captured tensor; null for a placeholder. */
  readonly value: Tensor | null;
}

export interface Assignment {
  readonly variable: Tensor;
  readonly value: Tensor;
  readonly origin: Origin;
}

/** A subgraph as a function: @main takes the inputs that are not fed, then the tensors that are, and returns the fetches. */
export interface Subgraph {
  readonly module: Module;
  readonly inputs: readonly GraphInput[];
}

/**
 * A graph that is declared before it runs, as in TensorFlow 1: make placeholders and variables, apply functions to them, run
 * subgraphs of it in a Session.
 * @example const g = new Graph(); const x = g.placeholder(f64, { name: "x" }); new Session(g).run(mul(x, x), { x: 3 })
 */
export class Graph {
  readonly #scope: TraceScope;
  readonly #inputs = new Map<Value, GraphInput>();
  readonly #names = new Set<string>();
  readonly #assignments = new Map<Tensor, Assignment>();

  constructor() {
    bringTensors();
    bringTypeTexts();
    this.#scope = new TraceScope(null, graphBoundary, graphBoundary);
    this.#scope.declare();
    // the name of subgraphs
    this.#scope.freshName("main");
    // not by a method of that key, for which bundlers would keep the class
    showAs(this, () => this.#inWords());
  }

  /**
   * A tensor that runs are fed with.
   * @throws AdjointError code `name` for a name that is taken, `dtype`, `shape`.
   */
  placeholder(dtype: DTypeConstant | string, options: PlaceholderOptions = {}): Tensor {
    return atBoundary(Graph.prototype.placeholder, () => {
      requireOptions("placeholder", options, ["name", "shape"]);
      if (typeof dtype === "string" && /^\w+\[.*\]$/.test(dtype))
        fail("dtype", `placeholder: got the type ${JSON.stringify(dtype.slice(0, 40))}, expected a dtype`, {
          hint: "write placeholder(f64, { shape: [2] })",
        });
      const name = dtypeNamed(dtype);
      const { shape } = options;
      const type =
        shape === undefined
          ? unranked(name)
          : tensorType(
              name,
              withGraph(this.#scope, () => readShape(shape)),
            );
      return this.#input("placeholder", type, options.name ?? this.#freshName("x"), null, Graph.prototype.placeholder);
    });
  }

  /**
   * State that lives in a session: it starts as `initial`, and `assign` changes it.
   * @throws AdjointError code `name` for a name that is taken; as `tensor` for the data.
   */
  variable(initial: Data | Tensor, options: { readonly name?: string } = {}): Tensor {
    return atBoundary(Graph.prototype.variable, () => {
      requireOptions("variable", options, ["name"]);
      const value = initial instanceof Tensor ? initial : tensorOf(initial);
      value.array("variable");
      return this.#input("variable", value.type, options.name ?? this.#freshName("v"), value, Graph.prototype.variable);
    });
  }

  /**
   * An assignment: fetching it returns `value`, and sets the variable to it at the end of the run. All reads in that run see
   * the variable's value from before.
   * @throws AdjointError code `argument` for a tensor that is no variable of this graph, `dtype` and `shape` for another
   * type.
   */
  assign(variable: Tensor, value: Operand): Tensor {
    return atBoundary(Graph.prototype.assign, () => {
      this.#requireOpen();
      const input = this.#inputs.get(this.valueOf(variable, "assign: the variable"));
      if (input?.kind !== "variable") fail("argument", "assign: the first operand is no variable of this graph");
      const [given] = withGraph(this.#scope, () => apply(Graph.prototype.assign, [variable, value], (_, v) => [v]));
      if (!sameType(given.type, variable.type) && given.type.kind === "tensor") {
        fail("shape", `assign: the value has type ${printType(given.type)}, expected ${printType(variable.type)}`);
      }
      const handle = new Tensor({ value: this.valueOf(given, "assign"), builder: this.#scope.root });
      const origin = captureOrigin(Graph.prototype.assign);
      this.#assignments.set(handle, { variable, value: given, origin });
      return handle;
    });
  }

  /**
   * The gradient of the sum of `ys` with respect to each of `xs`, which may be any tensors of the graph; zero where nothing
   * depends on it. `gradYs` weighs the elements of `ys`; ones where left out.
   * @throws AdjointError code `no-derivative` for dtypes without one, `argument` for lists of other lengths.
   */
  gradients(ys: Tensor | readonly Tensor[], xs: readonly Tensor[], gradYs?: readonly Operand[]): readonly Tensor[] {
    return atBoundary(Graph.prototype.gradients, () => {
      this.#requireOpen();
      const results = [ys].flat().map((y, i) => this.valueOf(y, `gradients: y ${i}`));
      if (!Array.isArray(xs)) fail("argument", `gradients: the xs are ${describe(xs)}, expected an array of tensors`);
      const wrt = xs.map((x, i) => this.valueOf(x, `gradients: x ${i}`));
      for (const [what, values] of [
        ["y", results],
        ["x", wrt],
      ] as const)
        requireFloats(what, values);
      if (gradYs !== undefined && gradYs.length !== results.length) {
        fail("argument", `gradients: got ${gradYs.length} gradYs, expected ${results.length}, one for each y`);
      }
      const { func, others } = this.#between(results, wrt);
      this.#scope.funcs.set(func.name, func);
      return this.#applyVjp(signatureOf(func), [...wrt, ...others], results, gradYs, wrt.length);
    });
  }

  /** Its inputs, and how much was declared. */
  #inWords(): string {
    const all = (kind: GraphInput["kind"]): string =>
      [...this.#inputs.values()]
        .flatMap((input) => (input.kind === kind ? [`${input.name}: ${printType(input.tensor.type)}`] : []))
        .join(", ") || "none";
    const operations = counted(this.#scope.root.operations.length, "operation");
    return `Graph(placeholders ${all("placeholder")}; variables ${all("variable")}; ${operations})`;
  }

  /** The IR that computes the fetches. */
  module(fetches: Tensor | readonly Tensor[]): Module {
    return atBoundary(Graph.prototype.module, () => this.subgraph([fetches].flat(), []).module);
  }

  // ---- for sessions -------------------------------------------------------------------------------------------------

  /** From here on an operation on the graph's tensors is an error. */
  freeze(): void {
    this.#scope.freeze();
  }

  /** The tensor of a placeholder or variable by its name. */
  named(name: string): Tensor | null {
    for (const input of this.#inputs.values())
      if (input.name === name && input.kind !== "captured") return input.tensor;
    return null;
  }

  get names(): readonly string[] {
    return [...this.#inputs.values()].flatMap((input) => (input.kind === "captured" ? [] : [input.name]));
  }

  assignmentOf(fetch: Tensor): Assignment | null {
    return this.#assignments.get(fetch) ?? null;
  }

  inputOf(tensor: Tensor): GraphInput | null {
    return tensor.traced === null ? null : (this.#inputs.get(tensor.traced.value) ?? null);
  }

  /** The tensor's value in this graph. */
  valueOf(tensor: unknown, what: string): Value {
    if (!(tensor instanceof Tensor))
      return fail("argument", `${what} is ${describe(tensor)}, expected a tensor of the graph`);
    if (tensor.traced === null) {
      const hint = "give it to a function with one of the graph's tensors, or fetch what is computed from it";
      return fail("scope", `${what} is a concrete tensor, expected one of the graph`, { hint });
    }
    if (rootOf(tensor.traced.builder) !== this.#scope.root) fail("scope", `${what} belongs to another graph`);
    return tensor.traced.value;
  }

  /** The subgraph of the fetches. Tensors that are fed are not computed, but arguments. */
  subgraph(fetches: readonly Tensor[], fed: readonly Tensor[]): Subgraph {
    const wanted = fetches.map((t, i) => this.valueOf(t, `fetch ${i}`));
    const given = fed.map((t) => this.valueOf(t, "a feed"));
    const cut = new ValueSet(given);
    const { operations, read } = this.#needed(wanted, cut);
    const inputs = this.#allInputs().filter((input) => {
      const value = this.#valueOfInput(input);
      return read.has(value) && !cut.has(value);
    });
    const args = [...inputs.map((input) => this.#valueOfInput(input)), ...given];
    return { module: this.#functionOf("main", "public", args, operations, wanted), inputs };
  }

  #functionOf(
    name: string,
    visibility: Func["visibility"],
    args: readonly Value[],
    operations: readonly Operation[],
    results: readonly Value[],
  ): Module {
    const func = this.#func(name, visibility, args, operations, results);
    return makeModule([...this.#scope.funcs.values(), func]);
  }

  /** A function of `args` made of copies of the operations, since the graph keeps its own. */
  #func(
    name: string,
    visibility: Func["visibility"],
    args: readonly Value[],
    operations: readonly Operation[],
    results: readonly Value[],
  ): Func {
    const fresh = new Cloner();
    const parameters = args.map((a) => {
      const parameter = new Value(a.type, a.name);
      fresh.set(a, parameter);
      return parameter;
    });
    const body: Block = makeBlock(
      parameters,
      operations.map((o) => fresh.operation(o)),
      results.map((v) => fresh.get(v)),
    );
    const symbols = new Set<string>();
    for (const { type } of args) forEachDim(type, (d) => void collectSymbols(d, symbols));
    // without the graph's constraints, some of which come from operations left out; refining shapes finds the others again
    return makeFunc({ name, visibility, symbols: [...symbols], body });
  }

  /** The operations that the values depend on, cut off at `cut`, and every value that those read. */
  #needed(
    values: readonly Value[],
    cut: ValueSet,
  ): { readonly operations: readonly Operation[]; readonly read: ValueSet } {
    const read = new ValueSet(values);
    const kept: Operation[] = [];
    const all = this.#scope.root.operations;
    const isWanted = (o: Operation): boolean => o.results.some((v) => read.has(v) && !cut.has(v));
    for (let i = all.length - 1; i >= 0; i--) {
      if (!isWanted(all[i])) continue;
      kept.push(all[i]);
      for (const v of all[i].operands) read.add(v);
      if (all[i].regions.length > 0) for (const v of freeValues(...all[i].regions)) read.add(v);
    }
    return { operations: kept.reverse(), read };
  }

  /** A private function from `from` to `to`, and the other inputs of the graph that it reads. */
  #between(to: readonly Value[], from: readonly Value[]): { readonly func: Func; readonly others: readonly Value[] } {
    const cut = new ValueSet(from);
    const { operations, read } = this.#needed(to, cut);
    const others = this.#scope.root.arguments.filter((a) => read.has(a) && !cut.has(a));
    const name = this.#scope.freshName("forward");
    return { func: this.#func(name, "private", [...from, ...others], operations, to), others };
  }

  #applyVjp(
    signature: Signature,
    args: readonly Value[],
    results: readonly Value[],
    gradYs: readonly Operand[] | undefined,
    count: number,
  ): readonly Tensor[] {
    const builder = this.#scope.root;
    const handle = (value: Value): Tensor => new Tensor({ value, builder });
    const wrt = Array.from({ length: count }, (_, i) => i);
    return withGraph(this.#scope, () =>
      apply(Graph.prototype.gradients, [...args.map(handle), ...(gradYs ?? [])], (...values) => {
        const given = values.slice(args.length);
        const cotangents =
          gradYs === undefined ? results.map((v) => filledLike(v, 1, elementDType(v.type) ?? "f64")) : given;
        return vjp(signature, values.slice(0, args.length), cotangents, wrt).slice(results.length);
      }),
    );
  }

  // ---- inputs -------------------------------------------------------------------------------------------------------

  #input(
    kind: "placeholder" | "variable",
    type: Type,
    name: string,
    value: Tensor | null,
    boundary: (...args: never[]) => unknown,
  ): Tensor {
    this.#requireOpen();
    if (typeof name !== "string" || name === "")
      fail("name", `the name of a ${kind} is ${describe(name)}, expected text`);
    if (this.#names.has(name)) fail("name", `the graph has a placeholder or variable '${name}' already`);
    this.#names.add(name);
    const argument = this.#scope.root.argument(type, name);
    const tensor = new Tensor({ value: argument, builder: this.#scope.root });
    this.#inputs.set(argument, { kind, name, tensor, origin: captureOrigin(boundary), value });
    return tensor;
  }

  /** Placeholders and variables, then concrete tensors that operations read. */
  #allInputs(): readonly GraphInput[] {
    const captured = [...this.#scope.captured].map(
      ([value, argument]): GraphInput => ({
        kind: "captured",
        name: argument.name ?? "captured",
        tensor: new Tensor({ value: argument, builder: this.#scope.root }),
        origin: null,
        value,
      }),
    );
    return [...this.#inputs.values(), ...captured];
  }

  #valueOfInput({ tensor }: GraphInput): Value {
    return this.valueOf(tensor, "an input");
  }

  #freshName(base: string): string {
    for (let n = 0; ; n++) {
      const name = n === 0 ? base : `${base}_${n}`;
      if (!this.#names.has(name)) return name;
    }
  }

  #requireOpen(): void {
    this.#scope.requireOpen();
  }
}

/** Stands in for the traced function, as the boundary of origins. */
function graphBoundary(): void {}

function readShape(shape: readonly Size[]) {
  if (!Array.isArray(shape))
    fail("shape", `placeholder: the shape is ${describe(shape)}, expected an array of extents`);
  return shape.map((d: unknown, axis) => {
    if (typeof d === "number" && Number.isSafeInteger(d) && d >= 0) return d;
    if (d instanceof Extent) return openDim(d) as Dim;
    if (typeof d !== "string")
      fail("shape", `placeholder: the extent of axis ${axis} is ${describe(d)}, expected a size or a symbol`);
    try {
      return rankedOf(parseTypeText(`f64[${d}]`)).shape[0] ?? symbol(d);
    } catch (error) {
      if (!(error instanceof AdjointError)) throw error;
      return fail("shape", `placeholder: the extent of axis ${axis}: ${error.reason}`, { cause: error });
    }
  });
}

function requireFloats(what: string, values: readonly Value[]): void {
  for (const [i, { type }] of values.entries()) {
    if (!isFloatType(type))
      fail("no-derivative", `gradients: ${what} ${i} has type ${printType(type)}, which has no derivative`);
  }
}
