import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Operation as Waiting } from "millrace";
import { localBus } from "millrace/nats";
import { type Actor, ask, type Reply } from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { beginnings, linearizable, onceEach, oneHost } from "../../../examples/cluster/checks.ts";
import type { Operation } from "../../../examples/cluster/history.ts";
import { appended, EMPTY, FencedError, type Line, logOf, roomActor, type Say } from "../../../examples/cluster/room.ts";
import { NatsServer } from "../../support/nats.ts";
import { scaled } from "../../support/stress.ts";

/** Runs the example as `npm run cluster` does. */
function runCluster(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = ["--import", "tsx", "examples/cluster/main.ts", ...args];
  return promisify(execFile)(process.execPath, command, { env: { ...process.env, ...env } }).then(
    (printed) => ({ code: 0, ...printed }),
    (error) => error,
  );
}

test("npm run cluster loses and doubles nothing while nodes and the server are killed", async () => {
  await (await NatsServer.start()).stop(); // installs it if need be
  const [faults, operations] = [scaled(3, 12), scaled(150, 10_000)];
  const { code, stdout, stderr } = await runCluster([
    ...["--faults", String(faults), "--operations", String(operations), "--pause", String(scaled(120, 20))],
  ]);
  expect({ code, stderr, stdout }).toMatchObject({ code: 0, stderr: "" });
  for (const what of ["killed the NATS server", "killed \\w+, the host of", "paused \\w+, the host of"])
    expect(stdout).toMatch(new RegExp(`^${what}.*all rooms go on`, "m"));
  expect(stdout.match(/^checked {2}/gm)).toHaveLength(4);
  expect(Number(/^(\d+) operations/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(operations);
});

test("without a server, npm run cluster says how to get one", async () => {
  const { code, stderr } = await runCluster([], { NATS_SERVER: "/nowhere/nats-server" });
  expect(code).toBe(1);
  expect(stderr).toContain("there is no nats-server at /nowhere/nats-server. On Debian and Ubuntu: apt-get install");
});

function line(id: string, token = 1, host = "anna"): Line {
  return { id, from: "ada", text: id, host, token };
}

describe("a room", () => {
  const log = appended(appended(EMPTY, line("a", 3)), line("b", 5));

  test("takes a line once", () => {
    expect(log).toEqual({ token: 5, lines: [line("a", 3), line("b", 5)] });
    expect(appended(log, line("a", 6))).toBe(log);
  });

  test.each([4, 3, 0])("refuses a host with token %i when one with 5 has appended", (token) => {
    expect(() => appended(log, line("c", token))).toThrow(FencedError);
    expect(() => appended(log, line("a", token))).toThrow(FencedError);
  });
});

test("a host that is none any more is refused, and its actor ends", async () => {
  await using bus = localBus();
  const log = logOf(bus, "lobby");
  const { signal } = new AbortController();
  const [old, now] = [roomActor(log, "anna", { token: 1, signal }), roomActor(log, "bert", { token: 2, signal })];
  const say = (to: Actor<Say>, id: string): Waiting<number> =>
    ask(to, (reply: Reply<number>) => ({ id, from: "ada", text: id, reply }));
  expect([await say(old, "a"), await say(now, "b"), await say(now, "a")]).toEqual([0, 1, 0]);
  const ended = old.exited();
  await expect(say(old, "c")).rejects.toThrow(/has token 1, another one has 2/);
  expect(await ended).toMatchObject({ kind: "failed", error: expect.any(FencedError) });
  expect((await log.get())?.lines.map(({ id }) => id)).toEqual(["a", "b"]);
  await now.stop();
});

describe("the checks find", () => {
  const lobby = (...lines: Line[]) => new Map([["lobby", lines]]);
  const stale: Operation[] = [
    { kind: "write", value: "a", begin: 1, end: 2 },
    { kind: "read", value: null, begin: 3, end: 4 },
  ];

  test.each<[what: string, wrong: string[], says: string]>([
    ["a stale read", linearizable({ histories: new Map([["door", stale]]) }), "the door is not linearizable: "],
    ["a lost line", onceEach({ acknowledged: [{ room: "lobby", id: "b" }] }, lobby(line("a"))), "b was acknowledged, "],
    ["a line that is there twice", onceEach({ acknowledged: [] }, lobby(line("a"), line("a"))), "a is in lobby twice"],
    [
      "a line that was gone",
      beginnings({ logs: [{ room: "lobby", lines: [line("b")] }] }, lobby(line("a"))),
      "b was read",
    ],
    ["a token that decreases", oneHost(lobby(line("a", 2), line("b", 1))), "token 1 comes after 2 in lobby"],
    ["two hosts at a time", oneHost(lobby(line("a"), line("b", 1, "bert"))), "anna and bert appended to lobby"],
  ])("%s", (_, wrong, says) => {
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toContain(says);
  });
});
