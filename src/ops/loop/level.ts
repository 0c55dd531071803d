// What ops of the loop level have in common: they come from lowering, behind whatever works on tensors.

/** Record fields of an op of the loop level that is no elementwise one. */
export const atLoopLevel = {
  level: "loop",
  derivative: { kind: "none", reason: "differentiation works on the tensor level, before lowering" },
  batching: { kind: "none", reason: "batching works on the tensor level, before lowering" },
  lowering: { kind: "structured" },
} as const;
