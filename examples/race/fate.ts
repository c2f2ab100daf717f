import { type Routine, settled } from "millrace";
import { fateUrl, type Service } from "./service.ts";

/** What became of a request, in the words of the server that got it. */
export interface Fate {
  end: "answered" | "stopped" | "never arrived";
  /** How much of the corpus it had read, from 0 to 1; an index is read at once. */
  read: number;
  /** How long it worked. */
  ms: number;
}

/** Asks a server what became of the request it got in a race; a server that is gone cannot tell. */
export function* fateOf(service: Service, race: string): Routine<Fate | undefined> {
  try {
    const response = yield* settled(fetch(fateUrl(service, race)));
    return (yield* settled(response.json())) as Fate;
  } catch {
    return undefined;
  }
}

/** What the server did, in words that follow "server". */
export function describeFate({ end, read, ms }: Fate): string {
  if (end === "never arrived") return "never heard of it";
  if (end === "answered") return "had just answered";
  return `stopped after ${Math.round(ms)} ms at ${Math.floor(read * 100)} %`;
}
