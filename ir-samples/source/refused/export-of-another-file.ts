export * from "./a.ts"; // error: unsupported: an export of another file is not compiled: write export before the function itself
export function f(x: number): number {
  return x;
}
