export function f(x: number): number {
  const { toString = x } = { a: x }; // error: name: 'toString' of an object is JavaScript's own: take another name
  return toString;
}
