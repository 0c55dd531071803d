// adjoint/source: functions of TypeScript files, compiled. Needs typescript.

export * from "../source/index.ts";
