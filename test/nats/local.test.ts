// The contract in one process.

import { expect, test } from "vitest";
import { CLOSED } from "../../src/index.js";
import { localBus } from "../../src/nats.js";
import { simulate } from "../../src/testing.js";
import { contract } from "./contract.js";

contract(
  {
    name: "in one process",
    open: async (name) => localBus({ name }),
    differs: { waits: false, single: true },
  },
  300,
);

test("a program on a bus runs in virtual time: a lease of an hour passes at once", async () => {
  const { outcomes, elapsed } = await simulate(
    function* () {
      const bus = localBus();
      const jobs = bus.channel<string>("jobs", { capacity: 4, ack: "manual", ackWait: 3_600_000 });
      yield* jobs.send("job");
      const counts: number[] = [];
      for (let n = 0; n < 3; n++) {
        const delivery = yield* jobs.deliveries().receive();
        if (delivery !== CLOSED) counts.push(delivery.count);
      }
      bus.close();
      return counts.join();
    },
    { schedules: 5 },
  );
  expect([...outcomes]).toEqual(["1,2,3"]);
  expect(elapsed).toBeGreaterThanOrEqual(7_200_000);
});
