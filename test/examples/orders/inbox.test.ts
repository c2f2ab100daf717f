// What a service makes of the events of another one, when that fails.

import { join } from "node:path";
import { sleep } from "millrace";
import { localBus } from "millrace/nats";
import { supervise } from "millrace/supervise";
import { expect, onTestFinished, test } from "vitest";
import { inbox } from "../../../examples/orders/services/inbox.ts";
import { topicOf } from "../../../examples/orders/services/service.ts";
import { EventStore } from "../../../examples/orders/store/store.ts";
import type { Event, Stored } from "../../../examples/orders/store/types.ts";
import { temporaryFolder } from "./temporary.ts";

test("an inbox handles an event again that could not be handled, and goes on behind what is done", async () => {
  const bus = localBus();
  const store = new EventStore<Event>(join(temporaryFolder(), "log.db"));
  onTestFinished(() => store[Symbol.asyncDispose]());
  const handled: number[] = [];
  let fails = 2;
  const tree = supervise(
    {
      writer: store.writer,
      inbox: () =>
        inbox(bus, "stock", store, function* ({ position }: Stored<Event>) {
          if (position === 3 && fails-- > 0) throw new Error("the disk is full");
          handled.push(position);
          yield* sleep(0);
        }),
    },
    { intensity: 10 },
  );
  onTestFinished(() => void tree.stop());
  await tree.ready();
  const told = topicOf<Event>(bus, "stock");
  const tell = (position: number): PromiseLike<number> =>
    told.publish({ position, stream: "a", version: position, type: "tested", data: null, at: 0 } as Stored<Event>);
  for (let position = 1; position <= 5; position++) await tell(position);
  await tell(6);
  while (!handled.includes(6)) await sleep(5);
  expect([...new Set(handled)].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  const { length } = handled;
  await tell(7);
  while (!handled.includes(7)) await sleep(5);
  expect(handled.slice(length)).toEqual([7]);
});
