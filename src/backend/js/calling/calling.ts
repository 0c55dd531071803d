// The text that calls generated code by a calling convention: read the arguments, check them, call, give the results.

import { dtypes, elementDType, finalContents, isScalar, productOf, rankedOf, type Type } from "../../../ir/index.ts";
import { type Names, spellNumber } from "../writing/names.ts";
import { ArgumentReader } from "./arguments.ts";
import type { ArrayCalls } from "./arrays.ts";
import { type Callee, type Checks, outputRoles, spellExtent } from "./callee.ts";
import { bindExtents } from "./checks.ts";
import type { Needs } from "./helpers.ts";
import { giveResults, isReturned } from "./results.ts";

/** Whether the generated function itself can be exported: it takes and returns plain numbers. */
export function isDirect({ signature, convention }: Callee): boolean {
  const isPlain = (type: Type): boolean => isScalar(type) && ["f64", "bool"].includes(elementDType(type) ?? "");
  return (
    signature.arguments.every(isPlain) &&
    convention.parameters.every((p) => p.structure.kind === "leaf" && p.fallback === undefined) &&
    signature.results.every(isPlain) &&
    isReturned(convention.result)
  );
}

/** Writes the body of a function that is called by the convention. */
export class CallWriter {
  /** Helpers that the text calls. */
  readonly needs: Needs = new Set();
  /** The names of the parameters, in order. */
  readonly parameters: readonly string[];
  readonly #callee: Callee;
  readonly #checks: Checks;
  readonly #reader: ArgumentReader;
  readonly #arrays: ArrayCalls | null;

  /** `arrays` is null where all that is passed and given are scalars. */
  constructor(callee: Callee, names: Names, checks: Checks, arrays: ArrayCalls | null) {
    this.#arrays = arrays;
    this.#callee = callee;
    this.#checks = checks;
    this.#reader = new ArgumentReader(callee, names, checks, this.needs, arrays);
    this.parameters = callee.convention.parameters.map((p, i) => names.unique(p.name === "" ? `a${i}` : p.name));
  }

  /** The parameters as a function declares them. */
  get declared(): string {
    return this.#callee.convention.parameters
      .map(({ fallback }, i) => {
        const name = this.parameters[i];
        if (fallback === undefined) return name;
        return `${name} = ${typeof fallback === "number" ? spellNumber(fallback) : fallback}`;
      })
      .join(", ");
  }

  /** The declarations of the helpers that the text calls. */
  get helpers(): readonly string[] {
    return [...this.needs].map((name) => this.#arrays?.helperTexts[name] ?? "");
  }

  /** Reads and checks the arguments. */
  arguments(): void {
    for (const [i, { structure }] of this.#callee.convention.parameters.entries())
      this.#reader.read(structure, this.parameters[i]);
    this.#arrays?.requireApart(this.#callee, this.#reader.passed, this.#checks, this.needs);
    bindExtents(this.#callee, this.#reader.passed, this.#checks);
  }

  /** The call, from the memory of its results to the statement that returns them. */
  call(): readonly string[] {
    const { inner, func, signature, convention } = this.#callee;
    const lines: string[] = [];
    const roles = outputRoles(func, signature);
    const { passed } = this.#reader;
    const contents = finalContents(signature);
    const outputs = signature.results.map((type, i) => {
      if (roles[i] === null) return null;
      const argument = contents[i];
      if (argument !== null && roles[i] === "inout") return passed[argument].text;
      const size = spellExtent(productOf(rankedOf(type).shape));
      lines.push(`const $out${i} = new ${dtypes[elementDType(type) ?? "f64"].array.name}(${size});`);
      return `$out${i}`;
    });
    const fresh = outputs.filter((_, i) => roles[i] !== "inout").filter(isText);
    const args = [...func.symbols.map((s) => `$${s}`), ...passed.map((p) => p.text), ...fresh];
    const call = `${inner}(${args.join(", ")})`;
    const scalars = outputs.filter((o) => o === null).length;
    if (scalars === outputs.length && convention.written.length === 0 && isReturned(convention.result))
      return [`return ${call};`];
    lines.push(scalars === 0 ? `${call};` : `const $r = ${call};`);
    let next = 0;
    const results = outputs.map((o) => o ?? (scalars === 1 ? "$r" : `$r[${next++}]`));
    return [...lines, ...giveResults(this.#callee, passed, results, this.needs, this.#arrays)];
  }
}

function isText(x: string | null): x is string {
  return x !== null;
}
