// Module → text. One line an operation; recursion goes into regions only.

import { stackFrom } from "../diagnostics/errors.ts";
import { formatOrigin, type Origin } from "../diagnostics/origin.ts";
import {
  type Block,
  type Func,
  isWritten,
  type Module,
  type Operation,
  requireModule,
  type Value,
} from "../module/module.ts";
import { defaultName, NameTable, printFuncName, quote } from "../module/names.ts";
import { walk } from "../module/walk.ts";
import type { Role } from "../op/op.ts";
import type { Constraint } from "../types/constraint.ts";
import { layoutOf, printType } from "../types/type.ts";
import { boundArguments, printAttributes, printItems } from "./print-items.ts";

export interface PrintOptions {
  /** Print `loc("file":line:column)` or `loc(none)` on functions, constraints and operations; or only comments. */
  readonly origins?: boolean | "comment";
  /** Begin with the line `adjoint 1`, or where there are roles, vectors, layouts or memory that is reused, `adjoint 2`. */
  readonly header?: boolean;
}

/** The module as text that parses to the same module. */
export function printModule(module: Module, options: PrintOptions = {}): string {
  stackFrom(printModule, () => requireModule(module, "printModule"));
  const funcs = module.funcs.map((func) => printFunc(func, options));
  const version = options.header === true && module.funcs.some(isNew) ? 2 : 1;
  return (options.header === true ? [`adjoint ${version}\n`, ...funcs] : funcs).join("\n");
}

/**
 * Whether a function has what the first version of the text has no form for: roles of arguments, vectors, layouts of memory,
 * memory that is reused.
 */
function isNew({ roles, body }: Func): boolean {
  let found = roles.some(isWritten) || body.arguments.some(hasNewType);
  walk(body, ({ op, attributes, results }) => {
    found ||= op.level === "vector" || attributes.reuses !== undefined || results.some(hasNewType);
  });
  return found;
}

function hasNewType({ type }: Value): boolean {
  return type.kind === "vector" || layoutOf(type) !== undefined;
}

/** One function as text, with a line break at the end. */
export function printFunc(func: Func, options: PrintOptions = {}): string {
  return new Printer(options.origins ?? false).func(func);
}

/** A line of a printed function; the operation it belongs to, if it is the first line of one. */
export interface PrintedLine {
  readonly text: string;
  readonly operation: Operation | null;
}

/** The lines of `printFunc`, for tools that compare functions operation by operation. */
export function printFuncLines(func: Func, options: PrintOptions = {}): readonly PrintedLine[] {
  const printer = new Printer(options.origins ?? false);
  return printer
    .func(func)
    .split("\n")
    .slice(0, -1)
    .map((text, i) => ({ text, operation: printer.operationAt(i) }));
}

/** Where an operation stands that a message shows. */
export interface Surroundings {
  /** The function whose values are called as in its text. */
  readonly func: Func;
  /** What gives a value that stands in no text yet. */
  definition(value: Value): Operation | undefined;
}

/** The first line of an operation as text, for messages; where it stands says how its operands are called. */
export function printOperation(operation: Operation, around?: Surroundings): string {
  const head = new Printer(false).alone(operation, around);
  return operation.regions.length === 0 ? head : `${head} { … }`;
}

class Printer {
  readonly #lines: string[] = [];
  readonly #names = new NameTable();
  readonly #origins: boolean | "comment";
  /** The operations by the line they begin at. */
  readonly #operations: Operation[] = [];

  constructor(origins: boolean | "comment") {
    this.#origins = origins;
  }

  operationAt(line: number): Operation | null {
    return this.#operations[line] ?? null;
  }

  func(func: Func): string {
    const visibility = func.visibility === "private" ? "private " : "";
    const symbols = func.symbols.length === 0 ? "" : `<${func.symbols.join(", ")}>`;
    const args = this.#arguments(func.body.arguments, func.roles);
    const types = func.body.results.map((v) => printType(v.type));
    const results = types.length === 0 ? "" : types.length === 1 ? ` -> ${types[0]}` : ` -> (${types.join(", ")})`;
    const constraints = func.constraints.map((c) => this.#constraint(c)).join(", ");
    const where = constraints === "" ? "" : ` where ${constraints}`;
    const name = printFuncName(func.name);
    this.#lines.push(
      `${visibility}func ${name}${symbols}(${args})${results}${this.#origin(func.origin)}${where} {${this.#comment(func.origin)}`,
    );
    this.#block(func.body, "return", "  ");
    this.#lines.push("}", "");
    return this.#lines.join("\n");
  }

  /** An operation whose operands stand elsewhere: they are called what they are there, and else what they would be. */
  alone(operation: Operation, around: Surroundings | undefined): string {
    if (around !== undefined) this.func(around.func);
    for (const v of operation.operands) {
      const definition = around?.definition(v);
      this.#names.get(v, definition === undefined ? "value" : defaultName(definition.op.name));
    }
    return this.#head(operation, (v, fallback) => this.#names.inPlace(v, fallback));
  }

  /** An operation up to its regions. */
  #head(operation: Operation, nameOf: (result: Value, fallback: string) => string): string {
    const { op, results } = operation;
    // operands are named first: they are defined before the results
    const items = printItems(operation, this.#names);
    const attributes = printAttributes(operation);
    const names = results.map((v) => nameOf(v, defaultName(op.name)));
    const defined = names.length === 0 ? "" : `${names.join(", ")} = `;
    const types = results.length === 0 ? "" : ` : ${results.map((v) => printType(v.type)).join(", ")}`;
    const rest = [items, ...attributes].filter((text) => text !== "").join(", ");
    return `${defined}${op.name}${rest === "" ? "" : ` ${rest}`}${types}${this.#origin(operation.origin)}`;
  }

  #operation(operation: Operation, indent: string): void {
    const head = this.#head(operation, (v, fallback) => this.#names.define(v, fallback));
    this.#operations[this.#lines.length] = operation;
    const { regions } = operation;
    const comment = this.#comment(operation.origin);
    if (regions.length === 0) {
      this.#lines.push(indent + head + comment);
      return;
    }
    let open = `${indent}${head}`;
    let isFirst = true;
    for (const [i, region] of regions.entries()) {
      const spec = operation.op.regions[i];
      if (spec?.optional === true && isEmpty(region)) continue;
      const bound = i === 0 ? boundArguments(operation) : 0;
      const args = region.arguments.slice(bound);
      const list = args.length === 0 ? "" : `(${this.#arguments(args)})`;
      const label = `${i === 0 && spec?.named !== true ? "" : (spec?.name ?? "region")}${list}`;
      this.#lines.push(`${open}${label === "" ? "" : " "}${label} {${isFirst ? comment : ""}`);
      isFirst = false;
      this.#block(region, "yield", `${indent}  `);
      open = `${indent}}`;
    }
    this.#lines.push(open);
  }

  #block(block: Block, terminator: "return" | "yield", indent: string): void {
    for (const operation of block.operations) this.#operation(operation, indent);
    if (terminator === "yield" && block.results.length === 0) return;
    const results = block.results.map((v) => this.#names.get(v)).join(", ");
    this.#lines.push(`${indent}${terminator}${results === "" ? "" : ` ${results}`}`);
  }

  #arguments(args: readonly Value[], roles: readonly Role[] = []): string {
    const role = (i: number): string => (roles[i] === undefined || roles[i] === "in" ? "" : `${roles[i]} `);
    return args.map((v, i) => `${this.#names.define(v, "arg")}: ${role(i)}${printType(v.type)}`).join(", ");
  }

  #constraint(c: Constraint): string {
    return `${c.left} ${c.relation} ${c.right}${this.#origin(c.origin)}`;
  }

  #comment(origin: Origin | null): string {
    if (this.#origins !== "comment" || origin === null) return "";
    return ` // ${formatOrigin(origin).replace(/\s/g, " ")}`;
  }

  #origin(origin: Origin | null): string {
    if (this.#origins !== true) return "";
    return origin === null ? " loc(none)" : ` loc(${quote(origin.file)}:${origin.line}:${origin.column})`;
  }
}

function isEmpty(block: Block): boolean {
  return block.arguments.length === 0 && block.operations.length === 0 && block.results.length === 0;
}
