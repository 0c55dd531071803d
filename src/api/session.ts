// The public class `Session`: compiles and runs subgraphs of a declared graph, and keeps the state of its variables.

import { type Compiled, type CompileOptions, compileModule, requireCompileOptions } from "../compile/index.ts";
import { atBoundary, describe, flatten, Graph, type GraphInput, Tensor, unflatten } from "../frontend/index.ts";
import {
  counted,
  didYouMean,
  elementDType,
  fail,
  findFunc,
  type NdArray,
  printType,
  rankedOf,
  type Signature,
  showAs,
  signatureOf,
  type Type,
  tensorType,
} from "../ir/index.ts";
import { bringChecks } from "../parts/index.ts";
import { fromArray, isNumber, toArray } from "./convert.ts";

/** Data for a tensor: numbers, typed or nested arrays, concrete tensors. */
export type Feed = unknown;

export type SessionOptions = Pick<CompileOptions, "backend" | "fast" | "check" | "observe" | "debug" | "memory">;

/** The most compiled subgraphs that one session keeps. */
const cacheSize = 64;

interface CompiledSubgraph {
  readonly compiled: Compiled;
  readonly inputs: readonly GraphInput[];
}

/** One compilation of a session: for which run, counted from 1. */
export interface SessionCompilation {
  /** The types of the inputs that the subgraph takes. */
  readonly types: readonly string[];
  readonly run: number;
}

/**
 * Runs a graph. Making a session freezes the graph: a new operation on it is an error. Each session has variables of
 * its own, which start at their initial values.
 * @throws AdjointError code `argument` where the first argument is no graph, `option` for unknown options.
 * @example new Session(graph).run([y, dx], { x: 15, y: 20 })
 */
export class Session {
  readonly #graph: Graph;
  readonly #options: SessionOptions;
  readonly #state = new Map<Tensor, NdArray>();
  readonly #subgraphs = new Map<string, CompiledSubgraph>();
  readonly #numbers = new Map<Tensor, number>();
  readonly compilations: SessionCompilation[] = [];
  #runs = 0;

  constructor(graph: Graph, options: SessionOptions = {}) {
    atBoundary(Session as unknown as () => void, () => {
      if (!(graph instanceof Graph)) fail("argument", `Session: got ${describe(graph)}, expected a Graph`);
      bringChecks();
      requireCompileOptions(options, "Session");
    });
    this.#graph = graph;
    this.#options = options;
    graph.freeze();
    const counts = (): string => `${counted(this.#runs, "run")}, ${counted(this.compilations.length, "compilation")}`;
    // not by a method of that key, for which bundlers would keep the class
    showAs(this, () => `Session(${counts()})`);
  }

  /**
   * The values of the fetches, in their structure: tensors; where all feeds are numbers or booleans, or there are none, those
   * of rank 0 are too.
   * Whatever the fetches do not depend on is not computed and needs no feed.
   *
   * @param feeds values by the names of placeholders (and variables, for this run), or a Map by tensor: each tensor of
   * the graph may be fed, and is then not computed.
   * @throws AdjointError code `argument` for a feed that is missing, unknown, given twice or does not fit; `scope` for
   * tensors of another graph.
   */
  run(fetches: unknown, feeds: Readonly<Record<string, Feed>> | ReadonlyMap<Tensor, Feed> = {}): unknown {
    return atBoundary(Session.prototype.run, () => this.#run(fetches, feeds));
  }

  #run(fetches: unknown, feeds: unknown): unknown {
    this.#runs++;
    const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;
    const { leaves, tree } = flatten(fetches, isTensor, "the fetches");
    const given = this.#readFeeds(feeds);
    const assigned = leaves.flatMap((t) => this.#graph.assignmentOf(t) ?? []);
    for (const [i, a] of assigned.entries()) {
      if (assigned.findIndex((b) => b.variable === a.variable && b.value !== a.value) > i)
        fail("argument", "the fetches assign to one variable twice", { origin: a.origin });
    }
    const subgraph = this.#subgraphFor(leaves, given);
    const results = this.#execute(subgraph, given);
    for (const [i, t] of leaves.entries()) {
      const assignment = this.#graph.assignmentOf(t);
      if (assignment !== null) this.#state.set(assignment.variable, results[i]);
    }
    const isPlain = [...given.values()].every(isNumber);
    return unflatten(
      tree,
      results.map((array) => fromArray(array, isPlain)),
    );
  }

  // ---- feeds --------------------------------------------------------------------------------------------------------

  #readFeeds(feeds: unknown): ReadonlyMap<Tensor, Feed> {
    if (feeds instanceof Map) {
      for (const tensor of feeds.keys()) this.#graph.valueOf(tensor, "a feed");
      return new Map([...feeds].map(([tensor, data]) => [this.#graph.inputOf(tensor)?.tensor ?? tensor, data]));
    }
    if (typeof feeds !== "object" || feeds === null || Array.isArray(feeds))
      fail("argument", `the feeds are ${describe(feeds)}, expected an object by name, or a Map by tensor`);
    return new Map(Object.entries(feeds).map(([name, data]) => [this.#named(name), data]));
  }

  #named(name: string): Tensor {
    const { names } = this.#graph;
    const known = names.length === 0 ? "the graph has no placeholder" : `the names are ${names.slice(0, 8).join(", ")}`;
    const shown = name.length > 40 ? `${name.slice(0, 40)}…` : name;
    return (
      this.#graph.named(name) ??
      fail("name", `the graph has no placeholder '${shown}'`, { hint: didYouMean(name, names) ?? known })
    );
  }

  // ---- subgraphs ----------------------------------------------------------------------------------------------------

  /** The compiled function of these fetches for feeds of these types. */
  #subgraphFor(fetches: readonly Tensor[], given: ReadonlyMap<Tensor, Feed>): CompiledSubgraph {
    const fed = [...given.keys()];
    const types = fed.map((t) => feedType(given.get(t), t.type, this.#label(t)));
    const numbers = (list: readonly Tensor[]): string => list.map((t) => this.#number(t)).join();
    const key = `${numbers(fetches)} ${numbers(fed)} ${types.map(printType).join(" ")}`;
    let subgraph = this.#subgraphs.get(key);
    this.#subgraphs.delete(key);
    subgraph ??= this.#compile(fetches, fed, types);
    if (this.#subgraphs.size >= cacheSize) this.#subgraphs.delete(this.#subgraphs.keys().next().value as string);
    this.#subgraphs.set(key, subgraph);
    return subgraph;
  }

  #compile(fetches: readonly Tensor[], fed: readonly Tensor[], types: readonly Type[]): CompiledSubgraph {
    const { module, inputs } = this.#graph.subgraph(fetches, fed);
    for (const input of inputs) requireFed(input);
    const func = findFunc(module, "main");
    const signature = signatureOf(func ?? fail("structure", "the subgraph has no @main")) as Signature;
    const argumentTypes = signature.arguments.map((type, i) => types[i - inputs.length] ?? type);
    const compiled = compileModule(module, { ...this.#options, entry: "main" }, argumentTypes);
    this.compilations.push({ types: argumentTypes.map(printType), run: this.#runs });
    return { compiled, inputs };
  }

  #execute({ compiled, inputs }: CompiledSubgraph, given: ReadonlyMap<Tensor, Feed>): readonly NdArray[] {
    const own = inputs.map(({ tensor, value }) => this.#state.get(tensor) ?? (value as Tensor).array("a variable"));
    const { signature } = compiled;
    const fed = [...given].map(([t, data], i) => toArray(data, signature.arguments[own.length + i], this.#label(t)));
    return compiled.executable.run([...own, ...fed]);
  }

  #label(tensor: Tensor): string {
    const input = this.#graph.inputOf(tensor);
    return input === null ? "the feed of a tensor" : `the feed of '${input.name}'`;
  }

  #number(tensor: Tensor): number {
    let number = this.#numbers.get(tensor);
    if (number === undefined) this.#numbers.set(tensor, (number = this.#numbers.size));
    return number;
  }
}

/** The type that a subgraph is compiled for: the declared one; where that is unranked, with the shape of the feed. */
function feedType(data: Feed, declared: Type, label: string): Type {
  if (declared.kind !== "unranked") return declared;
  const dtype = elementDType(declared) ?? "f64";
  const rank = data instanceof Tensor ? rankedOf(data.type).shape.length : null;
  const open = tensorType(
    dtype,
    rank === null && ArrayBuffer.isView(data) ? [(data as { length?: number }).length ?? 0] : [],
  );
  const { shape } = toArray(data, open, label);
  return tensorType(dtype, shape);
}

/** Fails for a placeholder among the inputs of a subgraph: it is needed and was not fed. */
function requireFed({ kind, name, tensor, origin }: GraphInput): void {
  if (kind !== "placeholder") return;
  const where = origin === null ? "" : ` (${origin.file}:${origin.line})`;
  fail("argument", `placeholder '${name}'${where} is not fed, expected ${printType(tensor.type)}`, {
    hint: `add { ${name}: … } to the feeds`,
  });
}
