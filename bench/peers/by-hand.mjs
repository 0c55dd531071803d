// Loops by hand, as one writes them in JavaScript: the results go to memory that is there already.

import { inRanges } from "../by-hand.mjs";
import { formulaGradients, formulaValues } from "./formula-by-hand.mjs";
import { introduce, offerRows } from "./offer.mjs";

const row = (loop, count) => (inputs) => {
  const given = Object.values(inputs).map(({ data }) => data);
  const out = Array.from({ length: count }, () => new Float64Array(given[0].length));
  const work = () => inRanges(given[0].length, (from, to) => loop(...given, ...out, from, to));
  return {
    work,
    results: () => {
      work();
      return out;
    },
  };
};

await introduce(() => ({ name: "by hand" }));
await offerRows({ "formula.value": row(formulaValues, 1), "formula.gradient": row(formulaGradients, 4) });
