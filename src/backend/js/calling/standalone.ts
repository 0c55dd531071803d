// A standalone ES module of generated code: no imports, no eval, the same bytes each time, and its types beside it.
//
// Tensors go in as typed arrays (flat, where at most one extent is open) or as { data, shape }, and come out as
// { data, shape }; JavaScript's own values go in and come out as they are. A function of plain numbers is exported as it is.

import {
  dtypes,
  elementDType,
  type Func,
  fail,
  formatOrigin,
  type Origin,
  type Signature,
  type Type,
  type TypedArray,
  withoutMachine,
} from "../../../ir/index.ts";
import type { Convention, LeafKind, StandaloneModule } from "../../backend.ts";
import type { ModuleText, Tables } from "../writing/module-text.ts";
import { Names, spellNumber } from "../writing/names.ts";
import { takesArray } from "../writing/writer.ts";
import { arrayCalls } from "./arrays.ts";
import type { Callee, Checks } from "./callee.ts";
import { CallWriter, isDirect } from "./calling.ts";
import { spellStructure } from "./structure-text.ts";

export function standalone(
  text: ModuleText,
  func: Func,
  signature: Signature,
  convention: Convention,
  root: string | null,
): StandaloneModule {
  if (takesArray(func)) fail("option", `@${func.name} takes more arguments than a JavaScript function may have`);
  const callee: Callee = {
    inner: text.functionName(func.name),
    func,
    signature,
    convention,
    elementChecked: text.elementChecks.arguments,
  };
  const { code: exported, parameters } = wrapper(callee, new Names([...text.functionNames]));
  const placed = (origin: Origin | null): Origin | null => withoutMachine(origin, root);
  const body = text.textWith(placed);
  const pieces = [...helpers(body, withPlaces(text.tables, placed)), body, exported];
  const code = `// Made by Adjoint; every number is as the interpreter computes it.\n\n${pieces.join("\n\n")}\n`;
  return { code, types: declaration(callee, parameters) };
}

function withPlaces(tables: Tables, placed: (origin: Origin | null) => Origin | null): Tables {
  const { checks, ranges } = tables;
  return {
    ...tables,
    checks: checks.map((c) => ({ ...c, origin: placed(c.origin) })),
    ranges: ranges.map((r) => ({ ...r, origin: placed(r.origin) })),
  };
}

/** The helpers that generated code calls. */
function helpers(body: string, { checks, ranges, constants }: Tables): readonly string[] {
  const texts: string[] = [];
  if (checks.length > 0) {
    const messages = checks.map((c) => JSON.stringify(`${placeOf(c.origin)}check failed: ${c.message}`));
    texts.push(
      `const $messages = [${messages.join(", ")}];\n\nfunction $check(i, ...steps) {\n  throw new Error(\`\${$messages[i]}\${$steps(steps)}\`);\n}`,
    );
  }
  if (checks.length + ranges.length > 0) texts.push(stepsText);
  if (ranges.length > 0) texts.push(rangeText(ranges));
  if (body.includes("$probe(")) texts.push("function $probe() {}");
  if (constants.length > 0) texts.push(`const $constants = [\n${constants.map(constantText).join("")}];`);
  return texts;
}

function rangeText(ranges: Tables["ranges"]): string {
  const isBatched = ranges.some(({ elements }) => elements > 0);
  const where = isBatched ? `\${where}` : "";
  const known = ranges.map(({ of, axis, elements, origin }) =>
    JSON.stringify([`${placeOf(origin)}${of}`, axis, ...(elements > 0 ? [elements] : [])]),
  );
  return `const $ranges = [${known.join(", ")}];

function $range(i, index, extent, size, ...steps) {
  const what = size === 1 ? \`index \${index} is\` : \`\${size} elements from index \${index} on are\`;
  const hint = index < 0 ? ": indices count from 0" : "";
${isBatched ? elementsText : ""}  let reason = \`\${what} out of range for axis \${$ranges[i][1]} of extent \${extent}${where}\${hint}\`;
  if (!Number.isInteger(index)) reason = \`index \${index} is no integer${where}\`;
  else if (index >= 0 && index <= extent - size) throw new TypeError(\`\${$ranges[i][0]}: element \${index} is no number\${$steps(steps)}\`);
  throw new RangeError(\`\${$ranges[i][0]}: \${reason}\${$steps(steps)}\`);
}`;
}

const elementsText = `  const elements = steps.splice(0, $ranges[i][2] ?? 0);
  const where = elements.length === 0 ? "" : elements.length === 1 ? \` in element \${elements[0]} of the batch\` : \` in element [\${elements.join(", ")}] of the batches\`;
`;

/** The user's place, before a message. */
function placeOf(origin: Origin | null): string {
  return origin === null ? "" : `${formatOrigin(origin)} `;
}

const stepsText = `function $steps(told) {
  const steps = told.filter((step) => step !== undefined);
  return steps.length === 0 ? "" : \` (iteration\${steps.length === 1 ? "" : "s"} \${steps.join(", ")})\`;
}`;

function constantText(data: TypedArray): string {
  return `  new ${data.constructor.name}([${Array.from(data, spellNumber).join(", ")}]),\n`;
}

/** The exported function, which reads the user's arguments and allocates the results. */
function wrapper(callee: Callee, names: Names): { readonly code: string; readonly parameters: readonly string[] } {
  const { inner } = callee;
  const checks = new ThrowingChecks();
  const writer = new CallWriter(callee, names, checks, arrayCalls);
  const { parameters } = writer;
  if (isDirect(callee)) return { code: exporting(inner, callee), parameters };
  writer.arguments();
  const lines = [...checks.lines, ...writer.call()].map((line) => `  ${line}\n`);
  const exported = `function ${inner}$module(${writer.declared}) {\n${lines.join("")}}`;
  const code = [...writer.helpers, exported, exporting(`${inner}$module`, callee)].join("\n\n");
  return { code, parameters };
}

/** Whether the function is the default export of its file, and so of the module. */
function isDefault({ func }: Callee): boolean {
  return func.name === "default";
}

function exporting(name: string, callee: Callee): string {
  const as = isDefault(callee) ? "default" : callee.inner;
  return `export { ${name === as ? name : `${name} as ${as}`} };`;
}

/** Checks that throw where arguments do not fit. */
class ThrowingChecks implements Checks {
  readonly lines: string[] = [];

  require(test: string, complaint: string, error = "TypeError"): void {
    this.line(`if (!(${test})) throw new ${error}(${complaint});`);
  }

  line(text: string): void {
    this.lines.push(text);
  }
}

// ---- types ----------------------------------------------------------------------------------------------------------

function declaration(callee: Callee, names: readonly string[]): string {
  const { inner, signature, convention } = callee;
  const { parameters, result, written } = convention;
  let next = 0;
  const argument = (leaf: LeafKind): string => {
    const i = next++;
    return leafText(leaf, signature.arguments[i], written.includes(i) ? "written" : "in");
  };
  const lastRequired = parameters.findLastIndex((p) => p.fallback === undefined);
  const list = parameters.map(({ structure, fallback }, i) => {
    const type = spellStructure(structure, argument);
    if (fallback === undefined) return `${names[i]}: ${type}`;
    // a parameter before a required one cannot be left out
    return i < lastRequired ? `${names[i]}: ${type} | undefined` : `${names[i]}?: ${type}`;
  });
  next = 0;
  const each = (leaf: LeafKind): string => leafText(leaf, signature.results[next++], "out");
  const given = result.kind === "nothing" ? "void" : spellStructure(result, each);
  const kind = isDefault(callee) ? "default" : "declare";
  return `export ${kind} function ${inner}(${list.join(", ")}): ${given};\n`;
}

function leafText(leaf: LeafKind, type: Type, way: "in" | "written" | "out"): string {
  if (leaf === "number[]") return way === "in" ? "readonly number[]" : leaf;
  if (leaf !== "tensor") return leaf;
  const array = dtypes[elementDType(type) ?? "f64"].array.name;
  const tensor = `{ readonly data: ${array}; readonly shape: readonly number[] }`;
  return way === "in" ? `${array} | ${tensor}` : tensor;
}
