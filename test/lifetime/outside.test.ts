// Programs that wait for code outside all go blocks (EN-1): callbacks, events, streams. The code runs some turns of the host after
// everything in the program has parked, so that a check for a deadlock comes first.

import {
  broadcast,
  channel,
  DeadlockError,
  from,
  fromEvent,
  type Operation,
  type ReceiveChannel,
  run,
  stream,
  toReadableStream,
  toWritableStream,
  watch,
} from "millrace";
import { nativeHost } from "millrace/host";
import { describe, expect, test } from "vitest";

/** Calls a function after some turns of the host. */
async function later(call: () => void): Promise<void> {
  for (let turns = 0; turns < 6; turns++) await new Promise<void>((resolve) => nativeHost.turn(resolve));
  call();
}

const target = (): EventTarget => {
  const made = new EventTarget();
  void later(() => made.dispatchEvent(new Event("x")));
  return made;
};

/** What a program waits for, and what it gets. */
const waits: Readonly<Record<string, readonly [waits: () => Operation<unknown>, got: unknown]>> = {
  "an event": [() => fromEvent(target(), "x").receive(), expect.any(Event)],
  "an event that is mapped": [() => from(stream(fromEvent(target(), "x")).map(({ type }) => type)).receive(), "x"],
  "an event that is broadcast": [() => broadcast(fromEvent(target(), "x")).subscribe().receive(), expect.any(Event)],
  "the value of an observable": [
    () => {
      const observable = {
        subscribe: (observer: { next: (value: number) => void }) => {
          void later(() => observer.next(1));
          return { unsubscribe() {} };
        },
        "@@observable": () => observable,
      };
      return from(observable as never).receive();
    },
    1,
  ],
  "the end of an observable": [
    () => {
      const observable = {
        subscribe: (observer: { complete: () => void }) => {
          void later(() => observer.complete());
          return { unsubscribe() {} };
        },
        "@@observable": () => observable,
      };
      return (from(observable as never) as ReceiveChannel<unknown>).receive().map(() => "over");
    },
    "over",
  ],
  "a chunk that is written to a web stream": [
    () => {
      const chunks = channel<number>();
      const writer = toWritableStream(chunks).getWriter();
      void later(() => void writer.write(7).catch(() => {}));
      return chunks.receive();
    },
    7,
  ],
  "a reader of a web stream": [
    () => {
      const chunks = channel<number>();
      const reader = toReadableStream(chunks).getReader();
      void later(() => void reader.read());
      return chunks.send(8);
    },
    true,
  ],
  "an external channel that a callback sends to": [
    () => {
      const values = channel<number>(0, { external: true });
      void later(() => values.trySend(2));
      return values.receive();
    },
    2,
  ],
  "an external channel that a callback receives from": [
    () => {
      const values = channel<number>(0, { external: true });
      void later(() => values.tryReceive());
      return values.send(2);
    },
    true,
  ],
  "an external channel that a callback closes": [
    () => {
      const values = channel<number>(0, { external: true });
      void later(() => values.close());
      return values.whenClosed();
    },
    undefined,
  ],
  "an external watch that a callback sets": [
    () => {
      const state = watch(0, { external: true });
      void later(() => state.set(3));
      return state.until((n) => n === 3);
    },
    3,
  ],
};

describe.each(Object.entries(waits))(
  "EN-1: run() reports no deadlock of a program that waits for %s",
  (_, [wait, got]) => {
    test("function*", async () => {
      expect(
        await run(function* main() {
          return yield* wait();
        }),
      ).toEqual(got);
    });

    test("async function*", async () => {
      expect(
        await run(async function* main() {
          return yield* wait();
        }),
      ).toEqual(got);
    });
  },
);

test("EN-1: run() reports the deadlock of a program whose streams have ended or were given up", async () => {
  await expect(
    run(function* main() {
      const [one, other, silent] = [channel<number>(), channel<number>(), channel<number>()];
      void toReadableStream(one).cancel();
      void toWritableStream(other).close();
      yield* silent.receive();
    }),
  ).rejects.toThrow(DeadlockError);
});
