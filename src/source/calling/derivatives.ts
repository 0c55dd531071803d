// The gradient and Hessian of a program: the transforms of a function that calls it.

import { hessian, valueAndGrad } from "../../api/index.ts";
import { type ArrayKind, type Convention, type LeafKind, leavesOf, type Structure } from "../../compile/index.ts";
import { apply, currentTrace, type Tensor } from "../../frontend/index.ts";
import {
  calleesFirst,
  type Func,
  fail,
  makeBlock,
  makeFunc,
  renameCallees,
  requireFunc,
  signatureOf,
} from "../../ir/index.ts";
import { cast } from "../../library/index.ts";
import { call } from "../../ops/index.ts";
import { dtypeOfArray } from "../state/abstract-value.ts";
import { spell } from "../state/bind.ts";
import type { SourceProgram } from "../state/program.ts";

/** A function of the leaves of all parameters, in order, to those of its result. */
export type LeafFunction = (...leaves: Tensor[]) => readonly Tensor[];

/** The derivatives to compute beside the value. */
export interface Derivatives {
  readonly hessian: boolean;
  /** Indices of parameters. */
  readonly wrt: readonly number[];
}

/** The parameters that derivatives are taken with respect to. */
export function parametersOf(
  { parameters, entry }: SourceProgram,
  names: readonly string[] | undefined,
): readonly number[] {
  if (names === undefined) return parameters.flatMap((p, i) => (differentiable(p.structure) === null ? [] : [i]));
  return names.map((name) => {
    const index = parameters.findIndex((p) => p.name === name);
    if (index < 0) {
      const known = parameters.flatMap((p) => (p.name === "" ? [] : [p.name])).join(", ") || "none that has a name";
      fail("argument", `${entry}: wrt names '${name}', which is no parameter`, {
        hint: `its parameters are ${known}`,
      });
    }
    const { structure } = parameters[index];
    if (differentiable(structure) === null)
      fail("no-derivative", `${entry}: '${name}' is ${spell(structure)}, which has no derivative`, {
        hint: "numbers and arrays of floats have",
      });
    return index;
  });
}

function isFloat(leaf: LeafKind): boolean {
  return leaf !== "boolean" && leaf !== "Int32Array";
}

/** The leaves of a structure that have derivatives: objects lose other keys, tuples hold nothing at other indices. */
function differentiable(structure: Structure): Structure | null {
  if (structure.kind === "leaf") return isFloat(structure.leaf) ? structure : null;
  if (structure.kind === "nothing" || !leavesOf(structure).some(isFloat)) return null;
  const items = structure.items.map(differentiable);
  if (structure.kind === "tuple") return { ...structure, items: items.map((item) => item ?? { kind: "nothing" }) };
  const kept = items.flatMap((item, i) => (item === null ? [] : [{ item, key: structure.keys[i] }]));
  return { kind: "object", keys: kept.map((k) => k.key), items: kept.map((k) => k.item) };
}

/** `[value, gradient]`, or `[value, gradient, hessian]`, by the parameters in `wrt`. No argument is written to. */
export function conventionOf(program: SourceProgram, { hessian: wantsHessian, wrt }: Derivatives): Convention {
  const structures = wrt.map((i) => differentiable(program.parameters[i].structure) as Structure);
  const items: Structure[] = [
    { kind: "leaf", leaf: "number" },
    { kind: "tuple", items: structures },
  ];
  if (wantsHessian) {
    const row = (a: Structure): Structure => ({ kind: "tuple", items: structures.map((b) => secondOf(a, b)) });
    items.push({ kind: "tuple", items: structures.map(row) });
  }
  return { parameters: program.parameters, result: { kind: "tuple", items }, written: [] };
}

/** The structure of `a` with that of `b` at each leaf. */
function secondOf(a: Structure, b: Structure): Structure {
  return mapLeaves(a, (of) => mapLeaves(b, (by) => ({ kind: "leaf", leaf: secondLeaf(of, by) })));
}

function mapLeaves(structure: Structure, leaf: (kind: LeafKind) => Structure): Structure {
  if (structure.kind === "leaf") return leaf(structure.leaf);
  if (structure.kind === "nothing") return structure;
  return { ...structure, items: structure.items.map((item) => mapLeaves(item, leaf)) };
}

/** The derivative of an array with respect to an array has a row for each element of the first. */
function secondLeaf(of: LeafKind, by: LeafKind): LeafKind {
  if (of === "number") return by;
  return by === "number" ? of : `${by as ArrayKind}[]`;
}

/** The program with its derivatives, as a function of leaves. */
export function withDerivatives(program: SourceProgram, derivatives: Derivatives): LeafFunction {
  const { entry, result } = program;
  if (result.kind !== "leaf" || result.leaf !== "number")
    fail("no-derivative", `${entry} gives ${spell(result)}, expected a number`, {
      hint: "the gradient is that of one number",
    });
  if (derivatives.wrt.length === 0)
    fail("no-derivative", `${entry} has no parameter to differentiate with respect to`, {
      hint: "numbers and arrays of floats have derivatives",
    });
  const all = leafFunctionOf(program);
  const value = Object.defineProperty((...leaves: Tensor[]) => all(...leaves)[0], "name", { value: entry });
  const groups = leavesOfEach(program, derivatives.wrt);
  const wrt = groups.flat();
  const first = valueAndGrad(value, { wrt });
  const second = derivatives.hessian ? hessian(value, { wrt }) : null;
  const kinds = leavesOf(conventionOf(program, derivatives).result);
  return (...leaves) => {
    const [y, gradient] = first(...leaves) as [Tensor, readonly Tensor[]];
    const rows = second === null ? [] : (second(...leaves) as readonly (readonly Tensor[])[]);
    return [y, ...gradient, ...byParameter(rows, wrt, groups)].map((t, k) => ofKind(t, kinds[k]));
  };
}

/** The leaves with derivatives, for each parameter of `wrt`. */
function leavesOfEach({ parameters }: SourceProgram, wrt: readonly number[]): readonly (readonly number[])[] {
  let next = 0;
  const all = parameters.map((p) => leavesOf(p.structure).map((leaf) => ({ leaf, index: next++ })));
  return wrt.map((i) => all[i].flatMap(({ leaf, index }) => (isFloat(leaf) ? [index] : [])));
}

/** The blocks of a Hessian of leaves, in the order of pairs of parameters. */
function byParameter(
  rows: readonly (readonly Tensor[])[],
  wrt: readonly number[],
  groups: readonly (readonly number[])[],
): readonly Tensor[] {
  if (rows.length === 0) return [];
  const position = new Map(wrt.map((leaf, k) => [leaf, k]));
  const at = (leaf: number): number => position.get(leaf) as number;
  return groups.flatMap((as) => groups.flatMap((bs) => as.flatMap((a) => bs.map((b) => rows[at(a)][at(b)]))));
}

/** A derivative of one dtype with respect to another may have either, and is cast to the one of its convention. */
function ofKind(tensor: Tensor, kind: LeafKind): Tensor {
  const array = kind.endsWith("[][]") || kind.endsWith("Array[]") ? kind.slice(0, -"[]".length) : kind;
  const dtype = array === "number" ? "f64" : dtypeOfArray[array as ArrayKind];
  return tensor.dtype === dtype ? tensor : cast(tensor, dtype);
}

/** The program on tensors: a call of its function, which writes to no argument. */
export function leafFunctionOf({ module, entry, result }: SourceProgram): LeafFunction {
  const whole = requireFunc(module, entry);
  const { arguments: args, operations, results } = whole.body;
  const body = makeBlock(args, operations, results.slice(0, leavesOf(result).length));
  const callees = calleesFirst(module).filter((f) => f !== whole);
  // no function that is traced has such a name
  const names = new Map(callees.map((f) => [f.name, `${f.name}.primal`]));
  const [func, ...others] = [makeFunc({ ...whole, body }), ...callees].map((f) =>
    makeFunc({ ...f, name: `${f.name}.primal`, visibility: "private", body: renameCallees(f.body, names) }),
  );
  const value: LeafFunction = (...leaves) => {
    const signature = { ...signatureOf(func), name: nameInTrace(func, others) };
    return apply(value, leaves, (...values) => call(signature, values));
  };
  return value;
}

/** The name of the function in the traced module, to which its first call adds it, behind those that it calls. */
function nameInTrace(func: Func, callees: readonly Func[]): string {
  const funcs = currentTrace()?.funcs;
  if (funcs === undefined) return func.name;
  const names = new Map<string, string>();
  let name = func.name;
  for (const f of [...callees, func]) {
    name = nameAmong(funcs, { ...f, body: renameCallees(f.body, names) });
    if (name !== f.name) names.set(f.name, name);
  }
  return name;
}

/** The name under which a function is among others, where it is added unless it is there. */
function nameAmong(funcs: Map<string, Func>, func: Func): string {
  for (let n = 0; ; n++) {
    const name = n === 0 ? func.name : `${func.name}_${n}`;
    const there = funcs.get(name);
    if (there === undefined) funcs.set(name, makeFunc({ ...func, name }));
    if (there === undefined || there.body === func.body) return name;
  }
}
