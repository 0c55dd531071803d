import { g } from "./g.ts"; // error: unsupported: an import is not compiled: only the functions of one file are compiled: copy what is needed into it
export function f(x: number): number {
  return g(x);
}
