import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A server on the loopback interface, for as long as it is not disposed of. */
export interface LocalServer extends AsyncDisposable {
  readonly url: string;
  readonly server: Server;
}

/** Listens on 127.0.0.1; port 0 takes a free one. */
export async function openServer(answer: RequestListener, port = 0): Promise<LocalServer> {
  const server = createServer(answer);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    server,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Resolves when the process is told to end: by Ctrl-C, or by whoever started it. A second time ends it at once. */
export async function untilStopped(): Promise<void> {
  await Promise.race(["SIGINT", "SIGTERM"].map((signal) => once(process, signal)));
}
