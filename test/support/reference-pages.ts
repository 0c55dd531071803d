// The pages of docs that are written from the code: the ops from their records, the error codes from their table.

import { type ErrorCode, errorCodes } from "../../src/index.ts";
import {
  type AttributeSpec,
  type Derivative,
  mustStay,
  type Op,
  printEffects,
  touchesMemory,
} from "../../src/ir/index.ts";
import { standardOps } from "../../src/ops/index.ts";
import { provoke } from "./error-examples.ts";

const generated = "<!-- Written by `npm run docs`: change what it is made of, and run that. -->";

/** Text between backticks, whatever it holds; empty text stays so. */
const code = (text: string): string => (text === "" ? "" : `\`${text}\``);
/** In a cell of a table. */
const cell = (text: string): string => text.replaceAll("|", "\\|");

/** Where an op stands on the page: the first of these that it is. */
const groups: readonly [title: string, holds: (op: Op) => boolean][] = [
  ["Element by element", (op) => op.traits.elementwise],
  ["Calls, control flow, transforms", (op) => op.regions.length > 0 || "callee" in op.attributes],
  ["Vectors", (op) => op.level === "vector"],
  ["Memory and loops", (op) => touchesMemory(op.effects) || op.level === "loop"],
  ["Constants and effects", (op) => op.traits.constant || mustStay(op.effects)],
  ["Arrays", () => true],
];

function groupOf(op: Op): string {
  return groups.find(([, holds]) => holds(op))?.[0] ?? "";
}

function derivativeOf(derivative: Derivative): string {
  const kinds: Readonly<Record<Exclude<Derivative["kind"], "zero" | "none">, string>> = {
    elementwise: "partial derivatives, element by element",
    linear: "linear: its transpose",
    multilinear: "linear in each operand: a transpose for each",
    rule: "a rule for each mode",
    structured: "of what it holds or calls",
  };
  if (derivative.kind === "zero" || derivative.kind === "none") return `${derivative.kind}: ${derivative.reason}`;
  return kinds[derivative.kind];
}

function attributeOf([name, spec]: [string, AttributeSpec]): string {
  const kind = spec.kind === "word" ? (spec.words ?? []).join(" | ") : spec.kind;
  const least = spec.default === undefined ? "" : `, default ${JSON.stringify(spec.default)}`;
  return `\`${name}\` (${kind}${least}): ${spec.summary}`;
}

/** What the record of an op says. */
function sectionOf(op: Op): string {
  const traits = Object.entries(op.traits).flatMap(([trait, holds]) => (holds ? [trait] : []));
  const facts: readonly [string, string][] = [
    ["operands", op.operands.map((o) => code(o.variadic === true ? `${o.name}…` : o.name)).join(", ")],
    ["attributes", Object.entries(op.attributes).map(attributeOf).join("; ")],
    ["regions", op.regions.map((r) => code(r.name || "body")).join(", ")],
    ["level", op.level === "both" ? "tensor, loop and vector" : op.level],
    ["effects", printEffects(op.effects)],
    ["traits", traits.join(", ")],
    ["derivative", derivativeOf(op.derivative)],
    ["accuracy", op.scalar?.single === undefined ? "" : `f32 within ${op.scalar.single.ulps} ulp`],
    ["requires", op.docs.constraints.join("; ")],
  ];
  const lines = facts.flatMap(([what, text]) => (text === "" ? [] : [`- ${what}: ${text}`]));
  const example = `\`\`\`\n${op.docs.example.trim()}\n\`\`\``;
  return [`### ${op.name}`, op.summary, op.docs.semantics, lines.join("\n"), example].join("\n\n");
}

/** docs/ops.md */
export function opsPage(): string {
  const ops = [...standardOps.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const anchor = (op: Op): string => `[\`${op.name}\`](#${op.name})`;
  const overview = groups.map(([title]) => {
    const own = ops.filter((op) => groupOf(op) === title);
    return `**${title}**: ${own.map(anchor).join(" · ")}`;
  });
  const sections = groups.flatMap(([title]) => [
    `## ${title}`,
    ...ops.filter((op) => groupOf(op) === title).map(sectionOf),
  ]);
  const intro = `${ops.length} ops. Each is one record, which parser, printer, verifier, interpreter, derivatives, code generation and
this page read; \`adjoint ops NAME\` shows one in a terminal. An example's \`// run:\` line is a test. Effects: pure operations may
be removed, merged and moved; one that may fail may be removed where nothing uses it; one that is observable stays as it is. The IR is specified in [ir.md](ir.md).`;
  return `${[generated, "# The ops", intro, ...overview, ...sections].join("\n\n")}\n`;
}

async function errorSection(name: ErrorCode): Promise<string> {
  const { program, error, message } = await provoke(name);
  if (error.code !== name) throw new Error(`the program of ${name} gives ${error.code}: ${error.message}`);
  return `## ${name}\n\n${errorCodes[name]}\n\n\`\`\`js\n${program}\n\`\`\`\n\n\`\`\`text\n${message}\n\`\`\``;
}

/** docs/errors.md */
export async function errorsPage(): Promise<string> {
  const names = Object.keys(errorCodes) as ErrorCode[];
  const table = [
    "| code | meaning |",
    "| --- | --- |",
    ...names.map((n) => `| [\`${n}\`](#${n}) | ${cell(errorCodes[n])} |`),
  ];
  const intro = `Every error that a user can meet is an \`AdjointError\`: \`code\` is one of those below, \`message\` is one line (where in your
code, what was got, what was expected, what to do), \`origin\` is the place as data, \`frame\` the line of the text with a caret where
the input was text, \`iterations\` the steps of the loops around what failed at run time, and \`reproducer\` the IR that
\`adjoint opt\` reruns where a pass was wrong. Any other error is a fault of Adjoint.`;
  const sections = await Promise.all(names.map(errorSection));
  return `${[generated, "# Error codes", intro, table.join("\n"), ...sections].join("\n\n")}\n`;
}
