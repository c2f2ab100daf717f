// D6: however the other side ends, what waits for it here ends too, at once and with the reason. A table of deaths, by what waits, in
// this version of Node and in the newest one.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { pathOf } from "../../support/engines.js";
import { PATIENCE } from "../../support/patience.js";
import type { Death, Outcome } from "./deaths.js";
import { fileOf, type Kind } from "./start.js";

// Kind, how it dies, whether this side kills it, and the cause.
const deaths: readonly [Kind, string, boolean, RegExp][] = [
  ["thread", "wait", true, /^thread \d+ has exited with code 1$/],
  ["thread", "exit", false, /^thread \d+ has exited with code 7$/],
  ["thread", "throw later", false, /^thrown outside of main$/],
  ["thread", "memory", false, /memory/],
  ["thread", "spin", true, /^thread \d+ has exited with code 1$/],
  ["process", "exit", false, /^process \d+ has exited with code 7$/],
  ["process", "throw later", false, /^thrown outside of main$/],
  ["process", "memory", false, /^process \d+ has exited by SIGABRT$/],
  ["process", "spin", true, /^process \d+ has exited by SIGKILL$/],
  ["process", "die", false, /^process \d+ has exited by SIGKILL$/],
];
const table = deaths.map(([kind, deed, killed]): Death => ({ kind, deed, killed }));

/** What waits for the worker when it dies, or begins to wait after that. */
const waits = ["receive", "send", "ask", "select", "a receive after it", "a question after it"];

describe.each(["this version of Node", "Node 26"])("in %s", (engine) => {
  let outcomes: readonly Outcome[];

  beforeAll(async () => {
    const args = [fileOf("crashes.ts"), fileOf("crash.ts"), JSON.stringify(table)];
    const { stdout } = await promisify(execFile)(await pathOf(engine), args, { timeout: PATIENCE });
    outcomes = JSON.parse(stdout) as Outcome[];
  });

  test.each(deaths)("a %s that ends by %s ends all that waits for it, with the cause", (kind, deed, killed, cause) => {
    const { waited, exit } = outcomes[table.findIndex((death) => death.kind === kind && death.deed === deed)]!;
    expect(Object.keys(waited)).toEqual(waits);
    for (const [what, end] of Object.entries(waited)) {
      expect([what, end]).toEqual([what, expect.stringMatching(/^lost: /)]);
      expect(end.slice("lost: ".length)).toMatch(cause);
    }
    if (killed) expect(exit).toBe("killed");
    else expect(exit.replace(/^failed, lost: /, "")).toMatch(cause);
  });
});
