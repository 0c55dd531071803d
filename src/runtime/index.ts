// The run time of compiled code: sizes from arguments, and memory.

export * from "./bind.ts";
export * from "./deferred.ts";
export * from "./donation.ts";
export * from "./memory.ts";
