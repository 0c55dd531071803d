// The functions that generated code keeps its tapes with.

import { dtypes } from "../../../ir/index.ts";
import type { TapeText } from "../writing/module-text.ts";

/** How often a long tape is opened before its buffer is replaced. */
const longestKept = 256;

/**
 * Tapes hold the numbers of one dtype. Their buffers are kept from call to call, since new memory costs more than the writes
 * to it (measured: 100,000 iterations in reverse take 0.7 ms, 1.1 ms with new tapes, 4.3 ms with arrays that are pushed to).
 * The entry closes the tapes that were opened during its call, so that a call that begins while another runs opens others.
 * A buffer of more than a million numbers is replaced at every 256th opening: it then grows to at most twice the size that
 * calls need, and one long call does not hold its memory for ever.
 */
export const tapeText: TapeText = (pools, low) => `${pools
  .map(([name, dtype]) => `const ${name} = { array: ${dtypes[dtype].array.name}, tapes: [], opened: 0 };`)
  .join("\n")}

function $tape(pool) {
  const { tapes } = pool;
  if (pool.opened === tapes.length) tapes.push({ data: new pool.array(${low + 8}), count: ${low}, opened: 0 });
  const tape = tapes[pool.opened++];
  tape.count = ${low};
  tape.opened++;
  if (tape.opened > ${longestKept} && tape.data.length > 1048576) {
    tape.data = new pool.array(${low + 8});
    tape.opened = 1;
  }
  return tape;
}

function $grow(tape, more) {
  const data = new tape.data.constructor(2 * tape.data.length + more);
  data.set(tape.data);
  tape.data = data;
}

function $close(pool, before) {
  const { tapes } = pool;
  if (tapes.length > 65536) tapes.length = Math.max(65536, before);
  pool.opened = before;
}`;
