// How a side says which rows it has. Each gives for the inputs what is timed and what is compared with the results before.

import { finish, offer, refuse, tell } from "../measure.mjs";
import { check, problemOf, wantedRows } from "./problems.mjs";

/** Whether the process that asks compares peers; between two builds nobody is introduced. */
const isPresented = process.env.BENCH_PROBLEMS !== undefined;

/** Says who this is; `peer` loads it, and where that fails the side is left out. */
export async function introduce(peer) {
  try {
    const { name, ...api } = await peer();
    if (isPresented) tell({ name });
    return api;
  } catch (error) {
    tell({ absent: error.message.split("\n")[0] });
    process.exit();
  }
}

/**
 * Offers rows by their ids, in the order of the table. A row is made of the problem's inputs: `{ work, results }`, where
 * `results` gives arrays of numbers, which are compared before anything is timed; work that gives none is not compared.
 */
export async function offerRows(makers) {
  for (const { id, key, section } of wantedRows()) {
    const make = makers[id];
    if (make === undefined) continue;
    try {
      await offer(key, section, async () => {
        const problem = problemOf(id);
        const { work, results } = await make(problem.inputs);
        if (results !== undefined) check(await results(), problem);
        return work;
      });
    } catch (error) {
      refuse(key, section, error);
    }
  }
  finish();
}
