// Which backends a program is tried with, the preferred one first: those behind it compile what it has no code for.

import { type Backend, interpretBackend, registeredBackends } from "../backend/index.ts";
import { fail } from "../ir/index.ts";
import { here } from "../parts/index.ts";

/**
 * The backends for what the option `backend` says. A backend that is given as it is, or is no code of WebAssembly, is the only
 * one.
 *
 * @throws AdjointError `option` for one that is not in this program, or cannot run here.
 */
export function chooseBackends(asked: string | Backend): readonly [Backend, ...Backend[]] {
  if (asked === "auto") return generated();
  if (asked === "wasm") return webAssembly();
  const name = typeof asked === "string" ? asked : asked.name;
  const own = [interpretBackend, here.js].find((backend) => backend.name === name);
  const known = typeof asked === "string" ? (own ?? registeredBackends().get(name)) : asked;
  const backend = known ?? fail("option", `unknown backend '${name}'`);
  if (!backend.isAvailable())
    fail("option", `backend '${name}' cannot run here${name === "js" ? ", where new Function is forbidden" : ""}`, {
      hint: "leave the option out, or write interpret",
    });
  return [backend];
}

/** WebAssembly, and behind it what has code for any program. */
function webAssembly(): readonly [Backend, ...Backend[]] {
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

/** JavaScript where it may be generated; whoever asked for the interpreter knows that programs run slowly in it. */
function generated(): readonly [Backend, ...Backend[]] {
  const { js, wasm } = here;
  if (js.isAvailable()) return [js];
  if (wasm?.isAvailable()) return [wasm, interpretBackend];
  warnOnce(
    "Adjoint: the content security policy forbids generated code here, so functions are interpreted, which takes 10 to 100 times as long: compile them ahead of time with f.toModule(), allow script-src 'unsafe-eval', or write backend: \"interpret\" where that is meant",
  );
  return [interpretBackend];
}

const warned = new Set<string>();

function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  console.warn(message);
}
