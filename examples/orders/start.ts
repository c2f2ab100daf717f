// Starts the system: all parts in this process, on a local bus.

import { localBus } from "millrace/nats";
import { supervise } from "millrace/supervise";
import { PARTS, partsOf } from "./system.ts";

export interface Running extends AsyncDisposable {
  readonly what: string;
  /** The address of the front. */
  readonly url: string;
}

export async function startHere(folder: string, scale: number): Promise<Running> {
  const bus = localBus();
  let url = "";
  const parts = partsOf(PARTS, bus, { folder, scale, port: 0, opened: (at) => (url = at) });
  const tree = supervise(parts.children, { name: "system" });
  await tree.ready();
  return {
    what: "Three services and a front in one process, on a local bus",
    url,
    async [Symbol.asyncDispose]() {
      await tree.stop("closing time");
      await parts[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
    },
  };
}
