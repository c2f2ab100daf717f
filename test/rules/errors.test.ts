// Every message says what was asked, what was wrong, and where it can what would be right.

import {
  type AsyncRoutine,
  aborted,
  alt,
  always,
  CLOSED,
  channel,
  dropping,
  fixed,
  go,
  guard,
  merge,
  promiseChannel,
  type Routine,
  race,
  receiveAny,
  run,
  scope,
  select,
  settled,
  sleep,
  sliding,
  ticker,
  timeout,
  unbounded,
  withTimeout,
} from "millrace";
import { map } from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

const bad = (value: unknown): never => value as never;

const sized = "size must be a whole number, 1 or more";
const ms = "ms must be a number of milliseconds";
const whole = "capacity must be a whole number, 0 or more";
const body = "must be a function or an operation";

const misuses: [what: string, () => unknown, ErrorConstructor, message: string][] = [
  ["channel(-1)", () => channel(-1), RangeError, `Cannot create channel: ${whole}, got -1`],
  ["channel(1.5)", () => channel(1.5), RangeError, `Cannot create channel: ${whole}, got 1.5`],
  ["channel(NaN)", () => channel(Number.NaN), RangeError, `Cannot create channel: ${whole}, got NaN`],
  ["channel(Infinity)", () => channel(Infinity), RangeError, `Cannot create channel: ${whole}, got Infinity`],
  [
    'channel("8")',
    () => channel(bad("8")),
    TypeError,
    'Cannot create channel: capacity must be a number or a buffer, got "8"',
  ],
  [
    "channel(null)",
    () => channel(bad(null)),
    TypeError,
    "Cannot create channel: capacity must be a number or a buffer, got null",
  ],
  [
    "a transform without a buffer",
    () => channel(0, { transform: map((n: number) => n) }),
    TypeError,
    "Cannot create channel: a transform needs a buffer for its results, got capacity 0",
  ],
  [
    "a transform that is none",
    () => channel(1, { transform: bad("map") }),
    TypeError,
    'Cannot create channel: transform must be a transducer, got "map"',
  ],
  [
    "maxPending: NaN",
    () => channel(0, { maxPending: Number.NaN }),
    RangeError,
    "Cannot create channel: maxPending must be 0 or more, got NaN",
  ],
  [
    "onUndelivered that is no function",
    () => channel(0, { onUndelivered: bad(1) }),
    TypeError,
    "Cannot create channel: onUndelivered must be a function, got 1",
  ],
  ["fixed(0)", () => fixed(0), RangeError, `Cannot create fixed buffer: ${sized}, got 0`],
  ["dropping(-3)", () => dropping(-3), RangeError, `Cannot create dropping buffer: ${sized}, got -3`],
  ["sliding(2.5)", () => sliding(2.5), RangeError, `Cannot create sliding buffer: ${sized}, got 2.5`],
  ['sliding("2")', () => sliding(bad("2")), RangeError, `Cannot create sliding buffer: ${sized}, got "2"`],
  [
    "a high water of 0",
    () => unbounded({ highWater: 0 }),
    RangeError,
    `Cannot create unbounded buffer: highWater must be a whole number, 1 or more, got 0`,
  ],
  [
    "send(CLOSED)",
    () => channel<unknown>(0, { name: "jobs" }).send(CLOSED),
    TypeError,
    "Cannot send to jobs: a value must not be CLOSED, which receivers get at the end; call close()",
  ],
  [
    "trySend(CLOSED)",
    () => channel<unknown>(0, { name: "jobs" }).trySend(CLOSED),
    TypeError,
    "Cannot send to jobs: a value must not be CLOSED, which receivers get at the end; call close()",
  ],
  ["promiseChannel: send(CLOSED)", () => promiseChannel<unknown>().send(CLOSED), TypeError, "CLOSED"],
  ["sleep(NaN)", () => sleep(Number.NaN), RangeError, `Cannot sleep: ${ms}, got NaN`],
  ['sleep("5")', () => sleep(bad("5")), RangeError, `Cannot sleep: ${ms}, got "5"`],
  ["timeout(NaN)", () => timeout(Number.NaN), RangeError, `Cannot set timeout: ${ms}, got NaN`],
  ["withTimeout(NaN)", () => withTimeout(Number.NaN, always(1)), RangeError, "got NaN"],
  [
    "withTimeout without an operation",
    () => withTimeout(1, bad("job")),
    TypeError,
    'work must be an operation, a receive channel or a function, got "job"',
  ],
  ["ticker(0)", () => ticker(0), RangeError, "Cannot start ticker: ms must be above 0, got 0"],
  ["ticker(NaN)", () => ticker(Number.NaN), RangeError, `Cannot start ticker: ${ms}, got NaN`],
  [
    "ticker with an unknown policy",
    () => ticker(1, { missed: bad("burst") }),
    TypeError,
    'Cannot start ticker: missed must be "skip" or "delay", got "burst"',
  ],
  [
    "scope with a deadline of NaN",
    () =>
      scope(
        bad(() => {}),
        { deadline: Number.NaN },
      ),
    RangeError,
    "Cannot open scope: deadline must be a number of milliseconds, got NaN",
  ],
  ["scope without a body", () => scope(bad(undefined)), TypeError, body],
  [
    "select(undefined)",
    () => select(bad(undefined)),
    TypeError,
    "Cannot select: cases must be an object of named cases, got undefined",
  ],
  [
    "a case that is no operation",
    () => select({ fine: always(1), odd: bad(5) }),
    TypeError,
    'Cannot select: case "odd" must be an operation or a receive channel, got 5',
  ],
  [
    "a case that is a promise",
    () => select({ answer: bad(Promise.resolve(1)) }),
    TypeError,
    'Cannot select: case "answer" must be an operation or a receive channel, got a promise (settled(promise) makes an operation of it)',
  ],
  [
    "a positional case that is none",
    () => alt(always(1), bad(null)),
    TypeError,
    "Cannot select: case 2 must be an operation or a receive channel, got null",
  ],
  [
    "an unknown mode",
    () => select({ a: always(1) }, { mode: bad("fastest") }),
    TypeError,
    'Cannot select: mode must be "random", "priority" or "fair", got "fastest"',
  ],
  [
    "receiveAny of what is no channel",
    () => receiveAny({ a: bad(1) }),
    TypeError,
    'Cannot receive: "a" must be a receive channel, got 1',
  ],
  [
    "settled(5)",
    () => settled(bad(5)),
    TypeError,
    "Cannot wait for promise: settled() takes a promise or a function, got 5; write always(value) for a value",
  ],
  [
    "aborted(5)",
    () => aborted(bad(5)),
    TypeError,
    "Cannot wait for abort signal: aborted() takes an AbortSignal, got 5",
  ],
  [
    "withTimeout() of an operation, and then milliseconds",
    () => withTimeout(bad(always(1)), bad(100)),
    TypeError,
    "Cannot set timeout: ms comes first, got an operation; write withTimeout(100, operation)",
  ],
  [
    "withTimeout() of a promise",
    () => withTimeout(5, bad(Promise.resolve(1))),
    TypeError,
    "Cannot set timeout: work must be an operation, a receive channel or a function, got a promise (settled(promise) makes an operation of it)",
  ],
  [
    "select() of a map",
    () => select(bad(new Map())),
    TypeError,
    "Cannot select: cases must be an object of named cases, got an object (Map)",
  ],
  [
    "a function that maps values in place of a transducer",
    () => channel(1, { transform: bad((n: number) => n * 2) }),
    TypeError,
    "Cannot create channel: transform must be a transducer, got a function that returned NaN; write map(function)",
  ],
  [
    "race() of operations",
    () => race(bad([always(1), always(2)])),
    TypeError,
    "Cannot race: sources must be receive channels, got an operation; write alt(a, b) for operations",
  ],
  [
    "merge() of one channel",
    () => merge(bad(channel())),
    TypeError,
    "Cannot merge: sources must be a list or a record of receive channels, got a channel",
  ],
  [
    "scope() with a signal that is none",
    () =>
      scope(
        bad(() => {}),
        { signal: bad({}) },
      ),
    TypeError,
    "Cannot open scope: signal must be an AbortSignal, got an object (Object)",
  ],
  ["go(5)", () => go(bad(5)), TypeError, `Cannot start go block: its body ${body}, got 5`],
  [
    "go() of a generator instead of its function",
    () => go(bad((function* () {})())),
    TypeError,
    `Cannot start go block: its body ${body}, got a generator (pass its function, as in go(worker, 3))`,
  ],
];

test.each(misuses)("%s throws an error that says what would be right", (_what, misuse, kind, message) => {
  let error: unknown;
  try {
    misuse();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(kind);
  expect((error as Error).message).toContain(message);
});

test("run() rejects if it is given neither a function nor an operation", async () => {
  await expect(run(bad(5))).rejects.toThrow(`Cannot start go block: its body ${body}`);
});

describe("a plain yield of an operation", () => {
  const advice = "an operation is performed with yield*, not yield";

  test("a plain yield of an operation in a function* throws at that yield (GO-7)", async () => {
    using _ = virtualTime();
    const numbers = channel<number>(1);
    const task = go(function* body(): Routine<string> {
      try {
        yield numbers.send(1) as never;
      } catch (error) {
        return String(error);
      }
      return "went on";
    });
    expect(await task).toMatch(
      /^TypeError: Cannot park .*body#\d+: an operation is performed with yield\*, not yield, got an operation$/,
    );
    expect(numbers.length).toBe(0);
  });

  // `yield` in an async generator awaits its operand before anybody can see it, and so performs the operation.
  test("a plain yield of an operation in an async function* throws at that yield (GO-7)", async () => {
    using _ = virtualTime();
    const task = go(async function* body(): AsyncRoutine<string> {
      try {
        yield always("value") as never;
      } catch (error) {
        return String(error);
      }
      return "went on";
    });
    expect(await task).toMatch(/^TypeError: Cannot park .*body#\d+: /);
    expect(advice).toContain("yield*");
  });
});

test("performing an operation that is parked already throws, in every way of performing it (OP-1)", async () => {
  using time = virtualTime();
  const numbers = channel<number>(0, { name: "numbers" });
  const receive = numbers.receive();
  const parked = go(function* (): Routine<unknown> {
    return yield* receive;
  });
  await time.settle();
  const says =
    "Cannot perform operation: it is parked already (receive from numbers); create an operation for each performer";
  const attempts = [
    go(function* (): Routine<unknown> {
      return yield* receive;
    }),
    go(async function* (): AsyncRoutine<unknown> {
      return yield* receive;
    }),
    receive.then(),
    select({ receive }).then(),
    receive.map(() => 1).then(),
    guard(() => receive).then(),
  ];
  for (const attempt of attempts) await expect(Promise.resolve(attempt)).rejects.toThrow(says);
  expect(numbers.trySend(1)).toBe(true);
  expect(await parked).toBe(1);
});

test("one operation twice in one select throws, and leaves nothing registered (OP-1, OP-13)", async () => {
  using time = virtualTime();
  const numbers = channel<number>();
  const receive = numbers.receive();
  const twice = go(function* (): Routine<unknown> {
    return yield* select({ a: receive, b: receive });
  });
  twice.then(undefined, () => {});
  await time.settle();
  expect(twice.status).toBe("failed");
  expect(numbers.trySend(1)).toBe(false);
});

test("guard() throws a TypeError that says so if its function returns no operation (OP-4)", async () => {
  using _ = virtualTime();
  await expect(guard(() => bad(5)).then()).rejects.toThrow(
    "Cannot perform guard: its function must return an operation, got 5",
  );
});
