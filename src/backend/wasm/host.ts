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
  readonly CompileError: new () => Error;
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** Undefined where the host has none. */
const host: WebAssemblyHost | undefined = (globalThis as { readonly WebAssembly?: WebAssemblyHost }).WebAssembly;

/** @throws Error where the host has no WebAssembly, which `isAvailable` says before. */
export function requireHost(): WebAssemblyHost {
  if (host === undefined) throw new Error("internal invariant broken: there is no WebAssembly here");
  return host;
}

/** `(module (func (result v128) i32.const 0 i8x16.splat))`: what only an engine with vectors compiles. */
const vectors = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b],
);

/** Whether code with vectors may be compiled here: there are engines without, and policies that forbid to. */
export function compilesVectors(): boolean {
  if (host === undefined) return false;
  try {
    return new host.Module(vectors) instanceof host.Module;
  } catch {
    return false;
  }
}

/** Whether the engine has something against the code; where there is none, nobody has. */
export function isRefused(bytes: Uint8Array<ArrayBuffer>): boolean {
  return host !== undefined && compilesVectors() && !host.validate(bytes);
}
