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

export function describeFate({ end, read, ms }: Fate): string {
  if (end === "never arrived") return "before its server heard of it";
  if (end === "answered") return "its server had just answered";
  return `its server stopped after ${ms.toFixed(1)} ms with ${Math.floor(read * 100)} % read`;
}
