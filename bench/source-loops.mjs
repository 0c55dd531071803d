// Loops of numbers as people write them, which are run compiled and directly.

const noise = (n) => Float64Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) * 0.5 + 0.5);

/**
 * What it is, the text of its function `f`, the arguments, and whether it reads arrays: those check their indices; or
 * writes to them. Where a
 * gradient takes most of its time to make room for what it gives, a gradient by hand too.
 */
export const loops = [
  [
    "the logistic map, 100,000 steps",
    `export function f(r: number, n: number): number {
      let x = 0.3;
      for (let i = 0; i < n; i++) x = r * x * (1 - x);
      return x;
    }`,
    [3.7, 100_000],
    "loop",
  ],
  [
    "Newton's square root, left when it stands, 1,000 numbers",
    `export function f(a: number): number {
      let sum = 0;
      for (let k = 1; k <= 1000; k++) {
        let x = a * k;
        for (let i = 0; i < 100; i++) {
          const next = 0.5 * (x + (a * k) / x);
          if (Math.abs(next - x) <= 1e-12 * x) break;
          x = next;
        }
        sum += x;
      }
      return sum;
    }`,
    [2.5],
    "loop",
  ],
  [
    "an early return",
    `export function f(x: number, n: number): number {
      let sum = 0;
      for (let i = 1; i < n; i++) {
        sum += x / (i * i);
        if (sum > 1.64) return sum * x;
      }
      return sum;
    }`,
    [1, 100_000],
    "loop",
  ],
  [
    "the classical Runge-Kutta method, a predator and its prey, 20,000 steps",
    `function up(u: number, v: number, a: number): number {
      return a * u - u * v;
    }
    function down(u: number, v: number, b: number): number {
      return u * v - b * v;
    }
    export function f(a: number, b: number, h: number, n: number): number {
      let u = 1;
      let v = 0.5;
      for (let i = 0; i < n; i++) {
        const u1 = up(u, v, a), v1 = down(u, v, b);
        const u2 = up(u + (h / 2) * u1, v + (h / 2) * v1, a), v2 = down(u + (h / 2) * u1, v + (h / 2) * v1, b);
        const u3 = up(u + (h / 2) * u2, v + (h / 2) * v2, a), v3 = down(u + (h / 2) * u2, v + (h / 2) * v2, b);
        const u4 = up(u + h * u3, v + h * v3, a), v4 = down(u + h * u3, v + h * v3, b);
        u += (h / 6) * (u1 + 2 * u2 + 2 * u3 + u4);
        v += (h / 6) * (v1 + 2 * v2 + 2 * v3 + v4);
      }
      return u + v;
    }`,
    [1.1, 0.9, 0.001, 20_000],
    "loop",
  ],
  [
    "branches: a tent with a reset and steps that are skipped, 100,000 steps",
    `export function f(r: number, n: number): number {
      let x = 0.3;
      let sum = 0;
      for (let i = 0; i < n; i++) {
        x = x < 0.5 ? r * x : r * (1 - x);
        if (x > 0.9) {
          x -= 0.4;
          sum += 1;
        } else if (x < 0.1) {
          x += 0.05;
        }
        if (x > 0.6) continue;
        sum += x * x;
      }
      return sum;
    }`,
    [1.9, 100_000],
    "loop",
  ],
  [
    "nested loops that are both left: the first pair of numbers",
    `export function f(c: number, n: number): number {
      let best = 0;
      search: for (let i = 1; i < n; i++) {
        for (let j = i; j < n; j++) {
          const d = i * i + j * j - c;
          if (d === 0) {
            best = i + j / n;
            break search;
          }
          if (d > 0) break;
          best += d * 1e-12;
        }
      }
      return best;
    }`,
    [999 * 999 * 2, 1000],
    "loop",
  ],
  [
    "Math: sines, exponentials and a square root, 20,000 steps",
    `export function f(w: number, n: number): number {
      let s = 0;
      for (let i = 0; i < n; i++) s += Math.sin(w * i) * Math.exp(-s * s) + Math.sqrt(i);
      return s;
    }`,
    [0.7, 20_000],
    "loop",
  ],
  [
    "reads: a dot product of 20,000",
    `export function f(x: Float64Array, y: Float64Array): number {
      let s = 0;
      for (let i = 0; i < x.length; i++) s += x[i] * y[i];
      return s;
    }`,
    [noise(20_000), noise(20_000)],
    "array",
    (x, y) => {
      let s = 0;
      for (let i = 0; i < x.length; i++) s += x[i] * y[i];
      const [xCt, yCt] = [new Float64Array(x.length), new Float64Array(y.length)];
      for (let i = x.length - 1; i >= 0; i--) {
        xCt[i] += y[i];
        yCt[i] += x[i];
      }
      return [s, [xCt, yCt]];
    },
  ],
  [
    "reads: a polynomial by Horner's rule, from the end of 10,000 coefficients",
    `export function f(c: number[], x: number): number {
      let s = 0;
      for (let i = c.length - 1; i >= 0; i--) s = s * x + c[i];
      return s;
    }`,
    [[...noise(10_000)], 0.99],
    "array",
    (c, x) => {
      const before = new Float64Array(c.length);
      let s = 0;
      for (let i = c.length - 1; i >= 0; i--) {
        before[i] = s;
        s = s * x + c[i];
      }
      const cCt = new Array(c.length).fill(0);
      let [ct, xCt] = [1, 0];
      for (let i = 0; i < c.length; i++) {
        cCt[i] += ct;
        xCt += ct * before[i];
        ct *= x;
      }
      return [s, [cCt, xCt]];
    },
  ],
  [
    "writes: running averages of 20,000",
    `export function f(x: Float64Array, a: number): number {
      const y = new Float64Array(x.length);
      let last = 0;
      for (let i = 0; i < x.length; i++) {
        last = a * last + (1 - a) * x[i];
        y[i] = last;
      }
      let s = 0;
      for (const v of y) s += v * v; // each counts: a cotangent that only decays ends in slow, denormal numbers
      return s;
    }`,
    [noise(20_000), 0.9],
    "array",
  ],
  [
    "written to: a Fourier transform in place, of 256",
    `export function f(re: Float64Array, im: Float64Array): void {
      const n = re.length;
      for (let i = 1, j = 0; i < n; i++) {
        let bit = n >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
          const [r, s] = [re[i], im[i]];
          re[i] = re[j];
          re[j] = r;
          im[i] = im[j];
          im[j] = s;
        }
      }
      for (let len = 2; len <= n; len <<= 1) {
        const angle = (2 * Math.PI) / len;
        const wr = Math.cos(angle);
        const wi = Math.sin(angle);
        for (let i = 0; i < n; i += len) {
          let cr = Math.SQRT1_2;
          let ci = 0;
          for (let k = 0; k < len / 2; k++) {
            const a = i + k;
            const b = a + len / 2;
            const xr = re[b] * cr - im[b] * ci;
            const xi = re[b] * ci + im[b] * cr;
            const ar = re[a] * Math.SQRT1_2;
            const ai = im[a] * Math.SQRT1_2;
            re[b] = ar - xr;
            im[b] = ai - xi;
            re[a] = ar + xr;
            im[a] = ai + xi;
            const r = cr * wr - ci * wi;
            ci = cr * wi + ci * wr;
            cr = r;
          }
        }
      }
    }`,
    [noise(256), noise(256)],
    "written",
  ],
  [
    "written to: a sum of two arrays of 1,000, Float64Array",
    `export function f(a: number, b: number, x: Float64Array, y: Float64Array, to: Float64Array): void {
      for (let i = 0; i < to.length; i++) to[i] = a * x[i] + b * y[i];
    }`,
    [0.5, 0.25, noise(1000), noise(1000), new Float64Array(1000)],
    "written",
  ],
  [
    "written to: a sum of two arrays of 1,000, number[]",
    `export function f(a: number, b: number, x: number[], y: number[], to: number[]): void {
      for (let i = 0; i < to.length; i++) to[i] = a * x[i] + b * y[i];
    }`,
    [0.5, 0.25, [...noise(1000)], [...noise(1000)], [...noise(1000)]],
    "written",
  ],
  [
    "written to: the Thomas algorithm, 100 unknowns, number[]",
    `export function f(a: number[], b: number[], c: number[], d: number[], x: number[]): void {
      const n = d.length;
      const up: number[] = new Array(n).fill(0);
      const by: number[] = new Array(n).fill(0);
      up[0] = c[0] / b[0];
      by[0] = d[0] / b[0];
      for (let i = 1; i < n; i++) {
        const m = b[i] - a[i] * up[i - 1];
        up[i] = c[i] / m;
        by[i] = (d[i] - a[i] * by[i - 1]) / m;
      }
      x[n - 1] = by[n - 1];
      for (let i = n - 2; i >= 0; i--) x[i] = by[i] - up[i] * x[i + 1];
    }`,
    [
      [...noise(100)],
      Array.from({ length: 100 }, (_, i) => 4 + (i % 3)),
      [...noise(100)],
      [...noise(100)],
      [...noise(100)],
    ],
    "written",
  ],
];
