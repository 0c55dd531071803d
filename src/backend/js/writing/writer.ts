// Writes one function of the module: its scopes, and the spelling of values in them.

import {
  type Attributes,
  type Block,
  type Dim,
  elementOf,
  type Func,
  indexOf,
  type Operation,
  positionOf,
  type Type,
  termsOf,
  type Value,
  ValueMap,
} from "../../../ir/index.ts";
import { between, bracketed } from "./brackets.ts";
import { isAtomText, isNegated, joinTerms, type SpellVariable, spellTerm } from "./dims.ts";
import { FuncFacts } from "./facts.ts";
import type { ModuleText } from "./module-text.ts";
import { Names } from "./names.ts";
import { FunctionText, renderFunction, Scope } from "./text.ts";

/** More parameters than this are passed in one array: V8 takes at most 65,534, and its stack fewer. */
const maxParameters = 30_000;

export function takesArray(func: Func): boolean {
  return func.symbols.length + func.body.arguments.length > maxParameters;
}

/** Writes an operation; one kind of them, where it names the attributes that they have. */
export type Emitter<A extends Attributes = Attributes> = (
  w: FunctionWriter,
  operation: Operation<A>,
  scope: Scope,
) => void;

export class FunctionWriter {
  readonly module: ModuleText;
  readonly facts: FuncFacts;
  readonly #emit: Emitter;
  /** The name of the function in its text. */
  readonly name: string;
  readonly #func: Func;
  readonly #names: Names;
  readonly #valueNames = new ValueMap<string>();
  readonly #symbolNames: ReadonlyMap<string, string>;

  constructor(module: ModuleText, func: Func, emit: Emitter) {
    this.module = module;
    this.#emit = emit;
    this.#func = func;
    this.name = module.functionName(func.name);
    this.facts = new FuncFacts(func);
    this.#names = new Names(module.functionNames);
    this.#symbolNames = new Map(func.symbols.map((s) => [s, this.#names.unique(s)]));
  }

  /** The text of the function. Only users call an entry. */
  write(isEntry: boolean): string {
    const text = new FunctionText();
    const scope = new Scope(text);
    const parameters = this.#bindParameters(text);
    this.#body(scope);
    const results = this.#func.body.results.map((v) => this.expression(v, scope));
    scope.lines.push(...text.closing);
    if (results.length === 1) scope.lines.push(`return ${results[0]};`);
    else if (results.length > 1) scope.lines.push(`return [${results.join(", ")}];`);
    const body = isEntry ? this.module.closingTapes(scope.lines) : scope.lines;
    text.isInlined = isEntry || !this.#func.body.operations.some(({ op }) => op.loop?.indices === 1);
    return renderFunction(this.name, parameters, text, body);
  }

  /** Elements that are read last, for results alone, are spelled there: thousands of variables would not fit on the stack. */
  #body(scope: Scope): void {
    const { body } = this.#func;
    const isLast = ({ op, operands }: Operation): boolean => op.effects.reads.length > 0 && operands.length === 1;
    const end = body.operations.findLastIndex((o) => !isLast(o)) + 1;
    this.block({ ...body, operations: body.operations.slice(0, end) }, scope);
    for (const load of body.operations.slice(end)) {
      const [result] = load.results;
      const text = this.element(load, scope);
      scope.text.atoms.set(result, isBoolean(result.type) ? `${text} !== 0` : text);
    }
  }

  #bindParameters(text: FunctionText): readonly string[] {
    const args = this.#func.body.arguments;
    const { symbols } = this.#func;
    const steps = Array.from({ length: this.module.counters.of(this.#func.name) }, (_, k) => `$step${k}`);
    if (takesArray(this.#func)) {
      for (const [i, s] of symbols.entries()) text.symbols.set(s, `$args[${i}]`);
      for (const [i, v] of args.entries()) text.atoms.set(v, `$args[${symbols.length + i}]`);
      text.steps = steps.map((_, k) => `$args[${symbols.length + args.length + k}]`);
      return ["$args"];
    }
    text.steps = steps;
    for (const [s, name] of this.#symbolNames) text.symbols.set(s, name);
    for (const v of args) text.atoms.set(v, this.#nameOf(v));
    return [...this.#symbolNames.values(), ...args.map((v) => this.#nameOf(v)), ...steps];
  }

  // ---- blocks -------------------------------------------------------------------------------------------------------

  block({ operations }: Block, scope: Scope): void {
    for (const operation of operations) this.placed(operation, scope, () => this.#emit(this, operation, scope));
  }

  /** Writes an operation, below a comment that says where it is in the user's text unless the one before says so. */
  placed(operation: Operation, scope: Scope, write: () => void): void {
    const { origin, regions } = operation;
    const { lines, text } = scope;
    const comment = (at: number): void => {
      const place = origin === null ? text.place : this.module.place(origin);
      if (place !== text.place) lines.splice(at, 0, place);
      text.place = place;
    };
    const before = lines.length;
    // what is inside of it comes behind it
    if (regions.length > 0) comment(before);
    write();
    if (regions.length === 0 && lines.length > before) comment(before);
  }

  // ---- values -------------------------------------------------------------------------------------------------------

  /** The spelling of a value that `scope` reads, as an operand: a name, a literal, or an expression in brackets. */
  atom(value: Value, scope: Scope): string {
    const v = this.facts.canonical(value);
    const expression = scope.text.expressions.get(v);
    if (expression !== undefined) return bracketed(expression);
    const atom = this.facts.literal(v) ?? scope.text.atoms.get(v);
    if (atom === undefined) throw new Error("internal invariant broken: a value is read before it is defined");
    return atom;
  }

  /** The spelling of a value that `scope` reads, with nothing around it. */
  expression(value: Value, scope: Scope): string {
    return scope.text.expressions.get(this.facts.canonical(value)) ?? this.atom(value, scope);
  }

  /** What `write` makes of operands. An expression that it would repeat gets a name. */
  spelled(operands: readonly Value[], scope: Scope, write: (atoms: readonly string[]) => string): string {
    const marks = operands.map((v, i) => (scope.text.expressions.has(v) ? `\0${i}\0` : this.atom(v, scope)));
    let text = write(marks);
    for (const [i, v] of operands.entries()) {
      const parts = text.split(`\0${i}\0`);
      const expression = parts.length > 2 ? scope.text.expressions.get(v) : undefined;
      if (expression !== undefined) {
        scope.text.expressions.delete(v);
        scope.lines.push(`const ${this.define(v, scope, "v")} = ${expression};`);
      }
      const known = scope.text.expressions.get(v);
      if (known !== undefined) text = parts.length === 1 ? text : between(parts[0], known, parts[1]);
      else if (parts.length > 1) text = parts.join(this.atom(v, scope));
    }
    return text;
  }

  #nameOf(value: Value, hint = "v"): string {
    let name = this.#valueNames.get(value);
    if (name === undefined) {
      name = this.#names.unique(value.name ?? hint);
      this.#valueNames.set(value, name);
    }
    return name;
  }

  /** Names a value that `scope` defines; the caller writes the definition. */
  define(value: Value, scope: Scope, hint: string): string {
    const name = this.#nameOf(value, hint);
    scope.text.atoms.set(value, name);
    scope.text.depths.set(value, scope.depth);
    return name;
  }

  /** `const name = expression;`, where the value is not spelled in place. */
  declare(value: Value, expression: string, scope: Scope, hint: string): void {
    if (this.facts.isSpelledInPlace(value, expression.length)) {
      scope.text.expressions.set(value, expression);
      return;
    }
    const variable = this.facts.variableOf(value);
    if (variable !== undefined) {
      const name = this.atom(variable, scope);
      scope.lines.push(`${name} = ${expression};`);
      scope.text.atoms.set(value, name);
      return;
    }
    scope.lines.push(`const ${this.define(value, scope, hint)} = ${expression};`);
  }

  /** The name of a dimension symbol, unique in the function. */
  symbolName(symbol: string): string {
    return this.#symbolNames.get(symbol) ?? symbol;
  }

  /** A fresh name for a variable that is no value of the IR. */
  temporary(hint: string): string {
    return this.#names.unique(hint);
  }

  // ---- dimensions ---------------------------------------------------------------------------------------------------

  /** A dimension as an expression. Terms that are invariant in the innermost loops are hoisted out of them. */
  dim(d: Dim, scope: Scope): string {
    if (typeof d === "number") return String(d);
    const levels = this.#termsByDepth(d, scope);
    const constant = termsOf(d).find((t) => t.factors.length === 0)?.coefficient ?? 0;
    let text = constant === 0 && isNegated(levels.flatMap(([, terms]) => terms)) ? "0" : "";
    let key = text;
    for (const [depth, terms] of levels) {
      text = joinTerms(text === "" ? terms : [text, ...terms]);
      key += `${depth}:${terms.join("+")}`;
      if (depth < scope.depth) text = this.#hoist(text, key, scope.at(depth));
    }
    if (constant === 0) return text;
    return constant < 0 ? `${text} - ${-constant}` : `${text} + ${constant}`;
  }

  /** The name of an expression, computed here once. */
  once(text: string, scope: Scope): string {
    return this.#hoist(text, text, scope);
  }

  /** A dimension as a name or number, computed before the loop that it bounds. */
  bound(d: Dim, scope: Scope): string {
    const text = this.dim(d, scope);
    return this.#hoist(text, text, scope);
  }

  /** `x[i * 784 + j]`: the element that an operation reads or writes. */
  element(operation: Operation, scope: Scope): string {
    const access = elementOf(operation);
    if (access === null) throw new Error(`internal invariant broken: ${operation.op.name} has no subscripts`);
    return `${this.atom(access.memory, scope)}[${this.dim(positionOf(access, operation), scope)}]`;
  }

  /** The spelled terms of a dimension, the constant left out, by the scope depth they depend on, outermost first. */
  #termsByDepth(d: Dim, scope: Scope): readonly (readonly [number, readonly string[]])[] {
    const levels = new Map<number, string[]>();
    for (const term of termsOf(d)) {
      if (term.factors.length === 0) continue;
      let depth = 0;
      const spelled = spellTerm(
        term,
        this.#variableSpeller(scope, (at) => {
          depth = Math.max(depth, at);
        }),
      );
      const level = levels.get(depth);
      if (level === undefined) levels.set(depth, [spelled]);
      else level.push(spelled);
    }
    return [...levels].sort(([a], [b]) => a - b);
  }

  #variableSpeller(scope: Scope, atDepth: (depth: number) => void): SpellVariable {
    return (variable) => {
      const index = indexOf(variable);
      if (index === null) return this.#symbol(variable.key, scope);
      const v = this.facts.canonical(index);
      atDepth(scope.text.depths.get(v) ?? 0);
      return this.atom(v, scope);
    };
  }

  #hoist(text: string, key: string, scope: Scope): string {
    if (isAtomText(text)) return text;
    let name = scope.hoisted.get(key);
    if (name === undefined) {
      name = this.#names.unique("at");
      scope.lines.push(`const ${name} = ${text};`);
      scope.hoisted.set(key, name);
    }
    return name;
  }

  #symbol(symbol: string, { text }: Scope): string {
    const name = text.symbols.get(symbol);
    if (name === undefined) throw new Error(`internal invariant broken: symbol ${symbol} is not declared`);
    return name;
  }
}

export function isBoolean(type: Type): boolean {
  return type.kind !== "list" && type.dtype === "bool";
}
