// What compilers of structured control flow get wrong, one small program each: compiled, they give the bits of JavaScript.

import { describe, it } from "vitest";
import { compiled, expectPlain, outcomeOf } from "./support/source-programs/outcome.ts";
import type { Run } from "./support/source-programs/plain.ts";

/** Bodies of a function of two numbers, a flag and an array of four. */
const bodies: Readonly<Record<string, string>> = {
  "an operand is read before a later one assigns it": "let x = a; return x + (x = 2) * x - x;",
  "an argument is read before a later one assigns it": "let x = a; return Math.atan2(x, (x = b)) + Math.max(x++, x);",
  "an element is read before the right side changes it": "xs[0] += (xs[0] = 5) + xs[0]; return xs[0];",
  "an index is evaluated before the right side": "let i = 0; xs[i] = i = 2; xs[i++] = i++; xs[--i] -= i; return i;",
  "a compound assignment reads its variable first": "let x = a; x -= x-- - --x; x *= (x += 1); return x;",
  "a pattern reads both before it writes":
    "let [x, y] = [a, b]; [x, y] = [y, x]; [xs[0], xs[3]] = [xs[3], xs[0]]; return x - 2 * y;",
  "a pattern writes from left to right": "let x = 0; [x, xs[x]] = [2, a]; return x;",
  "only one side of && and || runs":
    "let n = 0; const t = (a > 0 && (n += 1) > 0) || (n += 10) > 0; return t ? n : -n;",
  "&&= and ||= do not run what they need not":
    "let n = 0; let x = 0; x &&= (n = 1); x ||= (n += 2); return x * 10 + n;",
  "&& and || give the operand itself": "return (a && b) * 2 + (0 || -0) + (b || a) + 1 / (-0 && a);",
  "a whole number beyond 2^53 is no size, and a number all the same":
    "{ a = -2147483649; } for (let i = 0; i < 1 && i < Math.abs(-(4294967295 * a)); i++) {} return a;",
  "-0 stays": "const z = -0 * Math.abs(a); return flag ? z : 1 / z;",
  "-0 is what a remainder of a negative number is": "return 1 / ((-4) % 2) + 1 / (-a % a);",
  "-0 is lost by addition of 0": "let s = 0; s += -0; return 1 / s + 1 / (-0 - 0);",
  "NaN is not less, nor not less":
    "const n = (a - a) / (b - b); return Number(n < 1) + 2 * Number(n >= 1) + 4 * Number(!(n < 1)) + 8 * Number(n !== n);",
  "NaN is no case": "switch (0 / (a - a)) { case NaN: return 1; case 0: return 2; default: return 3; }",
  "-0 is the case 0": "switch (a * -0) { case 0: return 1; default: return 2; }",
  "a default in the middle falls through":
    "let n = 0; switch (a) { case 7: n += 1; default: n += 10; case 1: n += 100; break; case 2: n += 1000; } return n;",
  "a break in a switch leaves the switch, a continue the step":
    "let n = 0; for (let i = 0; i < 4; i++) { switch (i) { case 0: n += 1; case 1: n += 10; break; case 2: continue; default: n += 100; } n += 1000; } return n;",
  "a labelled continue runs the update of its loop":
    "let n = 0; outer: for (let i = 0; i < 4; i++, n += 100) { for (let j = 0; j < 3; j++) { if (j === i) continue outer; n += 1; } n += 10; } return n;",
  "a labelled break leaves both loops":
    "let n = 0; outer: for (let i = 0; ; i++) { for (const x of xs) { if (i * x > 3) break outer; n += x; } } return n;",
  "a break leaves a labelled block": "let n = a; block: { n += 1; if (flag) break block; n += 10; } return n;",
  "a continue in do … while tests the condition":
    "let i = 0; let n = 0; do { i++; if (i % 2 === 0) continue; n += i; } while (i < 5 && n < 100); return n * 10 + i;",
  "a do … while runs once": "let n = a; do n += 1; while (false); return n;",
  "a return in nested loops skips what follows":
    "let n = 0; for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) { n += 1; if (i * j === 2) return n + 100; } n += 10; } return n;",
  "what is assigned before a break is kept":
    "let n = 0; while (true) { n += a; if (n > 4) { n = -n; break; } } return n;",
  "what is assigned on one path alone is kept":
    "let x = a; for (let i = 0; i < 3; i++) { if (i === 1) { x = i; continue; } x += 0.5; } return x;",
  "a condition that assigns does so when it is false too":
    "let i = 3; while (i-- > 0) {} let j = 0; while ((j += 2) < 5 && j !== 3) {} return i * 10 + j;",
  "a closure sees what is assigned later":
    "let x = a; const f = (): number => x * 2; x = b; const y = f(); x = 3; return y + f();",
  "a closure assigns what is around it":
    "let n = 0; const add = (x: number): number => (n += x); add(a); for (const x of xs) add(x); return n + add(0);",
  "a closure has the counter of its step":
    "let n = 0; for (let i = 0; i < 3; i++) { const f = (): number => i * 10; i += Number(flag) * 0; n += f(); } return n;",
  "what is undefined is the default of a pattern":
    "const [x = 5, [y] = [a]] = [undefined, undefined]; const { z = x } = { z: undefined }; return x + y * z;",
  "a function expression has its own name within":
    "const h = a; const g = function h(x: number): number { return x; }; return g(b) + h;",
  "a name within hides the one around":
    "const x = a; let n = 0; { const x = b; n += x; { let x = 1; x += n; n = x; } } return n + x;",
  "a parameter is a variable of its own":
    "const f = (a: number): number => { a += 1; return a; }; return f(a) * 10 + a;",
  "a default is evaluated at each call, after the parameters before it":
    "let n = 0; const f = (x: number, y = (n += 1) + x): number => x * y; return f(a) + f(a, 2) + f(1) + n;",
  "two names of an array are one array":
    "const c = xs; c[1] = a; xs[2] = c[1] + 1; const d = xs.slice(); d[0] = 99; return c[2] + xs[0];",
  "a field that is assigned changes for all its names":
    "const o = { x: a, in: { y: b } }; const p = o.in; p.y += 1; o.x = p.y; return o.x + o.in.y;",
  "what a typed array makes of a number":
    "const k = new Int32Array([a * 1e10, -1.9, 0 / 0]); const f = new Float32Array(1); const x = (f[0] = 0.1); const y = (k[0] = 1.5); return x + f[0] + y + k[0] + k[1] + k[2];",
  "32-bit arithmetic wraps":
    "return (2147483647 + (a | 0) | 0) + ((a * 4294967296) >>> 1) + (-1 >>> 28) + (1 << 33) + (~-0) + (5e9 | 0);",
  "** leans to the right and rounds once": "return a ** 2 ** 1.5 + (-b) ** 3 + (0 / (a - a)) ** 0;",
  "an index out of range in a branch that is not taken is none":
    "let n = 0; for (let i = 0; i < 6; i++) if (i < xs.length) n += xs[i]; return n;",
  "an index out of range is an error": "return xs[4 + Number(flag)];",
  "an index that is no integer is an error": "xs[a] = 1; return xs[0];",
  "an index out of range of equal elements is an error": "const z = new Float64Array(3); return z[a * 2];",
};

describe("an edge of JavaScript", () => {
  for (const [name, body] of Object.entries(bodies)) {
    const text = `export function main(a: number, b: number, flag: boolean, xs: Float64Array) {\n  ${body}\n}\n`;
    it(name, () => {
      for (const flag of [true, false]) {
        const args = (): unknown[] => [1.5, -0.75, flag, new Float64Array([0.5, -1.25, 2, 3])];
        for (const backend of ["js", "interpret"] as const)
          expectPlain(outcomeOf(compiled(text, { backend }) as Run, args()), text, args);
      }
    });
  }
});
