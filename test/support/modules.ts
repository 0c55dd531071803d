// Standalone modules in this process.

/** A module's function, and the WebAssembly that it holds. */
export interface Evaluated {
  readonly f: (...args: readonly unknown[]) => unknown;
  /** Null where it holds none. */
  readonly wasm: { readonly entry: unknown } | null;
}

/** `globals` stand for what modules find around them; with `isAlone`, JavaScript does nothing in the place of WebAssembly. */
export function evaluated(code: string, globals: Readonly<Record<string, unknown>> = {}, isAlone = false): Evaluated {
  const name = /^export \{ (\S+)(?: as \w+)? \};$/m.exec(code)?.[1];
  const body = code
    .replace(/^export .*$/m, "")
    .replaceAll("} catch {\n    return", () =>
      isAlone ? "} catch (error) {\n    throw error; return" : "} catch {\n    return",
    );
  const given = `return { f: ${name}, wasm: typeof $wasm === "undefined" ? null : $wasm };`;
  return new Function(...Object.keys(globals), `"use strict";\n${body}\n${given}`)(...Object.values(globals));
}
