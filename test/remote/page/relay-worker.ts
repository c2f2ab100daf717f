// A worker or a shared worker that is the far side.

import type { PortLike } from "../../../src/remote/port/port.js";
import { relay } from "./relay.js";

const scope = self as unknown as EventTarget & { postMessage?: unknown };

if (typeof scope.postMessage === "function") {
  scope.addEventListener("message", ({ data }: Partial<MessageEvent>) => relay(scope as PortLike, data), {
    once: true,
  });
} else {
  scope.addEventListener("connect", (event) => {
    const [port] = (event as MessageEvent).ports;
    port!.addEventListener("message", ({ data }) => relay(port!, data), { once: true });
    port!.start();
  });
}
