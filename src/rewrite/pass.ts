// Passes and pipelines.

import {
  fail,
  isModule,
  type LegalAt,
  type Module,
  type Operation,
  type OpTable,
  passFromTable,
  shownAs,
} from "../ir/index.ts";
import type { Target } from "../target/index.ts";
import type { Rule } from "./rule.ts";

/** Sees the rewrites of rules, and may decline each: what counts them, and what looks for one that is wrong. */
export interface RewriteObserver {
  /** Told of the rules that a pass goes on to apply. */
  rules?(rules: readonly Rule[]): void;
  /** Whether a rewrite that would happen may. */
  permits(rule: Rule, operation: Operation): boolean;
}

/** What a pass is given beside the module. */
export interface PassContext {
  /** The ops that passes know by name, `constant` among them. */
  readonly ops: OpTable;
  /** Whether rewrites of class `fast` may run. */
  readonly fast: boolean;
  /** What code is made for; JavaScript where left out. */
  readonly target?: Target;
  /** Says what the user should know of the compilation that is no error. */
  warn?(message: string): void;
  readonly rewrites?: RewriteObserver;
}

/** A transformation of modules. A module that it does not change is returned as the same reference. */
export interface Pass {
  /** The file name too: `passes/<name>.ts`. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** IR that the pass changes, for its documentation; the tests run it. */
  readonly example?: string;
  /** Resolves transforms (vjp, jvp, vmap), so that its input has no meaning of its own to compare with. */
  readonly resolves?: boolean;
  /** Whether running it again on its own output changes nothing. */
  readonly idempotent?: boolean;
  /** Whether it may change the last bits of results, as it computes them in another way. */
  readonly isNear?: boolean;
  /** The level of the modules that it takes: tensors where left out, tensors in groups, loops over memory, or any. */
  readonly level?: LegalAt;
  /** The level that it brings modules to; from the loop level on signatures have memory in place of tensors. */
  readonly lowers?: "fused" | "loop" | "vector";
  /**
   * The same with limits that programs of a few lines meet, of a pass whose own are those of large ones: its example and random
   * programs are given to this one.
   */
  readonly small?: Pass;
  run(module: Module, context: PassContext): Module;
}

/** @__NO_SIDE_EFFECTS__ */
export function definePass(pass: Pass): Pass {
  if (!/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(pass.name)) {
    fail("name", `pass name '${pass.name}' is not kebab-case`, { hint: "write it like dead-node-elimination" });
  }
  // of a built package, the project's own passes have no texts
  return Object.freeze(
    pass.summary === undefined ? Object.defineProperties({ ...pass }, passFromTable(pass.name)) : { ...pass },
  );
}

/**
 * What a pass makes of a module.
 *
 * @throws AdjointError `structure` where it gives no module, as one that forgot to return or is asynchronous.
 * @example runPass(cse, module, { ops: standardOps, fast: false })
 */
export function runPass(pass: Pass, module: Module, context: PassContext): Module {
  const after: unknown = pass.run(module, context);
  if (isModule(after)) return after;
  const isPromise = typeof after === "object" && after !== null && "then" in after;
  const kind = typeof after === "object" ? "an object" : `a ${typeof after}`;
  const got = isPromise ? "a promise" : after === null || after === undefined ? String(after) : kind;
  return fail("structure", `pass ${pass.name} gave ${got}, expected a module`, {
    hint: isPromise ? "a pass is not asynchronous" : "return the module that it was given where nothing changes",
  });
}

/** A stage of a pipeline: a pass, and the reason for its place. */
export interface Stage {
  readonly pass: Pass;
  readonly reason: string;
  /** Neighbouring stages of one group run in turn until a fixpoint: a round that changes nothing. */
  readonly group?: string;
  /** Runs only where the stages between the last group and its own changed the module. */
  readonly afterChange?: boolean;
}

/**
 * The most rounds of a group. Each pass is linear, so a pipeline is too, even where a group has not reached its fixpoint.
 */
const maxRounds = 8;

/** Runs a pass, unless it is known not to change this very module; `unchanged` holds that module for each pass. */
function runOnce(
  pass: Pass,
  module: Module,
  unchanged: Map<Pass, Module>,
  apply: (pass: Pass, module: Module) => Module,
): Module {
  if (unchanged.get(pass) === module) return module;
  const after = apply(pass, module);
  if (after === module || pass.idempotent === true) unchanged.set(pass, after);
  return after;
}

/** An ordered list of passes with reasons. */
export class Pipeline {
  readonly stages: readonly Stage[];

  constructor(stages: readonly Stage[]) {
    this.stages = Object.freeze([...stages]);
  }

  get names(): readonly string[] {
    return this.stages.map((s) => s.pass.name);
  }

  /** A new pipeline with `pass` right after every stage named `name`. */
  insertAfter(name: string, pass: Pass, reason = pass.summary): Pipeline {
    this.#require(name);
    return new Pipeline(this.stages.flatMap((s) => (s.pass.name === name ? [s, { ...s, pass, reason }] : [s])));
  }

  /** A new pipeline with `pass` right before every stage named `name`. */
  insertBefore(name: string, pass: Pass, reason = pass.summary): Pipeline {
    this.#require(name);
    return new Pipeline(this.stages.flatMap((s) => (s.pass.name === name ? [{ ...s, pass, reason }, s] : [s])));
  }

  /** A new pipeline without the stages named `name`. */
  without(name: string): Pipeline {
    this.#require(name);
    return new Pipeline(this.stages.filter((s) => s.pass.name !== name));
  }

  /** Runs the passes in order, groups until they change nothing; `apply` runs one pass (and logs, verifies, …). */
  run(module: Module, apply: (pass: Pass, module: Module) => Module): Module {
    let current = module;
    // of the stages without a group that stand here one after another, or of the group before
    let changed = true;
    let isAfterStage = false;
    for (let i = 0; i < this.stages.length; ) {
      const { group } = this.stages[i];
      let end = i + 1;
      while (group !== undefined && this.stages[end]?.group === group) end++;
      const start = current;
      const rounds = this.stages[i].afterChange === true && !changed ? 0 : group === undefined ? 1 : maxRounds;
      const stages = this.stages.slice(i, end);
      for (let round = 0, unchanged = new Map<Pass, Module>(); round < rounds; round++) {
        const before = current;
        for (const { pass } of stages) current = runOnce(pass, current, unchanged, apply);
        if (current === before) break;
      }
      changed = current !== start || (changed && isAfterStage && group === undefined);
      isAfterStage = group === undefined;
      i = end;
    }
    return current;
  }

  [shownAs](): string {
    return `Pipeline(${this.names.join(", ")})`;
  }

  concat(other: Pipeline): Pipeline {
    return new Pipeline([...this.stages, ...other.stages]);
  }

  #require(name: string): void {
    if (!this.names.includes(name))
      fail("option", `the pipeline has no pass '${name}'`, { hint: `it has ${this.names.join(", ")}` });
  }
}
