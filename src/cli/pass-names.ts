// The passes that an argument, or the line of a file, names.

import { standardPasses, tensorPipeline } from "../../passes/index.ts";
import { didYouMean } from "../ir/index.ts";
import { applyRules, definePass, type Pass, Pipeline, type Rule } from "../rewrite/index.ts";
import { type Io, loadExports, UsageError } from "./io.ts";

/** Passes and pipelines by name. */
type Known = ReadonlyMap<string, Pass | Pipeline>;

/** The passes of the file's own `// pass:` line. */
export function passLine(text: string): string | undefined {
  return /^\/\/ pass: *(.*)$/m.exec(text)?.[1];
}

/** The passes of a list of names, in order; the default pipeline where there is no list. */
export function pipelineOf(names: string | undefined, known: Known = standardPasses): Pipeline {
  if (names === undefined) return tensorPipeline;
  const list = names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return new Pipeline(
    list.flatMap((name) => {
      const found = known.get(name) ?? passOf(name, known);
      return found instanceof Pipeline ? found.stages : [{ pass: found, reason: "asked for" }];
    }),
  );
}

export function passOf(name: string, known: Known = standardPasses): Pass {
  const pass = known.get(name);
  if (pass !== undefined && !(pass instanceof Pipeline)) return pass;
  const names = [...known.keys()];
  const hint = didYouMean(name, names) ?? `the passes are ${names.join(", ")}`;
  throw new UsageError(`unknown pass '${name}'`, { hint });
}

/** The pipeline, which tells a terminal which of its passes runs. */
export function reporting(pipeline: Pipeline, doing: string, { terminal }: Io): Pipeline {
  if (terminal === undefined) return pipeline;
  const told = new Map<Pass, Pass>();
  const toldOf = (pass: Pass): Pass => {
    const run: Pass["run"] = (module, cx) => {
      terminal.progress(`${doing} ${pass.name}`);
      return pass.run(module, cx);
    };
    const made = told.get(pass) ?? { ...pass, run };
    told.set(pass, made);
    return made;
  };
  return new Pipeline(pipeline.stages.map((stage) => ({ ...stage, pass: toldOf(stage.pass) })));
}

/** The standard passes, and those that a file of JavaScript exports: passes by their names, rules and pipelines by the export's. */
export async function knownPasses(path: string | undefined, io: Io, names: string | undefined): Promise<Known> {
  const known = new Map<string, Pass | Pipeline>(standardPasses);
  if (path === undefined) return known;
  if (names === undefined) throw new UsageError("--from says what --passes can name", { hint: "give --passes, too" });
  for (const [name, thing] of await loadExports(path, io)) {
    if (thing instanceof Pipeline) known.set(name, thing);
    else if (isPass(thing)) known.set(thing.name, thing);
    else if (isRule(thing)) known.set(name, passOfRule(name, thing));
  }
  return known;
}

function isPass(x: unknown): x is Pass {
  return typeof x === "object" && x !== null && "run" in x && typeof x.run === "function" && "name" in x;
}

function isRule(x: unknown): x is Rule {
  return typeof x === "object" && x !== null && "rewrite" in x && typeof x.rewrite === "function";
}

function passOfRule(name: string, rule: Rule): Pass {
  const kebab = name
    .replace(/[A-Z_]+/g, (c) => `-${c.toLowerCase()}`)
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return definePass({
    name: kebab === "" ? "rule" : kebab,
    summary: `Applies the rule '${rule.name}'.`,
    run: (module, cx) => applyRules(module, [rule], cx),
  });
}
