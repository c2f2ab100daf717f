// The contract in one process.

import { localBus } from "../../src/nats.js";
import { contract } from "./contract.js";

contract(
  {
    name: "in one process",
    open: async (name) => localBus({ name }),
    differs: { waits: false, single: true },
  },
  300,
);
