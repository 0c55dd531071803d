// The driver of rewrite rules: one sweep in program order, regions included.
//
// An operation is rewritten when its operands are final, and the operations that a rewrite emits are rewritten before the
// next one. So one sweep reaches the fixpoint, and each operation costs a bounded number of rewrites.

import {
  type Block,
  BlockBuilder,
  elementDType,
  type Func,
  FuncScope,
  fail,
  findFunc,
  type Module,
  mapBodies,
  type Op,
  type Operation,
  Replacements,
  sameRank,
  sameType,
  signatureOf,
  type Type,
  Value,
  ValueMap,
  withBuilder,
  withOperands,
  withOperations,
  withParts,
  withRegions,
} from "../ir/index.ts";
import { constantOp, emitConstant, literalFrom, literalOf, splatOf } from "./constants.ts";
import type { PassContext, RewriteObserver } from "./pass.ts";
import { printing } from "./printing.ts";
import type { RewriteContext, Rule } from "./rule.ts";

/** The most rewrites that may follow from one operation. Rules that undo each other would never stop. */
const maxRewrites = 256;

/** The module with the rules applied until none applies; rules of class `fast` only where the context allows them. */
export function applyRules(module: Module, rules: readonly Rule[], context: PassContext): Module {
  const applied = rules.filter((r) => r.class === "exact" || context.fast);
  context.rewrites?.rules?.(rules);
  const set = new RuleSet(applied);
  const constant = constantOp(context.ops);
  return mapBodies(module, (body, func) => new Sweep(set, constant, func, module, context.rewrites).block(body));
}

/** Rules by the op they start at, in order. */
class RuleSet {
  readonly #rules: readonly Rule[];
  readonly #byOp = new Map<Op, readonly Rule[]>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  for(op: Op): readonly Rule[] {
    let rules = this.#byOp.get(op);
    if (rules === undefined) this.#byOp.set(op, (rules = this.#rules.filter((r) => r.matches(op))));
    return rules;
  }
}

/** The rewrites that followed from one operation of the block. */
interface Trace {
  count: number;
  last: string;
  beforeLast: string;
}

interface Task {
  readonly operation: Operation;
  readonly trace: Trace;
}

interface Rewritten {
  readonly operations: readonly Operation[];
  readonly values: readonly Value[];
}

/** One sweep over one function. */
class Sweep implements RewriteContext {
  readonly #rules: RuleSet;
  readonly #observer: RewriteObserver | undefined;
  readonly #constant: Op;
  readonly #func: Func;
  readonly #module: Module;
  readonly #replacements = new Replacements();
  readonly #definitions = new ValueMap<Operation>();
  #scope: FuncScope;
  #builder: BlockBuilder;
  /** Operations that were spliced in from a region: each has a trace of its own. */
  readonly #moved = new WeakSet<Operation>();

  constructor(rules: RuleSet, constant: Op, func: Func, module: Module, observer: RewriteObserver | undefined) {
    this.#rules = rules;
    this.#observer = observer;
    this.#constant = constant;
    this.#func = func;
    this.#module = module;
    this.#scope = this.#freshScope();
    this.#builder = new BlockBuilder(this.#scope);
  }

  // ---- the context of rules -----------------------------------------------------------------------------------------

  definition(value: Value): Operation | undefined {
    return this.#definitions.get(value);
  }

  splat(value: Value): number | null {
    return splatOf(literalOf(this.#definitions.get(value)));
  }

  constant(value: number | boolean, type: Type): Value {
    if (type.kind !== "tensor") fail("dtype", "a constant is a ranked tensor");
    return emitConstant(this.#constant, literalFrom(value, type.dtype), type);
  }

  splice(operation: Operation, region: number): readonly Value[] {
    const block = operation.regions[region];
    for (const inner of block.operations) {
      this.#moved.add(inner);
      this.#builder.append(inner);
    }
    return block.results;
  }

  // ---- the sweep ----------------------------------------------------------------------------------------------------

  block(block: Block): Block {
    const output: Operation[] = [];
    for (const operation of block.operations) this.#settle(operation, output);
    return withOperations(block, output, this.#replacements.all(block.results));
  }

  /** Rewrites an operation to a fixpoint, and appends the result. */
  #settle(first: Operation, output: Operation[]): void {
    const operation = withOperands(first, this.#replacements.all(first.operands));
    if (operation.regions.length > 0 || this.#mayRewrite(operation)) this.#rewriteAll(operation, output);
    else this.#keep(operation, output);
  }

  #keep(operation: Operation, output: Operation[]): void {
    output.push(operation);
    for (const v of operation.results) this.#definitions.set(v, operation);
  }

  #mayRewrite(operation: Operation): boolean {
    for (const rule of this.#rules.for(operation.op)) if (rule.mayApply(operation, this)) return true;
    return false;
  }

  #rewriteAll(first: Operation, output: Operation[]): void {
    const tasks: Task[] = [{ operation: first, trace: newTrace() }];
    for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
      const operation = withOperands(task.operation, this.#replacements.all(task.operation.operands));
      const rewritten = this.#rewrite(operation, task.trace);
      if (rewritten !== null) {
        this.#replace(operation, rewritten, task.trace, tasks);
        continue;
      }
      const inner = this.#withSweptRegions(operation);
      // the results of its regions are simplified only now
      const simplified = inner.regions.length > 0 ? this.#rewrite(inner, task.trace) : null;
      if (simplified !== null) {
        this.#replace(inner, simplified, task.trace, tasks);
        continue;
      }
      this.#keep(inner, output);
    }
  }

  #replace(operation: Operation, { operations, values }: Rewritten, trace: Trace, tasks: Task[]): void {
    for (const [i, v] of operation.results.entries()) this.#replacements.set(v, values[i]);
    for (let i = operations.length - 1; i >= 0; i--) {
      const next = operations[i];
      tasks.push({ operation: next, trace: this.#moved.has(next) ? newTrace() : trace });
    }
  }

  #withSweptRegions(operation: Operation): Operation {
    if (operation.regions.length === 0) return operation;
    return withRegions(
      operation,
      operation.regions.map((r) => this.block(r)),
    );
  }

  /** Applies the first rule that does: the operations that it emitted, and the new values of the results. */
  #rewrite(operation: Operation, trace: Trace): Rewritten | null {
    if (isUnranked(operation)) return null;
    for (const rule of this.#rules.for(operation.op)) {
      if (!rule.mayApply(operation, this)) continue;
      const builder = this.#emptyBuilder();
      builder.origin = operation.origin;
      const known = this.#scope.dims.constraints.length;
      const values = withBuilder(builder, () => rule.rewrite(operation, this));
      if (values === null) continue;
      if (this.#scope.dims.constraints.length > known) {
        // the rewrite needs a constraint, so it holds only for some sizes
        this.#scope = this.#freshScope();
        this.#builder = new BlockBuilder(this.#scope);
        continue;
      }
      if (!this.#keepsTypes(rule, operation, values)) continue;
      if (this.#observer?.permits(rule, operation) === false) continue;
      this.#count(trace, rule, operation);
      return withNameOf(operation, { operations: builder.operations, values });
    }
    return null;
  }

  #count(trace: Trace, rule: Rule, operation: Operation): void {
    trace.count++;
    if (rule.name !== trace.last) trace.beforeLast = trace.last;
    trace.last = rule.name;
    if (trace.count <= maxRewrites) return;
    const names =
      trace.beforeLast === ""
        ? `rule '${trace.last}' feeds itself`
        : `rules '${trace.beforeLast}' and '${trace.last}' undo each other`;
    fail("verify", `${names}: ${maxRewrites} rewrites at ${this.#show(operation)}`, { origin: operation.origin });
  }

  /**
   * Whether the new values have the types of the old ones. Another dtype or rank is an error of the rule; extents that are not
   * known to be equal only decline the rewrite.
   */
  #keepsTypes(rule: Rule, operation: Operation, values: readonly Value[]): boolean {
    const { results } = operation;
    if (values.length === results.length && results.every((r, i) => sameType(r.type, values[i].type))) return true;
    const fits =
      values.length === results.length &&
      results.every(({ type }, i) => {
        const next = values[i].type;
        return type.kind === next.kind && elementDType(type) === elementDType(next) && sameRank(type, next);
      });
    if (!fits) {
      fail("verify", `rule '${rule.name}' changes the type of ${this.#show(operation)}`, { origin: operation.origin });
    }
    return false;
  }

  /** The operation as it would stand in the text of its function. */
  #show(operation: Operation): string {
    const around = { func: this.#func, definition: (v: Value) => this.definition(v) };
    return printing()?.printOperation(operation, around) ?? operation.op.name;
  }

  /** The builder that rules emit to, which is empty. */
  #emptyBuilder(): BlockBuilder {
    if (this.#builder.operations.length > 0) this.#builder = new BlockBuilder(this.#scope);
    return this.#builder;
  }

  #freshScope(): FuncScope {
    return new FuncScope(this.#func.constraints, (name) => {
      const func = findFunc(this.#module, name);
      return func === undefined ? null : signatureOf(func);
    });
  }
}

/** Rules speak of shapes: they wait until refine-shapes has given every value one. */
function isUnranked(operation: Operation): boolean {
  return [...operation.operands, ...operation.results].some((v) => v.type.kind === "unranked");
}

function newTrace(): Trace {
  return { count: 0, last: "", beforeLast: "" };
}

/** The replacing operation takes over the name hint of the replaced one, if it has none of its own. */
function withNameOf(root: Operation, { operations, values }: Rewritten): Rewritten {
  const last = operations[operations.length - 1];
  if (last === undefined || root.results.length !== 1 || last.results.length !== 1) return { operations, values };
  const [{ name }] = root.results;
  const [result] = last.results;
  if (name === null || result.name !== null || values[0] !== result) return { operations, values };
  const renamed = new Value(result.type, name);
  const operation = withParts(last, { results: [renamed] });
  return { operations: [...operations.slice(0, -1), operation], values: [renamed] };
}
