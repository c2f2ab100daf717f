// The contract over two message ports in one thread.

import { contract } from "./contract.js";
import { socketPair } from "./sockets.js";

// In a page the end of a port is not told, and a lock is held by the page: neither side can die alone.
const cuts = "onclose" in MessagePort.prototype || typeof process === "object";

contract({
  name: "two message ports",
  format: "clone",
  cuts,
  open() {
    const { port1, port2 } = new MessageChannel();
    return { here: port1, there: port2, cut: () => port2.close() };
  },
});

contract({
  name: "two sockets in one thread",
  format: "text",
  cuts: true,
  open() {
    const [here, there] = socketPair();
    return { here, there, cut: () => here.cut() };
  },
});
