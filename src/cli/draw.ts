// adjoint draw: IR as a graph in DOT, in the two pictures of the field: operations as nodes with values on the edges, or
// values as nodes with the operations between them.

import {
  type Block,
  calleeOf,
  counted,
  Dense,
  type Func,
  type Module,
  type Operation,
  printAttributes,
  printType,
  type Value,
} from "../ir/index.ts";
import type { Command } from "./command.ts";
import { readModule, requireAtMost, requireOther, UsageError, writeFile } from "./io.ts";

interface Values {
  readonly style: string;
  readonly output?: string;
  readonly entry?: string;
}

export const draw: Command<Values> = {
  name: "draw",
  usage: "FILE|- [options]",
  summary: "Draws IR as a graph in DOT, which Graphviz lays out.",
  help: `Regions are boxes inside their operation's, functions boxes of their own. In the style operations, nodes are operations,
and edges the values between them; in the style values, nodes are values, with the operations that make them between.`,
  options: [
    { flags: "--entry <f>", what: "the function of a file of TypeScript; the last exported one where left out" },
    { flags: "--style <style>", what: "operations or values", default: "operations" },
    { flags: "-o, --output <OUT.dot>", what: "a file instead of standard output" },
  ],
  examples: [
    ["adjoint draw model.ir | dot -Tsvg > model.svg", "a picture of a file of IR"],
    ["adjoint draw loss.ts --style values -o loss.dot", "the values of a function of TypeScript"],
  ],
  async run(words, values, io) {
    requireAtMost(1, words);
    requireOther(values.output, words[0]);
    const { style } = values;
    if (style !== "operations" && style !== "values") {
      throw new UsageError(`--style is '${style}', expected operations or values`);
    }
    const text = drawModule((await readModule(words[0], io, values.entry)).module, style);
    if (values.output === undefined) io.out(text);
    else writeFile(values.output, text, io);
  },
};

export type DrawStyle = "operations" | "values";

/** The module in DOT. Names and attributes stand in quoted labels only, so that no text of the module is read as DOT. */
function drawModule(module: Module, style: DrawStyle): string {
  const drawing = new Drawing(style);
  for (const func of module.funcs) drawing.func(func);
  return `digraph module {\n  node [fontname="monospace", fontsize=10];\n  edge [fontname="monospace", fontsize=9];\n${drawing.text}}\n`;
}

class Drawing {
  readonly #style: DrawStyle;
  readonly #lines: string[] = [];
  /** The node that a value comes from. */
  readonly #sources = new Map<Value, string>();
  #nodes = 0;
  #clusters = 0;

  constructor(style: DrawStyle) {
    this.#style = style;
  }

  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }

  func(func: Func): void {
    this.#cluster(`@${func.name}`, "  ", (indent) => {
      this.#block(func.body, "argument", indent);
      for (const [i, v] of func.body.results.entries()) {
        const node = this.#node(`result ${i}`, "shape=plaintext", indent);
        this.#edge(v, node, indent);
      }
    });
  }

  #block(block: Block, what: string, indent: string): void {
    for (const a of block.arguments) {
      const label = this.#style === "values" ? valueLabel(a) : `${what} ${valueLabel(a)}`;
      this.#sources.set(a, this.#node(label, "shape=ellipse, style=bold", indent));
    }
    for (const operation of block.operations) this.#operation(operation, indent);
  }

  #operation(operation: Operation, indent: string): void {
    const facts = factsOf(operation);
    const label = `${operation.op.name}${facts === "" ? "" : `\n${shorten(facts)}`}`;
    const isSmall = this.#style === "values";
    const node = this.#node(label, isSmall ? "shape=plaintext" : "shape=box, style=rounded", indent);
    for (const [i, v] of operation.operands.entries()) {
      this.#edge(v, node, indent, operation.operands.length > 1 ? String(i) : "");
    }
    for (const [i, region] of operation.regions.entries()) {
      this.#cluster(operation.op.regions[i]?.name ?? `region ${i}`, indent, (inner) => {
        this.#block(region, "argument", inner);
        for (const v of region.results) this.#edge(v, node, inner, "yields", "style=dashed");
      });
    }
    for (const r of operation.results) this.#result(r, node, indent);
  }

  #result(value: Value, operation: string, indent: string): void {
    if (this.#style === "operations") {
      this.#sources.set(value, operation);
      return;
    }
    const node = this.#node(valueLabel(value), "shape=ellipse", indent);
    this.#lines.push(`${indent}${operation} -> ${node};`);
    this.#sources.set(value, node);
  }

  #edge(value: Value, to: string, indent: string, port = "", more = ""): void {
    const type = this.#style === "operations" ? valueLabel(value) : "";
    const label = [port, type].filter((part) => part !== "").join(" ");
    const attributes = [...(label === "" ? [] : [`label=${quoted(label)}`]), ...(more === "" ? [] : [more])];
    const list = attributes.length === 0 ? "" : ` [${attributes.join(", ")}]`;
    this.#lines.push(`${indent}${this.#sources.get(value)} -> ${to}${list};`);
  }

  #node(label: string, attributes: string, indent: string): string {
    const node = `n${this.#nodes++}`;
    this.#lines.push(`${indent}${node} [label=${quoted(label)}, ${attributes}];`);
    return node;
  }

  #cluster(label: string, indent: string, body: (indent: string) => void): void {
    this.#lines.push(`${indent}subgraph cluster_${this.#clusters++} {`, `${indent}  label=${quoted(label)};`);
    body(`${indent}  `);
    this.#lines.push(`${indent}}`);
  }
}

/** What of an operation is fixed: a constant's value, the function called, the attributes. */
function factsOf(operation: Operation): string {
  const { op, attributes } = operation;
  const callee = calleeOf(operation);
  const first = callee !== null ? [`@${callee}`] : op.traits.constant ? [constantText(attributes.value)] : [];
  return [...first, ...printAttributes(operation)].filter((part) => part !== "").join(", ");
}

function constantText(value: unknown): string {
  if (value instanceof Dense) return `${counted(value.size, "element")}`;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

function valueLabel(value: Value): string {
  return `${value.name === null ? "" : `%${value.name}: `}${printType(value.type)}`;
}

const longest = 120;

function shorten(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** A DOT string: quotes and backslashes escaped, other control characters as what they look like. */
function quoted(text: string): string {
  const escaped = text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n");
  return `"${escaped.replace(/\p{C}/gu, "?")}"`;
}
