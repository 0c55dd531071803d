export function f(x: number): number {
  const ping = (g: any, h: any, n: number): number => (n < 0 ? 1 : g(h, g, n - 1)), pong = (g: any, h: any, n: number): number => g(h, g, n); // error: unsupported: calls and expressions nest too deep here: call in loops, or name parts
  return pong(ping, pong, x);
}
