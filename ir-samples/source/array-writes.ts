// An element that is written is a scatter of one; the loop works in one memory.
export function main(n: Float64Array): Float64Array {
  const sums = new Float64Array(n.length);
  let sum = 0;
  for (let i = 0; i < n.length; i++) {
    sum += n[i];
    sums[i] = sum;
  }
  return sums;
}
// run: main([1, 2, 3]) == [1, 3, 6]
