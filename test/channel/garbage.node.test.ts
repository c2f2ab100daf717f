import { alt, type Channel, channel, go, type Operation, promiseChannel, select } from "millrace";
import { expect, test } from "vitest";

const { gc } = globalThis as { gc?: () => void };
if (gc === undefined) throw new Error("Cannot test for garbage: run with --expose-gc, as vitest.config.ts does");

/** Lets everything settle, collects, and says how many of the references are still alive. */
async function alive(references: readonly WeakRef<object>[]): Promise<number> {
  let left = references.length;
  for (let rounds = 0; rounds < 20 && left > 0; rounds++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    gc!();
    left = references.filter((reference) => reference.deref() !== undefined).length;
  }
  return left;
}

const COUNT = 100;

/** Makes channels on each of which something parks, and keeps weak references to the channels and to what is parked. */
function abandoned(make: () => Channel<object>, park: (ch: Channel<object>, held: object) => void): WeakRef<object>[] {
  return Array.from({ length: COUNT }, () => {
    const [ch, held] = [make(), { held: new Array(100).fill(0) }];
    park(ch, held);
    return [new WeakRef(ch), new WeakRef(held)];
  }).flat();
}

const parks: { name: string; park: (ch: Channel<object>, held: object) => void }[] = [
  {
    name: "a function* that receives",
    park: (ch, held) =>
      void go(function* () {
        yield* ch.receive();
        return held;
      }),
  },
  {
    name: "an async function* that receives",
    park: (ch, held) =>
      void go(async function* () {
        yield* ch.receive();
        return held;
      }),
  },
  {
    name: "an async function* around a function* that receives",
    park: (ch, held) =>
      void go(async function* () {
        yield* (function* () {
          yield* ch.receive();
        })();
        return held;
      }),
  },
  { name: "plain code that awaits a receive", park: (ch, held) => void ch.receive().then(() => held) },
  {
    name: "a function* that selects",
    park: (ch, held) =>
      void go(function* () {
        yield* select({ ch, mapped: ch.receive().map(() => held), other: channel<number>() });
      }),
  },
  {
    name: "an async function* that selects",
    park: (ch, held) =>
      void go(async function* () {
        yield* alt(
          ch,
          ch.receive().map(() => held),
        );
      }),
  },
  {
    name: "a function* that waits for the closing",
    park: (ch, held) =>
      void go(function* () {
        yield* ch.whenClosed();
        return held;
      }),
  },
];

test.each(parks)("CH-15: a channel without references is garbage, with $name", async ({ park }) => {
  expect(await alive(abandoned(() => channel<object>(), park))).toBe(0);
  expect(await alive(abandoned(() => channel<object>(2), park))).toBe(0);
  expect(await alive(abandoned(() => promiseChannel<object>(), park))).toBe(0);
});

test.each([
  {
    name: "a function*",
    send: (operation: Operation<boolean>) =>
      void go(function* () {
        yield* operation;
      }),
  },
  {
    name: "an async function*",
    send: (operation: Operation<boolean>) =>
      void go(async function* () {
        yield* operation;
      }),
  },
  { name: "plain code", send: (operation: Operation<boolean>) => void operation.then(() => {}) },
])(
  "CH-15: a channel without references is garbage, with $name that sends to it and the offered value",
  async ({ send }) => {
    expect(
      await alive(
        abandoned(
          () => channel<object>(),
          (ch, held) => send(ch.send(held)),
        ),
      ),
    ).toBe(0);
  },
);

test("CH-15: tasks that wait for each other over channels without other references are garbage", async () => {
  // In a function of its own: the frame of an async function keeps what its variables held last.
  const pair = (): WeakRef<object>[] => {
    const [a, b] = [channel<object>(), channel<object>()];
    const first = go(function* () {
      yield* a.receive();
      yield* b.send({});
    });
    const second = go(async function* () {
      yield* b.receive();
      yield* a.send({});
    });
    return [a, b, first, second].map((each) => new WeakRef<object>(each));
  };
  const references = Array.from({ length: COUNT }, pair).flat();
  expect(await alive(references)).toBe(0);
});

test("CH-15: a channel with a reference keeps the task that is parked on it", async () => {
  const ch = channel<number>();
  let got: unknown;
  const task = new WeakRef(
    go(function* () {
      got = yield* ch.receive();
    }),
  );
  expect(await alive([task])).toBe(1);
  ch.trySend(1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(got).toBe(1);
});

test("CH-15, OP-6: an operation that lost a choice, and the value it held, are garbage while the channel lives on", async () => {
  const silent = channel<object>();
  const references: WeakRef<object>[] = [];
  const busy = channel<number>();
  await go(function* () {
    go(function* () {
      for (let n = 0; n < COUNT; n++) yield* busy.send(n);
    });
    for (let n = 0; n < COUNT; n++) {
      const held = {};
      references.push(new WeakRef(held));
      yield* select({ out: silent.send(held), busy });
    }
  });
  expect(await alive(references)).toBe(0);
  expect(silent.tryReceive()).not.toBe(references);
});

test("CH-15: a value that was received is not kept by the channel's store", async () => {
  const ch = channel<object>(16);
  const references = Array.from({ length: COUNT }, () => {
    const value = {};
    ch.trySend(value);
    ch.tryReceive();
    return new WeakRef(value);
  });
  expect(await alive(references)).toBe(0);
  expect(ch.length).toBe(0);
});
