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
  type Module,
  makeBlock,
  makeFunc,
  type Operation,
  type Origin,
  requireFunc,
  type Type,
  type TypedArray,
  tensorType,
  Value,
  withoutMachine,
} from "../../../ir/index.ts";
import type { BackendOptions, LeafKind, ModuleRequest, StandaloneModule } from "../../backend.ts";
import { generate } from "../writing/generate.ts";
import type { Tables } from "../writing/module-text.ts";
import { Names, spellNumber } from "../writing/names.ts";
import { type Emitter, takesArray } from "../writing/writer.ts";
import { arrayCalls } from "./arrays.ts";
import type { Callee, Checks } from "./callee.ts";
import { CallWriter, isDirect } from "./calling.ts";
import { spellStructure } from "./structure-text.ts";

/** Writes a module of the loop level, each operation by `emit`. */
export function standalone(
  module: Module,
  { entry, signature }: BackendOptions,
  { convention, root, embedded }: ModuleRequest,
  emit: Emitter,
): StandaloneModule {
  const func = requireFunc(module, entry);
  if (takesArray(func)) fail("option", `@${func.name} takes more arguments than a JavaScript function may have`);
  const code = embedded !== null && "called" in embedded ? embedded : null;
  const further = (code?.called ?? []).map(funcOfNumbers);
  const text = generate(module, entry, emit, further);
  const name = text.functionName(func.name);
  const outer = `${name}$wasm`;
  const called = further.map((f) => text.functionName(f.name));
  const within = code?.write({ inner: name, symbols: func.symbols, outer, called }) ?? null;
  const callee: Callee = {
    inner: within === null ? name : outer,
    func,
    signature,
    convention,
    elementChecked: text.elementChecks.arguments,
  };
  const { code: exported, parameters } = wrapper(callee, name, new Names([...text.functionNames]));
  const placed = (origin: Origin | null): Origin | null => withoutMachine(origin, root);
  const body = text.textWith(placed);
  const pieces = [
    heading(embedded),
    ...helpers(body, withPlaces(text.tables, placed)),
    body,
    ...(within === null ? [exported] : [within.code, exported, within.data]),
  ];
  return { code: `${pieces.join("\n\n")}\n`, types: declaration(callee, name, parameters) };
}

/** An operation on numbers as a function, whose name no function of a program has. */
function funcOfNumbers(operation: Operation, i: number): Func {
  const number = ({ type }: Value): Value => new Value(tensorType(elementDType(type) ?? "f64", []));
  const [operands, results] = [operation.operands.map(number), operation.results.map(number)];
  const alone = { ...operation, operands, results, origin: null };
  return makeFunc({ name: `${operation.op.name}#${i}`, body: makeBlock(operands, [alone], results) });
}

function heading(embedded: ModuleRequest["embedded"]): string {
  const made = "// Made by Adjoint; every number is as the interpreter computes it.";
  if (embedded === null) return made;
  if ("missing" in embedded) return `${made}\n// It is JavaScript alone: ${embedded.missing.replaceAll(/\s+/g, " ")}.`;
  return `${made}
// The function is here twice: in JavaScript, and in WebAssembly with vectors, the bytes at the end, which gives the same bits.
// It runs as WebAssembly where the host compiles that, and as JavaScript where it does not. What WebAssembly cannot do, as to
// fail with a message, it leaves to JavaScript, which is called with the same arguments.`;
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
function wrapper(
  callee: Callee,
  name: string,
  names: Names,
): { readonly code: string; readonly parameters: readonly string[] } {
  const checks = new ThrowingChecks();
  const writer = new CallWriter(callee, names, checks, arrayCalls);
  const { parameters } = writer;
  if (isDirect(callee)) return { code: exporting(callee.inner, name, callee), parameters };
  writer.arguments();
  const lines = [...checks.lines, ...writer.call()].map((line) => `  ${line}\n`);
  const exported = `function ${name}$module(${writer.declared}) {\n${lines.join("")}}`;
  const code = [...writer.helpers, exported, exporting(`${name}$module`, name, callee)].join("\n\n");
  return { code, parameters };
}

/** Whether the function is the default export of its file, and so of the module. */
function isDefault({ func }: Callee): boolean {
  return func.name === "default";
}

function exporting(exported: string, name: string, callee: Callee): string {
  const as = isDefault(callee) ? "default" : name;
  return `export { ${exported === as ? exported : `${exported} as ${as}`} };`;
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

function declaration(callee: Callee, name: string, names: readonly string[]): string {
  const { signature, convention } = callee;
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
  return `export ${kind} function ${name}(${list.join(", ")}): ${given};\n`;
}

function leafText(leaf: LeafKind, type: Type, way: "in" | "written" | "out"): string {
  if (leaf === "number[]") return way === "in" ? "readonly number[]" : leaf;
  if (leaf !== "tensor") return leaf;
  const array = dtypes[elementDType(type) ?? "f64"].array.name;
  const tensor = `{ readonly data: ${array}; readonly shape: readonly number[] }`;
  return way === "in" ? `${array} | ${tensor}` : tensor;
}
