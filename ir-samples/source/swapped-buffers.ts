// Arrays that change names in a loop.
export function main(u: Float64Array): Float64Array {
  let now = u.slice();
  let next = new Float64Array(u.length);
  for (let t = 0; t < 2; t++) {
    for (let i = 0; i < now.length; i++) next[i] = 0.5 * (now[i] + now[(i + 1) % now.length]);
    [now, next] = [next, now];
  }
  return now;
}
// run: main([1, 2, 3, 4]) == [2, 3, 3, 2]
