// A module of WebAssembly: sections of types, imports, functions, exports and code.

import { Bytes } from "./bytes.ts";
import type { Code } from "./code.ts";
import { type ValueType, valueTypes } from "./instructions.ts";

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface ImportedFunction {
  /** The name of the import, and what calls say. */
  readonly key: string;
  readonly type: FunctionType;
}

export interface DefinedFunction {
  readonly type: FunctionType;
  readonly code: Code;
  /** What calls it says. */
  readonly key: string;
  /** The name under which it is exported; null of others. */
  readonly exported: string | null;
}

/** The module from which everything is imported. */
export const environment = "env";

/**
 * What is imported besides functions: how many bytes of memory are in use, which compiled code changes, and where its constants
 * begin, of modules that have some.
 */
export const globals = { top: 0, constants: 1 } as const;
export type GlobalName = keyof typeof globals;

/** The types of functions, each once. */
class Types {
  readonly list: FunctionType[] = [];
  readonly #known = new Map<string, number>();

  numberOf(type: FunctionType): number {
    const key = `${type.parameters.join(" ")} → ${type.results.join(" ")}`;
    let at = this.#known.get(key);
    if (at === undefined) this.#known.set(key, (at = this.list.push(type) - 1));
    return at;
  }

  writeTo(bytes: Bytes): void {
    for (const { parameters, results } of this.list) {
      bytes.byte(0x60);
      for (const types of [parameters, results]) {
        bytes.unsigned(types.length);
        for (const type of types) bytes.byte(valueTypes[type]);
      }
    }
  }
}

/** The module with imported memory `memory`, the globals, and these functions. */
export function binaryOf(
  imports: readonly ImportedFunction[],
  functions: readonly DefinedFunction[],
  hasConstants: boolean,
): Uint8Array<ArrayBuffer> {
  const types = new Types();
  const imported = imports.map(({ key, type }) => ({ key, type: types.numberOf(type) }));
  const defined = functions.map(({ type }) => types.numberOf(type));
  const out = new Bytes();
  for (const b of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) out.byte(b);
  const section = (id: number, count: number, write: (bytes: Bytes) => void): void => {
    const bytes = new Bytes();
    bytes.unsigned(count);
    write(bytes);
    out.byte(id);
    out.unsigned(bytes.length);
    out.append(bytes.taken());
  };
  section(1, types.list.length, (bytes) => types.writeTo(bytes));
  const variables: readonly GlobalName[] = hasConstants ? ["top", "constants"] : ["top"];
  section(2, 1 + variables.length + imported.length, (bytes) => writeImports(variables, imported, bytes));
  section(3, defined.length, (bytes) => {
    for (const type of defined) bytes.unsigned(type);
  });
  const exported = functions.flatMap(({ exported: name }, i) => (name === null ? [] : [[name, i] as const]));
  section(7, exported.length, (bytes) => {
    for (const [name, i] of exported) {
      bytes.name(name);
      bytes.byte(0x00);
      bytes.unsigned(imports.length + i);
    }
  });
  const indices = new Map([...imports, ...functions].map(({ key }, i) => [key, i]));
  const indexOf = (callee: string): number => {
    const index = indices.get(callee);
    if (index === undefined) throw new Error(`internal invariant broken: no function ${callee}`);
    return index;
  };
  section(10, functions.length, (bytes) => {
    for (const { code } of functions) code.writeTo(bytes, indexOf);
  });
  writeNames([...imports, ...functions], out);
  return out.taken().slice();
}

/** The custom section in which profilers, debuggers and stacks of calls find the names of functions. */
function writeNames(functions: readonly { readonly key: string }[], out: Bytes): void {
  const names = new Bytes();
  names.unsigned(functions.length);
  for (const [i, { key }] of functions.entries()) {
    names.unsigned(i);
    names.name(key.replace(/^@/, ""));
  }
  const section = new Bytes();
  section.name("name");
  section.byte(0x01);
  section.unsigned(names.length);
  section.append(names.taken());
  out.byte(0x00);
  out.unsigned(section.length);
  out.append(section.taken());
}

/** Memory of no size at least and without a limit, globals that change, and functions of these types. */
function writeImports(
  variables: readonly GlobalName[],
  functions: readonly { readonly key: string; readonly type: number }[],
  bytes: Bytes,
): void {
  const entry = (name: string, ...kind: readonly number[]): void => {
    bytes.name(environment);
    bytes.name(name);
    for (const b of kind) bytes.byte(b);
  };
  entry("memory", 0x02, 0x00, 0x00);
  for (const name of variables) entry(name, 0x03, valueTypes.i32, 0x01);
  for (const { key, type } of functions) {
    entry(key, 0x00);
    bytes.unsigned(type);
  }
}
