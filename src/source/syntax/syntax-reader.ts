// The base of those that read the parser's tree: places of nodes, and refusals there.

import ts from "typescript";
import { refusalOf } from "./refusals.ts";
import { isStackOverflow, type SourceText } from "./text.ts";

/** Deeper nesting than anyone writes; below it, reading may recurse over the depth of a tree. */
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

  /** Refuses modifiers of a declaration that would change its meaning. */
  protected requireModifiers(node: ts.Node, allowed: readonly ts.SyntaxKind[]): void {
    const kinds = modifiersOf(node).map((m) => m.kind);
    const other = modifiersOf(node).find((m, i) => !allowed.includes(m.kind) || kinds.indexOf(m.kind) < i);
    if (other === undefined) return;
    if (ts.isDecorator(other)) this.refuse(other, "a decorator", "call the function that it names");
    this.fail("syntax", other, `'${other.getText(this.tree)}' cannot stand here`, "remove it");
  }

  /** Refuses names that strict mode reserves, which modules are in. */
  protected requireName(name: ts.Identifier): void {
    if (name.text === "eval" || name.text === "arguments" || reserved.has(name.text))
      this.fail("syntax", name, `'${name.text}' cannot be a name`, "rename it");
  }

  protected requireUnreserved(name: ts.Identifier): void {
    if (reserved.has(name.text)) this.requireName(name);
  }

  protected fail(code: "unsupported" | "name" | "syntax", node: ts.Node, reason: string, hint: string): never {
    return this.source.fail(code, this.at(node), reason, hint);
  }
}

const reserved: ReadonlySet<string> = new Set(
  "await implements interface let package private protected public static yield".split(" "),
);

export function modifiersOf(node: ts.Node): readonly ts.ModifierLike[] {
  return (node as { readonly modifiers?: readonly ts.ModifierLike[] }).modifiers ?? [];
}

/** Fails at the place where the text nests deeper than the parser can recurse. */
function parsed(source: SourceText): ts.SourceFile {
  const { file, text } = source;
  const tree = treeOf(file, text);
  if (tree !== null) return tree;
  // the shortest prefix of the text that is too deep ends at that place
  let [fits, fails] = [0, text.length];
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if (treeOf(file, text.slice(0, middle)) === null) fails = middle;
    else fits = middle;
  }
  return source.fail("unsupported", fits, `nesting deeper than ${deepest} is not compiled`, "split it into functions");
}

/** Null where the text nests deeper than the parser can recurse. */
function treeOf(file: string, text: string): ts.SourceFile | null {
  const kind = file.endsWith(".tsx") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  try {
    return ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, false, kind);
  } catch (error) {
    if (isStackOverflow(error)) return null;
    throw error;
  }
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
