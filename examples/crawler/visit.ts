import { type Operation, scope, settled, TimeoutError } from "millrace";

/** What came of asking for one page. */
export interface Visit {
  readonly url: URL;
  /** A page that links to it. */
  readonly from: URL | undefined;
  /** How many links it is away from where the crawl began, on the way on which it was found. */
  readonly depth: number;
  /** How often it was asked for. */
  attempts: number;
  /** How long the last attempt took, in milliseconds. */
  ms: number;
  /** Why there is no page. */
  failure?: string;
}

/** The server could not answer, but might another time. */
export class ServerError extends Error {}

/** Asks for a page once, hanging up when it takes too long. Yields its text; throws when there is none. */
export function ask(url: URL, patience: number): Operation<string> {
  return scope(
    function* ({ signal }) {
      const response = yield* settled(fetch(url, { signal }));
      const text = yield* settled(response.text());
      if (response.status >= 500) throw new ServerError(`${response.status} ${response.statusText}`);
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      return text;
    },
    { deadline: patience },
  );
}

export function reasonFor(error: unknown, patience: number): string {
  if (error instanceof TimeoutError) return `no answer within ${patience} ms`;
  return error instanceof Error ? error.message : String(error);
}
