// The subset as a tree of plain data, between the parser and the readings. `at` is an offset into the text.

export type UnaryOperator = "-" | "+" | "!" | "~";
export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "**"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "&"
  | "|"
  | "^"
  | "<<"
  | ">>"
  | ">>>";
export type LogicalOperator = "&&" | "||";

export type Expression =
  | { readonly kind: "number"; readonly at: number; readonly value: number }
  | { readonly kind: "boolean"; readonly at: number; readonly value: boolean }
  | Name
  | { readonly kind: "unary"; readonly at: number; readonly operator: UnaryOperator; readonly operand: Expression }
  | {
      readonly kind: "binary";
      /** The place of the operator. */
      readonly at: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "logical";
      readonly at: number;
      readonly operator: LogicalOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "conditional";
      readonly at: number;
      readonly test: Expression;
      readonly whenTrue: Expression;
      readonly whenFalse: Expression;
    }
  | {
      readonly kind: "assign";
      readonly at: number;
      /** Null for a plain assignment. */
      readonly operator: BinaryOperator | LogicalOperator | null;
      readonly target: Pattern;
      readonly value: Expression;
    }
  | {
      readonly kind: "update";
      readonly at: number;
      readonly operator: "+" | "-";
      readonly isPrefix: boolean;
      readonly target: Target;
    }
  | { readonly kind: "sequence"; readonly at: number; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "call";
      readonly at: number;
      readonly callee: Expression;
      readonly args: readonly Argument[];
    }
  | { readonly kind: "new"; readonly at: number; readonly name: string; readonly args: readonly Argument[] }
  | Member
  | Index
  | { readonly kind: "array"; readonly at: number; readonly items: readonly Argument[] }
  | {
      readonly kind: "object";
      readonly at: number;
      readonly entries: readonly { readonly at: number; readonly key: string; readonly value: Expression }[];
    }
  | {
      readonly kind: "function";
      readonly at: number;
      readonly fn: FunctionNode;
      /** The own name of a function expression, bound in its body only. */
      readonly ownName: string | null;
    };

export type Of<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

export interface Name {
  readonly kind: "name";
  readonly at: number;
  readonly name: string;
}
export interface Member {
  readonly kind: "member";
  readonly at: number;
  readonly object: Expression;
  readonly name: string;
}
export interface Index {
  readonly kind: "index";
  readonly at: number;
  readonly object: Expression;
  readonly index: Expression;
}
/** A target of an assignment: an lvalue without patterns. */
export type Target = Name | Member | Index;

export interface Argument {
  readonly isSpread: boolean;
  readonly value: Expression;
}

/** A target of a declaration, a parameter or an assignment. */
export type Pattern =
  | Target
  | { readonly kind: "array-pattern"; readonly at: number; readonly items: readonly (Element | null)[] }
  | {
      readonly kind: "object-pattern";
      readonly at: number;
      readonly entries: readonly (Element & { readonly key: string })[];
    };

export interface Element {
  readonly pattern: Pattern;
  /** The default, where the value is undefined. */
  readonly fallback: Expression | null;
}

export type Statement =
  | { readonly kind: "declare"; readonly at: number; readonly isConst: boolean; readonly items: readonly Declared[] }
  | { readonly kind: "expression"; readonly at: number; readonly value: Expression }
  | { readonly kind: "block"; readonly at: number; readonly body: readonly Statement[] }
  | {
      readonly kind: "if";
      readonly at: number;
      readonly test: Expression;
      readonly whenTrue: Statement;
      readonly whenFalse: Statement | null;
    }
  | {
      readonly kind: "for";
      readonly at: number;
      readonly init: Statement | null;
      readonly test: Expression | null;
      readonly update: Expression | null;
      readonly body: Statement;
    }
  | {
      readonly kind: "for-of";
      readonly at: number;
      readonly isConst: boolean;
      /** Whether the pattern declares variables for each iteration; otherwise it assigns. */
      readonly declares: boolean;
      readonly pattern: Pattern;
      readonly iterable: Expression;
      readonly body: Statement;
    }
  | { readonly kind: "while"; readonly at: number; readonly test: Expression; readonly body: Statement }
  | { readonly kind: "do"; readonly at: number; readonly test: Expression; readonly body: Statement }
  | { readonly kind: "break" | "continue"; readonly at: number; readonly label: string | null }
  | { readonly kind: "return"; readonly at: number; readonly value: Expression | null }
  | { readonly kind: "labelled"; readonly at: number; readonly label: string; readonly body: Statement }
  | {
      readonly kind: "switch";
      readonly at: number;
      readonly value: Expression;
      readonly cases: readonly SwitchCase[];
    }
  | { readonly kind: "define"; readonly at: number; readonly fn: FunctionNode };

export type StatementOf<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;

export interface SwitchCase {
  readonly at: number;
  /** Null for `default`. */
  readonly test: Expression | null;
  readonly body: readonly Statement[];
}

export interface Declared {
  readonly at: number;
  readonly pattern: Pattern;
  readonly type: TypeNode | null;
  readonly init: Expression | null;
}

export interface FunctionNode {
  readonly at: number;
  readonly name: string;
  readonly parameters: readonly ParameterNode[];
  readonly body: readonly Statement[];
  /** The offset from which on a constant of the file that holds the function has its value; null for a declaration. */
  readonly definedAt: number | null;
}

export interface ParameterNode extends Element {
  readonly at: number;
  readonly type: TypeNode | null;
}

/** A type as it is written. */
export type TypeNode =
  | { readonly kind: "name"; readonly at: number; readonly name: string }
  | { readonly kind: "array-of"; readonly at: number; readonly element: TypeNode }
  | { readonly kind: "tuple"; readonly at: number; readonly items: readonly TypeNode[] }
  | {
      readonly kind: "object";
      readonly at: number;
      readonly keys: readonly string[];
      readonly items: readonly TypeNode[];
    }
  /** An intersection: an object with the fields of all. */
  | { readonly kind: "all-of"; readonly at: number; readonly parts: readonly TypeNode[] }
  /** A type that no parameter of a compiled function can have. */
  | { readonly kind: "other"; readonly at: number; readonly text: string };

/** A file: its functions, its constants and its types by name. */
export interface FileTree {
  readonly functions: ReadonlyMap<string, () => FunctionNode>;
  /** Names of functions in order, the exported ones marked. */
  readonly order: readonly { readonly name: string; readonly isExported: boolean }[];
  /** Each constant, by every name of its pattern. */
  readonly constants: ReadonlyMap<string, () => Declared>;
  readonly types: ReadonlyMap<string, TypeNode>;
}
