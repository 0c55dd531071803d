// The adjoint command: which subcommand, with which input and output. Exit 0, 1 for errors, 2 for wrong usage.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { AdjointError, didYouMean } from "../ir/index.ts";
import { bisect } from "./bisect.ts";
import { checkCommand } from "./check.ts";
import { compileCommand } from "./compile.ts";
import { draw } from "./draw.ts";
import { expr } from "./expr.ts";
import { grad } from "./grad.ts";
import { type Command, type Io, loadModule, UsageError } from "./io.ts";
import { opsCommand } from "./ops.ts";
import { opt } from "./opt.ts";
import { passesCommand } from "./passes.ts";
import { reduce } from "./reduce.ts";
import { run } from "./run.ts";

const commands: ReadonlyMap<string, Command> = new Map(
  [opt, run, grad, compileCommand, expr, draw, opsCommand, passesCommand, reduce, bisect, checkCommand].map((c) => [
    c.name,
    c,
  ]),
);

function overview(): string {
  const lines = [...commands.values()].map((c) => `  adjoint ${c.usage}\n      ${c.summary}`);
  return `usage: adjoint COMMAND …\n\n${lines.join("\n")}\n\n  adjoint COMMAND --help says more. FILE is IR, - for standard input. A file whose name ends in .ts, .mts, .cts\n  or .tsx is TypeScript, whose functions of numbers and arrays become IR.\n`;
}

/** Runs the command; gives the exit code. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  // adjoint help opt is adjoint opt --help
  const [name, ...rest] = argv[0] === "help" && argv.length > 1 ? [argv[1], "--help"] : argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    io.out(overview());
    return name === undefined ? 2 : 0;
  }
  const command = commands.get(name);
  if (command === undefined) {
    const hint = didYouMean(name, [...commands.keys(), "help"]);
    const names = [...commands.keys()].join(", ");
    io.err(`adjoint: unknown command '${name}', expected ${names}${hint === undefined ? "" : `: ${hint}`}\n`);
    return 2;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    io.out(`usage: adjoint ${command.usage}\n\n${command.help}\n`);
    return 0;
  }
  try {
    await command.run(rest, io);
    return 0;
  } catch (error) {
    return report(error, command, io);
  }
}

function report(error: unknown, command: Command, io: Io): number {
  if (error instanceof UsageError) {
    io.err(`adjoint ${command.name}: ${error.message}\nusage: adjoint ${command.usage}\n`);
    return 2;
  }
  if (!(error instanceof AdjointError)) throw error;
  io.err(`${error.message}\n`);
  if (error.frame !== undefined) io.err(`${error.frame}\n`);
  if (error.reproducer !== undefined) io.err(`\n// rerun this with: adjoint opt FILE\n${error.reproducer}`);
  return 1;
}

/** The real files and streams. */
export const processIo: Io = {
  read: (path) => readFileSync(path === "-" ? 0 : path, "utf8"),
  write: (path, text) => writeFileSync(path, text),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  load: (path) => loadModule(pathToFileURL(resolve(path)).href),
  exitCode(command, text, milliseconds) {
    const folder = mkdtempSync(join(tmpdir(), "adjoint-"));
    try {
      const path = join(folder, "reduced.ir");
      writeFileSync(path, text);
      const limits = { timeout: Math.max(1, Math.ceil(milliseconds)), killSignal: "SIGKILL" } as const;
      return spawnSync(`${command} "${path}"`, { shell: true, stdio: "ignore", ...limits }).status;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
