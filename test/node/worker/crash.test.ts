// D6: however the other side ends, what waits for it here ends too, at once and with the reason. A table of deaths and of what waits.

import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import { channel, select, settled, withTimeout } from "../../../src/index.js";
import { PeerLostError } from "../../../src/remote.js";
import type { Worker } from "../../../src/worker.js";
import { type Kind, start } from "./start.js";

// Kind, how it dies, how this side makes it die, and the cause.
const deaths: readonly [Kind, string, ((one: Worker) => void) | null, RegExp][] = [
  ["thread", "terminate", (one) => one.kill(), /^thread \d+ has exited with code 1$/],
  ["thread", "exit", null, /^thread \d+ has exited with code 7$/],
  ["thread", "throw later", null, /^thrown outside of main$/],
  ["thread", "memory", null, /memory/],
  ["thread", "spin", (one) => one.kill(), /^thread \d+ has exited with code 1$/],
  ["process", "exit", null, /^process \d+ has exited with code 7$/],
  ["process", "throw later", null, /^thrown outside of main$/],
  ["process", "memory", null, /^process \d+ has exited by SIGABRT$/],
  ["process", "spin", (one) => one.kill(), /^process \d+ has exited by SIGKILL$/],
  ["process", "die", null, /^process \d+ has exited by SIGKILL$/],
];

/** What waits for the worker. Each is given up by an error, or yields the error that it got. */
const waits: Record<string, (one: Worker) => PromiseLike<unknown>> = {
  receive: (one) => one.connection.channel("silent").receive(),
  send: async (one) => {
    // The worker never receives, so that a window is filled and the next send parks.
    const silent = one.connection.channel<number>("silent");
    for (let n = 0; await silent.send(n); n++);
    return "refused";
  },
  ask: (one) => one.connection.ask("never", undefined),
  select: (one) => select({ silent: one.connection.channel("silent"), local: channel<number>() }),
};

/** How long it may take; a loaded machine, a process that dumps its memory. */
const WITHIN = 10_000 + 20_000 / availableParallelism();

const limits = { resourceLimits: { maxOldGenerationSizeMb: 24 } };
const hosts = { thread: limits, process: { execArgv: ["--max-old-space-size=24"], silent: true } };

describe.each(deaths)("a %s that ends by %s", (kind, deed, act, cause) => {
  test("ends a receive, a send, a question and a select at once, with the cause", async () => {
    const one = start(kind, "crash.ts", {}, hosts[kind]);
    const exit = one.exited().then();
    const log = one.connection.channel<string>("log");
    expect(await log.receive()).toBe("begun");
    const outcomes = Object.entries(waits).map(async ([what, wait]) => {
      const error = await wait(one).then(
        (value) => value,
        (thrown: unknown) => thrown,
      );
      return [what, error] as const;
    });
    if (deed !== "terminate") await one.connection.channel<string>("deed").send(deed);
    if (act !== null) setTimeout(() => act(one), 30);
    for (const [what, error] of await withTimeout(WITHIN, settled(Promise.all(outcomes)))) {
      expect([what, error]).toEqual([what, expect.any(PeerLostError)]);
      expect((error as { cause: Error }).cause.message).toMatch(cause);
    }
    // What had arrived comes first; then the error, each time.
    await expect(one.connection.channel("silent").receive()).rejects.toThrow(PeerLostError);
    await expect(one.connection.ask("late", 1)).rejects.toThrow(PeerLostError);
    expect(await exit).toMatchObject(
      act === null
        ? { kind: "failed", error: { cause: { message: expect.stringMatching(cause) } } }
        : { kind: "killed" },
    );
  });
});
