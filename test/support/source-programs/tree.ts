// A random program as plain data, before it has names: a reference is a number, counted among what is visible at its place,
// so that each part of a tree is a program's part anywhere, and a smaller tree is a smaller program.

export type Num =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "variable"; readonly ref: number }
  | { readonly kind: "element"; readonly array: number; readonly index: Index }
  | { readonly kind: "length"; readonly array: number }
  | { readonly kind: "binary"; readonly operator: string; readonly x: Num; readonly y: Num }
  | { readonly kind: "unary"; readonly operator: string; readonly x: Num }
  | { readonly kind: "math"; readonly name: string; readonly args: readonly Num[] }
  | { readonly kind: "choose"; readonly test: Test; readonly x: Num; readonly y: Num }
  | { readonly kind: "set"; readonly ref: number; readonly operator: string; readonly x: Num }
  | { readonly kind: "update"; readonly ref: number; readonly operator: string; readonly isPrefix: boolean }
  | {
      readonly kind: "set-element";
      readonly array: number;
      readonly index: Index;
      readonly operator: string;
      readonly x: Num;
    }
  | { readonly kind: "update-element"; readonly array: number; readonly index: Index; readonly operator: string }
  | { readonly kind: "logical"; readonly operator: string; readonly x: Num; readonly y: Num }
  | { readonly kind: "comma"; readonly x: Num; readonly y: Num }
  | { readonly kind: "number-of"; readonly test: Test }
  | { readonly kind: "call"; readonly ref: number; readonly args: readonly Num[]; readonly arrays: number };

export type Index =
  | { readonly kind: "fixed"; readonly n: number }
  | { readonly kind: "counter"; readonly ref: number }
  | { readonly kind: "wrapped"; readonly x: Num }
  | { readonly kind: "masked"; readonly x: Num }
  /** Whatever it is: often out of range. */
  | { readonly kind: "raw"; readonly x: Num };

export type Test =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "variable"; readonly ref: number }
  | { readonly kind: "counter"; readonly ref: number; readonly operator: string; readonly n: number }
  | { readonly kind: "compare"; readonly operator: string; readonly x: Num; readonly y: Num }
  | { readonly kind: "not"; readonly x: Test }
  | { readonly kind: "both"; readonly operator: string; readonly x: Test; readonly y: Test }
  | { readonly kind: "same"; readonly operator: string; readonly x: Test; readonly y: Test }
  | { readonly kind: "choose"; readonly test: Test; readonly x: Test; readonly y: Test }
  | { readonly kind: "predicate"; readonly name: string; readonly x: Num }
  | { readonly kind: "truth"; readonly x: Num }
  | { readonly kind: "set"; readonly ref: number; readonly x: Test }
  | { readonly kind: "call"; readonly ref: number; readonly args: readonly Num[]; readonly arrays: number };

export type ForHead = "up" | "down" | "twos" | "pair" | "length" | "test" | "fuel" | "effect" | "bare";
export type WhileHead = "post" | "also" | "first" | "fuel";
export type DoHead = "pre" | "also" | "effect" | "once";
export type ArrayMade = "literal" | "zeros" | "filled" | "slice" | "alias" | "like" | "typed" | "from" | "spread";
export type Result = "number" | "boolean" | "tuple" | "object" | "array" | "nothing";

/** What a return gives, in as many parts as the function's result has. */
export interface Given {
  readonly x: Num;
  readonly y: Num;
  readonly test: Test;
  readonly array: number;
}

export interface FunctionTree {
  readonly style: "declaration" | "arrow" | "block" | "expression";
  readonly name: number;
  readonly numbers: number;
  readonly arrays: number;
  readonly fallback: Num | null;
  readonly result: Result;
  readonly body: readonly Statement[];
  readonly given: Given;
}

export interface Case {
  /** Null for default. */
  readonly label: string | null;
  readonly body: readonly Statement[];
  readonly isBroken: boolean;
}

export type Statement =
  | { readonly kind: "let"; readonly name: number; readonly isConst: boolean; readonly x: Num }
  | { readonly kind: "let-boolean"; readonly name: number; readonly isConst: boolean; readonly x: Test }
  | { readonly kind: "late"; readonly name: number; readonly test: Test; readonly x: Num; readonly y: Num }
  | { readonly kind: "evaluate"; readonly x: Num }
  | { readonly kind: "set-boolean"; readonly ref: number; readonly operator: string; readonly x: Test }
  | {
      readonly kind: "if";
      readonly test: Test;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[] | null;
    }
  | {
      readonly kind: "for";
      readonly head: ForHead;
      readonly name: number;
      readonly steps: number;
      readonly isLabelled: boolean;
      readonly test: Test;
      readonly x: Num;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: "while";
      readonly head: WhileHead;
      readonly name: number;
      readonly steps: number;
      readonly isLabelled: boolean;
      readonly test: Test;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: "do";
      readonly head: DoHead;
      readonly name: number;
      readonly steps: number;
      readonly isLabelled: boolean;
      readonly test: Test;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: "for-of";
      readonly name: number;
      readonly array: number;
      readonly isConst: boolean;
      readonly isLabelled: boolean;
      readonly body: readonly Statement[];
    }
  | { readonly kind: "switch"; readonly x: Num; readonly cases: readonly Case[] }
  | { readonly kind: "block"; readonly isLabelled: boolean; readonly body: readonly Statement[] }
  | { readonly kind: "function"; readonly fn: FunctionTree }
  | {
      readonly kind: "array";
      readonly name: number;
      readonly made: ArrayMade;
      readonly type: number;
      readonly array: number;
      readonly items: readonly Num[];
    }
  | { readonly kind: "object"; readonly name: number; readonly x: Num; readonly y: Num; readonly test: Test }
  | { readonly kind: "alias-object"; readonly name: number; readonly ref: number }
  | {
      readonly kind: "take-apart";
      readonly names: readonly [number, number];
      readonly how: number;
      readonly x: Num;
      readonly y: Num;
      readonly ref: number;
      readonly arrays: number;
    }
  | { readonly kind: "swap"; readonly p: number; readonly q: number; readonly x: Num | null }
  | { readonly kind: "swap-elements"; readonly array: number; readonly i: Index; readonly j: Index }
  | { readonly kind: "do-call"; readonly ref: number; readonly args: readonly Num[]; readonly arrays: number }
  | { readonly kind: "jump"; readonly test: Test; readonly to: number; readonly x: Num | null }
  | { readonly kind: "return"; readonly test: Test | null; readonly given: Given };

export interface ProgramTree {
  readonly functions: readonly FunctionTree[];
  readonly isMainFirst: boolean;
  /** Numbers and flags alone, or arrays too. */
  readonly hasArrays: boolean;
  readonly isSmooth: boolean;
  readonly fallback: string | null;
  readonly result: Result;
  readonly body: readonly Statement[];
  readonly given: Given;
}
