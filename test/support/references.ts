// Where values from outside stand: the whole collection where it is at hand, else the extract in test/fixtures.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folders = [
  process.env.ADJOINT_CONFORMANCE ?? fileURLToPath(new URL("../../../shared/conformance", import.meta.url)),
  fileURLToPath(new URL("../fixtures", import.meta.url)),
];

/** The path of a file or folder of the collection, `undefined` where there is none. */
export function referencePath(path: string): string | undefined {
  return folders.map((folder) => `${folder}/${path}`).find((file) => existsSync(file));
}

/** The text of a file of the collection that is there. */
export function referenceText(path: string): string {
  const file = referencePath(path);
  if (file === undefined) throw new Error(`no ${path} in ${folders.join(" or ")}`);
  return readFileSync(file, "utf8");
}
