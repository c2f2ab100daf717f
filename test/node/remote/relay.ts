// Carries messages between its parent and another port, so that both ends of a connection are in the test and a thread or a process
// lies between them.

import { isMainThread, MessagePort, parentPort } from "node:worker_threads";
import { WebSocket } from "ws";

/** What is moved with a message: everything that can be. */
function movable(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== "object" || value === null) return found;
  if (value instanceof MessagePort || value instanceof ArrayBuffer) return found.add(value);
  if (ArrayBuffer.isView(value)) return movable(value.buffer, found);
  for (const inner of Object.values(value)) movable(inner, found);
  return found;
}

const carry = (to: MessagePort) => (message: unknown) =>
  to.postMessage(message, [...movable(message)] as MessagePort[]);

if (!isMainThread) {
  parentPort!.once("message", (other: MessagePort) => {
    parentPort!.on("message", carry(other));
    other.on("message", carry(parentPort!));
    other.on("close", () => process.exit());
  });
} else {
  const socket = new WebSocket(process.argv[2]!);
  const early: unknown[] = [];
  const send = (message: unknown): void => socket.send(JSON.stringify(message));
  process.on("message", (message) => {
    if (socket.readyState === WebSocket.OPEN) send(message);
    else early.push(message);
  });
  socket.on("open", () => early.splice(0).forEach(send));
  socket.on("message", (data) => process.connected && process.send!(JSON.parse(String(data)), () => {}));
  socket.on("close", () => process.connected && process.disconnect());
  process.on("disconnect", () => socket.close());
}
