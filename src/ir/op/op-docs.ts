// What an op's documentation says.

export interface OpDocs {
  /** What each result element is, edge cases included. */
  readonly semantics: string;
  /** What must hold of operands and attributes. */
  readonly constraints: readonly string[];
  /** A complete IR document with a `// run:` line; runs as a test. */
  readonly example: string;
}
