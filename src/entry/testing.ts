// adjoint/testing: random programs and checkPass. Needs fast-check.

import "../ops/documentation.ts";

export * from "../testing/index.ts";
