// Reading the parser's tree: where its nodes stand, and what is refused there.

import ts from "typescript";
import { refusalOf } from "./refusals.ts";
import type { SourceText } from "./text.ts";

/** Deeper nesting than anyone writes: what reads a tree may recurse over its depth. */
const deepest = 250;

export abstract class SyntaxReader {
  protected readonly source: SourceText;
  protected readonly tree: ts.SourceFile;
  #depth = 0;

  /** @throws AdjointError code `syntax` where the text does not parse. */
  constructor(source: SourceText) {
    this.source = source;
    this.tree = parsed(source);
    const { parseDiagnostics } = this.tree as unknown as {
      readonly parseDiagnostics: readonly ts.DiagnosticWithLocation[];
    };
    const [problem] = parseDiagnostics;
    if (problem === undefined) return;
    const text = ts.flattenDiagnosticMessageText(problem.messageText, " ").replace(/\.$/, "");
    source.fail("syntax", problem.start, lowerFirst(text));
  }

  protected at(node: ts.Node): number {
    return node.getStart(this.tree);
  }

  protected nested<T>(node: ts.Node, read: () => T): T {
    if (++this.#depth > deepest)
      this.refuse(node, `nesting deeper than ${deepest}`, "split it into functions, or name its parts");
    const result = read();
    this.#depth--;
    return result;
  }

  protected refuseKind(node: ts.Node): never {
    const { what, hint } = refusalOf(node.kind);
    return this.refuse(node, what, hint);
  }

  protected refuse(node: ts.Node, what: string, hint: string): never {
    return this.fail("unsupported", node, `${what} is not compiled`, hint);
  }

  protected fail(code: "unsupported" | "name", node: ts.Node, reason: string, hint: string): never {
    return this.source.fail(code, this.at(node), reason, hint);
  }
}

/** The parser recurses over the depth of the text. */
function parsed(source: SourceText): ts.SourceFile {
  try {
    return ts.createSourceFile(source.file, source.text, ts.ScriptTarget.ES2022, false, ts.ScriptKind.TS);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return source.fail("unsupported", 0, `nesting deeper than ${deepest} is not compiled`, "split it into functions");
  }
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
