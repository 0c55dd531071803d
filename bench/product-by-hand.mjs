// The product of f32 matrices by hand in the usual way: panels of both operands copied as f64, four rows by two columns at a
// time in eight accumulators that stay in registers, rounded where they are stored.

const [rowsAtOnce, columnsAtOnce, depth] = [4, 2, 256];
let left = new Float64Array(0);
let right = new Float64Array(0);

/** C = op(A) · op(B), M x N of K terms; an operand that is transposed is stored K x M, or N x K. */
export function gemm(M, N, K, A, transposedA, B, transposedB, C) {
  const columns = Math.ceil(N / columnsAtOnce);
  if (right.length < columns * columnsAtOnce * depth) right = new Float64Array(columns * columnsAtOnce * depth);
  if (left.length < rowsAtOnce * depth) left = new Float64Array(rowsAtOnce * depth);
  for (let from = 0; from < K; from += depth) {
    const terms = Math.min(depth, K - from);
    const [stepB, nextB] = transposedB ? [1, K] : [N, 1];
    for (let c = 0; c < columns; c++) {
      const first = from * stepB + c * columnsAtOnce * nextB;
      pack(
        B,
        first,
        stepB,
        nextB,
        terms,
        Math.min(columnsAtOnce, N - c * columnsAtOnce),
        columnsAtOnce,
        right,
        c * columnsAtOnce * terms,
      );
    }
    const [stepA, nextA] = transposedA ? [M, 1] : [1, K];
    for (let row = 0; row < M; row += rowsAtOnce) {
      const height = Math.min(rowsAtOnce, M - row);
      pack(A, from * stepA + row * nextA, stepA, nextA, terms, height, rowsAtOnce, left, 0);
      for (let c = 0; c < columns; c++) {
        tile(
          left,
          right,
          c * columnsAtOnce * terms,
          terms,
          C,
          row * N + c * columnsAtOnce,
          N,
          height,
          N - c * columnsAtOnce > 1,
          from === 0,
        );
      }
    }
  }
}

/** Copies `count` lines of `terms` elements side by side; those that are missing to `width` are zeros. */
function pack(from, first, step, next, terms, count, width, out, at) {
  for (let line = 0; line < width; line++) {
    let i = first + line * next;
    for (let k = 0, o = at + line; k < terms; k++, o += width, i += step) out[o] = line < count ? from[i] : 0;
  }
}

/** Four rows by two columns of the product, or of its next part, which is added. */
function tile(left, right, at, terms, C, first, N, height, isWide, isFirst) {
  let a0 = 0;
  let a1 = 0;
  let b0 = 0;
  let b1 = 0;
  let c0 = 0;
  let c1 = 0;
  let d0 = 0;
  let d1 = 0;
  for (let k = 0, p = 0, q = at; k < terms; k++, p += 4, q += 2) {
    const x = right[q];
    const y = right[q + 1];
    const a = left[p];
    const b = left[p + 1];
    const c = left[p + 2];
    const d = left[p + 3];
    a0 += a * x;
    a1 += a * y;
    b0 += b * x;
    b1 += b * y;
    c0 += c * x;
    c1 += c * y;
    d0 += d * x;
    d1 += d * y;
  }
  put(C, first, a0, a1, isWide, isFirst);
  if (height > 1) put(C, first + N, b0, b1, isWide, isFirst);
  if (height > 2) put(C, first + 2 * N, c0, c1, isWide, isFirst);
  if (height > 3) put(C, first + 3 * N, d0, d1, isWide, isFirst);
}

function put(C, at, x, y, isWide, isFirst) {
  C[at] = isFirst ? x : C[at] + x;
  if (isWide) C[at + 1] = isFirst ? y : C[at + 1] + y;
}
