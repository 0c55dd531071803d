// A pass that only some programs need: whatever makes its work brings it, so that a bundler leaves it out of the others.

import type { Module } from "../ir/index.ts";
import { type Pass, type PassContext, runPass } from "./pass.ts";

/** Does what the pass does that was brought to it; before, what `initial` does, or nothing. */
export class PassPart implements Pass {
  readonly name: string;
  readonly #initial: Pass | null;
  #pass: Pass | null;

  constructor(name: string, initial: Pass | null = null) {
    this.name = name;
    this.#initial = initial;
    this.#pass = initial;
  }

  get summary(): string {
    return this.#pass?.summary ?? "Was not brought: nothing here makes work for it.";
  }

  get resolves(): boolean | undefined {
    return this.#pass?.resolves;
  }

  get idempotent(): boolean | undefined {
    return this.#pass?.idempotent;
  }

  get level(): Pass["level"] {
    return this.#pass?.level;
  }

  get lowers(): Pass["lowers"] {
    return this.#pass?.lowers;
  }

  get isHere(): boolean {
    return this.#pass !== this.#initial;
  }

  bring(pass: Pass): void {
    this.#pass = pass;
  }

  run(module: Module, cx: PassContext): Module {
    return this.#pass === null ? module : runPass(this.#pass, module, cx);
  }
}
