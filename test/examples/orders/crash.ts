// For the test: the whole system in one process, under a load that is the same in each life. It prints each event that is told.

import { type Routine, run } from "millrace";
import { balance, load } from "../../../examples/orders/load.ts";
import { startHere } from "../../../examples/orders/start.ts";

const [, , folder = "", orders = "100"] = process.argv;

await using system = await startHere(folder, Number(orders));
await run(function* (): Routine<void> {
  yield* load(system.url, {
    orders: Number(orders),
    atOnce: 16,
    told: ({ service, position, stream, version, type }) =>
      console.log(`told ${JSON.stringify([service, position, stream, version, type])}`),
  });
  console.log(`books ${JSON.stringify(yield* balance(system.url))}`);
});
