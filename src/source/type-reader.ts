// The types of parameters, as they are written.

import ts from "typescript";
import { SyntaxReader } from "./syntax-reader.ts";
import type { TypeNode } from "./tree.ts";

const { SyntaxKind } = ts;

export abstract class TypeReader extends SyntaxReader {
  protected type(node: ts.TypeNode): TypeNode {
    return this.nested(node, () => {
      const at = this.at(node);
      if (ts.isParenthesizedTypeNode(node)) return this.type(node.type);
      if (ts.isArrayTypeNode(node)) return { kind: "array-of", at, element: this.type(node.elementType) };
      if (ts.isTypeOperatorNode(node)) return this.type(node.type);
      if (ts.isNamedTupleMember(node)) return this.type(node.type);
      if (ts.isTupleTypeNode(node)) return { kind: "tuple", at, items: node.elements.map((e) => this.type(e)) };
      if (ts.isTypeLiteralNode(node)) return this.members(node, node.members);
      if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName))
        return this.typeName(node, node.typeName.text);
      if (node.kind === SyntaxKind.NumberKeyword) return { kind: "name", at, name: "number" };
      if (node.kind === SyntaxKind.BooleanKeyword) return { kind: "name", at, name: "boolean" };
      return { kind: "other", at, text: shortText(node.getText(this.tree)) };
    });
  }

  protected typeName(node: ts.TypeReferenceNode, name: string): TypeNode {
    const at = this.at(node);
    const [argument] = node.typeArguments ?? [];
    if (argument !== undefined && (name === "Array" || name === "ReadonlyArray"))
      return { kind: "array-of", at, element: this.type(argument) };
    if (argument !== undefined && name === "Readonly") return this.type(argument);
    return { kind: "name", at, name };
  }

  protected members(node: ts.Node, members: ts.NodeArray<ts.TypeElement>): TypeNode {
    const at = this.at(node);
    const known: { key: string; type: TypeNode }[] = [];
    for (const m of members) {
      if (
        !ts.isPropertySignature(m) ||
        m.type === undefined ||
        m.questionToken !== undefined ||
        !ts.isIdentifier(m.name)
      )
        return { kind: "other", at, text: shortText(node.getText(this.tree)) };
      known.push({ key: m.name.text, type: this.type(m.type) });
    }
    return { kind: "object", at, keys: known.map((m) => m.key), items: known.map((m) => m.type) };
  }
}

function shortText(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
}
