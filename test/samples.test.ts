// The samples in ir-samples/: documents that are tests. `ADJOINT_BLESS=1` rewrites the outputs of passes.

import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { bringVectors, gradPipeline, refineTo, standardPasses, vectorPipeline } from "../passes/index.ts";
import { interpret } from "../src/backend/index.ts";
import { wasmBackend } from "../src/backend/wasm/index.ts";
import { compileModule, runPasses } from "../src/compile/index.ts";
import {
  type Func,
  findFunc,
  isomorphic,
  type Module,
  type NdArray,
  parseTypeText,
  printModule,
  tensorType,
  verify,
} from "../src/ir/index.ts";
import { parse, standardOps } from "../src/ops/index.ts";
import type { Pass } from "../src/rewrite/index.ts";
import { Binder } from "../src/runtime/index.ts";
import { sameArrays, showArray } from "../src/testing/index.ts";
import { arrayOf, isNear } from "./support/arrays.ts";
import {
  blessSample,
  inPlace,
  parseSample,
  type RunDirective,
  type SampleCase,
  splitList,
} from "./support/directives.ts";
import { errorOf } from "./support/errors.ts";
import { readPages, readSamples, rewriteBlocks } from "./support/samples.ts";

const wasmLoops = { ...wasmBackend, name: "wasm loops", level: "loop" as const, target: undefined };
const wasmVectors = { ...wasmBackend, pipeline: vectorPipeline };

bringVectors();

const samples = readSamples();
const blessing = process.env.ADJOINT_BLESS === "1";
const context = { ops: standardOps, fast: false };

/** A pass by name, with limits of small programs as `outline-parts small`, or `refine-shapes @f(f32[2])`. */
function passNamed(text: string): Pass {
  const refinement = /^refine-shapes @(\S+)\((.*)\)$/.exec(text);
  if (refinement !== null) return refineTo(refinement[1], splitList(refinement[2]).map(parseTypeText));
  const [name, small] = text.split(" ");
  const known = standardPasses.get(name);
  const pass = small === "small" ? known?.small : known;
  if (pass === undefined) throw new Error(`no pass is called ${text}`);
  return pass;
}

function runNamed(module: Module, names: readonly string[]): Module {
  let current = module;
  for (const name of names) {
    current = passNamed(name).run(current, context);
    verify(current);
  }
  return current;
}

/** Text and module are two forms of one thing, with and without origins. */
function roundTrips(module: Module): void {
  const text = printModule(module);
  const again = parse(text);
  expect(isomorphic(module, again)).toBeNull();
  expect(printModule(again)).toBe(text);
  const located = printModule(module, { origins: true });
  expect(isomorphic(module, parse(located), { origins: true })).toBeNull();
}

// ---- run directives -------------------------------------------------------------------------------------------------

type Runner = (name: string, args: readonly NdArray[]) => readonly NdArray[];

/** A way to run a module, and what it is called in a failing test. */
type Way = readonly [name: string, run: Runner];

/** The ways to run the functions of a module, each made once for all calls of a function. */
class Ways {
  readonly #module: Module;
  /** The module without transforms, as it is and after the passes of the sample. */
  readonly #interpreted: readonly (readonly [string, Module])[];
  readonly #known = new Map<string, readonly Way[]>();

  constructor({ passes }: SampleCase, module: Module) {
    this.#module = module;
    const atTensors = passes.filter((names) => names.every((name) => standardPasses.get(name)?.lowers !== "loop"));
    const resolved = (m: Module): Module => runPasses(m, gradPipeline).module;
    this.#interpreted = [
      ["the interpreter", resolved(module)],
      ...atTensors.map(
        (names) => [`the interpreter after ${names.join(", ")}`, resolved(runNamed(module, names))] as const,
      ),
    ];
  }

  /** Every way to run a function with arguments of these ranks. */
  of(entry: string, args: readonly NdArray[]): readonly Way[] {
    const module = ranked(this.#module, entry, args);
    const key = module === this.#module ? entry : `${entry} ${args.map((a) => `${a.dtype}[${a.shape.join()}]`).join()}`;
    let ways = this.#known.get(key);
    if (ways === undefined)
      this.#known.set(key, (ways = [...this.#interpretedWays(entry), ...compiledWays(module, entry)]));
    return ways;
  }

  #interpretedWays(entry: string): readonly Way[] {
    const holding = this.#interpreted.filter(([, module]) => findFunc(module, entry) !== undefined);
    return holding.map(([way, module]) => [way, (name, args) => interpret(module, name, args)]);
  }
}

function compiledWays(module: Module, entry: string): readonly Way[] {
  return (["interpret", "js", wasmLoops, wasmVectors] as const).map((backend) => {
    const { executable, signature } = compileModule(module, { entry, backend, check: "verify" });
    const binder = new Binder(signature);
    const run: Runner = (_, inputs) => {
      binder.check(inputs);
      return executable.run(inputs);
    };
    return [`compiled for ${typeof backend === "string" ? backend : backend.name}`, run];
  });
}

/** The module for the ranks of these arguments, where the entry leaves them open. */
function ranked(module: Module, entry: string, args: readonly NdArray[]): Module {
  if (findFunc(module, entry)?.body.arguments.every((v) => v.type.kind !== "unranked") === true) return module;
  const types = args.map((a) => tensorType(a.dtype, a.shape));
  return refineTo(entry, types).run(module, context);
}

function checkRun(ways: Ways, module: Module, run: RunDirective): void {
  const func = findFunc(module, run.func) as Func;
  expect(func, `@${run.func}`).toBeDefined();
  expect(run.args.length, "number of arguments").toBe(func.body.arguments.length);
  // memory may be written to, so each way has arguments of its own
  const args = (): readonly NdArray[] => run.args.map((x, i) => arrayOf(x, func.body.arguments[i].type));
  let first: readonly NdArray[] | null = null;
  for (const [way, runner] of ways.of(run.func, args())) {
    if (run.relation === "fails") {
      expect(errorOf(() => runner(run.func, args())).message, way).toContain(run.message);
      continue;
    }
    const got = runner(run.func, args());
    const expected = run.expected.map((x, i) => arrayOf(x, func.body.results[i].type));
    const fits = run.relation === "==" ? sameArrays(got, expected) : got.every((x, i) => isNear(x, expected[i]));
    expect(fits, `${way} gives ${show(got)}, expected ${show(expected)}`).toBe(true);
    first ??= got;
    expect(sameArrays(got, first), `${way} gives ${show(got)}, the interpreter ${show(first)}`).toBe(true);
  }
}

function show(arrays: readonly NdArray[]): string {
  return arrays.map(showArray).join("; ");
}

// ---- the samples ----------------------------------------------------------------------------------------------------

function checkError(at: SampleCase, file: string): void {
  const { line, text } = at.error ?? { line: 0, text: "" };
  const error = errorOf(() => parse(inPlace(at), { file }));
  expect(error.message).toContain(text);
  expect(error.origin?.line, error.message).toBe(line);
  expect(error.origin?.file).toBe(file);
  expect(error.message).not.toContain("\n");
  expect(error.frame?.split("\n")[1]).toMatch(/^ *\^$/);
}

function checkCase(at: SampleCase, file: string): void {
  const module = parse(inPlace(at), { file });
  roundTrips(module);
  expect([...at.after.keys()]).toEqual(at.passes.map((names) => names.join(", ")));
  for (const names of at.passes) {
    const output = runNamed(module, names);
    expect(printModule(output)).toBe(at.after.get(names.join(", ")));
    roundTrips(output);
  }
  if (at.runs.length === 0) return;
  const ways = new Ways(at, module);
  for (const run of at.runs) checkRun(ways, module, run);
}

if (blessing) {
  const output = (at: SampleCase, passes: readonly string[]) => printModule(runNamed(parse(at.text), passes));
  const rewrite = (path: string, text: string, blessed: string): void => {
    if (blessed !== text) writeFileSync(path, blessed);
  };
  for (const { path, text } of samples) rewrite(path, text, blessSample(text, output));
  for (const { path, text } of readPages()) {
    rewrite(
      path,
      text,
      rewriteBlocks(text, (sample) => blessSample(sample, output)),
    );
  }
}

describe.each((blessing ? readSamples() : samples).map((s) => [s.name, s] as const))("%s", (_, { name, text }) => {
  it("says in its first line what it shows", () => {
    expect(text).toMatch(/^\/\/ \S/);
  });
  it.each(parseSample(text).map((at) => [at.line, at] as const))("line %d", (_line, at) => {
    if (at.error === null) checkCase(at, `ir-samples/${name}`);
    else checkError(at, `ir-samples/${name}`);
  });
});

describe.each(
  readPages().flatMap(({ path, blocks }) => blocks.map((text, i) => [basename(path), i + 1, text] as const)),
)("docs/%s, block %d", (page, _, text) => {
  it.each(parseSample(text).map((at) => [at.line, at] as const))("line %d", (_line, at) => checkCase(at, page));
});

describe("the example of every record", () => {
  it.each([...standardOps.values()].map((op) => [op.name, op.docs.example] as const))("%s", (name, example) => {
    const cases = parseSample(example);
    expect(cases.flatMap((at) => at.runs).length).toBeGreaterThan(0);
    for (const at of cases) checkCase(at, `${name}.ir`);
  });
});

describe("the samples", () => {
  const names = new Set(samples.map((s) => s.name));

  it("show every op", () => {
    expect([...standardOps.keys()].filter((op) => !names.has(`ops/${op}.ir`))).toEqual([]);
  });

  it("show every pass", () => {
    expect([...standardPasses.keys()].filter((pass) => !names.has(`passes/${pass}.ir`))).toEqual([]);
  });
});
