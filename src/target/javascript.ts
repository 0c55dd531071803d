// JavaScript in V8. Other engines are no worse with the same figures.

import type { Target } from "./target.ts";

export const javascript: Target = {
  name: "js",
  vectorBits: 0,
  countsLanes: false,
  threads: 1,
  expands: false,
  selects: false,
  calls: { least: 0, expanded: 1, usualExtent: 1024 },
  fusion: { nestSize: 400, stored: 4, cheap: 3, depth: 32, epilogue: 48 },
  // of 32 carried values half are on the stack, which is still faster than a second sweep of a row in cache (measured: 0.9)
  merging: { carried: 32, distance: 256 },
  contraction: {
    least: { depth: 4, all: 512 },
    thin: 4,
    // what is packed has to be read as often
    windows: { rows: 4, columns: 2 },
    // with 8 accumulators nothing spills, and f32 reaches half of what f64 does, 16 spill; all shapes are equally fast
    tiles: [
      { rows: 4, columns: 2 },
      { rows: 2, columns: 4 },
      { rows: 3, columns: 2 },
      { rows: 3, columns: 3 },
    ],
    thinWidth: 4,
    longestPart: 4096,
    usualExtent: 64,
    direct: 16,
    unrolled: 8,
    // loads of f64 need no conversion
    widens: true,
  },
  functions: {
    // Functions of 800 to 3,000 operations of plain f64 arithmetic are equally fast. Of operations with one call of `Math` each,
    // V8 optimises a function of 1,000, and never one of 1,500.
    heaviest: 1200,
    // V8 keeps a long loop that is entered once in code from on-stack replacement, which is slower (measured: 3 ms instead of 2
    // for a million elements, and 12 ns an element instead of 0.9 at worst); a function that is called again is optimised as a
    // whole.
    chunk: 4096,
    short: 256,
    // 4 steps of inner loops of 512 took 1.07 times as long in Node 24
    long: 512,
  },
  shortFill: 32,
};
