// adjoint expr: an expression at a glance: its IR, its JavaScript, its value and gradient.

import { compileExpression } from "../api/index.ts";
import { expressionNames } from "../frontend/index.ts";
import { type Command, jsonOption } from "./command.ts";
import { UsageError } from "./io.ts";
import { jsonText } from "./json.ts";

interface Values {
  readonly at?: string;
  readonly gradient?: boolean;
  readonly hessian?: boolean;
  readonly json?: boolean;
}

export const expr: Command<Values> = {
  name: "expr",
  usage: '"EXPRESSION" [options]',
  summary: "Shows an expression's IR and JavaScript, and its value and gradient at a point.",
  help: "JavaScript's arithmetic, with ^ as power, and the functions of Math; every other name is an argument, in order of appearance.",
  options: [
    { flags: "--at <x=1,y=2>", what: "the point to evaluate at" },
    { flags: "--gradient", what: "with the derivatives" },
    { flags: "--hessian", what: "with the second derivatives too" },
    jsonOption,
  ],
  examples: [
    ['adjoint expr "sin(x*y)"', "what it becomes"],
    ['adjoint expr "x^2*y" --at x=3,y=5 --gradient', "its value and its derivatives at a point"],
  ],
  run(words, values, io) {
    if (words.length !== 1) throw new UsageError("expected one expression, in quotes");
    const [text] = words;
    const point = readPoint(values.at);
    const names = expressionNames(text);
    requirePoint(names, point);
    const { gradient = false, hessian = false } = values;
    const f = compileExpression(text, names, { gradient, hessian });
    const result: unknown =
      point.size === 0 && names.length > 0 ? null : f(...names.map((name) => point.get(name) ?? Number.NaN));
    if (values.json) {
      io.out(jsonText({ arguments: names, ir: f.ir, source: f.source, result }));
      return;
    }
    io.out(`${f.ir}\n${f.source ?? "// the interpreter runs it"}\n`);
    if (result !== null) io.out(`\n${resultText(names, result, gradient || hessian, hessian)}`);
  },
};

/** `x=1,y=2`. */
function readPoint(text: string | undefined): ReadonlyMap<string, number> {
  const point = new Map<string, number>();
  for (const part of text === undefined || text === "" ? [] : text.split(",")) {
    const [, name, value] = /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(part) ?? [];
    const x = { inf: Infinity, "-inf": -Infinity, nan: Number.NaN }[value ?? ""] ?? Number(value);
    if (name === undefined || (Number.isNaN(x) && value !== "nan")) {
      throw new UsageError(`--at has '${part}', expected name=number`);
    }
    point.set(name, x);
  }
  return point;
}

function requirePoint(names: readonly string[], point: ReadonlyMap<string, number>): void {
  if (point.size === 0) return;
  const missing = names.find((name) => !point.has(name));
  if (missing !== undefined) throw new UsageError(`--at says nothing of ${missing}, expected ${names.join(", ")}`);
  const unknown = [...point.keys()].find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--at names ${unknown}, which the expression has not, expected ${names.join(", ") || "none"}`);
}

function resultText(names: readonly string[], result: unknown, gradient: boolean, hessian: boolean): string {
  const [value, slopes, curvatures] = gradient ? (result as [number, number[], number[][]]) : [result, [], []];
  const lines = [["value", spelled(value)]];
  for (const [i, name] of names.entries()) if (gradient) lines.push([`d/d${name}`, spelled(slopes[i])]);
  for (const [i, name] of names.entries()) {
    const by = names.length === 1 ? `d²/d${name}²` : `d²/d${name}d(${names.join(", ")})`;
    if (hessian) lines.push([by, curvatures[i].map(spelled).join(", ")]);
  }
  const width = Math.max(...lines.map(([what]) => what.length));
  return lines.map(([what, text]) => `${what.padEnd(width)} = ${text}\n`).join("");
}

function spelled(x: unknown): string {
  return Object.is(x, -0) ? "-0" : String(x);
}
