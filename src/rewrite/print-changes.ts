// The difference of two versions of a module as text.

import { type Func, findFunc, type Module, type PrintedLine, printFuncLines } from "../ir/index.ts";
import type { ModuleChanges } from "./changes.ts";

/** The lines of changed functions: `-` removed, `+` added, `~` changed (before → after), each below its function's head. */
export function printChanges(before: Module, after: Module, changes: ModuleChanges): string {
  const lines: string[] = [];
  for (const func of before.funcs) {
    if (findFunc(after, func.name) === undefined) lines.push(`- ${headOf(func)}`);
  }
  for (const func of after.funcs) {
    const earlier = findFunc(before, func.name);
    if (earlier === func) continue;
    lines.push(...(earlier === undefined ? addedFunc(func) : changedFunc(earlier, func, changes)));
  }
  return lines.join("\n");
}

function headOf(func: Func): string {
  return printFuncLines(func)[0].text;
}

function addedFunc(func: Func): readonly string[] {
  return printFuncLines(func).map((line) => `+ ${line.text}`.trimEnd());
}

function changedFunc(before: Func, after: Func, { removed, added, modified }: ModuleChanges): readonly string[] {
  const old = printFuncLines(before);
  const now = printFuncLines(after);
  const out = [old[0].text === now[0].text ? `  ${now[0].text}` : `~ ${old[0].text.trim()} → ${now[0].text.trim()}`];
  const oldLines = new Map(old.map((line, i) => [line.operation, { text: line.text, i }]));
  let next = 0;
  /** The removed lines above line `end` of the earlier version that have not been shown. */
  const showRemoved = (end: number): void => {
    for (; next < end; next++) {
      const { operation, text } = old[next];
      if (operation !== null && removed.has(operation)) out.push(`- ${text}`);
    }
  };
  for (const { operation, text } of now.slice(1)) {
    if (operation === null) continue;
    const earlier = oldLines.get(modified.get(operation) ?? operation);
    if (earlier !== undefined) showRemoved(earlier.i);
    if (added.has(operation)) out.push(`+ ${text}`);
    else if (earlier !== undefined && earlier.text !== text) out.push(`~ ${earlier.text} → ${text.trim()}`);
  }
  showRemoved(old.length);
  out.push(...changedReturn(old, now));
  return out;
}

/** The `return` line, where it changed. */
function changedReturn(old: readonly PrintedLine[], now: readonly PrintedLine[]): readonly string[] {
  const [a, b] = [old, now].map((lines) => lines.findLast((line) => line.text.startsWith("  return"))?.text ?? "");
  return a === b ? [] : [`~ ${a} → ${b.trim()}`];
}
