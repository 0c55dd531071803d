// The text of a whole module, and the tables that its helpers read. Text that a user wrote goes only into the tables.

import {
  type Attribute,
  type Block,
  Dense,
  type DType,
  dtypes,
  Effects,
  evaluateDim,
  type Func,
  fail,
  holdsOp,
  type Kernel,
  LoopCounters,
  type MemRefType,
  type Module,
  type Origin,
  productOf,
  type TensorType,
  type TypedArray,
  walk,
} from "../../../ir/index.ts";
import { kernelText } from "../../../ops/index.ts";
import { ElementChecks } from "./element-checks.ts";
import { growthOf } from "./lists.ts";
import { helperNames, Names, spellPlace } from "./names.ts";
import type { Text } from "./text.ts";

/** What is known beforehand of the message of an index out of range. */
interface RangeMessage {
  readonly of: string;
  readonly axis: number;
  /** How many of the numbers that are told at run time say which element of a batch the index is of. */
  readonly elements: number;
  readonly origin: Origin | null;
}

/** What the helpers of generated code look up by number. */
export interface Tables {
  readonly checks: readonly { readonly message: string; readonly origin: Origin | null }[];
  readonly ranges: readonly RangeMessage[];
  readonly probes: readonly { readonly name: string; readonly dtype: DType; readonly origin: Origin | null }[];
  readonly constants: readonly TypedArray[];
}

function poolOf(dtype: DType): string {
  return `$tapes_${dtype}`;
}

/** Writes what opens tapes, grows and closes them: for pools of a name and a dtype each, with tapes that begin at `low`. */
export type TapeText = (pools: readonly (readonly [name: string, dtype: DType])[], low: number) => string;

export class ModuleText {
  readonly module: Module;
  /** The index at which tapes begin. The zeros below are as many as one pop takes. */
  readonly low: number;
  readonly counters: LoopCounters;
  readonly elementChecks: ElementChecks;
  readonly #texts: string[] = [];
  /** The kernels used so far, callees first: their names and their texts. */
  readonly #kernelNames = new Map<Kernel, string>();
  readonly #kernelTexts: string[] = [];
  readonly #freeNames = new Names(helperNames);
  readonly #functionNames = new Map<string, string>();
  readonly #checks: Tables["checks"][number][] = [];
  readonly #ranges: Tables["ranges"][number][] = [];
  readonly #probes: Tables["probes"][number][] = [];
  readonly #constants: TypedArray[] = [];
  /** What the comments of places stand for. */
  readonly #places = new Map<string, Origin>();
  readonly #tapes = new Set<DType>();
  #tapeText: TapeText | null = null;
  #effects: Effects | null = null;

  /** Names the functions, in the order given, callees first. */
  constructor(module: Module, entry: Func, funcs: readonly Func[]) {
    this.module = module;
    this.elementChecks = new ElementChecks(module, entry);
    const names = new Names();
    for (const func of funcs) this.#functionNames.set(func.name, names.unique(func.name));
    this.counters = new LoopCounters(funcs);
    this.low = funcs.reduce((low, { body }) => Math.max(low, mostPopped(body)), 0);
  }

  get text(): string {
    const pools = [...this.#tapes].map((dtype) => [poolOf(dtype), dtype] as const);
    const tapes = this.#tapeText === null ? [] : [this.#tapeText(pools, this.low)];
    return [...tapes, ...this.#kernelTexts, ...this.#texts].join("\n\n");
  }

  /** The text with other places in its comments; those that become null are left out. */
  textWith(placeOf: (origin: Origin) => Origin | null): string {
    const lines = this.text.split("\n").flatMap((line) => {
      const at = this.#places.get(line.trimStart());
      if (at === undefined) return [line];
      const origin = placeOf(at);
      return origin === null ? [] : [line.slice(0, line.indexOf("//")) + spellPlace(origin.file, origin.line)];
    });
    return lines.join("\n");
  }

  /** The comment that names a place. */
  place(origin: Origin): string {
    const text = spellPlace(origin.file, origin.line);
    this.#places.set(text, origin);
    return text;
  }

  get tables(): Tables {
    return { checks: this.#checks, ranges: this.#ranges, probes: this.#probes, constants: this.#constants };
  }

  get functionNames(): Iterable<string> {
    return this.#functionNames.values();
  }

  functionName(name: string): string {
    return this.#functionNames.get(name) ?? fail("name", `the module has no function @${name}`);
  }

  /** The effects of the module's functions, calls included. */
  get effects(): Effects {
    this.#effects ??= new Effects(this.module);
    return this.#effects;
  }

  /** The name of a kernel, whose text is added before the functions. */
  kernel(kernel: Kernel): string {
    let name = this.#kernelNames.get(kernel);
    if (name === undefined) {
      const uses = kernel.uses.map((k) => this.kernel(k));
      name = this.helperName(kernel.name);
      this.#kernelNames.set(kernel, name);
      this.#kernelTexts.push(`const ${name} = ${kernelText(kernel, uses)};`);
    }
    return name;
  }

  /** A fresh name for what stands beside the functions. */
  helperName(hint: string): string {
    return `$${this.#freeNames.unique(hint)}`;
  }

  /** An expression that opens an empty tape for numbers of a dtype; `text` writes what tapes need. */
  tape(dtype: DType, text: TapeText): string {
    this.#tapes.add(dtype);
    this.#tapeText = text;
    return `$tape(${poolOf(dtype)})`;
  }

  /** The lines of the entry, behind which the tapes that it opened are closed. */
  closingTapes(lines: readonly Text[]): readonly Text[] {
    const pools = [...this.#tapes].map(poolOf);
    if (pools.length === 0) return lines;
    return [
      ...pools.map((pool) => `const ${pool}_before = ${pool}.opened;`),
      "try {",
      lines,
      "} finally {",
      pools.map((pool) => `$close(${pool}, ${pool}_before);`),
      "}",
    ];
  }

  /** Appends a finished function. */
  add(text: string): void {
    this.#texts.push(text);
  }

  /** The number of a check in the table. */
  check(message: string, origin: Origin | null): number {
    return this.#checks.push({ message, origin }) - 1;
  }

  /** The number of a subscript's message in the table. */
  range(message: RangeMessage): number {
    return this.#ranges.push(message) - 1;
  }

  probe(name: string, type: TensorType | MemRefType, origin: Origin | null): number {
    return this.#probes.push({ name, dtype: type.dtype, origin }) - 1;
  }

  /** Constant memory: made once, and read by every call. */
  constant(value: Attribute, type: MemRefType): string {
    const size = evaluateDim(productOf(type.shape), () => undefined);
    const data = value instanceof Dense ? value.toArray().data : new dtypes[type.dtype].array(size).fill(Number(value));
    return `$constants[${this.#constants.push(data) - 1}]`;
  }
}

function mostPopped(block: Block): number {
  let most = 0;
  if (!holdsOp(block, ({ effects }) => effects.allocates)) return most;
  walk(block, (operation) => {
    most = Math.max(most, -(growthOf(operation) ?? 0));
  });
  return most;
}
