// What a pass and a pipeline are.

import { fail, type Module, type OpTable } from "../ir/index.ts";

/** What a pass may know beside the module. */
export interface PassContext {
  /** The ops that passes know by name, `constant` among them. */
  readonly ops: OpTable;
  /** Whether rewrites of class `fast` may run. */
  readonly fast: boolean;
}

/** Transforms a module. Unchanged means the same reference. */
export interface Pass {
  /** The file name too: `passes/<name>.ts`. */
  readonly name: string;
  /** One line: what it does. */
  readonly summary: string;
  /** IR that the pass does something to, for its documentation; the tests run it. */
  readonly example?: string;
  /** Resolves transforms (vjp, jvp, vmap), so that what it takes has no meaning to compare with. */
  readonly resolves?: boolean;
  /** Running it again on what it gave changes nothing, so a pipeline need not. */
  readonly idempotent?: boolean;
  /** Lowers to the loop level, so that signatures change from tensors to memory. */
  readonly lowers?: boolean;
  run(module: Module, context: PassContext): Module;
}

export function definePass(pass: Pass): Pass {
  if (!/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(pass.name)) {
    fail("name", `pass name '${pass.name}' is not kebab-case`, { hint: "write it like dead-node-elimination" });
  }
  return Object.freeze({ ...pass });
}

/** One line of a pipeline: the pass, and why it stands here. */
export interface Step {
  readonly pass: Pass;
  readonly reason: string;
  /** Neighbouring steps of one group run in turn until a round changes nothing. */
  readonly group?: string;
  /** Runs only where what stands before its group changed the module. */
  readonly afterChange?: boolean;
}

/** Rounds of a group. Each pass is linear, so a pipeline stays linear; what is left after so many is left as it is. */
const maxRounds = 8;

/** Runs a pass, unless it has seen this very module; `last` holds the modules that it would leave as they are. */
function runOnce(
  pass: Pass,
  module: Module,
  last: Map<Pass, Module>,
  apply: (pass: Pass, module: Module) => Module,
): Module {
  if (last.get(pass) === module) return module;
  const after = apply(pass, module);
  if (after === module || pass.idempotent === true) last.set(pass, after);
  return after;
}

/** An ordered list of passes with reasons. */
export class Pipeline {
  readonly steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.steps = Object.freeze([...steps]);
  }

  get names(): readonly string[] {
    return this.steps.map((s) => s.pass.name);
  }

  /** A new pipeline with `pass` right after every step named `name`. */
  insertAfter(name: string, pass: Pass, reason = pass.summary): Pipeline {
    this.#require(name);
    return new Pipeline(this.steps.flatMap((s) => (s.pass.name === name ? [s, { ...s, pass, reason }] : [s])));
  }

  /** A new pipeline with `pass` right before every step named `name`. */
  insertBefore(name: string, pass: Pass, reason = pass.summary): Pipeline {
    this.#require(name);
    return new Pipeline(this.steps.flatMap((s) => (s.pass.name === name ? [{ ...s, pass, reason }, s] : [s])));
  }

  /** A new pipeline without the steps named `name`. */
  without(name: string): Pipeline {
    this.#require(name);
    return new Pipeline(this.steps.filter((s) => s.pass.name !== name));
  }

  /** Runs the passes in order, groups until they change nothing; `apply` runs one pass (and logs, verifies, …). */
  run(module: Module, apply: (pass: Pass, module: Module) => Module): Module {
    let current = module;
    let changed = true;
    for (let i = 0; i < this.steps.length; ) {
      const { group } = this.steps[i];
      let end = i + 1;
      while (group !== undefined && this.steps[end]?.group === group) end++;
      const start = current;
      const rounds = this.steps[i].afterChange === true && !changed ? 0 : group === undefined ? 1 : maxRounds;
      const steps = this.steps.slice(i, end);
      for (let round = 0, last = new Map<Pass, Module>(); round < rounds; round++) {
        const before = current;
        for (const { pass } of steps) current = runOnce(pass, current, last, apply);
        if (current === before) break;
      }
      changed = current !== start;
      i = end;
    }
    return current;
  }

  concat(other: Pipeline): Pipeline {
    return new Pipeline([...this.steps, ...other.steps]);
  }

  #require(name: string): void {
    if (!this.names.includes(name))
      fail("option", `the pipeline has no pass '${name}'`, { hint: `it has ${this.names.join(", ")}` });
  }
}
