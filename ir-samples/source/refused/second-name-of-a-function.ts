export const f = function g(x: number): number { // error: unsupported: a second name for a function is not compiled: leave it out
  return x;
};
