// What compiled code needs at run time: sizes from arguments, and memory.

export * from "./bind.ts";
export * from "./memory.ts";
