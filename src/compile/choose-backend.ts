// Which backends a program is tried with, the preferred one first: those behind it compile what it has no code for.

import { type Backend, interpretBackend, registeredBackends } from "../backend/index.ts";
import { fail, type Module } from "../ir/index.ts";
import { here } from "../parts/index.ts";

type Backends = readonly [Backend, ...Backend[]];

/** What the option `backend` leaves to choose from. */
export interface Choice {
  /** What is preferred before anything is known of the program: passes at tensor level are told its target. */
  readonly first: Backend;
  /** In the order in which they are tried with a program, which is optimised at tensor level. */
  of(module: Module): Backends;
}

/**
 * The choice that the option `backend` leaves. A backend that is given as it is, or is no code of WebAssembly, is the only one.
 *
 * @throws AdjointError `option` for one that is not in this program, or cannot run here.
 */
export function chooseBackend(asked: string | Backend): Choice {
  if (asked === "auto") return generated();
  if (asked === "wasm") return fixed(...webAssembly());
  const name = typeof asked === "string" ? asked : asked.name;
  const own = [interpretBackend, here.js].find((backend) => backend.name === name);
  const known = typeof asked === "string" ? (own ?? registeredBackends().get(name)) : asked;
  const backend = known ?? fail("option", `unknown backend '${name}'`);
  if (!backend.isAvailable())
    fail("option", `backend '${name}' cannot run here${name === "js" ? ", where new Function is forbidden" : ""}`, {
      hint: "leave the option out, or write interpret",
    });
  return fixed(backend);
}

/** The interpreter, whatever the program is. */
export const interpreted: Choice = fixed(interpretBackend);

function fixed(...backends: Backends): Choice {
  return { first: backends[0], of: () => backends };
}

/** WebAssembly, and behind it what has code for any program. */
function webAssembly(): Backends {
  const { js, wasm } = here;
  if (wasm === null)
    return fail("option", "backend 'wasm' is not in this program", {
      hint: 'call bringWasm(), imported from "adjoint/mini", before',
    });
  const others = js.isAvailable() ? js : interpretBackend;
  if (wasm.isAvailable()) return [wasm, others];
  warnOnce(wasm.missing);
  return [others];
}

/**
 * The faster one of JavaScript and WebAssembly, by the program and the sizes of its tensors; the other one where the first may not
 * run here. Whoever asked for the interpreter knows that programs run slowly in it.
 */
function generated(): Choice {
  const { js, wasm } = here;
  const hasVectors = wasm?.isAvailable() === true;
  if (js.isAvailable()) {
    return hasVectors ? { first: js, of: (module) => (wasm.pays(module) ? [wasm, js] : [js]) } : fixed(js);
  }
  if (hasVectors) return fixed(wasm, interpretBackend);
  warnOnce(
    "Adjoint: the content security policy forbids generated code here, so functions are interpreted, which takes 10 to 100 times as long: compile them ahead of time with f.toModule(), allow script-src 'unsafe-eval', or write backend: \"interpret\" where that is meant",
  );
  return interpreted;
}

const warned = new Set<string>();

function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  console.warn(message);
}
