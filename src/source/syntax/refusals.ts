// Syntax that is not compiled: for each kind its name, the reason, and what to write instead.

import ts from "typescript";

const { SyntaxKind } = ts;
type SyntaxKind = ts.SyntaxKind;

/** The message for a kind of syntax: its name, and what to write instead. */
export interface Refusal {
  readonly what: string;
  readonly hint: string;
}

const jsx: Refusal = { what: "JSX", hint: "functions here give numbers, booleans and arrays of numbers" };
const numbersOnly = "functions here take and give numbers, booleans and arrays of numbers";

const refusals: ReadonlyMap<SyntaxKind, Refusal> = new Map<SyntaxKind, Refusal>([
  [
    SyntaxKind.ClassDeclaration,
    { what: "a class", hint: "write functions, with object literals for what they return" },
  ],
  [SyntaxKind.ClassExpression, { what: "a class", hint: "write functions, with object literals for what they return" }],
  [SyntaxKind.EnumDeclaration, { what: "an enum", hint: "write const A = 0, B = 1" }],
  [SyntaxKind.ModuleDeclaration, { what: "a namespace", hint: "write its functions at the top of the file" }],
  [
    SyntaxKind.ImportDeclaration,
    { what: "an import", hint: "only the functions of one file are compiled: copy what is needed into it" },
  ],
  [SyntaxKind.ImportEqualsDeclaration, { what: "an import", hint: "only the functions of one file are compiled" }],
  [
    SyntaxKind.ExportDeclaration,
    { what: "an export of another file", hint: "write export before the function itself" },
  ],
  [
    SyntaxKind.ExportAssignment,
    { what: "an export of an expression", hint: "write export before the function itself" },
  ],
  [
    SyntaxKind.TryStatement,
    { what: "try", hint: "nothing that is compiled throws but on errors of the program: test before instead" },
  ],
  [SyntaxKind.ThrowStatement, { what: "throw", hint: "return NaN, or a flag in a tuple" }],
  [SyntaxKind.WithStatement, { what: "with", hint: "name the object" }],
  [SyntaxKind.DebuggerStatement, { what: "debugger", hint: "compile with debug: true" }],
  [
    SyntaxKind.ForInStatement,
    { what: "for … in", hint: "write for (let i = 0; i < a.length; i++), or for (const x of a)" },
  ],
  [SyntaxKind.StringLiteral, { what: "a string", hint: numbersOnly }],
  [SyntaxKind.NoSubstitutionTemplateLiteral, { what: "a string", hint: numbersOnly }],
  [SyntaxKind.TemplateExpression, { what: "a string", hint: numbersOnly }],
  [SyntaxKind.TaggedTemplateExpression, { what: "a template", hint: numbersOnly }],
  [SyntaxKind.RegularExpressionLiteral, { what: "a regular expression", hint: numbersOnly }],
  [SyntaxKind.BigIntLiteral, { what: "a bigint", hint: "numbers are 64-bit floats here: write 1 for 1n" }],
  [SyntaxKind.NullKeyword, { what: "null", hint: "write NaN, or a boolean beside the number" }],
  [SyntaxKind.ThisKeyword, { what: "this", hint: "pass what is needed as a parameter" }],
  [SyntaxKind.SuperKeyword, { what: "super", hint: "write functions" }],
  [SyntaxKind.AwaitExpression, { what: "await", hint: "pass the value in, once it is there" }],
  [SyntaxKind.YieldExpression, { what: "yield", hint: "return an array" }],
  [SyntaxKind.DeleteExpression, { what: "delete", hint: "objects keep their fields here" }],
  [SyntaxKind.TypeOfExpression, { what: "typeof", hint: "types are known when it is compiled" }],
  [SyntaxKind.VoidExpression, { what: "void", hint: "write the expression as a statement" }],
  [SyntaxKind.MetaProperty, { what: "a meta property", hint: "pass what is needed as a parameter" }],
  [SyntaxKind.SpreadAssignment, { what: "a spread in an object", hint: "write each field" }],
  [SyntaxKind.GetAccessor, { what: "a getter", hint: "write a field, or a function" }],
  [SyntaxKind.SetAccessor, { what: "a setter", hint: "assign to a field" }],
  [SyntaxKind.MethodDeclaration, { what: "a method", hint: "write a function beside the object" }],
  [SyntaxKind.JsxElement, jsx],
  [SyntaxKind.JsxSelfClosingElement, jsx],
  [SyntaxKind.JsxFragment, jsx],
  [SyntaxKind.ImportKeyword, { what: "a dynamic import", hint: "only the functions of one file are compiled" }],
  [
    SyntaxKind.NamespaceExportDeclaration,
    { what: "a namespace of the file", hint: "write export before the function itself" },
  ],
  [
    SyntaxKind.ExpressionWithTypeArguments,
    { what: "f<T> without a call", hint: "write f: types say nothing when it runs" },
  ],
  [SyntaxKind.PrivateIdentifier, { what: "a private name", hint: "write a field" }],
]);

/** `a string`, or the kind's own name where the table has no row. */
export function refusalOf(kind: SyntaxKind): Refusal {
  const known = refusals.get(kind);
  if (known !== undefined) return known;
  const name = SyntaxKind[kind].replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return { what: name, hint: "it is not part of what is compiled" };
}
