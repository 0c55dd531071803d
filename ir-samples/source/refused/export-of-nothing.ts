function f(x: number): number {
  return x;
}
export { g }; // error: name: 'g' is not declared: export what the file defines
