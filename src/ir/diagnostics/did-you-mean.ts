// "Did you mean": the name closest to one that is not known.

/**
 * The candidate closest to `name`, as a hint, or up to `most` that are equally close; undefined if none is close. One that
 * differs in case alone is closest.
 */
export function didYouMean(
  name: string,
  candidates: Iterable<string>,
  print: (name: string) => string = (candidate) => candidate,
  most = 1,
): string | undefined {
  const lower = name.toLowerCase();
  // any two names of one character are close
  const limit = name.length < 2 ? 0 : Math.min(3, Math.max(1, Math.floor(name.length / 3)));
  let best: string[] = [];
  let least = limit + 1;
  for (const candidate of candidates) {
    if (candidate !== name && candidate.toLowerCase() === lower) return `did you mean ${print(candidate)}?`;
    const bound = best.length > 0 && best.length < most ? least + 1 : least;
    if (Math.abs(candidate.length - name.length) >= bound) continue;
    const distance = editDistance(name, candidate, bound);
    if (distance < least) [best, least] = [[candidate], distance];
    else if (distance < bound) best.push(candidate);
  }
  if (best.length === 0) return undefined;
  return `did you mean ${best.map(print).join(" or ")}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours from `a` to `b`; stops early at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (a.length > 64 || b.length > 64) return a === b ? 0 : limit;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2] + 1);
      next.push(d);
    }
    if (Math.min(...next) >= limit) return limit;
    [before, row] = [row, next];
  }
  return row[b.length];
}
