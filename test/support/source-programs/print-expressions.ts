// The text of a tree's expressions: references take the names that are visible where they stand.

import type { Callable, EntryOf, Scope } from "./scope.ts";
import type { Index, Num, Result, Test } from "./tree.ts";

/** What a program costs so far: operations in its text once calls are read in, and steps when it runs. */
export interface Work {
  size: number;
  steps: number;
}

/** Where text is written. */
export interface Place {
  readonly scope: Scope;
  readonly work: Work;
  /** How often what stands here runs in each call of the function. */
  readonly steps: number;
  readonly result: Result;
  /** Arrays of rounded numbers stay out. */
  readonly isSmooth: boolean;
  readonly breaks: boolean;
  readonly continues: boolean;
  readonly labels: readonly { readonly name: string; readonly isLoop: boolean }[];
}

const limits = { size: 500, steps: 600 };

export function at<T>(items: readonly T[], n: number): T | undefined {
  return items.length === 0 ? undefined : items[n % items.length];
}

function writable(place: Place, ref: number): string | null {
  const entry = at(
    place.scope.visible("number").filter((e) => e.isWritable),
    ref,
  );
  return entry === undefined ? null : place.scope.use(entry.name);
}

export function arrayAt(place: Place, ref: number): EntryOf<"array"> | null {
  const entry = at(place.scope.visible("array"), ref);
  if (entry !== undefined) place.scope.use(entry.name);
  return entry ?? null;
}

// ---- numbers --------------------------------------------------------------------------------------------------------

export function printNumber(place: Place, x: Num): string {
  place.work.size++;
  switch (x.kind) {
    case "literal":
      return x.text.startsWith("-") ? `(${x.text})` : x.text;
    case "variable": {
      const entry = at(place.scope.visible("number"), x.ref);
      return entry === undefined ? "1" : place.scope.use(entry.name);
    }
    case "length": {
      const array = arrayAt(place, x.array);
      return array === null ? "2" : `${array.name}.length`;
    }
    case "binary": {
      const [left, right] = [printNumber(place, x.x), printNumber(place, x.y)];
      // far from zero, where what divides by it might be of no use and yet be differentiated
      if (place.isSmooth && x.operator === "/") return `(${left} / (2 + Math.tanh(${right})))`;
      return `(${left} ${x.operator} ${right})`;
    }
    case "unary":
      return `(${x.operator}${atom(printNumber(place, x.x))})`;
    case "math":
      return printMath(place, x.name, x.args);
    case "choose":
      return `(${printTest(place, x.test)} ? ${printNumber(place, x.x)} : ${printNumber(place, x.y)})`;
    case "logical":
    case "comma": {
      const left = printNumber(place, x.x);
      return `(${left}${x.kind === "comma" ? "," : ` ${x.operator}`} ${printNumber(place, x.y)})`;
    }
    case "number-of":
      return `Number(${printTest(place, x.test)})`;
    case "call":
      return printCall(place, x, "number") ?? printNumber(place, x.args[0]);
    default:
      return printStore(place, x);
  }
}

/** Signs would run together. */
function atom(text: string): string {
  return /^[-+]/.test(text) ? `(${text})` : text;
}

const oneArgument = /^(abs|floor|ceil|trunc|round|sign|sqrt|cbrt|fround|clz32|sin|cos|tanh|atan|exp|log\w*|expm1)$/;

function printMath(place: Place, name: string, [x, y]: readonly Num[]): string {
  const first = printNumber(place, x);
  return oneArgument.test(name) ? `Math.${name}(${first})` : `Math.${name}(${first}, ${printNumber(place, y)})`;
}

/** What reads or writes a place. */
function printStore(
  place: Place,
  x: Extract<Num, { kind: "element" | "set" | "update" | "set-element" | "update-element" }>,
): string {
  if (x.kind === "set" || x.kind === "update") {
    const name = writable(place, x.ref);
    if (x.kind === "set") {
      const value = printNumber(place, x.x);
      return name === null ? value : `(${name} ${x.operator}= ${value})`;
    }
    if (name === null) return "1";
    return x.isPrefix ? `(${x.operator}${name})` : `${name}${x.operator}`;
  }
  const target = printElement(place, x.array, x.index);
  if (target === null) return x.kind === "set-element" ? printNumber(place, x.x) : "3";
  if (x.kind === "element") return target;
  if (x.kind === "set-element") return `(${target} ${x.operator}= ${printNumber(place, x.x)})`;
  return x.operator.endsWith("pre") ? `(${x.operator.slice(0, 2)}${target})` : `${target}${x.operator}`;
}

/** A call of a function that gives `result`; null where none can be called here. */
export function printCall(
  place: Place,
  call: { readonly ref: number; readonly args: readonly Num[]; readonly arrays: number },
  result: Result,
): string | null {
  const { work, steps, scope } = place;
  const arrays = scope.visible("array").filter((e) => e.type === "Float64Array");
  const fits = ({ fn }: { readonly fn: Callable }): boolean =>
    fn.result === result &&
    (fn.arrays === 0 || arrays.length > 0) &&
    work.size + fn.size < limits.size &&
    work.steps + steps * fn.steps < limits.steps;
  const found = at(scope.visible("function").filter(fits), call.ref);
  if (found === undefined) return null;
  const { fn } = found;
  work.size += fn.size;
  work.steps += steps * fn.steps;
  const own = Array.from({ length: fn.arrays }, (_, i) =>
    scope.use(arrays[(call.arrays + i * call.ref) % arrays.length].name),
  );
  const given = fn.hasFallback && call.ref % 2 === 1 ? fn.numbers - 1 : fn.numbers;
  const numbers = call.args.slice(0, given).map((x) => printNumber(place, x));
  return `${scope.use(found.name)}(${[...own, ...numbers].join(", ")})`;
}

// ---- elements -------------------------------------------------------------------------------------------------------

export function printElement(place: Place, ref: number, index: Index): string | null {
  const array = arrayAt(place, ref);
  return array === null ? null : `${array.name}[${printIndex(place, array, index)}]`;
}

export function printIndex(place: Place, array: EntryOf<"array">, index: Index): string {
  const length = array.type === "number[]" ? String(array.length) : `${array.name}.length`;
  switch (index.kind) {
    case "fixed":
      return String(index.n % array.length);
    case "counter": {
      const counters = place.scope.visible("number").filter((e) => e.below !== null);
      const counter = at(counters, index.ref);
      if (counter === undefined) return String(index.ref % array.length);
      const name = place.scope.use(counter.name);
      return (counter.below as number) <= array.length ? name : `${name} % ${length}`;
    }
    case "wrapped":
      return `wrap(${printNumber(place, index.x)}, ${length})`;
    case "masked":
      return `${printNumber(place, index.x)} & 1`;
    case "raw":
      return printNumber(place, index.x);
  }
}

// ---- booleans -------------------------------------------------------------------------------------------------------

export function printTest(place: Place, x: Test): string {
  place.work.size++;
  const { scope } = place;
  switch (x.kind) {
    case "literal":
      return x.text;
    case "variable": {
      const entry = at(scope.visible("boolean"), x.ref);
      return entry === undefined ? "true" : scope.use(entry.name);
    }
    case "set": {
      const entry = at(
        scope.visible("boolean").filter((e) => e.isWritable),
        x.ref,
      );
      if (entry !== undefined) scope.use(entry.name);
      const value = printTest(place, x.x);
      return entry === undefined ? value : `(${entry.name} = ${value})`;
    }
    case "counter": {
      const counter = at(
        scope.visible("number").filter((e) => e.below !== null),
        x.ref,
      );
      return counter === undefined ? "true" : `(${scope.use(counter.name)} ${x.operator} ${x.n})`;
    }
    case "compare": {
      const left = printNumber(place, x.x);
      return `(${left} ${x.operator} ${printNumber(place, x.y)})`;
    }
    case "not":
      return `!${printTest(place, x.x)}`;
    case "both":
    case "same": {
      const left = printTest(place, x.x);
      return `(${left} ${x.operator} ${printTest(place, x.y)})`;
    }
    case "choose":
      return `(${printTest(place, x.test)} ? ${printTest(place, x.x)} : ${printTest(place, x.y)})`;
    case "predicate":
      return `${x.name}(${printNumber(place, x.x)})`;
    case "truth":
      return `Boolean(${printNumber(place, x.x)})`;
    case "call":
      return printCall(place, x, "boolean") ?? `(${printNumber(place, x.args[0])} < ${printNumber(place, x.args[1])})`;
  }
}
