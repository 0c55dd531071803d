// Black–Scholes prices of European options; the Greeks are derivatives. (Black and Scholes, J. Political Economy 81, 1973;
// the normal distribution: Abramowitz and Stegun 26.2.17, error below 7.5e-8.)

/** The probability that a standard normal variable is below `x`. */
function normal(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    Math.exp((-x * x) / 2) *
    0.3989422804014327 *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x > 0 ? 1 - tail : tail;
}

/** The price of a call (or put) at `spot`, for the strike, the rate and volatility a year, and the years that are left. */
export function price(
  spot: number,
  strike: number,
  rate: number,
  volatility: number,
  years: number,
  isCall: boolean,
): number {
  if (years <= 0) return Math.max(isCall ? spot - strike : strike - spot, 0);
  const spread = volatility * Math.sqrt(years);
  const d1 = (Math.log(spot / strike) + (rate + (volatility * volatility) / 2) * years) / spread;
  const d2 = d1 - spread;
  const discounted = strike * Math.exp(-rate * years);
  return isCall ? spot * normal(d1) - discounted * normal(d2) : discounted * normal(-d2) - spot * normal(-d1);
}
