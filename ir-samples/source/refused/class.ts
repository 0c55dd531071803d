export class A {} // error: unsupported: a class is not compiled: write functions, with object literals for what they return
export function f(x: number): number {
  return x;
}
