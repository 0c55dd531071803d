// The documentation of ops, passes and pipelines whose records have none: a build keeps the texts of the project's own in
// tables, which the command and the testing kit load and programs do not.

import type { AttributeSpecs } from "./attribute-spec.ts";
import type { OpDocs } from "./op-docs.ts";

export interface Documentation {
  readonly summary: string;
  readonly docs: OpDocs;
}

/** The documentation of the project's own ops, with what each attribute is. */
export interface OwnDocumentation extends Documentation {
  readonly attributes: Readonly<Record<string, string>>;
}

export interface PassDocumentation {
  readonly summary: string;
  readonly example?: string;
}

const table = new Map<string, OwnDocumentation>();
const ofPasses = new Map<string, PassDocumentation>();
const reasons = new Map<string, readonly string[]>();
const none: Documentation = { summary: "", docs: { semantics: "", constraints: [], example: "" } };

/** Gives the documentation of ops by their mnemonics, of passes by their names, and the reasons of the stages of pipelines. */
export function provideDocumentation(
  ops: Readonly<Record<string, OwnDocumentation>>,
  passes: Readonly<Record<string, PassDocumentation>>,
  stages: Readonly<Record<string, readonly string[]>>,
): void {
  for (const [name, entry] of Object.entries(ops)) table.set(name, entry);
  for (const [name, entry] of Object.entries(passes)) ofPasses.set(name, entry);
  for (const [name, entry] of Object.entries(stages)) reasons.set(name, entry);
}

/** Gives the attributes of an op that lost their summaries in a build those of the table; records share some specifications. */
export function withAttributeSummaries(op: { readonly name: string; readonly attributes: AttributeSpecs }): void {
  const texts = table.get(op.name)?.attributes;
  for (const [name, spec] of Object.entries(op.attributes)) {
    const summary = texts?.[name];
    if (summary !== undefined && spec.summary === undefined) Object.assign(spec, { summary });
  }
}

/** The properties of a pass without documentation of its own, which read the table. */
export function passFromTable(name: string): PropertyDescriptorMap {
  return {
    summary: { enumerable: true, get: () => ofPasses.get(name)?.summary ?? "" },
    example: { enumerable: true, get: () => ofPasses.get(name)?.example },
  };
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

/** The reason of a stage that has none of its own, by its place in a pipeline. */
export function reasonFromTable(pipeline: string, stage: number): PropertyDescriptorMap {
  return { reason: { enumerable: true, get: () => reasons.get(pipeline)?.[stage] ?? "" } };
}
