// The far side of the contract: carries messages between a real port and a message port, whose other end is in the test.

import { type PortLike, portOf } from "../../../src/remote/port/port.js";

/** What is moved with a message: everything that can be. */
function movable(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== "object" || value === null) return found;
  if (value instanceof MessagePort || value instanceof ArrayBuffer) return found.add(value);
  if (ArrayBuffer.isView(value)) return movable(value.buffer, found);
  for (const inner of Object.values(value)) movable(inner, found);
  return found;
}

export function relay(like: PortLike, other: MessagePort, origin?: string): void {
  const near = portOf(like, origin === undefined ? {} : { origin });
  near.start({
    message: (message) => other.postMessage(message, [...movable(message)] as Transferable[]),
    ended: () => other.close(),
  });
  other.onmessage = ({ data }) => near.post(data, [...movable(data)] as Transferable[]);
}
