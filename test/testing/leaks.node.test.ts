// Tasks that only the garbage collector can tell are lost. Needs --expose-gc.

import { channel, go } from "millrace";
import { type Leak, trackLeaks } from "millrace/testing";
import { expect, test } from "vitest";

/** Collects garbage until so many leaks are reported, and a few times more: none may follow. */
async function collect(leaks: readonly Leak[], expected: number): Promise<void> {
  for (let rounds = 0, more = 5; rounds < 200 && more > 0; rounds++) {
    (globalThis as { gc?: () => void }).gc!();
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (leaks.length >= expected) more--;
  }
}

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

test("trackLeaks() reports each lost task with the line where it was started, and no other task", async () => {
  const leaks: Leak[] = [];
  const kept = channel<number>();
  {
    using _ = trackLeaks({ onLeak: (leak) => void leaks.push(leak) });
    go(function* server() {
      yield* kept.receive();
    });
    requests();
    await collect(leaks, 500);
  }
  expect(leaks).toHaveLength(500);
  expect(new Set(leaks.map(({ task }) => task.replace(/\d+$/, "")))).toEqual(new Set(["worker#"]));
  expect(leaks.every(({ startedAt }) => startedAt?.includes("leaks.node.test"))).toBe(true);
  kept.close();
});

test("trackLeaks() reports two tasks that wait only for each other", async () => {
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
  await collect(leaks, 2);
  expect(leaks).toHaveLength(2);
});
