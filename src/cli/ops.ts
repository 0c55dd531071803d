// adjoint ops: the table of ops, and what the record of one says.

import { type AttributeSpec, type Derivative, type Op, printEffects } from "../ir/index.ts";
import { standardOps } from "../ops/index.ts";
import { type Command, jsonOption } from "./command.ts";
import { columns, type Io, show } from "./io.ts";

export const opsCommand: Command<{ readonly json?: boolean }> = {
  name: "ops",
  usage: "[NAME] [options]",
  summary: "Lists the ops, or shows the documentation of one.",
  help: "NAME is a mnemonic, as in IR text. Everything shown is read from the op's record.",
  options: [jsonOption],
  examples: [
    ["adjoint ops", "all of them"],
    ["adjoint ops reduce", "what one takes, gives and means"],
  ],
  run(words, values, io) {
    show({ what: "op", things: standardOps, overview: (all) => table(all, io), page, describe }, words, values, io);
  },
};

function table(all: readonly Op[], io: Io): string {
  const rows = all
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((op) => [op.name, op.level === "both" ? "" : op.level, op.summary]);
  return columns(rows, 0, io);
}

/** The record as data. */
function describe(op: Op): object {
  const { name, summary, operands, level, effects, traits, docs } = op;
  return {
    name,
    summary,
    operands,
    attributes: op.attributes,
    regions: op.regions.map((r) => r.name),
    level,
    effects,
    traits,
    derivative: derivativeText(op.derivative),
    batching: op.batching.kind,
    ulps: op.scalar?.single?.ulps,
    ...docs,
  };
}

function page(op: Op): string {
  const operands = op.operands.map((o) => (o.variadic === true ? `${o.name}…` : o.name));
  const traits = Object.entries(op.traits).flatMap(([trait, holds]) => (holds ? [trait] : []));
  const facts: [string, string][] = [
    ["operands", operands.join(", ") || "none"],
    ["attributes", Object.entries(op.attributes).map(attributeText).join("\n")],
    ["regions", op.regions.map((r) => r.name).join(", ")],
    ["level", op.level === "both" ? "tensor and loop" : op.level],
    ["effects", printEffects(op.effects)],
    ["traits", traits.join(", ")],
    ["derivative", derivativeText(op.derivative)],
    ["accuracy", op.scalar?.single === undefined ? "" : `f32 within ${op.scalar.single.ulps} ulp`],
    ["requires", op.docs.constraints.join("\n")],
  ];
  const shown = facts.filter(([, text]) => text !== "");
  const lines = shown.map(([what, text]) => `${what.padEnd(12)}${text.replaceAll("\n", `\n${" ".repeat(12)}`)}`);
  return `${op.name}: ${op.summary}\n\n${op.docs.semantics}\n\n${lines.join("\n")}\n\n${op.docs.example}`;
}

function attributeText([name, spec]: [string, AttributeSpec]): string {
  const kind = spec.kind === "word" ? (spec.words ?? []).join(" | ") : spec.kind;
  const least = spec.default === undefined ? "" : `, default ${JSON.stringify(spec.default)}`;
  return `${name} (${kind}${least}): ${spec.summary}`;
}

function derivativeText(derivative: Derivative): string {
  switch (derivative.kind) {
    case "elementwise":
      return "partial derivatives, element by element";
    case "linear":
      return "linear: its transpose";
    case "multilinear":
      return "linear in each operand: a transpose for each";
    case "rule":
      return "a rule for each mode";
    case "structured":
      return "of what it holds or calls";
    case "zero":
      return `zero: ${derivative.reason}`;
    case "none":
      return `none: ${derivative.reason}`;
  }
}
