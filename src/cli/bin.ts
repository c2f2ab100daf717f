#!/usr/bin/env node
// The entry point of the command.

import { main } from "./main.js";

// The reader of the output may close it early, as `head` does: the exit code still reports the result.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await main(process.argv.slice(2), (text) => void process.stdout.write(text));
