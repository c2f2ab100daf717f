// A process of its own that uses the bus, for tests that pause or kill it. It says what it does, a line each, and obeys lines.

import { createInterface } from "node:readline";
import { go, never } from "../../src/index.js";
import { type Delivery, natsBus } from "../../src/nats.js";
import { actor } from "../../src/supervise.js";

const [, , role, servers, name] = process.argv;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (line: unknown): unknown => console.log(line);

async function main(): Promise<void> {
  const opening = go(() => natsBus({ servers: servers!, name: name! }));
  if (role === "missing") {
    say(await opening.then(() => "opened", String));
    return;
  }
  const bus = await opening;
  if (role === "take") {
    const jobs = bus.channel<string>("jobs", { capacity: 4, ack: "manual", ackWait: 2000 });
    const delivery = (await jobs.deliveries().receive()) as Delivery<string>;
    say(`took ${delivery.value} ${delivery.count}`);
    await lines.next();
    say(`ack ${delivery.ack()}`);
  } else if (role === "host") {
    const hosting = await bus.host(
      "room",
      ({ token }) =>
        actor((message: { reply: (token: number) => void }) => {
          message.reply(token);
        }),
      { lease: 2500 },
    );
    say(hosting.token);
    await hosting.whenOver();
    say("over");
    await lines.next();
  } else if (role === "serve") {
    bus.serve("slow", () => {
      say("asked");
      return never();
    });
    say("serving");
    await lines.next();
  }
  await bus[Symbol.asyncDispose]();
}

main().then(() => process.exit(0));
