// Tasks that only the garbage collector can tell are lost. Needs --expose-gc.

import { channel, go } from "millrace";
import { type Leak, trackLeaks } from "millrace/testing";
import { expect, test } from "vitest";

const collect = async (): Promise<void> => {
  for (let round = 0; round < 5; round++) {
    (globalThis as { gc?: () => void }).gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** A thousand requests, of which every second is left by whoever had asked. */
function requests(): void {
  for (let n = 0; n < 1000; n++) {
    const reply = channel<number>();
    go(function* worker() {
      yield* reply.send(n);
    });
    if (n % 2 === 0) {
      go(function* reader() {
        yield* reply.receive();
      });
    }
  }
}

test("each lost task is reported with the line where it was started, and no other is", async () => {
  const leaks: Leak[] = [];
  const kept = channel<number>();
  {
    using _ = trackLeaks({ onLeak: (leak) => void leaks.push(leak) });
    go(function* server() {
      yield* kept.receive();
    });
    requests();
    await collect();
  }
  await collect();
  expect(leaks).toHaveLength(500);
  expect(new Set(leaks.map(({ task }) => task.replace(/\d+$/, "")))).toEqual(new Set(["worker#"]));
  expect(leaks.every(({ startedAt }) => startedAt?.includes("leaks.test"))).toBe(true);
  kept.close();
});

test("two that wait for each other, and for nobody else, are lost", async () => {
  const leaks: Leak[] = [];
  using _ = trackLeaks({ onLeak: (leak) => void leaks.push(leak) });
  (() => {
    const [a, b] = [channel<number>(), channel<number>()];
    go(function* one() {
      yield* a.receive();
      yield* b.send(1);
    });
    go(function* other() {
      yield* b.receive();
      yield* a.send(1);
    });
  })();
  await collect();
  expect(leaks).toHaveLength(2);
});
