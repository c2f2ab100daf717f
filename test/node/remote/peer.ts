// The other end of a port, in a thread or a process. It sends back what it gets, and does what it is told.

import { isMainThread, parentPort } from "node:worker_threads";
import { type PortLike, portOf } from "../../../src/remote/port/port.js";

const port = portOf((isMainThread ? process : parentPort) as PortLike);

const deeds: Record<string, () => void> = {
  exit: () => process.exit(7),
  throw: () => {
    setImmediate(() => {
      throw new RangeError("thrown by the peer");
    });
  },
  close: () => port.close(),
  spin: () => {
    for (;;);
  },
  // Nothing but the port could keep it alive now.
  leave: () => port.unref(),
};

port.start({
  message(data) {
    const { deed } = data as { deed?: string };
    if (deed === undefined) port.post(data);
    else deeds[deed]!();
  },
  ended: () => process.exit(0),
});
port.ref();
