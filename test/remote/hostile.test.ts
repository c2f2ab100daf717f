// A peer that breaks the protocol loses its connection, and nothing else happens: rules X1 to X8 of the statements about channels
// across runtimes.

import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { CLOSED, go, type Operation, sleep } from "../../src/index.js";
import { type Connection, type ConnectOptions, connect, PeerLostError } from "../../src/remote.js";
import { socketPair, type TestSocket } from "./sockets.js";

const HELLO = [0, "millrace", 1, ""];
const connections: Connection[] = [];

/** A connection whose peer is written by hand. */
function attacked(options: ConnectOptions = {}): { connection: Connection; peer: TestSocket } {
  const [here, peer] = socketPair();
  const connection = connect(here, options);
  connections.push(connection);
  return { connection, peer };
}

afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});

/** What the connection ends with when the peer sends these frames. */
async function fate(frames: readonly unknown[], options: ConnectOptions = {}): Promise<string> {
  const { connection, peer } = attacked(options);
  const numbers = connection.channel<number>("numbers", { window: 4 });
  connection.serve("double", (n: number) => n * 2);
  peer.send(JSON.stringify(frames));
  const exit = await connection.whenClosed();
  expect(numbers.closed).toBe(true);
  if (exit.kind !== "failed") return exit.kind;
  expect(exit.error).toBeInstanceOf(PeerLostError);
  return (exit.error as Error).message;
}

const open = [1, 1, "numbers", 4, 0];

describe("a peer is refused that sends (X2, X5, RM-9)", () => {
  test.each([
    ["a frame before its greeting", [[8]]],
    ["a greeting of another protocol", [[0, "other", 1, ""]]],
    ["a greeting of version 2", [[0, "millrace", 2, ""]]],
    ["a frame that is no list", [HELLO, { 0: 8 }]],
    ["a frame of an unknown kind", [HELLO, [99]]],
    ["a frame of an unknown kind", [HELLO, HELLO]],
    ["a frame of an unknown kind", [HELLO, ["constructor"]]],
    ["a number that is no whole number", [HELLO, [2, "1", []]]],
    ["a number that is no whole number", [HELLO, [2, 1.5, []]]],
    ["a number that is no whole number", [HELLO, [2, -1, []]]],
    ["a frame for a channel that was never opened", [HELLO, [2, 7, []]]],
    ["a frame for a channel that it has not opened", [HELLO, [2, 1, [1]]]],
    ["values that is no list", [HELLO, open, [2, 1, { length: 1 }]]],
    ["more values for numbers than it had credit for", [HELLO, open, [2, 1, [1, 2, 3, 4, 5]]]],
    ["more values for numbers than it had credit for", [HELLO, open, [2, 1, [1, 2, 3]], [2, 1, [1, 2]]]],
    ["credit that is no whole number", [HELLO, open, [4, 1, 0]]],
    ["credit that is no whole number", [HELLO, open, [4, 1, 2 ** 31]]],
    ["more credit than a number holds", [HELLO, open, [4, 1, 2 ** 31 - 1]]],
    ["a channel with the number of an earlier one", [HELLO, open, [1, 1, "other", 4, 0]]],
    ["a channel by the name", [HELLO, open, [1, 2, "numbers", 4, 0]]],
    ["a name that is no text", [HELLO, [1, 1, 5, 4, 0]]],
    ["a name that is no text of at most 256", [HELLO, [1, 1, "x".repeat(257), 4, 0]]],
    ["a window that is no whole number", [HELLO, [1, 1, "x", "4", 0]]],
    ["an error that is none", [HELLO, open, [5, 1, { message: "no" }]]],
    ["an error without a name", [HELLO, open, [5, 1, [1, 2, "x", null, null, null, null, null]]]],
    ["a list of errors", [HELLO, open, [5, 1, [1, "E", "x", null, null, null, "list", null]]]],
    ["an answer to no question", [HELLO, [12, 1, 5]]],
    ["a question with the number of an earlier one", [HELLO, [11, 2, "double", 1], [11, 1, "double", 1]]],
    ["the end of no question", [HELLO, [14, 1]]],
    ["an offer with the number of an earlier one", [HELLO, open, [15, 1, 1, 0], [15, 1, 1, 0]]],
    ["more offers than may be open", [HELLO, open, ...[1, 2, 3, 4, 5].map((n) => [15, 1, n, 1, n])]],
    ["that it takes what was not offered", [HELLO, open, [16, 1, 1]]],
    ["that it withdraws what was not offered", [HELLO, open, [17, 1, 1]]],
    ["a value that was not asked for", [HELLO, open, [18, 1, 1, 5]]],
    ["an end of no channel", [HELLO, [19, 1, 9, 4]]],
    ["references that is no list", [HELLO, open, [3, 1, {}, "x"]]],
    ["a reference that is no list", [HELLO, open, [3, 1, {}, [1]]]],
    ["a reference of an unknown kind", [HELLO, open, [3, 1, {}, [[7, 0, 1, 0]]]]],
    ["a reference to an unknown thing", [HELLO, open, [3, 1, {}, [[0, 5, 1, 0]]]]],
    ["a reference to no port", [HELLO, open, [3, 1, {}, [[0, 0, {}, 0]]]]],
    ["a reference to nothing", [HELLO, open, [3, 1, { a: { "millrace:end": 3 } }, []]]],
  ])("%s: %j", async (what, frames) => {
    expect(await fate(frames)).toContain(`The peer broke the protocol: it sent ${what}`);
  });

  test.each([
    ["a message that is no JSON", "[[0"],
    ["a message of more than 1000 characters", `["${"x".repeat(1000)}"]`],
    ["a message that is more than 12 levels deep", "[".repeat(500) + "]".repeat(500)],
    ["a message that is more than 12 levels deep", `{"a":${'{"b":'.repeat(100)}1${"}".repeat(101)}`],
    ["an object with the key __proto__", '[[0,"millrace",1,""],[11,1,"double",{"__proto__":{"polluted":1}}]]'],
    ["an object with the key __proto__", '[[0,"millrace",1,""],[11,1,"double",{"\\u005f_proto__":{"polluted":1}}]]'],
    ["a message that is no list of at most 5", JSON.stringify([HELLO, ...Array.from({ length: 5 }, () => [8])])],
  ])("%s: %s", async (what, text) => {
    const { connection, peer } = attacked({ limits: { message: 1000, depth: 8, items: 5 } });
    peer.send(text);
    const exit = await connection.whenClosed();
    expect(String((exit as { error: unknown }).error)).toContain(what);
    expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
  });

  test("brackets in a text are no depth", async () => {
    const { connection, peer } = attacked({ limits: { depth: 8 } });
    const words = connection.channel<string>("words");
    peer.send(JSON.stringify([HELLO, [1, 1, "words", 4, 0], [2, 1, ['[[[[[[[[[[[[[[[[[[[["\\']]]));
    expect(await words.receive()).toBe('[[[[[[[[[[[[[[[[[[[["\\');
  });

  test("more channels, questions and ends than the limits allow (X5)", async () => {
    const limits = { channels: 3, asks: 3 };
    const many = Array.from({ length: 4 }, (_, n) => [1, n + 1, `n${n}`, 1, 0]);
    expect(await fate([HELLO, ...many], { limits })).toContain("more channels than may be open");
    const { connection, peer } = attacked({ limits });
    connection.serve("slow", () => sleep(100_000));
    peer.send(JSON.stringify([HELLO, ...[1, 2, 3, 4].map((n) => [11, n, "slow", n])]));
    expect(String(((await connection.whenClosed()) as { error: unknown }).error)).toContain(
      "more questions than may wait",
    );
    const ends = [1, 2, 3, 4].map((n) => [1, 0, n + 1, 0, 4, 0]);
    expect(await fate([HELLO, open, [3, 1, [], ends]], { limits })).toContain("more channels than may be open");
  });
});

test("a peer that says nothing is given up after the handshake (X5)", async () => {
  const { connection } = attacked({ limits: { handshake: 10 } });
  expect(String(((await connection.whenClosed()) as { error: unknown }).error)).toContain("no greeting within 10 ms");
});

test("a peer that says nothing any more is given up after three missed signs of life", async () => {
  const { connection, peer } = attacked({ limits: { heartbeat: 5 } });
  const waiting = go(() => connection.channel("numbers").receive());
  peer.send(JSON.stringify([HELLO]));
  await expect(waiting).rejects.toThrow("no sign of life for 15 ms");
});

test("X3: a value that does not fit the schema closes its channel on both sides, and no other (RM-9)", async () => {
  const [one, other] = socketPair();
  const here = connect(one);
  const there = connect(other);
  connections.push(here, there);
  const schema = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: (value: unknown) =>
        typeof value === "number" ? { value: value + 1 } : { issues: [{ message: "no number" }] },
    },
  };
  const into = here.channel<number>("numbers", { schema });
  const out = there.channel<unknown>("numbers");
  const fine = there.channel<number>("fine");
  await out.send(1);
  expect(await into.receive()).toBe(2);
  await out.send("two");
  await expect(into.receive()).rejects.toThrow("the value does not fit the schema: no number");
  await out.whenClosed();
  expect(await out.send(3)).toBe(false);
  const rest = here.channel<number>("fine");
  await fine.send(4);
  expect(await rest.receive()).toBe(4);
});

test("X8: an error carries its stack only between parts that trust each other", async () => {
  const [one, other] = socketPair();
  const [here, there] = [connect(one), connect(other)];
  const { port1, port2 } = new MessageChannel();
  const [near, far] = [connect(port1), connect(port2)];
  connections.push(here, there, near, far);
  const marked = Object.assign(new Error("broken"), { stack: "the stack of the other side" });
  for (const [asker, server, trusted] of [
    [here, there, false],
    [near, far, typeof process === "object"],
  ] as const) {
    server.serve("fail", () => {
      throw marked;
    });
    const error = (await asker.ask("fail", 0).then(undefined, (thrown: unknown) => thrown)) as Error;
    expect(error.message).toBe("broken");
    expect(error.stack === marked.stack).toBe(trusted);
  }
});

/** Sound frames, of which mutants are made. */
const sound: readonly unknown[][] = [
  HELLO,
  open,
  [1, 2, "meet", 4, 1],
  [2, 1, [1, 2]],
  [3, 2, { reply: { "millrace:end": 0 } }, [[1, 0, 3, 0, 4, 0]]],
  [4, 1, 2],
  [5, 1, [1, "Error", "broken", null, null, [0, 5], null, null]],
  [6, 1],
  [7, 2, null],
  [8],
  [9],
  [11, 1, "double", 4],
  [12, 1, 5],
  [13, 1, [1, "TypeError", "no", "E", { a: 1 }, null, null, null]],
  [14, 1],
  [15, 2, 1, 1, "offered"],
  [15, 2, 2, 0],
  [16, 2, 1],
  [17, 2, 1],
  [18, 2, 1, "given"],
  [19, 4, 1, 4],
];

const junk = fc.oneof(
  fc.constantFrom<unknown>(
    -1,
    0,
    1,
    2,
    3,
    4,
    1.5,
    1e9,
    2 ** 31,
    2 ** 53,
    Number.MAX_VALUE,
    "",
    "numbers",
    "__proto__",
    null,
    true,
  ),
  fc.constantFrom<unknown>(
    [],
    {},
    [[]],
    { length: 5 },
    { then: 1 },
    { toJSON: 1 },
    { constructor: { prototype: 1 } },
    { "millrace:end": 0 },
  ),
  fc.string(),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
);

const mutant = fc.constantFrom(...sound).chain((frame) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(frame) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.nat(frame.length), junk)
        .map(([at, value]) => frame.map((field, place) => (place === at ? value : field))),
    },
    { weight: 1, arbitrary: fc.nat(frame.length).map((length) => frame.slice(0, length)) },
    { weight: 1, arbitrary: junk.map((value) => [...frame, value]) },
    { weight: 1, arbitrary: junk },
  ),
);

test("X2: of 100 000 mutated frames none escapes, none harms another connection, and memory stays bounded (RM-9)", async () => {
  const escaped: unknown[] = [];
  const note = (error: unknown): void => void escaped.push(error);
  if (typeof process === "object") process.on("uncaughtException", note);
  const [one, other] = socketPair();
  const bystander = [connect(one), connect(other)] as const;
  connections.push(...bystander);
  const calm = bystander[1].channel<number>("calm");
  const calmOut = bystander[0].channel<number>("calm");
  let frames = 0;
  let violations = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(mutant, { minLength: 15, maxLength: 60 }), async (mutants) => {
      frames += mutants.length;
      const { connection, peer } = attacked();
      const numbers = connection.channel<number>("numbers", { window: 4 });
      const meet = connection.channel<unknown>("meet", { capacity: 0 });
      connection.serve("double", (n: number) => n * 2);
      const quietly = (operation: Operation<unknown>): Promise<void> =>
        operation.then(
          () => {},
          () => {},
        );
      const settling = [
        quietly(connection.ask("double", 1)),
        quietly(meet.send("offer")),
        quietly(meet.receive()),
        quietly(numbers.send(1)),
      ];
      peer.send(JSON.stringify([HELLO]));
      // Each frame in a message of its own, so that what comes before a violation counts.
      for (const frame of mutants) peer.send(JSON.stringify([frame]));
      peer.send("end");
      const exit = await connection.whenClosed();
      if (exit.kind === "failed" && String(exit.error).includes("broke the protocol")) violations++;
      await Promise.all(settling);
      let stored = 0;
      while (numbers.tryReceive !== undefined && stored <= 5) {
        const value = await numbers.receive().then(undefined, () => CLOSED);
        if (value === CLOSED) break;
        stored++;
      }
      expect(stored).toBeLessThanOrEqual(4 + 1);
      expect(String(connection)).toContain(" 0 channels");
      connections.splice(connections.indexOf(connection), 1);
    }),
    { numRuns: 3800 },
  );
  await calmOut.send(7);
  expect(await calm.receive()).toBe(7);
  if (typeof process === "object") process.off("uncaughtException", note);
  expect(escaped).toEqual([]);
  expect(frames).toBeGreaterThan(90_000);
  expect(violations).toBeGreaterThan(1000);
  expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
});
