// adjoint/testing: random programs and checkPass. Needs fast-check.

export * from "../testing/index.ts";
