// A file of TypeScript → a program, by abstract interpretation. A reading executes the text on abstract values: both arms of
// a branch, joined; one iteration of each loop; the body of each call. Readings repeat until the facts that they find reach
// a fixpoint: which locations each loop carries, which jumps leave it, and which literals have to be arrays. One more
// reading then emits the program. It takes the same paths as those before, since it knows what they knew.

import {
  type BlockBuilder,
  didYouMean,
  type Func,
  fail,
  makeFunc,
  makeModule,
  stackFrom,
  symbol,
  tensorType,
  type Value,
  verify,
  withBuilder,
  withoutUnreached,
} from "../../ir/index.ts";
import { type AbstractValue, type ArrayCell, dtypeOfArray } from "../state/abstract-value.ts";
import { Facts } from "../state/facts.ts";
import { type HostFunctionBody, type HostFunctions, HostScope } from "../state/host-scope.ts";
import type { LeafKind, Parameter, SourceProgram, Structure } from "../state/program.ts";
import { TextKey } from "../state/text-key.ts";
import { parseTypeScript } from "../syntax/parse-typescript.ts";
import { isStackOverflow, SourceText } from "../syntax/text.ts";
import type { FileTree, FunctionNode, ParameterNode } from "../syntax/tree.ts";
import { contentsOf, fieldOf } from "./arrays.ts";
import { declare, initialize } from "./declare.ts";
import { evaluate } from "./expressions.ts";
import { body, call } from "./functions.ts";
import { hostFunctions } from "./host-functions.ts";
import { bool, type Evaluators, f64, Reading } from "./reading.ts";
import { extentName, Signatures } from "./signature.ts";
import { execute, executeBlock } from "./statements.ts";

const evaluators: Evaluators = { evaluate, execute, executeBlock, call };

export interface ReadOptions {
  /**
   * The function to compile; where left out, the last exported one, or the last one where none is. `default` has no name.
   */
  readonly entry?: string;
  /** What messages call the file: `source.ts` where left out. A name that ends in .tsx allows JSX, to refuse it by name. */
  readonly file?: string;
  /**
   * Functions of the host that the text calls by their names here: on Adjoint's tensors, of rank 0 for numbers and booleans
   * and of rank 1 for arrays, with a number, a boolean or a tensor of such a rank as the result; an array of f64 is a
   * Float64Array of the text. They are traced where the text calls them, once or more for each call, so derivatives go
   * through them; tensors that they use from outside are constants. Parameters and variables of the text hide them, as they
   * hide globals; a name that the file itself defines, or that is JavaScript's, is refused. For TypeScript's own checks,
   * write `declare function kernel(x: number): number;`.
   */
  readonly functions?: Readonly<Record<string, HostFunctionBody>>;
}

/**
 * Reads a function of a file, and the functions that it calls, into a module of one function. Numbers and booleans are
 * arguments of rank 0, arrays are tensors of rank 1 with a symbol for their length, and tuples and objects are their fields,
 * one after the other. The results are those of the function, then the arrays that it writes to.
 * @throws AdjointError at the place in the text: code `syntax` for text that is no TypeScript; `unsupported` for
 * constructs that are not compiled, with what to write instead; `name` for a name that is unknown, declared twice or used
 * before it has a value, and for an entry that the file lacks; `dtype` for types that do not go together; `arity` for a call
 * with a wrong number of arguments; `option` for `functions` that are none or have a name that is taken; `range` for an index or a length that is out of range whatever the arguments are;
 * `shape` for lengths that differ.
 * @example readSource("export const f = (x: number) => x * 2;").module // func @f(%x: f64) -> f64 { … }
 */
export function readSource(text: string, { entry, file = "source.ts", functions }: ReadOptions = {}): SourceProgram {
  return stackFrom(readSource, () => readText(text, entry, file, functions));
}

function readText(text: string, entry: string | undefined, file: string, functions: ReadOptions["functions"]) {
  const source = new SourceText(text, file);
  const tree = parseTypeScript(source);
  const host = hostFunctions(functions, tree);
  const fn = entryOf(tree, entry, file);
  const rootKey = new TextKey();
  let arrays: ReadonlySet<number> = new Set();
  for (;;) {
    const facts = new Facts(arrays);
    readOnce(source, tree, fn, facts, false, rootKey, host);
    const found = facts.arrays();
    if (found.size === arrays.size) return readOnce(source, tree, fn, facts, true, rootKey, host);
    arrays = found;
  }
}

function entryOf(tree: FileTree, entry: string | undefined, file: string): FunctionNode {
  const name = entry ?? (tree.order.findLast((f) => f.isExported) ?? tree.order[tree.order.length - 1])?.name;
  if (name === undefined) {
    const isDeclarations = /\.d\.[cm]?ts$/.test(file);
    const hint = isDeclarations
      ? "name the file that has their bodies"
      : "write export function f(x: number): number { … }";
    fail("name", `${file} has no function${isDeclarations ? ", only declarations" : ""}`, { hint });
  }
  const fn = tree.functions.get(name);
  if (fn !== undefined) return fn();
  const known = tree.order.map((f) => f.name);
  const expected = known.length === 0 ? "and no other" : `expected one of ${known.join(", ")}`;
  return fail("name", `${file} has no function '${name}', ${expected}`, { hint: didYouMean(name, known) });
}

/** One reading. It recurses over nested syntax and nested calls; where the engine's stack ends, that is the user's error. */
function readOnce(...args: ConstructorParameters<typeof Program>): SourceProgram {
  const program = new Program(...args);
  try {
    return program.read();
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    return program.failTooDeep();
  }
}

/** One reading of the whole program. */
class Program {
  readonly #cx: Reading;
  readonly #fn: FunctionNode;
  readonly #root: BlockBuilder;
  readonly #parameters: Parameter[] = [];
  /** The arrays among the arguments, with their values as the function begins. */
  readonly #arrays: { readonly argument: number; readonly cell: ArrayCell; readonly value: Value }[] = [];
  readonly #symbols: string[] = [];
  readonly #signatures: Signatures;

  constructor(
    source: SourceText,
    tree: FileTree,
    fn: FunctionNode,
    facts: Facts,
    isFinal: boolean,
    rootKey: TextKey,
    functions: HostFunctions,
  ) {
    const host = new HostScope(functions, readSource);
    host.freshName(fn.name);
    this.#root = host.root;
    this.#cx = new Reading(source, tree, facts, isFinal, evaluators, host, rootKey);
    this.#fn = fn;
    this.#signatures = new Signatures(source, tree);
  }

  read(): SourceProgram {
    const cx = this.#cx;
    this.#root.origin = cx.source.origin(this.#fn.at);
    const { values, structure } = withBuilder(this.#root, () =>
      cx.scoped(cx.fileScope, () => {
        for (const p of this.#fn.parameters) declare(cx, p.pattern, false);
        for (const p of this.#fn.parameters) this.#parameter(p);
        return this.#results(body(cx, this.#fn));
      }),
    );
    const written = this.#arrays.filter(({ cell, value }) => contentsOf(cx, cell) !== value);
    const results = [...values, ...written.map(({ cell }) => contentsOf(cx, cell))];
    const changed = written.map(({ argument }) => argument);
    const module = withoutUnreached(makeModule([this.#func(results, changed), ...cx.host.funcs.values()]));
    if (cx.isFinal) verify(module);
    const { name } = this.#fn;
    return {
      module,
      entry: name,
      parameters: this.#parameters,
      result: structure,
      written: changed,
    };
  }

  failTooDeep(): never {
    const cx = this.#cx;
    return cx.fail(
      "unsupported",
      cx.lastAt,
      "calls and expressions nest too deep here",
      "call in loops, or name parts",
    );
  }

  /** `changed` are the arguments whose final contents are the last results. */
  #func(results: readonly Value[], changed: readonly number[]): Func {
    const { dims } = this.#root.scope;
    const body = this.#root.finish(results);
    return makeFunc({
      name: this.#fn.name,
      symbols: this.#symbols,
      constraints: dims.constraints,
      body,
      roles: body.arguments.map((_, i) => (changed.includes(i) ? "inout" : "in")),
      origin: this.#cx.source.origin(this.#fn.at),
    });
  }

  // ---- parameters ---------------------------------------------------------------------------------------------------

  #parameter(p: ParameterNode): void {
    const cx = this.#cx;
    const structure = this.#signatures.parameter(this.#fn, p);
    const name = p.pattern.kind === "name" ? p.pattern.name : "";
    this.#parameters.push({ name, structure, fallback: this.#fallback(p, structure) });
    initialize(cx, p.pattern, this.#argument(structure, name));
  }

  #argument(structure: Structure, name: string): AbstractValue {
    switch (structure.kind) {
      case "leaf":
        return this.#leaf(structure.leaf, name);
      case "tuple":
        return this.#record(
          true,
          structure.items.map((s, i) => [String(i), this.#argument(s, `${name}_${i}`)]),
          name,
        );
      case "object": {
        const { keys, items } = structure;
        return this.#record(
          false,
          items.map((s, i) => [keys[i], this.#argument(s, keys[i])]),
          name,
        );
      }
      case "nothing":
        return { kind: "nothing" };
    }
  }

  /** A tuple or object is passed as its fields, so writes to it would not reach the caller; writes to arrays in it do. */
  #record(isTuple: boolean, fields: readonly (readonly [string, AbstractValue])[], name: string): AbstractValue {
    const m = this.#cx.record(isTuple, fields, null, name);
    m.cell.frozen = "it is the caller's, who would not see that";
    return m;
  }

  #leaf(leaf: LeafKind, name: string): AbstractValue {
    const cx = this.#cx;
    if (leaf === "number") return cx.number(this.#root.argument(f64, name || null));
    if (leaf === "boolean") return cx.boolean(this.#root.argument(bool, name || null));
    const extent = extentName(this.#symbols.length);
    this.#symbols.push(extent);
    const length = symbol(extent);
    const argument = this.#root.arguments.length;
    const value = this.#root.argument(tensorType(dtypeOfArray[leaf], [length]), name || null);
    const m = cx.array(leaf, length, value, name, { parameter: argument });
    this.#arrays.push({ argument, cell: m.cell, value });
    return m;
  }

  /** The default of a parameter, which is a constant: it stands in for an argument that the caller leaves out. */
  #fallback(p: ParameterNode, structure: Structure): number | boolean | undefined {
    if (p.fallback === null) return undefined;
    const m = this.#cx.evaluators.evaluate(this.#cx, p.fallback);
    if (
      (m.kind === "number" || m.kind === "boolean") &&
      m.known !== null &&
      structure.kind === "leaf" &&
      structure.leaf === m.kind
    )
      return m.known;
    return this.#cx.fail(
      "unsupported",
      p.fallback.at,
      "the default of a parameter of the compiled function is no constant",
      "write a number or a boolean",
    );
  }

  // ---- results ------------------------------------------------------------------------------------------------------

  #results(m: AbstractValue): { readonly values: readonly Value[]; readonly structure: Structure } {
    const cx = this.#cx;
    switch (m.kind) {
      case "number":
      case "boolean":
        return { values: [m.value], structure: { kind: "leaf", leaf: m.kind } };
      case "reference": {
        const { cell } = m;
        if (cell.kind === "array")
          return { values: [contentsOf(cx, cell)], structure: { kind: "leaf", leaf: cell.array } };
        const fields = [...cell.fields.values()].map((f) => this.#results(fieldOf(cx, f, this.#fn.at)));
        const values = fields.flatMap((f) => f.values);
        const items = fields.map((f) => f.structure);
        return {
          values,
          structure: cell.isTuple ? { kind: "tuple", items } : { kind: "object", keys: [...cell.fields.keys()], items },
        };
      }
      case "nothing":
        return { values: [], structure: { kind: "nothing" } };
      default:
        return cx.fail(
          "unsupported",
          this.#fn.at,
          `'${this.#fn.name}' returns a function`,
          "return numbers, booleans and arrays",
        );
    }
  }
}
