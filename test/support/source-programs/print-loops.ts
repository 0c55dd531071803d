// The text of loops, each of which ends: by a counter that its body cannot write, or by fuel.

import { arrayAt, type Place, printNumber, printTest } from "./print-expressions.ts";
import { Scope } from "./scope.ts";
import type { Statement } from "./tree.ts";

type Of<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;
type PrintBody = (place: Place, body: readonly Statement[]) => string;
type Loop = Of<"for"> | Of<"while"> | Of<"do"> | Of<"for-of">;

/** How many iterations may nest. */
const mostSteps = 48;

function labelOf(place: Place, { isLabelled }: Loop): string | null {
  return isLabelled ? `loop${place.labels.length}` : null;
}

/** Where the body of a loop stands; null where loops around it leave no room for another. */
function inside(place: Place, loop: Loop, steps: number, scope: Scope): Place | null {
  if (place.steps * steps > mostSteps) return null;
  const label = labelOf(place, loop);
  const labels = label === null ? place.labels : [...place.labels, { name: label, isLoop: true }];
  return { ...place, scope, steps: place.steps * steps, labels, breaks: true, continues: true };
}

export function printLoop(place: Place, loop: Loop, body: PrintBody): string {
  const label = labelOf(place, loop);
  const text = printUnlabelled(place, loop, body);
  if (text === null) return `{\n${body({ ...place, scope: new Scope(place.scope) }, loop.body)}}\n`;
  const [before, rest] = text;
  return `${before}${label === null ? "" : `${label}: `}${rest}`;
}

/** What is declared before the loop, and the loop. */
function printUnlabelled(place: Place, loop: Loop, body: PrintBody): readonly [string, string] | null {
  switch (loop.kind) {
    case "for":
      return loop.head === "bare" ? printBare(place, loop, body) : printFor(place, loop, body);
    case "while":
      return printWhile(place, loop, body);
    case "do":
      return printDo(place, loop, body);
    case "for-of":
      return printForOf(place, loop, body);
  }
}

function printFor(place: Place, loop: Of<"for">, body: PrintBody): readonly [string, string] | null {
  const array = loop.head === "length" ? arrayAt(place, loop.steps) : null;
  const steps = array?.length ?? loop.steps;
  const head = new Scope(place.scope);
  const at = inside(place, loop, steps, head);
  if (at === null) return null;
  if (array !== null) head.use(array.name);
  const i = head.fresh(loop.name);
  const text = printHead({ ...place, scope: head, steps: at.steps }, loop, i, array?.name ?? null);
  return ["", `for (${text}) {\n${body({ ...at, scope: new Scope(head) }, loop.body)}}\n`];
}

function printHead(place: Place, { head, steps, test, x }: Of<"for">, i: string, array: string | null): string {
  const { scope } = place;
  const isFuelled = head === "fuel";
  // where the loop goes on, a counter is one more than in its body
  const below = head === "twos" ? steps * 2 : array === null ? steps + (head === "effect" ? 1 : 0) : 4;
  const fuel = isFuelled ? scope.fresh(steps) : "";
  scope.add({ kind: "number", name: i, isWritable: isFuelled, below: isFuelled ? null : Math.min(below, 5) });
  switch (head) {
    case "down":
      return `let ${i} = ${steps - 1}; ${i} >= 0; ${i}--`;
    case "twos":
      return `let ${i} = 0; ${i} < ${Math.min(steps * 2, 4)}; ${i} += 2`;
    case "pair": {
      const n = scope.fresh(steps);
      return `let ${i} = 0, ${n} = ${steps}; ${i} !== ${n}; ++${i}`;
    }
    case "test":
      return `let ${i} = 0; ${i} < ${steps} && ${printTest(place, test)}; ${i} += 1`;
    case "fuel":
      return `let ${i} = 0, ${fuel} = ${steps}; ${i} < ${steps * 2} && ${fuel}-- > 0; ${i}++`;
    case "effect":
      return `let ${i} = 0; ${i} < ${steps}; ${i}++, ${printNumber(place, x)}`;
    default:
      return `let ${i} = 0; ${i} < ${array === null ? steps : `${array}.length`}; ${i}++`;
  }
}

/** A counter before the loop, that only the loop's own text writes to. */
function counter(place: Place, { name, steps }: { readonly name: number; readonly steps: number }): string {
  const n = place.scope.fresh(name);
  place.scope.add({ kind: "number", name: n, isWritable: false, below: steps + 2 });
  return n;
}

function printBare(place: Place, loop: Of<"for">, body: PrintBody): readonly [string, string] | null {
  const at = inside(place, loop, loop.steps, new Scope(place.scope));
  if (at === null) return null;
  const n = at.scope.use(counter(place, loop));
  const text = body(at, loop.body);
  return [`let ${n} = 0;\n`, `for (;;) {\n  if (${n}++ >= ${loop.steps}) break;\n${text}}\n`];
}

function printWhile(place: Place, loop: Of<"while">, body: PrintBody): readonly [string, string] | null {
  const at = inside(place, loop, loop.steps, new Scope(place.scope));
  if (at === null) return null;
  const { steps, head } = loop;
  if (head === "fuel") {
    const [n, fuel] = [place.scope.fresh(loop.name), place.scope.fresh(loop.name)];
    place.scope.add({ kind: "number", name: n, isWritable: true, below: null });
    at.scope.use(n);
    const text = body(at, loop.body);
    const test = `${fuel}-- > 0 && ${n} < ${steps}`;
    return [`let ${n} = 0;\nlet ${fuel} = ${steps};\n`, `while (${test}) {\n${text}  ${n}++;\n}\n`];
  }
  const n = at.scope.use(counter(place, loop));
  const test = head === "also" ? ` && ${printTest(place, loop.test)}` : "";
  const text = body(at, loop.body);
  if (head === "first") return [`let ${n} = 0;\n`, `while (${n} < ${steps}) {\n  ${n}++;\n${text}}\n`];
  return [`let ${n} = 0;\n`, `while (${n}++ < ${steps}${test}) {\n${text}}\n`];
}

function printDo(place: Place, loop: Of<"do">, body: PrintBody): readonly [string, string] | null {
  const at = inside(place, loop, loop.steps, new Scope(place.scope));
  if (at === null) return null;
  const n = counter(place, loop);
  const text = body(at, loop.body);
  const test = printTest({ ...at, scope: place.scope }, loop.test);
  const tests = {
    pre: `++${n} < ${loop.steps}`,
    also: `++${n} < ${loop.steps} && ${test}`,
    effect: `${test} && ++${n} < ${loop.steps}`,
    once: "false",
  };
  return [`let ${n} = 0;\n`, `do {\n${text}} while (${tests[loop.head]});\n`];
}

function printForOf(place: Place, loop: Of<"for-of">, body: PrintBody): readonly [string, string] | null {
  const array = arrayAt(place, loop.array);
  const at = array === null ? null : inside(place, loop, array.length, new Scope(place.scope));
  if (array === null || at === null) return null;
  const name = at.scope.fresh(loop.name);
  // `for (const xs of xs)` would read the new one
  if (name === array.name) return null;
  at.scope.add({ kind: "number", name, isWritable: !loop.isConst, below: null });
  const word = loop.isConst ? "const" : "let";
  return ["", `for (${word} ${name} of ${array.name}) {\n${body({ ...at, scope: new Scope(at.scope) }, loop.body)}}\n`];
}
