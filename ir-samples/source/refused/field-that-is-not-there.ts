export function f(x: number): number {
  const o = { speed: x };
  x = o.sped; // error: name: the object has no field 'sped': did you mean speed?
  return x;
}
