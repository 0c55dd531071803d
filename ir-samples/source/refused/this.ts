export function f(x: number): number {
  x = this.x; // error: unsupported: this is not compiled: pass what is needed as a parameter
  return x;
}
