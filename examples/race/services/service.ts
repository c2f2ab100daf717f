// A search service, as its clients see it. Runs in Node and in browsers.

import { type Routine, settled } from "millrace";
import type { Question } from "./question.ts";

export interface Service {
  name: string;
  /** How it searches, in a few words. */
  description: string;
  /** Whether it builds an index before the first question. */
  hasIndex: boolean;
  url: string;
}

/** What a service sends back. */
export interface Answer {
  /** The best matches. */
  hits: Hit[];
  /** How many features matched in total. */
  matches: number;
}

/** One feature of the web platform. */
export interface Hit {
  path: string;
  about: string;
  url: string;
  /** For each browser the first version that has the feature, or "no". */
  support: Record<string, string>;
}

/** What a server did with the request of one race. */
export interface ServerReport {
  status: "answered" | "stopped" | "no request";
  /** The part of the data that it had searched, from 0 to 1. */
  progress: number;
  /** Milliseconds that it worked on the request. */
  time: number;
}

export function searchUrl(service: Service, { text, id }: Question): string {
  return `${service.url}/search?${new URLSearchParams({ question: text, race: id })}`;
}

/** Asks a server what it did in a race. Returns undefined if the server cannot be reached. */
export function* serverReport(service: Service, { id }: Question): Routine<ServerReport | undefined> {
  try {
    const response = yield* settled(fetch(`${service.url}/report?${new URLSearchParams({ race: id })}`));
    return (yield* settled(response.json())) as ServerReport;
  } catch {
    return undefined;
  }
}
