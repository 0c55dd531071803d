// The binding of a compiled function for one form of call: arguments that fit go straight into memory, results out of it.
//
// It is made of closures, so that it is there where a policy forbids generated JavaScript. Whatever does not fit goes on to
// `otherwise`, and in the end to code that says what is wrong.

import { asSymbol, evaluateDim, fail, ndscalar, rankedOf, type Signature } from "../../ir/index.ts";
import type { Binding, CallForm, Holders, NativeCall, ValueTree } from "../backend.ts";
import { closeTree, leafReader, openTree, type Reading } from "./arguments.ts";
import type { ArrayCall, Result } from "./calling.ts";

/** The most leaves that a binding takes apart. */
const most = 200;

/** The binding for calls of this form; null where there is none. */
export function bind(run: ArrayCall, signature: Signature, form: CallForm, holders: Holders): Binding | null {
  const read = readerOf(signature, form, holders);
  if (read === null) return null;
  const { mayServe, failed, hold } = holders;
  const { results: tree, isPlain } = form;
  const dtypes = signature.results.map((type) => rankedOf(type).dtype);
  const held = (result: Result, k: number): unknown => {
    if (typeof result !== "number") return hold(result);
    if (!isPlain) return hold(ndscalar(dtypes[k], result));
    return dtypes[k] === "bool" ? result !== 0 : result;
  };
  const binding: { call: NativeCall; otherwise: NativeCall } = {
    otherwise: () => fail("argument", "no binding"),
    call(...args) {
      let reading: Reading | null;
      try {
        reading = read(args);
      } catch {
        // a getter of the user's that throws
        reading = null;
      }
      if (reading === null || (mayServe !== null && !mayServe())) return binding.otherwise(...args);
      let results: readonly Result[];
      try {
        results = run(reading.sizes, reading.given);
      } catch (error) {
        throw failed(error);
      }
      if (tree.kind === "leaf") return held(results[0], 0);
      let next = 0;
      return closeTree(tree, () => held(results[next], next++));
    },
  };
  return binding;
}

/** Reads the arguments of a call; null where they do not fit. */
function readerOf(
  { arguments: types, results, symbols, constraints }: Signature,
  { arguments: tree, leaves: kinds, captured, fixed, isOrdered, isInto }: CallForm,
  { arrayOf }: Holders,
): ((args: readonly unknown[]) => Reading | null) | null {
  if (isInto || kinds.length > most || holdsUndefined(tree) || tree.kind !== "array") return null;
  if ([...types, ...results].some((type) => type.kind !== "tensor")) return null;
  const all = [...kinds, ...captured.map(() => "held" as const)];
  if (all.length !== types.length) return null;
  const readers = all.map((kind, i) => leafReader(kind, types[i], symbols, arrayOf));
  const bound = new Set(types.flatMap((type) => rankedOf(type).shape.map(asSymbol)));
  if (!readers.every((reader) => reader !== null) || !symbols.every((name) => bound.has(name))) return null;
  const isFlat = tree.items.every((item) => item.kind === "leaf");
  return (args) => {
    let leaves = args;
    if (!isFlat || args.length !== tree.items.length) {
      const opened: unknown[] = [];
      if (!openTree(args, tree, isOrdered, opened)) return null;
      leaves = opened;
    }
    const reading: Reading = { sizes: symbols.map(() => -1), given: [] };
    for (let i = 0; i < readers.length; i++) {
      if (!readers[i](i < leaves.length ? leaves[i] : captured[i - leaves.length], reading)) return null;
    }
    const { sizes } = reading;
    const sizeOfSymbol = (name: string): number => sizes[symbols.indexOf(name)];
    for (const { left, relation, right } of constraints) {
      const [a, b] = [evaluateDim(left, sizeOfSymbol), evaluateDim(right, sizeOfSymbol)];
      if (relation === "==" ? a !== b : a < b) return null;
    }
    for (const { argument, axis, size } of fixed) {
      const d = rankedOf(types[argument]).shape[axis];
      if ((typeof d === "number" ? d : evaluateDim(d, sizeOfSymbol)) !== size) return null;
    }
    return reading;
  };
}

/** An argument that is left out and one that is passed as undefined are not told apart here. */
function holdsUndefined(tree: ValueTree): boolean {
  if (tree.kind === "static") return tree.value === undefined;
  return tree.kind !== "leaf" && tree.items.some(holdsUndefined);
}
