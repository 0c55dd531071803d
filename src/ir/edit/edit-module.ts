// Edits of modules as assignments to a draft, for whoever changes parts deep inside. Passes map functions and blocks instead,
// so that a program which only compiles has no Immer in it.

import { type Draft, produce } from "immer";
import type { Module } from "../module/module.ts";

/**
 * A new version of the module; the same reference if the recipe assigns nothing new. Walk originals, never drafts, and assign
 * whole blocks: that keeps an edit of 10,000 operations at one assignment.
 *
 * @example editModule(module, (draft) => void (draft.funcs[0].origin = null))
 */
export function editModule(module: Module, recipe: (draft: Draft<Module>) => void): Module {
  return produce(module, (draft) => void recipe(draft));
}
