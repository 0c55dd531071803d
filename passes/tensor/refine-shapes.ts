// Makes types as precise as the arguments allow: re-infers them in program order, writes implicit broadcasting out,
// counts axes from the front, and copies functions for the types they are called with. What no public function reaches is
// dropped: nothing says what its types would be.

import {
  Cloner,
  type Dim,
  type Func,
  fail,
  findFunc,
  type Module,
  makeFunc,
  makeModule,
  mapFuncs,
  printType,
  type Signature,
  signatureOf,
  type Type,
  withoutUnreached,
} from "../../src/ir/index.ts";
import { definePass, type Pass } from "../../src/rewrite/index.ts";
import { FuncRefiner, type RefinementHost, type Request } from "./refine-shapes/func.ts";

/** Types as far as the functions' own argument types determine them. */
export const refineShapes: Pass = definePass({
  name: "refine-shapes",
  summary:
    "Re-infers types in program order: ranks, known sizes, explicit broadcasting, a copy of a function per use; drops what nothing calls.",
  example: `private func @doubled(%x: f32[*]) -> f32[*] {
  %y = add %x, %x : f32[*]
  return %y
}

func @main<N>(%x: f32[N]) -> f32[*] {
  %y = call @doubled(%x) : f32[*]
  return %y
}
`,
  run: (module) => new Refinement(withoutUnreached(module)).run(null, []),
});

/** The same, with these argument types for `entry`. They may have symbols of their own, which `entry` then declares. */
export function refineTo(entry: string, types: readonly Type[]): Pass {
  return definePass({
    ...refineShapes,
    run: (module) => new Refinement(withoutUnreached(module, [entry])).run(entry, types),
  });
}

/** One run over a module: which function was made for which types. */
class Refinement implements RefinementHost {
  readonly #module: Module;
  /** By what was asked for. */
  readonly #known = new Map<string, Func>();
  /** By name. */
  readonly #named = new Map<string, Func>();
  /** What was made of each function, in order. */
  readonly #made = new Map<string, Func[]>();

  constructor(module: Module) {
    this.#module = module;
  }

  run(entry: string | null, types: readonly Type[]): Module {
    const { funcs } = this.#module;
    if (entry !== null && findFunc(this.#module, entry) === undefined) {
      fail("name", `the module has no function @${entry}`, {
        hint: `it has ${funcs.map((f) => `@${f.name}`).join(", ")}`,
      });
    }
    const isPublic = (f: Func): boolean => f.visibility === "public" || f.name === entry;
    for (const func of funcs.filter(isPublic)) {
      this.#refine({ callee: func.name, types: func.name === entry ? types : null, bound: {}, isRoot: true });
    }
    for (const { name } of funcs) if (!this.#made.has(name)) this.#refine({ callee: name, types: null, bound: {} });
    const next = funcs.flatMap((f) => this.#made.get(f.name) ?? []);
    if (next.length === funcs.length) return mapFuncs(this.#module, (f) => this.#made.get(f.name)?.[0] ?? f);
    return makeModule(next);
  }

  func(name: string): Func {
    return findFunc(this.#module, name) ?? fail("name", `@${name} is not a function of this module`);
  }

  signature(name: string): Signature | null {
    const func = this.#named.get(name);
    return func === undefined ? null : signatureOf(func);
  }

  /** Callees come before the calls that need them; a stack of its own, so that long chains of calls are fine. */
  #refine(root: Request): void {
    const stack = [this.#start(root)];
    const open = new Set([root.callee]);
    let answer: Func | undefined;
    while (stack.length > 0) {
      const { request, steps } = stack[stack.length - 1];
      const step = answer === undefined ? steps.next() : steps.next(answer);
      answer = undefined;
      if (step.done === true) {
        answer = this.#register(request, step.value);
        open.delete(request.callee);
        stack.pop();
        continue;
      }
      answer = this.#known.get(keyOf(step.value));
      if (answer !== undefined) continue;
      const { callee } = step.value;
      if (open.has(callee)) fail("structure", `@${callee} calls itself`, { origin: this.func(callee).origin });
      open.add(callee);
      stack.push(this.#start(step.value));
    }
  }

  #start(request: Request): { readonly request: Request; readonly steps: Generator<Request, Func, Func> } {
    return { request, steps: new FuncRefiner(this.func(request.callee), request, this).run() };
  }

  /** What is made first of a function keeps its name, unless others may call it with its own types. */
  #register(request: Request, func: Func): Func {
    const made = this.#made.get(request.callee) ?? [];
    const keepsName = request.isRoot === true || (made.length === 0 && func.visibility === "private");
    const named = keepsName ? func : this.#copy(func);
    this.#known.set(keyOf(request), named);
    this.#named.set(named.name, named);
    this.#made.set(request.callee, [...made, named]);
    return named;
  }

  /** Values keep their identity where their types stay, so a further version of a function needs values of its own. */
  #copy(func: Func): Func {
    const body = new Cloner().block(func.body);
    return makeFunc({ ...func, name: this.#freeName(func.name), visibility: "private", body });
  }

  #freeName(name: string): string {
    for (let n = 2; ; n++) {
      const copy = `${name}.v${n}`;
      if (!this.#named.has(copy) && findFunc(this.#module, copy) === undefined) return copy;
    }
  }
}

function keyOf({ callee, types, bound }: Request): string {
  if (types === null) return callee;
  const bindings = Object.entries(bound).map(([name, d]: [string, Dim]) => `${name}=${d}`);
  return `${callee}(${types.map(printType).join()})<${bindings.sort().join()}>`;
}
