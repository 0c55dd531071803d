// Resolves transforms and does nothing else, for a function that runs once.

import { programPipelines } from "../../passes/index.ts";
import type { Module } from "../ir/index.ts";
import { runProgramPasses } from "./run-passes.ts";

/** The module of a program without vjp and jvp. */
export function gradModule(module: Module): Module {
  return runProgramPasses(module, programPipelines.grad).module;
}
