// What a random program is, and what it may be made of.

import {
  type Block,
  type DType,
  type Module,
  mustStay,
  type NdArray,
  type Op,
  type Operation,
  type OpTable,
  printModule,
} from "../../ir/index.ts";

import type { Pair } from "./pairs.ts";

/** The size of each dimension symbol. */
export type Dims = Readonly<Record<string, number>>;

/** What programs are made of. */
export interface ProgramOptions {
  /** The ops that stand in programs; a user's own among them. */
  readonly ops?: OpTable;
  /** The dtypes of arguments. */
  readonly dtypes?: readonly DType[];
  /** The most operations of a function, those of its regions apart; 12 where left out. */
  readonly operations?: number;
  /** Whether programs have branches, loops and functions with derivatives of their own. */
  readonly regions?: boolean;
  /** Whether programs have effects: probes and checks. */
  readonly effects?: boolean;
  /** Whether programs hold derivatives and mapped functions, which a pass has to resolve. */
  readonly transforms?: boolean;
  /** Ops that programs prefer. */
  readonly focus?: readonly Op[];
}

/** Where a program stands in a run, and what those before it showed. */
export interface Course {
  /** What comes round in the programs of a run; null where nothing does. */
  readonly turn: number | null;
  /** What follows on what in what was replaced so far. */
  readonly sought: readonly Pair[];
}

/** What a derivative is asked for; what it does not need is left out. */
export interface Directions {
  /** How each float argument moves. */
  readonly tangents?: readonly NdArray[];
  /** What each float result counts. */
  readonly cotangents?: readonly NdArray[];
  /** What each part of a gradient counts that is differentiated again. */
  readonly weights?: readonly NdArray[];
}

/** A call of a public function. */
export interface Call {
  readonly entry: string;
  readonly args: readonly NdArray[];
  /** Of a mapped function: the arguments that have a leading axis more, for each axis that is mapped, the inner one first. */
  readonly mapped?: readonly (readonly number[])[];
  /** Of a derivative: along what it is taken. */
  readonly directions?: Directions;
}

/** A module with public functions, and the size of each of their dimension symbols. */
export interface Program {
  readonly module: Module;
  readonly sizes: Dims;
  /** The only call that is compared; where left out, calls with sampled arguments are. */
  readonly call?: Call;
  /** The text of the module. */
  toString(): string;
}

export function makeProgram(module: Module, sizes: Dims, call?: Call): Program {
  return { module, sizes, call, toString: () => printModule(module) };
}

/** Whether an operation of a block may fail. */
export function mayFailIn(body: Block): boolean {
  return body.operations.some(mayFail);
}

/** Whether an operation may fail, or one in it. */
export function mayFail({ op, regions }: Operation): boolean {
  return (op.effects.fails && !mustStay(op.effects)) || regions.some(mayFailIn);
}
