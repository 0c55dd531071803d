// Random programs that are drawn alike for whatever is checked: those before it has shown what it looks for. Passes of loops are
// tried on nothing else, so they share them, and what each program is brought to and gives.

import type { Program } from "./program.ts";

/** So many are kept, of one seed. */
const most = 160;

const known = new Map<string, Program>();
let seedOf: number | null = null;

/** The program of this number and turn of a seed, drawn where it is not known. */
export function untaught(seed: number, place: string, draw: () => Program): Program {
  if (seed !== seedOf) known.clear();
  seedOf = seed;
  const found = known.get(place);
  if (found !== undefined) return found;
  const program = draw();
  if (known.size < most) known.set(place, program);
  return program;
}
