// The long run of the testing kit over everything of the project: passes, pipelines, backends, ops and rules in turn, with
// another seed each time round, until the time is up.

import { parseArgs } from "node:util";
import * as passes from "../dist/passes.js";
import * as testing from "../dist/testing.js";

const usage = `npm run fuzz -- [--seconds 600] [--seed N] [--runs 1000] [--only TEXT]
  --seconds  how long it goes on; what is being checked then is finished
  --seed     what determines all programs; a random one where left out, which is printed
  --runs     the programs of each check; a tenth of them for each rule and op
  --only     those checks only whose names contain the text: "pass cse", "rule x * 1", "op dot", "backend wasm"`;

const number = /^\d+$/;
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "600" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 20)) },
    runs: { type: "string", default: "1000" },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});
if (values.help || ![values.seconds, values.seed, values.runs].every((text) => number.test(text))) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
const [seconds, first, runs] = [values.seconds, values.seed, values.runs].map(Number);

const scan = passes.standardOps.get("scan");
/** What random programs have to be full of, or a pass finds little to do. */
const programsFor = { "batch-scans": { focus: [scan] } };

/** Those of the tensor level that compute something themselves. */
const ops = [...passes.standardOps.values()].filter((op) => op.level !== "loop" && !op.traits.transform);

const { tensorPipeline, loopPipeline, vectorPipeline, gradPipeline } = passes;
const pipelines = { tensor: tensorPipeline, loop: loopPipeline, grad: gradPipeline };

const checks = [
  ...[...passes.standardPasses.values()].map((pass) => ({
    name: `pass ${pass.name}`,
    run: (options) => testing.checkPass(pass, { ...options, programs: programsFor[pass.name] }),
  })),
  ...Object.entries({
    ...pipelines,
    whole: tensorPipeline.concat(loopPipeline),
    vectors: tensorPipeline.concat(vectorPipeline),
  }).map(([name, pipeline]) => ({
    name: `pipeline ${name}`,
    run: (options) => testing.checkPipeline(pipeline, options),
  })),
  ...[testing.jsBackend, testing.wasmBackend, testing.interpretBackend].map((backend) => ({
    name: `backend ${backend.name}`,
    run: (options) => testing.checkBackend(backend, options),
  })),
  { name: "derivatives", run: (options) => testing.checkDerivative(tensorPipeline, options) },
  { name: "batches", run: (options) => testing.checkBatching(tensorPipeline, options) },
  ...ops.map((op) => ({ name: `op ${op.name}`, isSmall: true, run: (options) => testing.checkOp(op, options) })),
  ...passes.canonicalizeRules.map((rule) => ({
    name: `rule ${rule.name}${rule.class === "fast" ? " (fast)" : ""}`,
    isSmall: true,
    run: (options) => testing.checkRule(rule, options),
  })),
].filter(({ name }) => name.includes(values.only));
if (checks.length === 0) {
  console.error(`fuzz: no check is named like '${values.only}'`);
  process.exit(2);
}

const start = performance.now();
const left = () => 1000 * seconds - (performance.now() - start);
const counts = new Map(checks.map(({ name }) => [name, { programs: 0, changed: 0 }]));
let faults = 0;

console.log(`fuzz: ${checks.length} checks for ${seconds} s, seed ${first}`);
let seed = first;
while (left() > 0) {
  for (const check of checks) {
    if (left() <= 0) break;
    const done = attempt(check);
    if (done !== null && check.isSmall !== true)
      console.log(`${check.name.padEnd(36)} seed ${seed}: ${done.programs} programs, ${done.changed} changed`);
  }
  seed++;
  summary();
}
const idle = [...counts].filter(([, { programs, changed }]) => programs > 0 && changed === 0);
if (idle.length > 0) console.log(`never did anything: ${idle.map(([name]) => name).join("; ")}`);
console.log(faults === 0 ? "fuzz: nothing is wrong" : `fuzz: ${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;

/** What one check tried; a fault is printed, and the others go on. */
function attempt({ name, isSmall, run }) {
  try {
    const count = isSmall ? Math.ceil(runs / 10) : runs;
    const report = run({ runs: count, seed, vacuous: "allow", timeBudget: Math.max(1, left()) });
    const total = counts.get(name);
    total.programs += report.programs;
    total.changed += report.changed;
    return report;
  } catch (error) {
    faults++;
    console.log(`FAULT in ${name} (seed ${seed}): ${error.code === undefined ? error.stack : error.message}`);
    return null;
  }
}

function summary() {
  const all = [...counts.values()];
  const total = (key) => all.reduce((sum, count) => sum + count[key], 0);
  const took = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`after ${took} s: ${total("programs")} programs, ${total("changed")} changed, ${faults} faults`);
}
