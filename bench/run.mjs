// The benchmark. `npm run bench -- [part…]` runs parts, each in a process of its own, and says which bars are met;
// `npm run bench -- --against REV [part…]` builds an earlier commit beside this one and measures both in turn. `--node PATH` runs
// parts in another engine; `--write`, `--processor` and `--only` are for the part `peers`.

import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { against } from "./against.mjs";
import { commandOf, installPeers, partNames } from "./parts.mjs";

function refuse(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}

const [text, flag] = [{ type: "string" }, { type: "boolean" }];

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { against: text, node: text, only: text, processor: flag, write: flag },
    });
  } catch (error) {
    return refuse(`${error.message}; usage: npm run bench -- [--against REV] [--node PATH] [part…]`);
  }
}

const { values, positionals } = readArguments();
const unknown = positionals.find((name) => !partNames.includes(name));
if (unknown !== undefined) refuse(`no part '${unknown}', expected some of ${partNames.join(", ")}`);
const asked = positionals.length > 0 ? positionals : partNames;

if (values.against !== undefined) process.exit(await against(values.against, asked));

installPeers();
const engine = values.node ?? process.execPath;
const forPeers = [
  ...(values.only === undefined ? [] : ["--only", values.only]),
  ...["processor", "write"].filter((name) => values[name]).map((name) => `--${name}`),
];
console.log(`node ${values.node ?? process.version}; ratios, the two sides in turn within one run`);
let missed = 0;
for (const name of asked) {
  const { flags, script } = commandOf(name);
  const given = name === "peers" ? forPeers : [];
  const { status } = spawnSync(engine, [...flags, script, ...given], { stdio: "inherit" });
  if (status !== 0) missed++;
}
process.exit(missed > 0 ? 1 : 0);
