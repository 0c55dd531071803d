// How many random programs a property gets: `npm run fuzz:properties` asks for many more, `npm run test:quick` for a few.

/** ADJOINT_FUZZ: 1 in an ordinary run. */
const factor = Number(process.env.ADJOINT_FUZZ ?? 1);

/** So many in an ordinary run. */
export function runs(usual: number): { readonly numRuns: number } {
  return { numRuns: Math.max(1, Math.round(usual * factor)) };
}

/** Each so many'th of a list in an ordinary run, more of it where more is asked for. */
export function oneIn(usual: number): number {
  return Math.max(1, Math.round(usual / factor));
}
