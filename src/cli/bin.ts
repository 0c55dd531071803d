#!/usr/bin/env node
// Starts the adjoint command. A reader that closes the pipe early ends it quietly.

import "../ops/documentation.ts";
import { main, processIo } from "./main.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.exitCode = await main(process.argv.slice(2), processIo);
