// Services of all kinds, and what they answer: for connections and for buses.

import { expect } from "vitest";
import { type Channel, channel, sleep } from "../../src/index.js";
import type { Bus } from "../../src/nats.js";
import type { StandardSchema } from "../../src/remote.js";

/** What a connection and a bus have in common. */
export type Serving = Pick<Bus, "serve" | "ask">;

/** Serves each kind of handler. The last one is `throw`. */
export function serveAllKinds(there: Serving): void {
  there.serve("double", (n: number) => n * 2);
  there.serve("later", async (n: number) => n + 1);
  there.serve("routine", function* (n: number) {
    yield* sleep(1);
    return n + 2;
  });
  there.serve("operation", (n: number) => sleep(1).map(() => n + 3));
  there.serve("nothing", () => undefined);
  there.serve("throw", () => {
    throw Object.assign(new RangeError("no"), { code: "E_NO" });
  });
}

/** Asks what `serveAllKinds` serves. */
export async function expectAnswers(here: Serving): Promise<void> {
  expect(await here.ask("double", 21)).toBe(42);
  expect(await here.ask("later", 1)).toBe(2);
  expect(await here.ask("routine", 1)).toBe(3);
  expect(await here.ask("operation", 1)).toBe(4);
  expect(await here.ask("nothing", undefined)).toBe(undefined);
  await expect(here.ask("throw", 1)).rejects.toMatchObject({ name: "RangeError", message: "no", code: "E_NO" });
  const many = await Promise.all(Array.from({ length: 300 }, (_, n) => here.ask<number, number>("double", n)));
  expect(many).toEqual(Array.from({ length: 300 }, (_, n) => n * 2));
}

/** A number, by the interface that libraries of schemas share. */
export const numbers: StandardSchema<number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (typeof value === "number" ? { value } : { issues: [{ message: "no number" }] }),
  },
};

/** Serves numbers alone: with a function, and with one that gets a signal. The last one is `checked-slowly`. */
export function serveNumbers(there: Serving): unknown[] {
  const handled: unknown[] = [];
  const double = (n: number): number => {
    handled.push(n);
    return n * 2;
  };
  there.serve("checked", double, { schema: numbers });
  there.serve("checked-slowly", (n: number, _signal: AbortSignal) => sleep(1).map(() => double(n)), {
    schema: numbers,
  });
  return handled;
}

/** Asks what `serveNumbers` serves. */
export async function expectChecked(here: Serving, handled: unknown[]): Promise<void> {
  handled.splice(0);
  for (const name of ["checked", "checked-slowly"]) {
    const refused = {
      name: "TypeError",
      message: `Cannot answer ${name}: the value does not fit the schema: no number`,
    };
    await expect(here.ask(name, "1")).rejects.toMatchObject(refused);
    expect(await here.ask(name, 1)).toBe(2);
  }
  expect(handled).toEqual([1, 1]);
}

/** Work that takes so many milliseconds as it is asked for. */
export interface Work {
  /** The questions whose handling has begun, of those that take more than a second. */
  readonly begun: Channel<number>;
  /** The questions that were cancelled, of those that take more than a second. */
  readonly cancelled: Channel<number>;
  /** How many were handled at the same time. */
  most(): number;
}

export function serveWork(there: Serving, concurrency: number): Work {
  const [begun, cancelled] = [channel<number>(4), channel<number>(4)];
  let running = 0;
  let most = 0;
  there.serve(
    "work",
    function* (ms: number) {
      most = Math.max(most, ++running);
      if (ms > 1000) begun.trySend(ms);
      try {
        yield* sleep(ms);
        return ms;
      } finally {
        running--;
        if (ms > 1000) cancelled.trySend(ms);
      }
    },
    { concurrency },
  );
  return { begun, cancelled, most: () => most };
}
