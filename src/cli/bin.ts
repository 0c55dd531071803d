#!/usr/bin/env node
// Starts the adjoint command. A reader that closes the pipe early ends it quietly.

import "../ops/documentation.ts";
import { main, processIo } from "./main.ts";
import { Progress, wantsColours } from "./terminal.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const { stdout, stderr, env, argv } = process;
const progress = new Progress(stderr, () => performance.now());
/** Writes in place of what was said of progress. */
const over = (write: (text: string) => void) => (text: string) => {
  progress.clear();
  write(text);
};
process.exitCode = await main(argv.slice(2), {
  ...processIo,
  out: over(processIo.out),
  err: over(processIo.err),
  terminal: {
    outHasColours: wantsColours(stdout, env),
    errHasColours: wantsColours(stderr, env),
    columns: stdout.columns ?? 100,
    progress: (doing) => progress.show(doing),
  },
});
progress.clear();
