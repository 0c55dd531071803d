// The documentation of ops whose records have none: a build keeps the texts of the project's own ops in a table, which the
// command and the testing kit load and programs do not.

import type { OpDocs } from "./op-docs.ts";

export interface Documentation {
  readonly summary: string;
  readonly docs: OpDocs;
}

const table = new Map<string, Documentation>();
const none: Documentation = { summary: "", docs: { semantics: "", constraints: [], example: "" } };

/** Gives the documentation of ops by their mnemonics. */
export function provideDocumentation(entries: Readonly<Record<string, Documentation>>): void {
  for (const [name, entry] of Object.entries(entries)) table.set(name, entry);
}

/** The properties of a record without documentation of its own, which read the table. */
const fromTable: PropertyDescriptorMap & ThisType<{ readonly name: string }> = {
  summary: {
    enumerable: true,
    get() {
      return (table.get(this.name) ?? none).summary;
    },
  },
  docs: {
    enumerable: true,
    get() {
      return (table.get(this.name) ?? none).docs;
    },
  },
};

/** The record with its documentation: what is given, or what the table will have. */
export function withDocumentation<R extends object>(record: R, { summary, docs }: Documentation): R & Documentation {
  if (docs?.semantics === undefined) return Object.defineProperties(record, fromTable) as R & Documentation;
  return Object.assign(record, { summary, docs });
}
