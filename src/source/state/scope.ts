// Scopes: which variable or function a name is bound to at a place in the text.

import type { FunctionNode } from "../syntax/tree.ts";
import type { Location } from "./location.ts";

export interface VariableBinding {
  readonly kind: "variable";
  readonly location: Location;
  readonly isConst: boolean;
  /** Whether its declaration was read; assignments before it are refused. */
  isDeclared: boolean;
}

export type Binding = VariableBinding | { readonly kind: "function"; readonly fn: FunctionNode; readonly scope: Scope };

export class Scope {
  readonly parent: Scope | null;
  readonly #bindings = new Map<string, Binding>();

  constructor(parent: Scope | null) {
    this.parent = parent;
  }

  /** The binding in this scope itself, not in those around it. */
  own(name: string): Binding | undefined {
    return this.#bindings.get(name);
  }

  declare(name: string, binding: Binding): void {
    this.#bindings.set(name, binding);
  }

  lookup(name: string): Binding | undefined {
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const binding = scope.#bindings.get(name);
      if (binding !== undefined) return binding;
    }
    return undefined;
  }

  /** Every name that is bound here. */
  *names(): Iterable<string> {
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) yield* scope.#bindings.keys();
  }

  /** The locations of its own variables, which end with the scope. */
  *locations(): Iterable<Location> {
    for (const binding of this.#bindings.values()) if (binding.kind === "variable") yield binding.location;
  }
}
