// A file of TypeScript → a program. The text is read until nothing new is found out about its loops and literals, and
// then once more, which writes the module.

import {
  BlockBuilder,
  didYouMean,
  type Func,
  FuncScope,
  fail,
  makeFunc,
  makeModule,
  symbol,
  tensorType,
  type Value,
  verify,
  withBuilder,
} from "../../ir/index.ts";
import { Facts } from "../state/facts.ts";
import { type ArrayCell, dtypeOfArray, type Meaning } from "../state/meaning.ts";
import { Place } from "../state/places.ts";
import type { LeafKind, Parameter, SourceProgram, Structure } from "../state/program.ts";
import { parseTypeScript } from "../syntax/parse-typescript.ts";
import { isStackOverflow, SourceText } from "../syntax/text.ts";
import type { FileTree, FunctionNode, ParameterNode } from "../syntax/tree.ts";
import { contentsOf, fieldOf } from "./arrays.ts";
import { declare, initialize } from "./declare.ts";
import { evaluate } from "./expressions.ts";
import { body, call } from "./functions.ts";
import { bool, f64, Reading, type Verbs } from "./reading.ts";
import { extentName, Signatures } from "./signature.ts";
import { execute, executeBlock } from "./statements.ts";

const verbs: Verbs = { evaluate, execute, executeBlock, call };

export interface ReadOptions {
  /** The function to compile; where left out, the last exported one, or the last one where none is. `default` has no name. */
  readonly entry?: string;
  /** What messages call the file: `source.ts` where left out. A name that ends in .tsx allows JSX, to refuse it by name. */
  readonly file?: string;
}

/**
 * Reads a function of a file, and what it calls, into a module of one function: numbers and booleans are arguments of rank
 * 0, arrays tensors of rank 1 with a symbol for their length, tuples and objects what is in them, one after the other. The
 * results are those of the function, then the arrays that it writes to.
 * @throws AdjointError at the place in the text: code `syntax` for what is no TypeScript; `unsupported` for what is not
 * compiled, with what to write instead; `name` for a name that is unknown, declared twice or used before it has a value, and
 * for an entry that is not there; `dtype` for types that do not go together; `arity` for a call with a wrong number of
 * arguments; `range` for an index or a length that is out of range whatever the arguments are; `shape` for lengths that
 * differ.
 * @example readSource("export const f = (x: number) => x * 2;").module // func @f(%x: f64) -> f64 { … }
 */
export function readSource(text: string, { entry, file = "source.ts" }: ReadOptions = {}): SourceProgram {
  const source = new SourceText(text, file);
  const tree = parseTypeScript(source);
  const fn = entryOf(tree, entry, file);
  const places = new Place();
  let arrays: ReadonlySet<number> = new Set();
  for (;;) {
    const facts = new Facts(arrays);
    reading(source, tree, fn, facts, false, places);
    const found = facts.arrays();
    if (found.size === arrays.size) return reading(source, tree, fn, facts, true, places);
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

/** Reads once. It recurses over what nests, calls within calls among it: the engine says how deep that may go. */
function reading(...args: ConstructorParameters<typeof Program>): SourceProgram {
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
  readonly #x: Reading;
  readonly #fn: FunctionNode;
  readonly #root = new BlockBuilder(new FuncScope());
  readonly #parameters: Parameter[] = [];
  /** The arrays among the arguments, with the values that they begin with. */
  readonly #arrays: { readonly argument: number; readonly cell: ArrayCell; readonly value: Value }[] = [];
  readonly #symbols: string[] = [];
  readonly #signatures: Signatures;

  constructor(source: SourceText, tree: FileTree, fn: FunctionNode, facts: Facts, isFinal: boolean, places: Place) {
    this.#x = new Reading(source, tree, facts, isFinal, verbs, this.#root, places);
    this.#fn = fn;
    this.#signatures = new Signatures(source, tree);
  }

  read(): SourceProgram {
    const x = this.#x;
    this.#root.origin = x.source.origin(this.#fn.at);
    const { values, structure } = withBuilder(this.#root, () =>
      x.scoped(x.fileScope, () => {
        for (const p of this.#fn.parameters) declare(x, p.pattern, false);
        for (const p of this.#fn.parameters) this.#parameter(p);
        return this.#results(body(x, this.#fn));
      }),
    );
    const written = this.#arrays.filter(({ cell, value }) => contentsOf(x, cell) !== value);
    const results = [...values, ...written.map(({ cell }) => contentsOf(x, cell))];
    const module = makeModule([this.#func(results)]);
    if (x.isFinal) verify(module);
    const { name } = this.#fn;
    return {
      module,
      entry: name,
      parameters: this.#parameters,
      result: structure,
      written: written.map(({ argument }) => argument),
    };
  }

  failTooDeep(): never {
    const x = this.#x;
    return x.fail(
      "unsupported",
      x.lastPlace,
      "calls and expressions nest too deep here",
      "call in loops, or name parts",
    );
  }

  #func(results: readonly Value[]): Func {
    const { dims } = this.#root.scope;
    return makeFunc({
      name: this.#fn.name,
      symbols: this.#symbols,
      constraints: dims.constraints,
      body: this.#root.finish(results),
      origin: this.#x.source.origin(this.#fn.at),
    });
  }

  // ---- parameters ---------------------------------------------------------------------------------------------------

  #parameter(p: ParameterNode): void {
    const x = this.#x;
    const structure = this.#signatures.parameter(this.#fn, p);
    const name = p.pattern.kind === "name" ? p.pattern.name : "";
    this.#parameters.push({ name, structure, fallback: this.#fallback(p, structure) });
    initialize(x, p.pattern, this.#argument(structure, name));
  }

  #argument(structure: Structure, name: string): Meaning {
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

  /** A tuple or object came apart, and nothing goes back into it: what arrays in it get does. */
  #record(isTuple: boolean, fields: readonly (readonly [string, Meaning])[], name: string): Meaning {
    const m = this.#x.record(isTuple, fields, null, name);
    m.cell.frozen = "it is the caller's, who would not see that";
    return m;
  }

  #leaf(leaf: LeafKind, name: string): Meaning {
    const x = this.#x;
    if (leaf === "number") return x.number(this.#root.argument(f64, name || null));
    if (leaf === "boolean") return x.boolean(this.#root.argument(bool, name || null));
    const extent = extentName(this.#symbols.length);
    this.#symbols.push(extent);
    const length = symbol(extent);
    const argument = this.#root.arguments.length;
    const value = this.#root.argument(tensorType(dtypeOfArray[leaf], [length]), name || null);
    const m = x.array(leaf, length, value, name, { parameter: argument });
    this.#arrays.push({ argument, cell: m.cell, value });
    return m;
  }

  /** A caller of the compiled function leaves out what a constant stands for. */
  #fallback(p: ParameterNode, structure: Structure): number | boolean | undefined {
    if (p.fallback === null) return undefined;
    const m = this.#x.verbs.evaluate(this.#x, p.fallback);
    if (
      (m.kind === "number" || m.kind === "boolean") &&
      m.known !== null &&
      structure.kind === "leaf" &&
      structure.leaf === m.kind
    )
      return m.known;
    return this.#x.fail(
      "unsupported",
      p.fallback.at,
      "the default of a parameter of the compiled function is no constant",
      "write a number or a boolean",
    );
  }

  // ---- results ------------------------------------------------------------------------------------------------------

  #results(m: Meaning): { readonly values: readonly Value[]; readonly structure: Structure } {
    const x = this.#x;
    switch (m.kind) {
      case "number":
      case "boolean":
        return { values: [m.value], structure: { kind: "leaf", leaf: m.kind } };
      case "reference": {
        const { cell } = m;
        if (cell.kind === "array")
          return { values: [contentsOf(x, cell)], structure: { kind: "leaf", leaf: cell.array } };
        const parts = [...cell.fields.values()].map((f) => this.#results(fieldOf(x, f, this.#fn.at)));
        const values = parts.flatMap((p) => p.values);
        const items = parts.map((p) => p.structure);
        return {
          values,
          structure: cell.isTuple ? { kind: "tuple", items } : { kind: "object", keys: [...cell.fields.keys()], items },
        };
      }
      case "nothing":
        return { values: [], structure: { kind: "nothing" } };
      default:
        return x.fail(
          "unsupported",
          this.#fn.at,
          `'${this.#fn.name}' returns a function`,
          "return numbers, booleans and arrays",
        );
    }
  }
}
