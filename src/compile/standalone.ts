// A compiled function as a standalone module, by what the program has brought to write one.

import type { Convention, ModuleOptions, StandaloneModule } from "../backend/index.ts";
import { fail } from "../ir/index.ts";
import { here } from "../parts/index.ts";
import type { Compiled } from "./compile-module.ts";

/** @throws AdjointError `option` where nothing in the program writes modules. `where` is what users called. */
export function standaloneOf(
  { lower }: Compiled,
  convention: Convention,
  options: ModuleOptions,
  where: string,
): StandaloneModule {
  const write =
    here.standaloneOf ??
    fail("option", `${where}: what writes modules is not in this program`, {
      hint: 'write toModule(f), imported from "adjoint/mini"',
    });
  return write(lower, here, convention, options, where);
}
