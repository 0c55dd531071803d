// Scratch memory in generated code: typed arrays over one buffer, made for the sizes of a call and kept for the next one.
//
// A call takes what is kept and puts it back when it ends, so a call inside of it finds nothing and makes its own, and after
// an error nothing is kept. Measured in V8: arrays over parts of a buffer are as fast as arrays of their own, and filling
// kept memory with zeros is never slower than to make it anew, of more than 8 elements three times as fast or more.

import {
  collectSymbols,
  type Dim,
  dtypes,
  type MemRefType,
  memRefTypeOf,
  type Operation,
  productOf,
  statedSpans,
  symbol,
} from "../../../ir/index.ts";
import { bytesOf, layOut } from "../../../ops/index.ts";
import { isAtomText, spellDim } from "../writing/dims.ts";
import type { Scope } from "../writing/text.ts";
import type { FunctionWriter } from "../writing/writer.ts";

/** Memory of more bytes than this is let go of when a call ends. */
const mostKept = 2 ** 28;

/**
 * `const { a, b } = memory;`, behind what is kept of the last call, or is made; in front of the loops around, since all steps
 * may have the same.
 */
export function emitScratch(w: FunctionWriter, operation: Operation, inner: Scope): void {
  const scope = inner.at(0);
  // the test of a loop may be written twice
  if (scope.text.atoms.has(operation.results[0])) return;
  const types = operation.results.map(({ type }) => memRefTypeOf(type));
  const names = operation.results.map((v) => w.define(v, scope, "scratch"));
  const symbols = new Set<string>();
  for (const { shape } of types) for (const d of shape) collectSymbols(d, symbols);
  const sizes = [...symbols].map((s) => [w.symbolName(s), w.dim(symbol(s), scope)]);
  const [maker, kept] = [`memory_${w.name}`, `kept_${w.name}`].map((hint) => w.module.helperName(hint));
  const memory = w.temporary("memory");
  const made = `${maker}(${sizes.map(([, size]) => size).join(", ")})`;
  w.module.add(
    makerText(
      w,
      operation,
      types,
      maker,
      sizes.map(([name]) => name),
      names,
    ),
  );
  w.module.add(`let ${kept} = null;`);
  const fits = sizes.map(([name, size]) => ` && ${kept}.${name} === ${size}`).join("");
  scope.lines.push(`const ${memory} = ${kept} !== null${fits} ? ${kept} : ${made};`, `${kept} = null;`);
  scope.text.closing.push(`if (${memory}.bytes <= ${mostKept}) ${kept} = ${memory};`);
  scope.lines.push(`const { ${names.join(", ")} } = ${memory};`);
}

/** The function that makes memory for some sizes. Index values are in arrays of JavaScript, as elsewhere. */
function makerText(
  w: FunctionWriter,
  operation: Operation,
  types: readonly MemRefType[],
  maker: string,
  sizes: readonly string[],
  names: readonly string[],
): string {
  const lines: string[] = [];
  const spell = (d: Dim): string => spellDim(d, ({ key }) => w.symbolName(key));
  const { starts, end } = layOut(types.map(bytesOf), statedSpans(operation) ?? [], (ends, k) => {
    const text = spell(ends);
    if (isAtomText(text)) return ends;
    lines.push(`const end${k} = ${text};`);
    return symbol(`end${k}`);
  });
  const arrays = types.map(({ dtype, shape }, k) => {
    const count = spell(productOf(shape));
    if (dtype === "index") return `${names[k]}: new Array(${count}).fill(0)`;
    return `${names[k]}: new ${dtypes[dtype].array.name}(arena, ${spell(starts[k])}, ${count})`;
  });
  lines.push(`const arena = new ArrayBuffer(${spell(end)});`, "return {");
  lines.push(...["bytes: arena.byteLength", ...sizes, ...arrays].map((field) => `  ${field},`), "};");
  return `function ${maker}(${sizes.join(", ")}) {\n${lines.map((line) => `  ${line}\n`).join("")}}`;
}
