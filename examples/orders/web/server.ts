// The front as a child of a tree: a server on a loopback port.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { never, type Routine, settled } from "millrace";
import type { Bus } from "millrace/nats";
import type { ChildContext } from "millrace/supervise";
import { webApp } from "./app.ts";
import type { Prices } from "./goods.ts";

/** Serves until it is cancelled. With port 0, the first life takes a free port, and later ones the same. */
export function webServer(bus: Bus, prices: Prices, port: number, opened: (url: string) => void) {
  return function* web({ ready }: ChildContext): Routine<void> {
    const server = createServer(getRequestListener(webApp(bus, prices).fetch));
    try {
      const listening = new Promise<void>((resolve, reject) => {
        server.once("error", reject).listen(port, "127.0.0.1", resolve);
      });
      yield* settled(listening);
      port = (server.address() as AddressInfo).port;
      opened(`http://127.0.0.1:${port}/`);
      ready();
      yield* never();
    } finally {
      server.once("listening", () => server.close()); // if it was cancelled before
      server.close();
      server.closeAllConnections();
    }
  };
}
