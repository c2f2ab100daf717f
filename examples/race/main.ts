// npm start -- "a question": two races in the terminal. races.ts shows them, and race.ts the idea.

import { run } from "millrace";
import { coloursFor } from "./display/colours.ts";
import { races } from "./races.ts";
import { startServices } from "./services/start.ts";

const input = process.argv.length > 2 ? process.argv.slice(2).join(" ") : "abort signal";
// A reader such as `head` may close the pipe early. That is no error.
process.stdout.on("error", () => process.exit());

process.exitCode = await run(races, input, {
  colours: coloursFor(process.stdout),
  deadline: Number(process.env.RACE_DEADLINE ?? 1000),
  start: startServices,
  print: (line) => void process.stdout.write(`${line}\n`),
  printError: (line) => void process.stderr.write(`${line}\n`),
});
