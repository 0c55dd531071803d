// The adjoint command: which subcommand, with which input and output. Exit 0, 1 for errors, 2 for wrong usage.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Command as Commander, CommanderError } from "commander";
import { bringVectors } from "../../passes/index.ts";
import { AdjointError } from "../ir/index.ts";
import { bringAll, bringCodeTexts, bringWasm } from "../parts/index.ts";
import { bisect } from "./bisect.ts";
import { checkCommand } from "./check.ts";
import { addCommand, examplesText, hideNegative, programOf, usageErrorOf } from "./command.ts";
import { compileCommand } from "./compile.ts";
import { draw } from "./draw.ts";
import { expr } from "./expr.ts";
import { grad } from "./grad.ts";
import { type Io, loadModule, UsageError } from "./io.ts";
import { jsonText } from "./json.ts";
import { opsCommand } from "./ops.ts";
import { opt } from "./opt.ts";
import { passesCommand } from "./passes.ts";
import { reduce } from "./reduce.ts";
import { run } from "./run.ts";
import { painterOf } from "./terminal.ts";

function programFor(io: Io): Commander {
  // anything may be given, and IR as text may hold vectors
  bringAll();
  bringVectors();
  bringWasm();
  bringCodeTexts();
  const program = programOf("adjoint", versionOf(), io)
    .description(
      "A graph compiler for numeric code. FILE is IR, - for standard input; a file whose name ends in .ts, .mts, .cts or .tsx is TypeScript, whose functions of numbers and arrays become IR.",
    )
    .usage("COMMAND …")
    .addHelpText("after", () => examplesText(examples, io));
  addCommand(program, opt, io);
  addCommand(program, run, io);
  addCommand(program, grad, io);
  addCommand(program, compileCommand, io);
  addCommand(program, expr, io);
  addCommand(program, draw, io);
  addCommand(program, opsCommand, io);
  addCommand(program, passesCommand, io);
  addCommand(program, reduce, io);
  addCommand(program, bisect, io);
  addCommand(program, checkCommand, io);
  return program;
}

const examples: readonly (readonly [string, string])[] = [
  ['adjoint expr "sin(x*y)" --at x=1,y=2 --gradient', "an expression at a glance"],
  ["adjoint opt model.ir --diff", "what the passes do to a file of IR"],
  ["adjoint compile loss.ts --gradient -o loss.js", "a function of TypeScript and its gradient as a module"],
];

/** The version in the package's own description, which stands above this file in sources and in what is published. */
function versionOf(): string {
  const paths = ["../package.json", "../../package.json"].map((p) => fileURLToPath(new URL(p, import.meta.url)));
  const path = paths.find((p) => existsSync(p));
  const { version = "unknown" } =
    path === undefined ? {} : (JSON.parse(readFileSync(path, "utf8")) as { version?: string });
  return version;
}

/** Runs the command; gives the exit code. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const program = programFor(io);
  if (argv.length === 0) {
    program.outputHelp();
    return 2;
  }
  const command = program.commands.find((c) => c.name() === argv[0]);
  try {
    await program.parseAsync(argv.map(hideNegative), { from: "user" });
    return 0;
  } catch (error) {
    const given = error instanceof CommanderError ? usageErrorOf(error, program, command) : error;
    return given === null ? 0 : report(given, command?.name(), argv.includes("--json"), io);
  }
}

/** Says what is wrong, for people or as JSON. */
function report(error: unknown, command: string | undefined, asJson: boolean, io: Io): number {
  const isUsage = error instanceof UsageError;
  if (!isUsage && !(error instanceof AdjointError)) throw error;
  if (asJson) io.err(jsonText({ error: isUsage ? usageFacts(error) : factsOf(error) }));
  else if (isUsage) reportUsage(error, command, io);
  else reportError(error, io);
  return isUsage ? 2 : 1;
}

function reportUsage({ message, more }: UsageError, command: string | undefined, io: Io): void {
  const paint = painterOf(io.terminal?.errHasColours ?? false);
  const name = command === undefined ? "adjoint" : `adjoint ${command}`;
  io.err(`${paint("bold", `${name}:`)} ${paint("red", message)}\n`);
  if (more !== null) io.err(`${more === "" ? `${name} --help says how it is used` : more}\n`);
}

function reportError({ message, reason, frame, reproducer }: AdjointError, io: Io): void {
  const paint = painterOf(io.terminal?.errHasColours ?? false);
  const place = message.slice(0, message.length - reason.length);
  io.err(`${place === "" ? "" : paint("bold", place)}${paint("red", reason)}\n`);
  if (frame !== undefined) {
    const [line, caret] = frame.split("\n");
    io.err(`${line}\n${paint("red", caret)}\n`);
  }
  if (reproducer !== undefined) io.err(`\n// rerun this with: adjoint opt FILE\n${reproducer}`);
}

function usageFacts({ message, more }: UsageError): object {
  return { code: "usage", message: more === null || more === "" ? message : `${message}: ${more}` };
}

function factsOf({ code, message, origin, frame, reproducer }: AdjointError): object {
  const place = origin === null ? {} : { file: origin.file, line: origin.line, column: origin.column };
  return { code, message, ...place, frame, reproducer };
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
