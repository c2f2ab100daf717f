// The contract on a NATS server.

import { go } from "../../src/index.js";
import { natsBus } from "../../src/nats.js";
import { NatsServer } from "../support/nats.js";
import { contract } from "./contract.js";

let server: NatsServer;

contract(
  {
    name: "on a NATS server",
    start: async () => {
      server = await NatsServer.start();
    },
    stop: () => server.stop(),
    open: async (name) => go(() => natsBus({ servers: server.url, name })),
    differs: { waits: true, single: false },
  },
  60,
);
