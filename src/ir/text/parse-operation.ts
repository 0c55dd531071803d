// Text → one operation: results, mnemonic, the pieces its record's assembly lists, attributes, types, regions.

import { counted } from "../diagnostics/counted.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { affineOperands, indexDim } from "../module/affine.ts";
import { attributeSpec, completeAttributes } from "../module/attributes.ts";
import { type Attribute, type Block, makeBlock, maxNesting, type Operation, Value } from "../module/module.ts";
import type { Op, OpTable } from "../op/op.ts";
import type { AssemblyItem, RegionSpec } from "../op/op-spec.ts";
import type { Dim } from "../types/dim.ts";
import type { Type } from "../types/type.ts";
import type { Cursor } from "./lexer.ts";
import { attributeOf, type Literal, parseBindings, parseLiteral } from "./parse-attribute.ts";
import { parseDim } from "./parse-dim.ts";
import { parseOrigin } from "./parse-origin.ts";
import type { ValueScope } from "./parse-scope.ts";
import { parseType, parseTypes } from "./parse-type.ts";

/** What the operations of one function share while they are parsed. */
export interface ParseContext {
  readonly cursor: Cursor;
  readonly ops: OpTable;
  readonly values: ValueScope;
}

interface Named {
  readonly name: string;
  readonly position: number;
}

/** An argument of a region before the region is entered. */
export interface Argument extends Named {
  readonly type: Type;
}

const noBlock = makeBlock([], [], []);
const nothing: readonly never[] = [];

/** The operations of a block up to its terminator or closing brace. */
export function parseOperations(context: ParseContext): Operation[] {
  const { cursor } = context;
  const operations: Operation[] = [];
  let first = true;
  while (!cursor.at("}") && !cursor.at("return") && !cursor.at("yield")) {
    if (!first && !cursor.startsLine) cursor.unexpected("the end of the line");
    operations.push(new OperationParser(context).parse());
    first = false;
  }
  return operations;
}

/** Values separated by commas, on the line where they begin. */
function parseOperands({ cursor, values }: ParseContext, attributes: object = {}): Value[] {
  if (cursor.startsLine || !atOperand(cursor, 0, attributes)) return [];
  const list = [values.use("an operand")];
  while (cursor.at(",") && atOperand(cursor, 1, attributes)) {
    cursor.accept(",");
    list.push(values.use("an operand"));
  }
  return list;
}

/** Whether a value stands here, or what somebody wrote for one: a number, or a name that begins nothing else. */
function atOperand(cursor: Cursor, ahead: number, attributes: object): boolean {
  const kind = ahead === 0 ? cursor.kind : cursor.nextKind;
  if (kind !== "word") return kind === "value" || kind === "number" || kind === "func";
  const begins = ["=", "(", "{"].some((mark) => cursor.at(mark, ahead + 1));
  return !begins && !["loc", ...Object.keys(attributes)].some((name) => cursor.at(name, ahead));
}

class OperationParser {
  readonly #context: ParseContext;
  readonly #cursor: Cursor;
  readonly #values: ValueScope;
  readonly #results: Named[] = [];
  readonly #position: number;
  readonly #op: Op;
  /** The operands of each group; without groups all stand in the first slot. */
  readonly #slots: Value[][];
  readonly #given: Record<string, Attribute> = {};
  readonly #literals = new Map<string, { literal: Literal; position: number }>();
  /** Arguments of the first region that stand among the operands. */
  readonly #bound: Argument[] = [];

  constructor(context: ParseContext) {
    this.#context = context;
    this.#cursor = context.cursor;
    this.#values = context.values;
    if (this.#cursor.kind === "value") this.#parseResultNames();
    this.#position = this.#cursor.position;
    this.#op = this.#parseMnemonic();
    this.#slots = this.#op.operands.map(() => []);
    if (this.#slots.length === 0) this.#slots.push([]);
  }

  parse(): Operation {
    const before = this.#cursor.position;
    for (const item of this.#op.assembly) this.#parseItem(item);
    this.#parseAttributes(this.#cursor.position === before);
    const types = this.#parseResultTypes();
    const origin = parseOrigin(this.#cursor, this.#position);
    const regions = this.#parseRegions();
    const attributes = this.#completeAttributes(types);
    const op = this.#op;
    return Object.freeze({
      op,
      operands: this.#slots.flat(),
      attributes,
      regions,
      results: this.#defineResults(types),
      origin,
      segments: op.groups.length === 0 ? nothing : this.#slots.map((s) => s.length),
    });
  }

  /** A value or a word where the colon should be is what is wrong, not the number of types. */
  #parseResultTypes(): readonly Type[] {
    const cursor = this.#cursor;
    if (cursor.accept(":")) return parseTypes(cursor);
    const isOperand = cursor.kind === "value" || (cursor.kind === "word" && !cursor.at("loc"));
    if (this.#results.length > 0 && isOperand && !cursor.startsLine) cursor.unexpected("',', or ':' and the types");
    return [];
  }

  #parseResultNames(): void {
    do {
      const position = this.#cursor.position;
      this.#results.push({ name: this.#cursor.takeName("value", "a result"), position });
    } while (this.#cursor.accept(","));
    this.#cursor.expect("=", "after the results");
  }

  #parseMnemonic(): Op {
    const cursor = this.#cursor;
    if (cursor.kind !== "word") cursor.unexpected("an operation");
    const name = cursor.source;
    const op = this.#context.ops.get(name);
    if (op === undefined) {
      if (cursor.at("=", 1)) cursor.unexpected("an operation, or a result and '='", `write %${name}`);
      const hint = didYouMean(name, this.#context.ops.keys()) ?? "ops of your own go into the parser's op table";
      return cursor.fail("name", `unknown op '${name}'`, hint);
    }
    this.#cursor.take("word", "a mnemonic");
    return op;
  }

  #defineResults(types: readonly Type[]): Value[] {
    if (types.length !== this.#results.length) {
      const named = counted(this.#results.length, "result");
      const reason = `${this.#op.name}: got names for ${named}, and ${counted(types.length, "type")} after the colon`;
      const hint = types.length === 0 ? "write ':' and the types behind the operation" : undefined;
      this.#cursor.fail("arity", reason, hint, this.#position);
    }
    return this.#results.map(({ name, position }, i) => {
      const value = new Value(types[i], name);
      this.#values.define(name, value, position);
      return value;
    });
  }

  // ---- assembly items: the counterparts of those in print-operation.ts ----------------------------------------------

  #parseItem(item: AssemblyItem): void {
    switch (item.kind) {
      case "operands":
        this.#refuseParentheses();
        this.#slots[item.group === undefined ? 0 : this.#op.groups.indexOf(item.group)] = parseOperands(
          this.#context,
          this.#op.attributes,
        );
        break;
      case "operand":
        this.#parseOperand(item.operand);
        break;
      case "arguments":
        this.#parseArguments(item.group);
        break;
      case "group":
        this.#parseGroup(item.group);
        break;
      case "bind":
        this.#parseBind(item.group);
        break;
      case "callee":
        this.#parseCallee();
        break;
      case "value":
        this.#parseLiteral("value");
        break;
      case "affine":
        this.#parseAffine(item.group);
        break;
      case "subscript":
        this.#parseSubscript(item.operand, item.group);
        break;
      case "span":
        this.#parseSpan(item.operand, item.group);
        break;
      case "range":
        this.#parseRange(item.group);
        break;
      case "places":
        this.#parsePlaces(item.group);
        break;
    }
  }

  /** Operands written as those of a call. */
  #refuseParentheses(): void {
    const cursor = this.#cursor;
    // those of a region have types
    if (!cursor.at("(") || cursor.startsLine || cursor.nextKind !== "value" || cursor.at(":", 2)) return;
    cursor.unexpected("the operands without parentheses", `write ${this.#op.name} %a, …`);
  }

  /** `%a`, with the comma that separates it from what stands before. */
  #parseOperand(number: number): void {
    if (number > 0) this.#cursor.expect(",", `before operand ${number} of ${this.#op.name}`);
    this.#slots[number].push(this.#values.use());
  }

  #parseArguments(group: string): void {
    const operands = this.#cursor.takeList("(", ")", "the arguments", () => this.#values.use());
    this.#setGroup(group, operands);
  }

  #parseGroup(group: string): void {
    if (!this.#atGroup(group)) return;
    this.#cursor.accept(group);
    this.#parseArguments(group);
  }

  #parseBind(group: string): void {
    if (!this.#atGroup(group)) return;
    this.#cursor.accept(group);
    const operands = this.#cursor.takeList("(", ")", `the values of ${group}`, () => {
      this.#bound.push(parseArgument(this.#cursor));
      this.#cursor.expect("=", "and the value it starts from");
      return this.#values.use();
    });
    this.#setGroup(group, operands);
  }

  #atGroup(group: string): boolean {
    return this.#cursor.at(group) && this.#cursor.at("(", 1) && !this.#cursor.startsLine;
  }

  #parseCallee(): void {
    this.#given.callee = this.#cursor.takeName("func", "a function");
    if (this.#cursor.at("<")) this.#given.bindings = parseBindings(this.#cursor);
  }

  #parseAffine(group: string): void {
    const dims = affineOperands([this.#parseIndexDim()]);
    this.#given.value = dims.dims[0];
    this.#setGroup(group, dims.operands);
  }

  #parseSubscript(operand: number, group: string): void {
    this.#parseOperand(operand);
    this.#parseAt(group, "the subscripts");
  }

  #parseAt(group: string, what: string): number {
    const at = this.#cursor.takeList("[", "]", what, () => this.#parseIndexDim());
    const { dims, operands } = affineOperands(at);
    this.#given.at = Object.freeze([...dims]);
    this.#setGroup(group, operands);
    return at.length;
  }

  #parsePlaces(group: string): void {
    const cursor = this.#cursor;
    do this.#bound.push(parseArgument(cursor));
    while (cursor.accept(","));
    cursor.expect("at", "and the place of the window");
    const position = cursor.position;
    const count = this.#parseAt(group, "the places");
    if (count === this.#bound.length) return;
    const reason = `got ${counted(count, "place")}, expected ${this.#bound.length}, one for each index`;
    cursor.fail("arity", reason, undefined, position);
  }

  #parseSpan(operand: number, group: string): void {
    this.#parseOperand(operand);
    this.#cursor.expect("[", "before the lower bound");
    const bounds = this.#parseBounds();
    this.#cursor.expect("]", "after the upper bound");
    this.#setBounds(bounds, group);
  }

  #parseRange(group: string): void {
    this.#bound.push(parseArgument(this.#cursor));
    this.#cursor.expect("=", "before the lower bound");
    const bounds = this.#parseBounds();
    if (this.#cursor.accept("step")) this.#given.step = this.#cursor.takeInteger("an integer step");
    this.#setBounds(bounds, group);
  }

  #parseBounds(): readonly [lower: Dim, upper: Dim] {
    const lower = this.#parseIndexDim();
    this.#cursor.expect("to", "between the bounds");
    return [lower, this.#parseIndexDim()];
  }

  #setBounds(bounds: readonly Dim[], group: string): void {
    const { dims, operands } = affineOperands(bounds);
    [this.#given.lower, this.#given.upper] = dims;
    this.#setGroup(group, operands);
  }

  #parseIndexDim(): Dim {
    return parseDim(this.#cursor, () => indexDim(this.#values.use()));
  }

  #setGroup(group: string, operands: readonly Value[]): void {
    this.#slots[this.#op.groups.indexOf(group)] = [...operands];
  }

  // ---- attributes ---------------------------------------------------------------------------------------------------

  /** `first`: nothing stands between the mnemonic and here, so the first attribute has no comma. */
  #parseAttributes(first: boolean): void {
    const cursor = this.#cursor;
    const begins = first ? cursor.kind === "word" && cursor.at("=", 1) && !cursor.startsLine : cursor.accept(",");
    if (!begins) return;
    do {
      const name = cursor.source;
      if (cursor.kind !== "word") cursor.unexpected("an attribute");
      if (attributeSpec(this.#op, name) === undefined) this.#unknownAttribute(name);
      if (Object.hasOwn(this.#given, name) || this.#literals.has(name)) {
        cursor.fail("attribute", `${this.#op.name}: attribute '${name}' is given twice`);
      }
      cursor.take("word", "an attribute");
      cursor.expect("=", `after attribute '${name}'`);
      this.#parseLiteral(name);
    } while (cursor.accept(","));
  }

  #parseLiteral(name: string): void {
    const position = this.#cursor.position;
    this.#literals.set(name, { literal: parseLiteral(this.#cursor), position });
  }

  #unknownAttribute(name: string): never {
    const known = Object.keys(this.#op.attributes);
    const hint = didYouMean(name, known) ?? (known.length === 0 ? "it has none" : `it has ${known.join(", ")}`);
    return this.#cursor.fail("attribute", `${this.#op.name}: unknown attribute '${name}'`, hint);
  }

  #completeAttributes(types: readonly Type[]): Readonly<Record<string, Attribute>> {
    for (const [name, { literal, position }] of this.#literals) {
      const spec = attributeSpec(this.#op, name);
      if (spec === undefined) continue;
      this.#given[name] = attributeOf(
        this.#cursor,
        position,
        `${this.#op.name}: attribute '${name}'`,
        literal,
        spec,
        types[0],
      );
    }
    return this.#cursor.locate(this.#position, () => completeAttributes(this.#op, this.#given));
  }

  // ---- regions ------------------------------------------------------------------------------------------------------

  #parseRegions(): readonly Block[] {
    const cursor = this.#cursor;
    const regions = this.#op.regions.map((spec, i) => this.#parseRegion(spec, i));
    const ahead = cursor.kind === "word" ? 1 : 0;
    if (!cursor.startsLine && (cursor.at("{", ahead) || cursor.at("(", ahead))) {
      const count = regions.length === 0 ? "no region" : `no region after ${this.#op.regions[regions.length - 1].name}`;
      cursor.fail("structure", `${this.#op.name} takes ${count}`);
    }
    return regions.length === 0 ? nothing : regions;
  }

  #parseRegion(spec: RegionSpec, i: number): Block {
    const cursor = this.#cursor;
    const isNamed = i > 0 || spec.named === true;
    const [present, ahead] = isNamed ? [cursor.at(spec.name), 1] : [true, 0];
    if (!present || !(cursor.at("{", ahead) || cursor.at("(", ahead))) return this.#absentRegion(spec);
    if (isNamed) cursor.accept(spec.name);
    const extra = cursor.at("(") ? cursor.takeList("(", ")", "the arguments", () => parseArgument(cursor)) : [];
    return this.#parseBlock(i === 0 ? [...this.#bound, ...extra] : extra);
  }

  #absentRegion(spec: RegionSpec): Block {
    if (spec.optional === true) return noBlock;
    const hint = this.#cursor.kind === "end" ? undefined : `expected '{' here`;
    return this.#cursor.fail("structure", `${this.#op.name}: region ${spec.name} is missing`, hint);
  }

  #parseBlock(args: readonly Argument[]): Block {
    const { cursor } = this.#context;
    const values = this.#values;
    if (values.depth >= maxNesting) cursor.fail("structure", `regions are nested more than ${maxNesting} deep`);
    cursor.expect("{", `before the region of ${this.#op.name}`);
    values.enter();
    const own = defineArguments(this.#context, args);
    const operations = parseOperations(this.#context);
    const results = parseTerminator(this.#context, "yield");
    cursor.expect("}", "after the region");
    values.leave();
    return makeBlock(own, operations, results);
  }
}

/** `%x: f32` */
/** `%x: type`; `before` reads what stands in front of the type. */
export function parseArgument(cursor: Cursor, before?: () => void): Argument {
  const position = cursor.position;
  const name = cursor.takeName("value", "an argument");
  cursor.expect(":", "and the type of the argument");
  before?.();
  return { name, position, type: parseType(cursor) };
}

export function defineArguments({ values }: ParseContext, args: readonly Argument[]): Value[] {
  return args.map(({ name, position, type }) => {
    const value = new Value(type, name);
    values.define(name, value, position);
    return value;
  });
}

/** `return %a, %b`; a region that yields nothing may leave its `yield` out. */
export function parseTerminator(context: ParseContext, word: "return" | "yield"): readonly Value[] {
  const { cursor } = context;
  if (word === "yield" && cursor.at("}")) return [];
  if (!cursor.accept(word)) cursor.unexpected(`'${word}'`);
  return parseOperands(context);
}
