function f(x: number): number {
  return x;
}
export { f as g }; // error: unsupported: export under another name is not compiled: give the function that name
