// A subcommand as data, and how commander runs it: it reads the words and writes the help; what is wrong with them is said
// in our words.

import { Command as Commander, type CommanderError, type Help, Option } from "commander";
import { didYouMean } from "../ir/index.ts";
import { type Io, UsageError } from "./io.ts";
import { painterOf } from "./terminal.ts";

/** A subcommand. `V` are its options by their names in camelCase. */
export interface Command<V = Readonly<Record<string, unknown>>> {
  readonly name: string;
  /** What comes behind the name, for the first line of help. */
  readonly usage: string;
  readonly summary: string;
  /** What the summary leaves out. */
  readonly help: string;
  readonly options: readonly OptionSpec[];
  /** Lines that a user would write, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  run(args: readonly string[], values: V, io: Io): void | Promise<void>;
}

interface OptionSpec {
  /** `-o, --output <FILE>`, as commander reads it. */
  readonly flags: string;
  readonly what: string;
  readonly default?: string;
  /** May be given more than once, and is an array. */
  readonly isList?: boolean;
}

export const jsonOption: OptionSpec = { flags: "--json", what: "the same as JSON; errors, too" };

/** No argument of a process can hold it. */
const hidden = "\0";

/** A leading minus of a number is no option, and options may follow it. */
export function hideNegative(arg: string): string {
  return /^-(\d|\.\d|inf)/.test(arg) ? `${hidden}${arg}` : arg;
}

function shown<T>(value: T): T {
  if (Array.isArray(value)) return value.map(shown) as T;
  return typeof value === "string" && value.startsWith(hidden) ? (value.slice(1) as T) : value;
}

/** Adds a subcommand to the program; it runs with `io`. */
export function addCommand<V>(program: Commander, { name, usage, summary, help, ...spec }: Command<V>, io: Io): void {
  const command = program
    .command(name)
    .summary(summary)
    .description(`${summary}\n\n${help.replaceAll("\n", " ")}`)
    .usage(usage)
    .argument("[words...]")
    .addHelpText("after", () => examplesText(spec.examples, io));
  const lists: string[] = [];
  for (const option of spec.options) {
    const made = optionOf(option);
    command.addOption(made);
    if (option.isList === true) lists.push(made.attributeName());
  }
  command.action((words: readonly string[], values: Readonly<Record<string, unknown>>) => {
    const all = { ...Object.fromEntries(lists.map((key) => [key, []])), ...values };
    const given = Object.fromEntries(Object.entries(all).map(([key, value]) => [key, shown(value)]));
    return spec.run(words.map(shown), given as V, io);
  });
}

function optionOf({ flags, what, default: fallback, isList = false }: OptionSpec): Option {
  const option = new Option(flags, what);
  if (fallback !== undefined) option.default(fallback);
  if (!isList) return option;
  return option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
}

/** The program without its subcommands: how it looks, and what it throws. */
export function programOf(name: string, version: string, io: Io): Commander {
  const paint = painterOf(io.terminal?.outHasColours ?? false);
  const program = new Commander(name);
  return program
    .version(version, "-v, --version", "the version of this package")
    .helpOption("-h, --help", "how it is used")
    .helpCommand("help [command]", "how a command is used")
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: (text) => io.out(text),
      // errors are thrown, and said by who catches them
      writeErr: () => {},
      getOutHasColors: () => io.terminal?.outHasColours ?? false,
      getOutHelpWidth: () => io.terminal?.columns ?? 100,
    })
    .configureHelp({
      visibleArguments: () => [],
      subcommandTerm: (command) => command.name(),
      styleTitle: (text) => paint("bold", text),
      styleCommandText: (text) => paint("cyan", text),
      styleSubcommandTerm: (text) => paint("cyan", text),
      styleOptionTerm: (text) => paint("cyan", text),
    } satisfies Partial<Help>);
}

/** A block of examples for the end of a help page. */
export function examplesText(examples: Command["examples"], io: Io): string {
  const paint = painterOf(io.terminal?.outHasColours ?? false);
  const lines = examples.map(([line, what]) => `  ${paint("cyan", line)}\n      ${what}`);
  return `\n${paint("bold", "Examples:")}\n${lines.join("\n")}`;
}

/** What commander found wrong with the words of a command; null where it has said all there is to say, as for help. */
export function usageErrorOf(
  error: CommanderError,
  program: Commander,
  command: Commander | undefined,
): UsageError | null {
  if (error.exitCode === 0) return null;
  const quoted = /'(.*)'/s.exec(error.message)?.[1] ?? "";
  if (error.code === "commander.unknownOption") {
    const names = ["--help", "-h", ...(command ?? program).options.flatMap(({ long, short }) => [long, short])];
    const known = names.filter((n) => n != null);
    const name = shown(quoted).split("=", 1)[0];
    const hint = didYouMean(name, known) ?? `the options are ${known.join(", ")}`;
    return new UsageError(`unknown option '${name.slice(0, 40)}'`, { hint });
  }
  if (error.code === "commander.unknownCommand") {
    const names = [...program.commands.map((c) => c.name()), "help"];
    return new UsageError(`unknown command '${quoted}'`, {
      hint: didYouMean(quoted, names) ?? `the commands are ${names.join(", ")}`,
    });
  }
  return new UsageError(error.message.replace(/^error: /, ""));
}
