#!/usr/bin/env node
// The entry of the command.

import { main } from "./main.js";

// Whoever reads may have read enough, as `head` does: the exit code still says what was found.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await main(process.argv.slice(2), (text) => void process.stdout.write(text));
