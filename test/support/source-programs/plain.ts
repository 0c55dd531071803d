// A program's text as plain JavaScript, which is what a compiled one has to give. It tells when a program leaves the range
// of an array: what is compiled refuses that, but where what is read there is of no use.

import ts from "typescript";

export type Run = (...args: never[]) => unknown;

export class OutOfRange extends Error {}

/** `a[i]` becomes `$get(a, i)` where it is read, and `a[$at(a, i)]` where it is written to. */
function checkIndices(context: ts.TransformationContext): (file: ts.SourceFile) => ts.SourceFile {
  const { factory } = context;
  const call = (name: string, node: ts.ElementAccessExpression): ts.Expression =>
    factory.createCallExpression(factory.createIdentifier(name), undefined, [node.expression, node.argumentExpression]);
  const read = (node: ts.Node): ts.Node => {
    const target = targetOf(node);
    const inner = ts.visitEachChild(node, (child) => (child === target ? write(child) : read(child)), context);
    return ts.isElementAccessExpression(inner) ? call("$get", inner) : inner;
  };
  const write = (node: ts.Node): ts.Node => {
    if (ts.isArrayLiteralExpression(node)) return ts.visitEachChild(node, write, context);
    const inner = ts.visitEachChild(node, read, context);
    if (!ts.isElementAccessExpression(inner)) return inner;
    return factory.updateElementAccessExpression(inner, inner.expression, call("$at", inner));
  };
  return (file) => ts.visitNode(file, read) as ts.SourceFile;
}

const { FirstAssignment, LastAssignment } = ts.SyntaxKind;
const assignments = { has: (kind: ts.SyntaxKind): boolean => kind >= FirstAssignment && kind <= LastAssignment };

/** What a node assigns to. */
function targetOf(node: ts.Node): ts.Node | undefined {
  if (ts.isPostfixUnaryExpression(node)) return node.operand;
  if (ts.isPrefixUnaryExpression(node))
    return node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken
      ? node.operand
      : undefined;
  const isAssigned = ts.isBinaryExpression(node) && assignments.has(node.operatorToken.kind);
  return isAssigned ? node.left : undefined;
}

/**
 * The function `main` of a text. Beside an array it reads `beside`, and writes to an element that depends on it; where there
 * is none it throws. What gives the same with any two of these makes no use of what is beside an array. Undefined where the text is none to TypeScript, which takes some comparisons for type arguments.
 */
export function plain(text: string, beside?: number): Run | undefined {
  const { outputText, diagnostics = [] } = ts.transpileModule(text, {
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    transformers: { before: [checkIndices] },
  });
  if (diagnostics.length > 0) return undefined;
  const isWithin = (array: ArrayLike<number>, i: number): boolean => Number.isInteger(i) && i >= 0 && i < array.length;
  const at = (array: ArrayLike<number>, i: number): number => {
    if (isWithin(array, i)) return i;
    if (beside !== undefined) return beside > 0 ? 0 : 1;
    throw new OutOfRange(`${i} of ${array.length}`);
  };
  const get = (array: ArrayLike<number>, i: number): number =>
    beside !== undefined && !isWithin(array, i) ? beside : array[at(array, i)];
  const body = `"use strict";\n${outputText.replace(/^export /gm, "")}\nreturn main;`;
  return new Function("$at", "$get", body)(at, get) as Run;
}
