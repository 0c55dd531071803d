// The invariants of the IR, and the check that a module meets them.
//
//  module     Function names are unique and not empty. No function calls itself, directly or through others. Every
//             attribute of kind `function` names a function of the module.
//  data       Modules, functions, blocks and operations are frozen plain objects, so no Immer drafts. Their lists are plain,
//             and frozen here. Operands and results are Values.
//  values     Each value is defined once in the module. Operands and block results are defined before their use, in
//             the same block or one around it. Regions are nested at most 256 deep.
//  symbols    Declared dimension symbols are upper-case identifiers, each once; every symbol in a type, an attribute or
//             a constraint is declared. Extents are not provably negative. No constraint is plainly false.
//  operands   As many as the record has; `segments` has one count for each group, and they sum to the operands; a group
//             that is not variadic has one operand.
//  attributes Exactly those of the record, each of its kind; a constant is a value of its result's dtype. `%n` symbols
//             stand only in bounds and subscripts, name an operand of their group, and no two are multiplied.
//  regions    As many as the record has.
//  types      The op's type rule accepts operands, attributes and regions (their argument and yield types are its
//             business, and so are the argument and result types of calls), and the result types are those it gives,
//             under the constraints that the function declares and no others.
//  lists      Each list is used at most once on every path: see verify-lists.ts.
//  memory     Each argument has a role, other than in only where it is memory. Nothing writes to an argument whose role is in
//             or to a constant, and what a call writes to is nothing else that it passes: see verify-memory.ts.
//  layouts    Only views have strides and an offset, which stay inside of what they are views of: see verify-layouts.ts.
//  reuses     What reuses the memory of an operand stands at the fused level, and has its type. Nothing reads afterwards what it
//             held, and it is memory that may be written to: see verify-reuses.ts.
//  subscripts No element is surely outside of its memory: see verify-subscripts.ts.
//  levels     Where a level is asked for: every op is legal there; at the tensor and the fused level there is no memref, at
//             the loop level nothing unranked.
//
// Linear in the number of operations; recursion goes into regions only.

import { ValueSet } from "../data/value-map.ts";
import { AdjointError, fail, stackFrom } from "../diagnostics/errors.ts";
import type { Origin } from "../diagnostics/origin.ts";
import { DimScope, inferTypes } from "../edit/infer.ts";
import { calleesOf } from "../module/call-graph.ts";
import {
  type Block,
  type Func,
  findFunc,
  type Module,
  maxNesting,
  type Operation,
  requireModule,
  type Signature,
  signatureOf,
  Value,
} from "../module/module.ts";
import { defaultName, isSymbolName, printFuncName, printValueName } from "../module/names.ts";
import type { Level } from "../op/op-spec.ts";
import { Assumptions } from "../types/constraint.ts";
import { checkLayouts } from "./verify-layouts.ts";
import { checkLists } from "./verify-lists.ts";
import { checkMemory } from "./verify-memory.ts";
import { checkOperation, requireFrozen } from "./verify-operation.ts";
import { checkReuses } from "./verify-reuses.ts";
import { checkSpans } from "./verify-spans.ts";
import { checkSubscripts } from "./verify-subscripts.ts";
import { TypeChecker } from "./verify-types.ts";

export interface VerifyOptions {
  /** The level the module has to be at; left out, ops of both may stand together. */
  readonly level?: Level;
}

/** Throws the first breach of an invariant as an error that names function and operation. */
export function verify(module: Module, options: VerifyOptions = {}): void {
  stackFrom(verify, () => verifyAll(module, options));
}

function verifyAll(module: Module, options: VerifyOptions): void {
  requireModule(module, "verify");
  requireFrozen("the module", "makeModule or mapFuncs", module, module.funcs);
  const names = new Set<string>();
  for (const func of module.funcs) {
    const { origin } = func;
    if (func.name === "") fail("name", "a function has no name", { origin });
    if (names.has(func.name)) fail("name", `function ${printFuncName(func.name)} is defined twice`, { origin });
    names.add(func.name);
  }
  const context = new ModuleContext(module, options.level ?? null);
  for (const func of module.funcs) new FuncVerifier(func, context).run();
  refuseRecursion(module);
}

/** What the functions of a module share while they are verified. */
class ModuleContext {
  readonly module: Module;
  readonly level: Level | null;
  /** Every value defined so far, in any function. */
  readonly defined = new ValueSet();
  readonly #signatures = new Map<string, Signature | null>();

  constructor(module: Module, level: Level | null) {
    this.module = module;
    this.level = level;
  }

  isCalled({ name }: Func): boolean {
    return this.module.funcs.some((func) => calleesOf(func).includes(name));
  }

  signature(name: string): Signature | null {
    let known = this.#signatures.get(name);
    if (known === undefined) {
      const func = findFunc(this.module, name);
      known = func === undefined ? null : signatureOf(func);
      this.#signatures.set(name, known);
    }
    return known;
  }
}

class FuncVerifier {
  readonly #func: Func;
  readonly #context: ModuleContext;
  readonly #scope: DimScope;
  readonly #types: TypeChecker;
  readonly #visible = new ValueSet();
  readonly #signature: (name: string) => Signature | null;
  /** Where the check stands, for errors that bring no place of their own. */
  #origin: Origin | null;

  constructor(func: Func, context: ModuleContext) {
    this.#func = func;
    this.#context = context;
    this.#scope = new DimScope(func.constraints, false);
    this.#types = new TypeChecker(func.symbols, this.#scope.assumptions, context.level);
    this.#signature = (name) => context.signature(name);
    this.#origin = func.origin;
  }

  run(): void {
    try {
      this.#checkHeader();
      this.#block(this.#func.body, "return", 0);
      checkLists(this.#func);
      checkMemory(this.#func, this.#signature);
      checkLayouts(this.#func, this.#scope);
      checkSpans(this.#func);
      checkSubscripts(this.#func.body);
      checkReuses(this.#func, this.#context.level, () => this.#context.isCalled(this.#func));
    } catch (error) {
      throw error instanceof AdjointError ? inFunc(error, this.#func, this.#origin) : error;
    }
  }

  #checkHeader(): void {
    const { symbols, constraints } = this.#func;
    requireFrozen("the function", "makeFunc or withBody", this.#func, this.#func.roles, symbols, constraints);
    const seen = new Set<string>();
    for (const name of symbols) {
      if (!isSymbolName(name)) fail("name", `symbol ${name} is not an upper-case identifier`);
      if (seen.has(name)) fail("name", `symbol ${name} is declared twice`);
      seen.add(name);
    }
    for (const c of constraints) {
      this.#types.checkDim(c.left, "a constraint");
      this.#types.checkDim(c.right, "a constraint");
      const isFalse = new Assumptions().decide(c.left, c.relation, c.right) === "refuted";
      if (isFalse) fail("shape", `the constraint ${c.left} ${c.relation} ${c.right} never holds`, { origin: c.origin });
    }
  }

  #block(block: Block, terminator: string, depth: number): void {
    if (depth > maxNesting) fail("structure", `regions are nested more than ${maxNesting} deep`);
    requireFrozen("a block", "makeBlock or withOperations", block, block.arguments, block.operations, block.results);
    const own: Value[] = [];
    for (const v of block.arguments) this.#define(v, own, "an argument");
    for (const operation of block.operations) this.#operation(operation, own, depth);
    for (const v of block.results) this.#requireVisible(v, terminator);
    for (const v of own) this.#visible.delete(v);
  }

  #operation(operation: Operation, own: Value[], depth: number): void {
    const { op, operands, regions, results } = operation;
    const before = this.#origin;
    this.#origin = operation.origin ?? before;
    checkOperation(operation, this.#context);
    this.#types.checkAttributes(operation);
    for (const v of operands) this.#requireVisible(v, op.name);
    for (const [i, region] of regions.entries()) {
      this.#block(region, `${op.name}: region ${op.regions[i].name}`, depth + 1);
    }
    this.#origin = operation.origin ?? before;
    this.#checkTypes(operation);
    for (const v of results) this.#define(v, own, defaultName(op.name));
    this.#origin = before;
  }

  #checkTypes(operation: Operation): void {
    const { op, attributes, regions, segments, origin } = operation;
    const declared = operation.results.map((v) => v.type);
    const operands = operation.operands.map((v) => v.type);
    inferTypes({ op, operands, attributes, regions, segments, declared, origin }, this.#scope, this.#signature);
  }

  #define(value: Value, own: Value[], what: string): void {
    if (!(value instanceof Value)) fail("structure", `${what} is not a Value`);
    if (this.#context.defined.has(value)) fail("structure", `${describe(value)} is defined twice`);
    this.#types.check(value.type, describe(value));
    this.#context.defined.add(value);
    this.#visible.add(value);
    own.push(value);
  }

  #requireVisible(value: Value, user: string): void {
    if (this.#visible.has(value)) return;
    if (!(value instanceof Value)) fail("structure", `${user}: an operand is not a Value`);
    const state = this.#context.defined.has(value)
      ? "is defined where it cannot be seen from here"
      : "is not defined before its use";
    fail("structure", `${user}: ${describe(value)} ${state}`);
  }
}

function describe(value: Value): string {
  return value.name === null ? "a value without a name" : printValueName(value.name);
}

/** The error with the function's name, at the operation it is about. */
function inFunc(error: AdjointError, func: Func, origin: Origin | null): AdjointError {
  return new AdjointError(error.code, `${printFuncName(func.name)}: ${error.reason}`, {
    origin: error.origin ?? origin,
    reproducer: error.reproducer,
    cause: error.cause,
  });
}

/** Depth first with a stack of its own; the error shows the way round. */
function refuseRecursion(module: Module): void {
  const done = new Set<string>();
  for (const root of module.funcs) {
    const path = new Map<string, { readonly func: Func; readonly callees: readonly string[]; next: number }>();
    const stack: string[] = [];
    const enter = (name: string): void => {
      const func = findFunc(module, name);
      if (func === undefined || done.has(name)) return;
      if (path.has(name)) refuse(func, stack.slice(stack.indexOf(name)));
      path.set(name, { func, callees: calleesOf(func), next: 0 });
      stack.push(name);
    };
    enter(root.name);
    while (stack.length > 0) {
      const top = path.get(stack[stack.length - 1]);
      if (top === undefined) break;
      if (top.next < top.callees.length) enter(top.callees[top.next++]);
      else {
        path.delete(top.func.name);
        stack.pop();
        done.add(top.func.name);
      }
    }
  }
}

function refuse(func: Func, cycle: readonly string[]): never {
  const names = [...cycle.slice(1), cycle[0]].map(printFuncName);
  const way = (names.length <= 8 ? names : [...names.slice(0, 6), "…", names[names.length - 1]]).join(", then ");
  return fail("structure", `${printFuncName(func.name)} calls itself: it calls ${way}`, {
    origin: func.origin,
    hint: "write the loop as while or scan",
  });
}
