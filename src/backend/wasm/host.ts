// WebAssembly as the host has it: its types come with those of browsers, and of Node without constructors.

/** Memory that grows; its buffer is another one afterwards. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** A number of 32 bits that compiled code and the host share. */
export interface Global {
  value: number;
}

interface WebAssemblyHost {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum?: number }) => Memory;
  readonly Global: new (type: { readonly value: "i32"; readonly mutable: true }, value: number) => Global;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** Undefined where the host has none. */
export const host: WebAssemblyHost | undefined = (globalThis as { readonly WebAssembly?: WebAssemblyHost }).WebAssembly;

/** @throws Error where the host has no WebAssembly, which `isAvailable` says before. */
export function requireHost(): WebAssemblyHost {
  if (host === undefined) throw new Error("internal invariant broken: there is no WebAssembly here");
  return host;
}
