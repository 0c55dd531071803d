// adjoint expr: an expression at a glance: its IR, its JavaScript, its value and gradient.

import { compileExpression } from "../api/index.ts";
import { expressionNames } from "../frontend/index.ts";
import { type Command, readOptions, UsageError } from "./io.ts";

const options = {
  at: { type: "string" },
  gradient: { type: "boolean", default: false },
  hessian: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

export const expr: Command = {
  name: "expr",
  usage: 'expr "sin(x*y)" [--at x=1,y=2] [--gradient] [--hessian] [--json]',
  summary: "Shows an expression's IR and JavaScript, and its value and gradient at a point.",
  help: `JavaScript's arithmetic, with ^ as power, and the functions of Math; every other name is an argument, in order of appearance.

  --at x=1,y=2          the point to evaluate at
  --gradient            with the derivatives; --hessian with the second ones too
  --json                the same as data`,
  run(args, io) {
    const { values, positionals } = readOptions(args, options);
    if (positionals.length !== 1) throw new UsageError("expected one expression, in quotes");
    const [text] = positionals;
    const point = readPoint(values.at);
    const names = expressionNames(text);
    requirePoint(names, point);
    const { gradient, hessian } = values;
    const f = compileExpression(text, names, { gradient, hessian });
    const result: unknown =
      point.size === 0 && names.length > 0 ? null : f(...names.map((name) => point.get(name) ?? Number.NaN));
    if (values.json) {
      io.out(`${JSON.stringify({ arguments: names, ir: f.ir, source: f.source, result }, null, 2)}\n`);
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
  const lines = [["value", String(value)]];
  for (const [i, name] of names.entries()) if (gradient) lines.push([`d/d${name}`, String(slopes[i])]);
  for (const [i, name] of names.entries()) {
    if (hessian) lines.push([`d²/d${name}d(${names.join(", ")})`, curvatures[i].join(", ")]);
  }
  const width = Math.max(...lines.map(([what]) => what.length));
  return lines.map(([what, text]) => `${what.padEnd(width)} = ${text}\n`).join("");
}
