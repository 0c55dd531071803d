// Ops of the loop level against generated code: they stand in no program of tensors, but their examples do something with
// memory, and take any numbers.

import { expandWindows, tile } from "../../../passes/index.ts";
import { jsBackend } from "../../backend/index.ts";
import { interpret, OutOfSteps } from "../../compile/index.ts";
import {
  type Func,
  type Module,
  messageOf,
  type NdArray,
  type Op,
  type OpTable,
  parseModule,
  type Role,
  type Signature,
  signatureOf,
  type Type,
  tensorType,
} from "../../ir/index.ts";
import { differenceOf, type Outcome, outcomeOf } from "../outcome.ts";
import { sampleArguments, showArray } from "../values.ts";

/** How many arguments each function of the example is given: ordinary and special ones in turn. */
const seeds = Array.from({ length: 24 }, (_, i) => i);
const mostSteps = 50_000;

/** What the JavaScript of an example does otherwise than its meaning; null where nothing does. */
export function loopCodeFault(op: Op, table: OpTable): string | null {
  const cx = { ops: table, fast: false };
  // contractions and windows are loops in front of every backend
  const module = expandWindows.run(tile.run(parseModule(op.docs.example, table), cx), cx);
  for (const func of module.funcs) {
    const fault = func.visibility === "public" ? faultOfFunction(module, func) : null;
    if (fault !== null) return `its code: in its example @${func.name} ${fault}`;
  }
  return null;
}

function faultOfFunction(module: Module, func: Func): string | null {
  const signature = withArrays(signatureOf(func));
  if (signature === null) return null;
  const entry = func.name;
  const sizes = Object.fromEntries(func.symbols.map((name) => [name, 3]));
  let observe: (name: string, value: NdArray) => void = () => {};
  const options = { entry, signature, observe: (name: string, value: NdArray) => observe(name, value) };
  try {
    const executable = jsBackend.compile(module, options);
    for (const seed of seeds) {
      const args = sampleArguments(signature, sizes, seed);
      const expected = ranOn(args, (own) =>
        outcomeOf((observer) => interpret(module, entry, own, { observe: observer, steps: mostSteps })),
      );
      const got = ranOn(args, (own) =>
        outcomeOf((observer) => {
          observe = observer;
          return executable.run(own);
        }),
      );
      const difference = differenceOf(expected, got);
      if (difference !== null) return `for (${args.map(showArray).join(", ")}): ${difference}`;
    }
    return null;
  } catch (error) {
    if (error instanceof OutOfSteps) return null;
    return `does not run: ${messageOf(error)}`;
  }
}

/** The signature with arrays for memory, whose contents are no results; null where it has something else. */
function withArrays(signature: Signature): Signature | null {
  const args = signature.arguments.map(arrayOf);
  if (args.some((type) => type === null)) return null;
  const roles = signature.roles.map((): Role => "in");
  return { ...signature, roles, arguments: args.flatMap((type) => (type === null ? [] : [type])) };
}

function arrayOf(type: Type): Type | null {
  if (type.kind === "memref") return tensorType(type.dtype, type.shape);
  return type.kind === "tensor" ? type : null;
}

/** What a run on copies of the arguments gives, and after it leaves in them. */
function ranOn(args: readonly NdArray[], run: (own: readonly NdArray[]) => Outcome): Outcome {
  const own = args.map((a) => ({ ...a, data: a.data.slice() }));
  const { results, seen } = run(own);
  return { results: typeof results === "string" ? results : [...results, ...own], seen };
}
