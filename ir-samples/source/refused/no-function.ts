const a = 1; // error: name: no-function.ts has no function: write export function f(x: number): number { … }
