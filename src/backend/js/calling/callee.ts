// What reading arguments, checking them and giving results share.

import { type Dim, type Func, finalContents, isScalar, type Role, type Signature } from "../../../ir/index.ts";
import type { Convention, LeafKind } from "../../backend.ts";
import { spellDim } from "../writing/dims.ts";

/** Where checks go, and the lines between them. */
export interface Checks {
  /** `test` has to hold; `complaint` is the text of an expression whose value is the message. */
  require(test: string, complaint: string, error?: "TypeError" | "RangeError"): void;
  line(text: string): void;
}

/** A generated function, and how it is called. */
export interface Callee {
  /** Its name in generated code. */
  readonly inner: string;
  readonly func: Func;
  readonly signature: Signature;
  readonly convention: Convention;
  /** The arguments whose elements it checks itself, wherever it reads them. */
  readonly elementChecked: ReadonlySet<number>;
}

/** An argument as it is passed on. */
export interface Passed {
  readonly text: string;
  /** The caller's own value. */
  readonly given: string;
  readonly leaf: LeafKind;
  /** The texts of its extents, by axis. */
  readonly extents: readonly string[];
  readonly label: string;
}

export type OutputRoles = readonly (Role | null)[];

/**
 * The roles of the memory that results are written to: `inout` for an argument's, else memory behind the arguments; null for
 * those that are returned.
 */
export function outputRoles({ roles }: Func, signature: Signature): OutputRoles {
  let next = signature.arguments.length;
  const contents = finalContents(signature);
  return signature.results.map((type, k) => {
    const argument = contents[k];
    if (argument !== null && roles[argument] === "inout") return "inout";
    return isScalar(type) ? null : roles[next++];
  });
}

export function spellExtent(d: Dim): string {
  return spellDim(d, ({ key }) => `$${key}`);
}
