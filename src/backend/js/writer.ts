// Writes one function of the module: its units and scopes, and the spelling of values in them.

import {
  type Block,
  type Dim,
  type Func,
  indexOf,
  type Operation,
  type Type,
  termsOf,
  type Value,
  ValueMap,
  ValueSet,
} from "../../ir/index.ts";
import { isAtomText, isNegated, joinTerms, type SpellVariable, spellTerm } from "./dims.ts";
import { FuncFacts } from "./facts.ts";
import type { ModuleText } from "./module-text.ts";
import { Names } from "./names.ts";
import { isTagged, type Part, planSplit, type SplitPlan, type Unit } from "./split.ts";
import { renderFunction, Scope, UnitText } from "./text.ts";

/** More parameters than this are passed in one array: V8 takes at most 65,534, and its stack fewer. */
const maxParameters = 30_000;

export function takesArray(func: Func): boolean {
  return func.symbols.length + func.body.arguments.length > maxParameters;
}

/** Writes one kind of operation. */
export type Emitter = (w: FunctionWriter, operation: Operation, scope: Scope) => void;

export class FunctionWriter {
  readonly module: ModuleText;
  readonly facts: FuncFacts;
  readonly #emit: Emitter;
  readonly #func: Func;
  readonly #name: string;
  readonly #plan: SplitPlan;
  readonly #names: Names;
  readonly #valueNames = new ValueMap<string>();
  readonly #symbolNames: ReadonlyMap<string, string>;
  readonly #elementChecked = new ValueSet();
  #parts = 0;
  #loops = 0;

  constructor(module: ModuleText, func: Func, emit: Emitter) {
    this.module = module;
    this.#emit = emit;
    this.#func = func;
    this.#name = module.functionName(func.name);
    this.facts = new FuncFacts(func);
    this.#plan = planSplit(func, this.facts, func.symbols.length);
    this.#names = new Names(module.functionNames);
    this.#symbolNames = new Map(func.symbols.map((s) => [s, this.#names.unique(s)]));
  }

  /** Whether memory is an array of the user's whose elements are checked wherever they are read. */
  checksElements(memory: Value): boolean {
    return this.#elementChecked.has(memory);
  }

  /** The text of the function; its parts and outlined loops were added to the module before. Only users call an entry. */
  write(isEntry: boolean): string {
    if (isEntry) this.#findElementChecked();
    const unit = new UnitText("scratch", this.#plan.main, null);
    const scope = new Scope(unit);
    const parameters = this.#bindParameters(unit);
    this.#openScratch(scope);
    this.block(this.#func.body, scope);
    const results = this.#func.body.results.map((v) => this.atom(v, scope));
    if (results.length === 1) scope.lines.push(`return ${results[0]};`);
    else if (results.length > 1) scope.lines.push(`return [${results.join(", ")}];`);
    const body = isEntry ? this.module.closingTapes(scope.lines) : scope.lines;
    return renderFunction(this.#name, parameters, unit, body);
  }

  #findElementChecked(): void {
    for (const [i, v] of this.#func.body.arguments.entries()) {
      if (v.type.kind !== "memref" || v.type.dtype !== "f64" || !this.facts.bounds.isReadAtSubscriptsOnly(v)) continue;
      this.#elementChecked.add(v);
      this.module.elementChecked.add(i);
    }
  }

  #bindParameters(unit: UnitText): readonly string[] {
    const args = this.#func.body.arguments;
    const { symbols } = this.#func;
    if (takesArray(this.#func)) {
      for (const [i, s] of symbols.entries()) unit.symbols.set(s, `$args[${i}]`);
      for (const [i, v] of args.entries()) unit.atoms.set(v, `$args[${symbols.length + i}]`);
      return ["$args"];
    }
    for (const [s, name] of this.#symbolNames) unit.symbols.set(s, name);
    for (const v of args) unit.atoms.set(v, this.#nameOf(v));
    return [...this.#symbolNames.values(), ...args.map((v) => this.#nameOf(v))];
  }

  /** Allocates the scratch of a call, and stores the parameters that parts read. */
  #openScratch(scope: Scope): void {
    if (this.#plan.parts.size === 0) return;
    scope.lines.push(`const $s = new Float64Array(${this.#plan.scratchSize});`);
    if (this.#plan.memorySize > 0) scope.lines.push(`const $m = new Array(${this.#plan.memorySize});`);
    for (const [i, s] of this.#func.symbols.entries()) scope.lines.push(`$m[${i}] = ${scope.unit.symbols.get(s)};`);
    for (const v of this.#func.body.arguments) this.spill(v, scope);
  }

  // ---- blocks -------------------------------------------------------------------------------------------------------

  /** The operations of a block, in parts where it was cut. */
  block(block: Block, scope: Scope): void {
    const parts = this.#plan.parts.get(block);
    if (parts === undefined) for (const operation of block.operations) this.#operation(operation, scope);
    else for (const part of parts) this.#writePart(block, part, scope);
  }

  /** Whether a block was cut into parts. */
  isCut(block: Block): boolean {
    return this.#plan.parts.has(block);
  }

  #operation(operation: Operation, scope: Scope): void {
    const before = scope.lines.length;
    this.#emit(this, operation, scope);
    if (scope.lines.length > before && operation.origin !== null) {
      const place = this.module.place(operation.origin);
      if (place !== scope.unit.place) scope.lines.splice(before, 0, place);
      scope.unit.place = place;
    }
  }

  #writePart(block: Block, { start, end, unit }: Part, scope: Scope): void {
    const name = `${this.#name}$${++this.#parts}`;
    const text = new UnitText("scratch", unit, scope.unit);
    const inner = new Scope(text, null, scope);
    for (let i = start; i < end; i++) this.#operation(block.operations[i], inner);
    const shared = this.#plan.memorySize > 0 ? ["$s", "$m"] : ["$s"];
    this.module.add(renderFunction(name, [...shared, ...text.parameters], text, inner.lines));
    scope.lines.push(`${name}(${[...shared, ...text.passed].join(", ")});`);
  }

  /**
   * Outlines a range of a loop into a function. Its parameters are those given, and then the values that it reads. Returns
   * the text of its call.
   */
  loopFunction(
    scope: Scope,
    write: (inner: Scope) => void,
    given: readonly (readonly [parameter: string, passed: string])[] = [],
  ): (from: string, to: string) => string {
    const unit = new UnitText("loop", scope.unit.unit, scope.unit);
    for (const [parameter, passed] of given) {
      unit.parameters.push(parameter);
      unit.passed.push(passed);
    }
    const inner = new Scope(unit, null, scope);
    write(inner);
    const name = `${this.#name}$loop${++this.#loops}`;
    const parameters = ["$from", "$to", ...unit.parameters];
    this.module.add(renderFunction(name, parameters, unit, inner.lines));
    return (from, to) => `${name}(${[from, to, ...unit.passed].join(", ")})`;
  }

  /** Makes a value of the caller a parameter of an outlined loop, before it is read. */
  pass(value: Value, inner: Scope): void {
    this.#atomIn(value, inner.unit);
  }

  /** Whether a region calls parts, which read its arguments from the scratch. */
  holdsParts(region: Block): boolean {
    return this.#plan.holdsParts.has(region);
  }

  // ---- values -------------------------------------------------------------------------------------------------------

  /** The spelling of a value that `scope` reads: a name, a literal or a slot. */
  atom(value: Value, scope: Scope): string {
    return this.facts.literal(value) ?? this.#atomIn(this.facts.canonical(value), scope.unit);
  }

  #atomIn(value: Value, unit: UnitText): string {
    const known = unit.atoms.get(value);
    if (known !== undefined) return known;
    if (unit.kind === "loop" && unit.parent !== null) {
      const name = this.#nameOf(value);
      unit.parameters.push(name);
      unit.passed.push(this.#atomIn(value, unit.parent));
      unit.atoms.set(value, name);
      return name;
    }
    const slot = this.#slotText(value);
    if (isWithin(this.#plan.units.get(value), unit.unit)) return slot.read;
    const name = this.#nameOf(value);
    unit.header.push(`const ${name} = ${slot.read};`);
    unit.atoms.set(value, name);
    return name;
  }

  #slotText(value: Value): { read: string; write(atom: string): string } {
    const slot = this.#plan.slots.get(value);
    if (slot === undefined) throw new Error(`internal invariant broken: a value of another unit has no slot`);
    if (isTagged(value)) return { read: `$m[${slot}]`, write: (atom) => `$m[${slot}] = ${atom};` };
    const isBool = isBoolean(value.type);
    return {
      read: isBool ? `($s[${slot}] !== 0)` : `$s[${slot}]`,
      write: (atom) => `$s[${slot}] = ${isBool ? `${atom} ? 1 : 0` : atom};`,
    };
  }

  #nameOf(value: Value, hint = "v"): string {
    let name = this.#valueNames.get(value);
    if (name === undefined) {
      name = this.#names.unique(value.name ?? hint);
      this.#valueNames.set(value, name);
    }
    return name;
  }

  /** Names a value that `scope` defines; the caller writes the definition and then calls `spill`. */
  define(value: Value, scope: Scope, hint: string): string {
    const name = this.#nameOf(value, hint);
    scope.unit.atoms.set(value, name);
    scope.unit.depths.set(value, scope.depth);
    return name;
  }

  /** `const name = expression;` */
  declare(value: Value, expression: string, scope: Scope, hint: string): void {
    scope.lines.push(`const ${this.define(value, scope, hint)} = ${expression};`);
    this.spill(value, scope);
  }

  /** Stores a defined value in its slot, if other units read it. */
  spill(value: Value, scope: Scope): void {
    if (scope.unit.kind !== "loop" && this.#plan.slots.has(value)) {
      scope.lines.push(this.#slotText(value).write(this.#atomIn(value, scope.unit)));
    }
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
      if (index === null) return this.#symbolIn(variable.key, scope.unit);
      const v = this.facts.canonical(index);
      const atom = this.atom(v, scope);
      // a value of a part that is called here is defined here at the earliest
      atDepth(scope.unit.atoms.has(v) ? (scope.unit.depths.get(v) ?? 0) : scope.depth);
      return atom;
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

  #symbolIn(symbol: string, unit: UnitText): string {
    const known = unit.symbols.get(symbol);
    if (known !== undefined) return known;
    const name = this.#symbolNames.get(symbol);
    if (name === undefined) throw new Error(`internal invariant broken: symbol ${symbol} is not declared`);
    if (unit.kind === "loop" && unit.parent !== null) {
      unit.parameters.push(name);
      unit.passed.push(this.#symbolIn(symbol, unit.parent));
    } else {
      unit.header.push(`const ${name} = $m[${this.#func.symbols.indexOf(symbol)}];`);
    }
    unit.symbols.set(symbol, name);
    return name;
  }
}

export function isBoolean(type: Type): boolean {
  return type.kind !== "list" && type.dtype === "bool";
}

function isWithin(unit: Unit | undefined, outer: Unit): boolean {
  for (let u: Unit | null = unit ?? null; u !== null; u = u.parent) if (u === outer) return true;
  return false;
}
