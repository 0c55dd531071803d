// The 95 % interval of a median, without an assumption on how the figures are distributed.

/** The number of subsets of k out of n. */
function choose(n, k) {
  let c = 1;
  for (let i = 1; i <= k; i++) c = (c * (n - k + i)) / i;
  return c;
}

/**
 * The interval between two of the figures in order that covers the median of what they are drawn from with a probability of at
 * least 95 %: how many of n lie below the median is binomial. (H. A. David, H. N. Nagaraja, Order Statistics, 7.1.)
 */
export function intervalOfMedian(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  const n = sorted.length;
  let outside = 0;
  let rank = 0;
  while (outside + choose(n, rank) / 2 ** n <= 0.025) outside += choose(n, rank++) / 2 ** n;
  if (rank === 0) throw new Error(`${n} figures are too few for an interval of 95 %`);
  return { low: sorted[rank - 1], high: sorted[n - rank] };
}
