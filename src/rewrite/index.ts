// The base of all passes: passes and pipelines, rewrite rules and their driver, the log of a compilation.

export { compareModules, type ModuleChanges } from "./changes.ts";
export * from "./constants.ts";
export * from "./driver.ts";
export * from "./log.ts";
export * from "./outline.ts";
export * from "./pass.ts";
export * from "./pass-part.ts";
export { type Pattern, type PatternFunction, type PatternOperand, vocabulary } from "./pattern.ts";
export { printChanges } from "./print-changes.ts";
export { bringPrinting, printing, requirePrinting } from "./printing.ts";
export * from "./rule.ts";
