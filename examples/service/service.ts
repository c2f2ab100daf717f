// An HTTP service that stops gracefully: it takes no new connections, finishes the requests that it has within a grace period, and
// cancels those that take longer.

import { createServer, type Server } from "node:http";
import { aborted, group, type Routine, scope, select, settled, sleep, TimeoutError, withTimeout } from "millrace";

export interface ServiceOptions {
  /** Answers a request. The signal is aborted when the request is cancelled: pass it to `fetch` or to a query. */
  readonly answer: (path: string, signal: AbortSignal) => Routine<string>;
  /** How long a request may take, in milliseconds. */
  readonly limit: number;
  /** How long requests may go on after the stop, in milliseconds. */
  readonly grace: number;
  /** Stops the service when it is aborted. */
  readonly stop: AbortSignal;
  /** Called when the server listens. */
  readonly started: (server: Server) => void;
}

/** Serves until it is stopped and the last request is over. */
export function* serve({ answer, limit, grace, stop, started }: ServiceOptions): Routine<void> {
  const requests = group();
  const server = createServer((request, response) => {
    const task = requests.tryGo(function* () {
      const path = request.url ?? "/";
      const answered = scope(({ signal }) => answer(path, signal));
      try {
        response.end(yield* withTimeout(limit, answered));
      } catch (error) {
        response.writeHead(error instanceof TimeoutError ? 504 : 500).end();
      }
    });
    response.once("close", () => task?.cancel("the client has left")); // does nothing once the task is over
  });
  yield* settled(new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  started(server);

  yield* aborted(stop);
  const closed = new Promise((resolve) => server.close(resolve)); // takes no new connections
  server.closeIdleConnections();
  yield* select({ done: requests.wait(), late: sleep(grace) });
  requests.cancel("the grace period is over");
  server.closeAllConnections();
  yield* settled(closed);
}
