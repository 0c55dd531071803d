// What is measured: the entry points of a build, of this checkout or of the one that BENCH_PACKAGE names.

import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const packageFolder = process.env.BENCH_PACKAGE ?? fileURLToPath(new URL("..", import.meta.url));

/** Where a file of the build lies, as an address that one can import: the examples are beside what is published. */
export const addressOf = (file) =>
  pathToFileURL(join(packageFolder, file.startsWith("examples/") ? "build" : "dist", file)).href;

/** An entry point of the build, or one of its examples. */
export const load = (file) => import(addressOf(file));

export const adjoint = await load("index.js");
