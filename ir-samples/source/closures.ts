// A function within sees and changes the variables around it.
export function main(n: number): number {
  let calls = 0;
  const square = (x: number) => {
    calls++;
    return x * x;
  };
  let sum = 0;
  for (let i = 0; i < n; i++) sum += square(i);
  return sum + calls / 1000;
}
// run: main(3) == 5.003
