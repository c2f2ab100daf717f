// npm run orders: commands, events and queries. Three services that own their data, and a front that owns none, in one process: they talk
// over a bus, of which they know nothing else. A load of orders is driven through them over HTTP, and then their books are compared.
//
//   npm run orders                  runs the load, and ends by itself
//   npm run orders -- --serve       serves a page that shows the orders live, until Ctrl-C
//   npm run orders -- --nats        the same services as processes of their own, on a NATS server

import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { type AsyncRoutine, go, type Routine, scope, settled, sleep } from "millrace";
import { temporaryFolder } from "../shared/folder.ts";
import { seeded } from "../shared/seeded.ts";
import { untilStopped } from "../shared/server.ts";
import { table } from "../shared/table.ts";
import { balance, cart, type LoadReport, load } from "./load.ts";
import { startProcesses } from "./processes.ts";
import { startHere } from "./start.ts";

const { values: options } = parseArgs({
  options: {
    serve: { type: "boolean", default: false },
    nats: { type: "boolean", default: false },
    orders: { type: "string", default: "1000" },
    "at-once": { type: "string", default: "64" },
  },
});

const folder = temporaryFolder("orders");
try {
  process.exitCode = (await go(main)) ? 0 : 1;
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function* main(): AsyncRoutine<boolean> {
  const orders = Number(options.orders);
  const stopped = options.serve ? untilStopped() : null;
  await using running = await (options.nats ? startProcesses : startHere)(folder, orders);
  if (stopped !== null) {
    console.log(running.url);
    yield* scope(function* (tasks) {
      tasks.go(trickle, running.url);
      yield* settled(stopped);
      tasks.cancel("the server is going down");
    });
    return true;
  }
  console.log(`${running.what}\n`);
  const report = yield* load(running.url, { orders, atOnce: Number(options["at-once"]) });
  show(report);
  const { balanced, books } = yield* balance(running.url);
  console.log(`\nThe books ${balanced ? "balance" : `do NOT balance: ${JSON.stringify(books)}`}`);
  if (balanced) {
    const { orders, amount } = books.billing!;
    console.log(
      table([
        [orders, "orders confirmed, holding goods, and paid"],
        [(amount / 100).toFixed(2), "paid"],
        [books.stock!.amount, "pieces"],
      ]),
    );
  }
  return balanced && report.latencies.length === orders;
}

/** For the page: an order now and then. */
function* trickle(url: string): Routine<void> {
  const random = seeded(7);
  for (;;) {
    yield* sleep(200 + 600 * random());
    const body = JSON.stringify(cart(random));
    const posted = fetch(`${url}orders`, { method: "POST", headers: { "content-type": "application/json" }, body });
    yield* settled(posted.then((response) => response.text()).catch(() => ""));
  }
}

function show({ ms, ended, shed, latencies, events }: LoadReport): void {
  const orders = latencies.length;
  const share = (p: number): string => `${latencies[Math.min(orders - 1, Math.floor(orders * p))]?.toFixed(1)} ms`;
  console.log(
    table([
      [
        `${(ms / 1000).toFixed(1)} s`,
        `for ${orders} orders: ${((orders / ms) * 1000).toFixed(0)} a second, ${((events / ms) * 1000).toFixed(0)} durable events a second`,
      ],
      [ended.confirmed, "confirmed"],
      [ended.rejected, "rejected: too few goods, or too little credit"],
      [ended.cancelled, "cancelled by the customer"],
      [shed, "times a customer was told to come back"],
      [share(0.5), "from the request to the end of an order, half of them"],
      [share(0.99), "99 of 100"],
    ]),
  );
}
