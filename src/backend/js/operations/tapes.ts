// Lists are linear: an older version of a list is never read again, so it is updated in place. A list of numbers is a tape,
// a list of lists an array.

import { type Block, elementDType, type Operation, type Type, type Value, ValueMap } from "../../../ir/index.ts";
import { growthOf } from "../writing/lists.ts";
import type { Scope, TapeVariables, Text } from "../writing/text.ts";
import { type FunctionWriter, isBoolean } from "../writing/writer.ts";
import { tapeText } from "./tape-text.ts";

export function emitEmpty(w: FunctionWriter, { op, results }: Operation, scope: Scope): void {
  w.declare(results[0], emptyList(w, results[0].type), scope, op.name);
}

function emptyList(w: FunctionWriter, type: Type): string {
  return type.kind !== "list" || holdsLists(type) ? "[]" : w.module.tape(elementDType(type.element) ?? "f64", tapeText);
}

function holdsLists(type: Type): boolean {
  return type.kind === "list" && type.element.kind === "list";
}

export function emitPush(w: FunctionWriter, { operands: [list, ...values] }: Operation, scope: Scope): void {
  const tape = w.atom(list, scope);
  if (holdsLists(list.type)) {
    scope.lines.push(`${tape}.push(${values.map((v) => w.atom(v, scope)).join(", ")});`);
    return;
  }
  const here = variables(w, list, scope);
  const { data, count } = here ?? { data: `${tape}.data`, count: `${tape}.count` };
  if (here === null)
    scope.lines.push(`if (${plus(count, values.length)} > ${data}.length) ${grow(tape, values.length)}`);
  for (const [i, v] of values.entries()) scope.lines.push(`${data}[${plus(count, i)}] = ${asNumber(w, v, scope)};`);
  scope.lines.push(`${count} += ${values.length};`);
}

function grow(tape: string, by: number): string {
  return `$grow(${tape}, ${by});`;
}

function asNumber(w: FunctionWriter, v: Value, scope: Scope): string {
  const atom = w.atom(v, scope);
  if (!isBoolean(v.type)) return atom;
  return w.facts.isLiteral(v) ? String(Number(atom === "true")) : `+${atom}`;
}

/** Below the first number of a tape there are zeros, as far down as a pop reaches. */
export function emitPop(w: FunctionWriter, { op, operands, results: [, ...values] }: Operation, scope: Scope): void {
  const [list] = operands;
  const tape = w.atom(list, scope);
  const { type } = values[0];
  if (type.kind === "list") {
    const top = `${tape}.length > 0 ? ${tape}.pop() : ${emptyList(w, type)}`;
    for (const v of values.toReversed()) w.declare(v, top, scope, op.name);
    return;
  }
  const { data, count } = variables(w, list, scope) ?? { data: `${tape}.data`, count: `${tape}.count` };
  scope.lines.push(`${count} -= ${values.length};`);
  for (const [i, v] of values.entries()) {
    const top = `${data}[${plus(count, i)}]`;
    w.declare(v, isBoolean(type) ? `${top} !== 0` : top, scope, op.name);
  }
  const { low } = w.module;
  scope.lines.push(`if (${count} < ${low}) ${count} = ${low};`);
}

function plus(text: string, n: number): string {
  return n === 0 ? text : `${text} + ${n}`;
}

function variables(w: FunctionWriter, list: Value, scope: Scope): TapeVariables | null {
  return scope.tape(w.facts.canonical(list)) ?? null;
}

// ---- in loops -------------------------------------------------------------------------------------------------------

/** A tape that a loop keeps in variables. `room` is the most numbers that an iteration pushes to it. */
interface OpenTape extends TapeVariables {
  readonly tape: string;
  readonly end: string;
  readonly room: number;
}

/**
 * The tapes that a loop keeps in variables: those that no inner loop and no call uses. The loop runs in rounds, and the
 * tapes grow only between two of them, so within a round their memory is loop-invariant (measured: a push costs 1 ns, and
 * 3 ns where any iteration may replace the memory).
 */
export class LoopTapes {
  readonly #tapes: readonly OpenTape[];
  readonly #growing: readonly OpenTape[];
  readonly #rounds: string | null;

  /** For a loop whose carried variables are in `scope`, and whose body is written to `inner`. */
  constructor(w: FunctionWriter, operation: Operation, scope: Scope, inner: Scope) {
    const [cond, body] = operation.regions;
    const rooms = roomsOf(w, [cond, body]);
    this.#tapes = cond.arguments.flatMap((v, k): OpenTape[] => {
      const room = rooms.get(v) ?? Infinity;
      if (!Number.isFinite(room) || holdsLists(v.type) || w.facts.canonical(body.results[k]) !== v) return [];
      const tape = w.atom(v, scope);
      const [data, count, end] = ["data", "count", "end"].map((what) => w.temporary(`${tape}_${what}`));
      inner.tapes.set(v, { data, count });
      return [{ tape, room, data, count, end }];
    });
    this.#growing = this.#tapes.filter(({ room }) => room > 0);
    this.#rounds = this.#growing.length > 0 ? w.temporary("rounds") : null;
  }

  /** The statement that leaves the loop. */
  get leave(): string {
    return this.#rounds === null ? "break;" : `break ${this.#rounds};`;
  }

  /** The loop with its rounds around the lines of the body. */
  around(body: readonly Text[]): readonly Text[] {
    const isFull = ({ count, end }: OpenTape): string => `${count} > ${end}`;
    const memory = (t: OpenTape): string => `const ${t.data} = ${t.tape}.data;`;
    const growing = this.#growing;
    const full = growing.length === 0 ? [] : [`if (${growing.map(isFull).join(" || ")}) break;`];
    const loop = ["while (true) {", [...full, ...body], "}"];
    const round = [
      ...growing.flatMap((t) => [memory(t), `const ${t.end} = ${t.data}.length - ${t.room};`]),
      ...loop,
      ...growing.map((t) => `${growing.length === 1 ? "" : `if (${isFull(t)}) `}${grow(t.tape, t.room)}`),
    ];
    return [
      ...this.#tapes.map((t) => `let ${t.count} = ${t.tape}.count;`),
      ...this.#tapes.filter((t) => t.room === 0).map(memory),
      ...(this.#rounds === null ? loop : [`${this.#rounds}: while (true) {`, round, "}"]),
      ...this.#tapes.map((t) => `${t.tape}.count = ${t.count};`),
    ];
  }
}

/** The most numbers that one run of the blocks pushes to each tape; infinite where inner loops or calls use it. */
function roomsOf(w: FunctionWriter, blocks: readonly Block[]): ValueMap<number> {
  const rooms = new ValueMap<number>();
  const visit = ({ operations }: Block, isOnce: boolean): void => {
    for (const operation of operations) {
      const { op, operands, regions } = operation;
      for (const [i, v] of operands.entries()) {
        if (v.type.kind !== "list") continue;
        const list = w.facts.canonical(v);
        const growth = isOnce && i === 0 ? growthOf(operation) : null;
        const room = growth === null ? Infinity : Math.max(growth, 0);
        rooms.set(list, (rooms.get(list) ?? 0) + room);
      }
      for (const region of regions) visit(region, isOnce && op.traits.branches);
    }
  };
  for (const block of blocks) visit(block, true);
  return rooms;
}
