// The functions of arrays whose first argument is the tensor: each is a method too.

export * from "./at.ts";
export * from "./cumulative.ts";
export * from "./elementwise.ts";
export * from "./functions.ts";
export * from "./indexing.ts";
export * from "./logic.ts";
export * from "./take.ts";
