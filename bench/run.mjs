// The benchmark. `npm run bench -- [part…]` runs parts, each in a process of its own, and says which bars are met;
// `npm run bench -- --against REV [part…]` builds an earlier commit beside this one and measures both in turn.

import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { against } from "./against.mjs";
import { commandOf, installPeers, partNames } from "./parts.mjs";

function refuse(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { against: { type: "string" } } });
  } catch (error) {
    return refuse(`${error.message}; usage: npm run bench -- [--against REV] [part…]`);
  }
}

const { values, positionals } = readArguments();
const unknown = positionals.find((name) => !partNames.includes(name));
if (unknown !== undefined) refuse(`no part '${unknown}', expected some of ${partNames.join(", ")}`);
const asked = positionals.length > 0 ? positionals : partNames;

if (values.against !== undefined) process.exit(await against(values.against, asked));

installPeers();
console.log(`node ${process.version}; ratios, the two sides in turn within one run`);
let missed = 0;
for (const name of asked) {
  const { flags, script } = commandOf(name);
  const { status } = spawnSync(process.execPath, [...flags, script], { stdio: "inherit" });
  if (status !== 0) missed++;
}
process.exit(missed > 0 ? 1 : 0);
