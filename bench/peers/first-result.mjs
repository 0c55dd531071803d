// Prints the milliseconds of the processor that a fresh process takes from loading the library to its first result:
// `first-result.mjs PROGRAM BACKEND`.

import { processorTime } from "../measure.mjs";
import { problemOf } from "./problems.mjs";

const [name, backend] = process.argv.slice(2);
const { inputs } = problemOf(`fresh.${name}`);
const start = processorTime();
const { compiledFor, programs } = await import("./programs.mjs");
programs[name].first(compiledFor(name, { backend }), inputs);
console.log(processorTime() - start);
