export function f(x: number): number {
  const ping = (g: any, h: any, n: number): number => (n < 0 ? 1 : g(h, g, n - 1)); // error: unsupported: the calls nest too deeply, here in 'ping': call in loops instead
  const pong = (g: any, h: any, n: number): number => g(h, g, n);
  return pong(ping, pong, x);
}
