// The types of parameters: the parser's nodes → the subset's.

import ts from "typescript";
import { SyntaxReader } from "./syntax-reader.ts";
import type { TypeNode } from "./tree.ts";

const { SyntaxKind } = ts;

export abstract class TypeReader extends SyntaxReader {
  /** The types of the file by name. */
  protected readonly types = new Map<string, TypeNode>();

  /** Declarations of one interface merge. */
  protected typeDeclaration(s: ts.InterfaceDeclaration | ts.TypeAliasDeclaration): void {
    const name = s.name.text;
    const before = this.types.get(name);
    if (before !== undefined && !(ts.isInterfaceDeclaration(s) && before.kind === "all-of"))
      this.fail("name", s, `the type '${name}' is declared twice`, "rename one of them");
    const type =
      s.typeParameters !== undefined
        ? this.other(s)
        : ts.isInterfaceDeclaration(s)
          ? this.interface(s)
          : this.type(s.type);
    const parts = before === undefined ? [type] : [before, type];
    this.types.set(name, ts.isInterfaceDeclaration(s) ? { kind: "all-of", at: this.at(s), parts } : type);
  }

  protected interface(s: ts.InterfaceDeclaration): TypeNode {
    const bases = (s.heritageClauses ?? []).flatMap((clause) => clause.types).map((t) => this.base(t));
    return { kind: "all-of", at: this.at(s), parts: [...bases, this.members(s, s.members)] };
  }

  protected base(t: ts.ExpressionWithTypeArguments): TypeNode {
    if (!ts.isIdentifier(t.expression) || t.typeArguments !== undefined) return this.other(t);
    return { kind: "name", at: this.at(t), name: t.expression.text };
  }

  protected type(node: ts.TypeNode): TypeNode {
    return this.nested(node, () => this.typeOf(node));
  }

  protected typeOf(node: ts.TypeNode): TypeNode {
    const at = this.at(node);
    if (ts.isParenthesizedTypeNode(node)) return this.type(node.type);
    if (ts.isArrayTypeNode(node)) return { kind: "array-of", at, element: this.type(node.elementType) };
    if (ts.isTypeOperatorNode(node) && node.operator === SyntaxKind.ReadonlyKeyword) return this.type(node.type);
    if (ts.isTupleTypeNode(node)) return { kind: "tuple", at, items: node.elements.map((e) => this.item(e)) };
    if (ts.isTypeLiteralNode(node)) return this.members(node, node.members);
    if (ts.isIntersectionTypeNode(node)) return { kind: "all-of", at, parts: node.types.map((t) => this.type(t)) };
    if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName)) return this.typeName(node, node.typeName.text);
    if (node.kind === SyntaxKind.NumberKeyword) return { kind: "name", at, name: "number" };
    if (node.kind === SyntaxKind.BooleanKeyword) return { kind: "name", at, name: "boolean" };
    return this.other(node);
  }

  /** An element of a tuple, which may be named. */
  protected item(e: ts.TypeNode | ts.NamedTupleMember): TypeNode {
    if (!ts.isNamedTupleMember(e)) return this.type(e);
    return e.dotDotDotToken === undefined && e.questionToken === undefined ? this.type(e.type) : this.other(e);
  }

  protected typeName(node: ts.TypeReferenceNode, name: string): TypeNode {
    const at = this.at(node);
    const [argument] = node.typeArguments ?? [];
    if (argument === undefined) return { kind: "name", at, name };
    if (name === "Array" || name === "ReadonlyArray") return { kind: "array-of", at, element: this.type(argument) };
    if (name === "Readonly") return this.type(argument);
    // Float64Array<ArrayBuffer>
    return name.endsWith("Array") ? { kind: "name", at, name } : this.other(node);
  }

  protected members(node: ts.Node, members: ts.NodeArray<ts.TypeElement>): TypeNode {
    const known = new Map<string, TypeNode>();
    for (const m of members) {
      if (!ts.isPropertySignature(m) || m.questionToken !== undefined || m.type === undefined) return this.other(node);
      if (!ts.isIdentifier(m.name)) return this.other(node);
      const key = m.name.text;
      if (known.has(key)) this.fail("name", m, `the field '${key}' stands there twice`, "remove one of them");
      known.set(key, this.type(m.type));
    }
    return { kind: "object", at: this.at(node), keys: [...known.keys()], items: [...known.values()] };
  }

  protected other(node: ts.Node): TypeNode {
    return { kind: "other", at: this.at(node), text: shortText(node.getText(this.tree)) };
  }
}

function shortText(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
}
