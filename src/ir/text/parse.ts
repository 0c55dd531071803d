// Text → module. One pass over the tokens; the first fault is the one error, with its place and a caret. Results that are not
// those of the signature come last: where an operation's own types are wrong, those are to blame.
//
// The grammar stands in ir-samples/grammar.ebnf. What an operation looks like between mnemonic and types is said by its
// record's `assembly`, which drives the printer too. Types are taken as written; the verifier runs the type rules.

import { verify } from "../check/verify.ts";
import { frameOf } from "../diagnostics/code-frame.ts";
import { counted } from "../diagnostics/counted.ts";
import { AdjointError, stackFrom } from "../diagnostics/errors.ts";
import { type Func, type Module, makeBlock, makeFunc, makeModule, type Value } from "../module/module.ts";
import { isSymbolName, printFuncName, printValueName } from "../module/names.ts";
import { type OpTable, type Role, roleNames } from "../op/op.ts";
import { type Constraint, constraint } from "../types/constraint.ts";
import { printType, sameType, type Type } from "../types/type.ts";
import { Cursor, Tokens } from "./lexer.ts";
import { parseDim } from "./parse-dim.ts";
import {
  type Argument,
  defineArguments,
  type ParseContext,
  parseArgument,
  parseOperations,
  parseTerminator,
} from "./parse-operation.ts";
import { parseOrigin } from "./parse-origin.ts";
import { ValueScope } from "./parse-scope.ts";
import { parseType } from "./parse-type.ts";

export interface ParseOptions {
  /** What errors and origins call the text. */
  readonly file?: string;
  /** Whether the module is verified too (default true). */
  readonly verify?: boolean;
}

/** The module that `text` writes. Without `loc` an operation's origin is its place in the text. */
export function parseModule(text: string, ops: OpTable, options: ParseOptions = {}): Module {
  return stackFrom(parseModule, () => parsed(text, ops, options));
}

function parsed(text: string, ops: OpTable, options: ParseOptions): Module {
  const file = options.file ?? "<ir>";
  const mismatches: AdjointError[] = [];
  const module = parseFuncs(new Cursor(new Tokens(text, file)), ops, mismatches);
  try {
    if (options.verify !== false || mismatches.length > 0) verify(module);
  } catch (error) {
    throw error instanceof AdjointError ? withFrame(error, text, file) : error;
  }
  if (mismatches.length > 0) throw mismatches[0];
  return module;
}

/** The type that `text` writes, such as `f32[B, 784]`; errors call the text `<type>`. */
export function parseTypeText(text: string): Type {
  const cursor = new Cursor(new Tokens(text, "<type>"));
  const type = parseType(cursor);
  if (cursor.kind !== "end") cursor.unexpected("the end of the type");
  return type;
}

/** The verifier's error with the line of the text that it speaks of. */
function withFrame(error: AdjointError, text: string, file: string): AdjointError {
  const { origin } = error;
  if (origin === null || origin.file !== file || error.frame !== undefined) return error;
  return new AdjointError(error.code, error.reason, { origin, frame: frameOf(text, origin), cause: error.cause });
}

function parseFuncs(cursor: Cursor, ops: OpTable, mismatches: AdjointError[]): Module {
  if (cursor.accept("adjoint")) {
    const position = cursor.position;
    const version = cursor.takeInteger("a version number");
    if (version !== 1 && version !== 2)
      cursor.fail("syntax", `got version ${version} of the text, expected 1 or 2`, undefined, position);
  }
  const funcs: Func[] = [];
  const names = new Set<string>();
  while (cursor.kind !== "end") {
    const position = cursor.position;
    const func = parseFunc(cursor, ops, mismatches);
    if (names.has(func.name)) {
      cursor.fail("name", `function ${printFuncName(func.name)} is defined twice`, undefined, position);
    }
    names.add(func.name);
    funcs.push(func);
  }
  return makeModule(funcs);
}

function parseFunc(cursor: Cursor, ops: OpTable, mismatches: AdjointError[]): Func {
  const position = cursor.position;
  const visibility = cursor.accept("private") ? "private" : "public";
  if (!cursor.accept("func")) cursor.unexpected(visibility === "private" ? "'func'" : "'func' or 'private func'");
  const name = cursor.takeName("func", "the function's name");
  const symbols = cursor.at("<") ? cursor.takeList("<", ">", "the symbols", () => parseSymbol(cursor)) : [];
  const args = cursor.takeList("(", ")", "the arguments", () => parseFuncArgument(cursor));
  const types = cursor.accept("->") ? parseResultTypes(cursor) : [];
  const origin = parseOrigin(cursor, position);
  const constraints = cursor.accept("where") ? parseConstraints(cursor) : [];
  cursor.expect("{", "before the body of the function");
  const context: ParseContext = { cursor, ops, values: new ValueScope(cursor) };
  const own = defineArguments(context, args);
  const operations = parseOperations(context);
  const end = cursor.position;
  const results = parseTerminator(context, "return");
  checkResults(cursor, { name, end, position }, results, types, mismatches);
  cursor.expect("}", "after the body of the function");
  const body = makeBlock(own, operations, results);
  const func = makeFunc({ name, visibility, symbols, constraints, body, roles: args.map((a) => a.role), origin });
  for (const [i, { role, name: argument, position: at }] of args.entries()) {
    if (func.roles[i] !== role) {
      const reason = `${printValueName(argument)} is ${role} in a private function, where tensors are only read`;
      cursor.fail("structure", reason, "leave the role out, or make the function public", at);
    }
  }
  return func;
}

/** An argument of a function may have a role in front of its type. */
function parseFuncArgument(cursor: Cursor): Argument & { readonly role: Role } {
  let role: Role = "in";
  const argument = parseArgument(cursor, () => {
    role = roleNames.find((name) => cursor.accept(name)) ?? role;
  });
  return { ...argument, role };
}

function parseSymbol(cursor: Cursor): string {
  if (cursor.kind !== "word" || !isSymbolName(cursor.source)) cursor.unexpected("a symbol (upper-case identifier)");
  return cursor.take("word", "a symbol");
}

/** A type of the signature, and where it stands. */
interface Declared {
  readonly type: Type;
  readonly position: number;
}

/** `f32`, or several types in parentheses. */
function parseResultTypes(cursor: Cursor): readonly Declared[] {
  const declared = (): Declared => ({ position: cursor.position, type: parseType(cursor) });
  return cursor.at("(") ? cursor.takeList("(", ")", "the result types", declared) : [declared()];
}

function parseConstraints(cursor: Cursor): readonly Constraint[] {
  const constraints: Constraint[] = [];
  do {
    const position = cursor.position;
    const left = parseDim(cursor);
    const relation = cursor.at("==") ? "==" : ">=";
    if (!cursor.accept(relation)) cursor.unexpected("'==' or '>='");
    const right = parseDim(cursor);
    constraints.push(constraint(left, relation, right, parseOrigin(cursor, position)));
  } while (cursor.accept(","));
  return constraints;
}

/** Notes what the function returns where that is not what its signature says. */
function checkResults(
  cursor: Cursor,
  func: { readonly name: string; readonly position: number; readonly end: number },
  results: readonly Value[],
  types: readonly Declared[],
  mismatches: AdjointError[],
): void {
  const note = (code: "arity" | "shape", reason: string, position: number, hint?: string): void =>
    void mismatches.push(cursor.located(new AdjointError(code, reason, { hint }), position));
  const name = printFuncName(func.name);
  if (results.length !== types.length) {
    const reason = `${name} returns ${counted(results.length, "value")}, its signature has ${types.length}`;
    const hint = types.length === 0 ? `write -> ${typesText(results)} behind its arguments` : undefined;
    note("arity", reason, types.length === 0 ? func.position : func.end, hint);
  } else {
    for (const [i, { type, position }] of types.entries()) {
      const got = results[i];
      if (sameType(got.type, type)) continue;
      const value = got.name === null ? `result ${i}` : printValueName(got.name);
      const reason = `${name} returns ${value} of type ${printType(got.type)}, its signature has ${printType(type)}`;
      note("shape", reason, position);
    }
  }
}

function typesText(results: readonly Value[]): string {
  const types = results.map((r) => printType(r.type));
  return types.length === 1 ? types[0] : `(${types.join(", ")})`;
}
