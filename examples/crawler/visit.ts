import { type Operation, scope, settled, TimeoutError } from "millrace";

/** The visit of one page, with its result. */
export interface Visit {
  readonly url: URL;
  /** The first page that was found to link to this page. */
  readonly from: URL | undefined;
  /** The number of links from the start page, on the path on which the page was found. */
  readonly depth: number;
  /** The number of requests for the page. */
  attempts: number;
  /** The time of the last attempt, in milliseconds. */
  ms: number;
  /** The reason why there is no page; undefined if there is a page. */
  failure?: string;
}

/** The server failed (status 5xx). A later request may succeed. */
export class ServerError extends Error {}

/** Requests a page once, and aborts the request after the timeout. Yields the text of the page; throws if there is no page. */
export function fetchPage(url: URL, timeout: number): Operation<string> {
  return scope(
    function* ({ signal }) {
      const response = yield* settled(fetch(url, { signal }));
      const text = yield* settled(response.text());
      if (response.status >= 500) throw new ServerError(`${response.status} ${response.statusText}`);
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      return text;
    },
    { deadline: timeout },
  );
}

export function reasonFor(error: unknown, timeout: number): string {
  if (error instanceof TimeoutError) return `no answer within ${timeout} ms`;
  return error instanceof Error ? error.message : String(error);
}
