#!/usr/bin/env node
// The entry of the command.

import { main } from "./main.js";

process.exitCode = await main(process.argv.slice(2), (text) => void process.stdout.write(text));
