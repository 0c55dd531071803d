// The functions that users call on tensors.

export * from "./free-functions.ts";
export * from "./methods.ts";
