const a = next();

function next(): number {
  return a + 1; // error: name: 'a' is needed before it has a value: declare it before what needs it
}

export function f(x: number): number {
  return x + a;
}
