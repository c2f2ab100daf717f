// The other side of the benchmark of connections, in a thread.

import { parentPort, workerData } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { CLOSED, go, sleep } from "millrace";
import { connect } from "millrace/remote";

const sides = {
  /** Receives as many items as each order says, and reports. */
  channels() {
    const connection = connect(parentPort);
    go(function* () {
      const results = connection.channel("count");
      for (let order; (order = yield* results.receive()) !== CLOSED; ) {
        const items = connection.channel(order.name, { window: order.window });
        for (let left = order.n; left > 0; left--) yield* items.receive();
        yield* results.send(order.n);
      }
    });
  },

  asks() {
    connect(parentPort).serve("double", (n) => n * 2);
  },

  bare() {
    let sum = 0;
    parentPort.on("message", (items) => {
      for (const { id } of items) sum += id;
      parentPort.postMessage(sum);
    });
  },

  comlink() {
    let sum = 0;
    Comlink.expose(
      {
        take({ id }) {
          sum += id;
          return sum;
        },
        double: (n) => n * 2,
      },
      nodeEndpoint(parentPort),
    );
  },

  slow() {
    const items = connect(parentPort).channel("items");
    go(function* () {
      while ((yield* items.receive()) !== CLOSED) yield* sleep(10);
    });
  },
};

sides[workerData]();
