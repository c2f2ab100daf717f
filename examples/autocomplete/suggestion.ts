import type { Feature } from "../race/services/features.ts";

/** Something that what was typed may become. */
export interface Suggestion {
  readonly name: string;
  /** Where it belongs, as in `api.AbortSignal`. */
  readonly path: string;
  readonly url: string;
}

const BEST = 8;

/** The features of the web platform whose names begin with what was typed, the shortest first. */
export function suggestions(features: readonly Feature[]): (typed: string) => Suggestion[] {
  const all = features.map(({ name, hit }) => ({ key: name.toLowerCase(), name, path: hit.path, url: hit.url }));
  all.sort((a, b) => a.path.length - b.path.length || (a.path < b.path ? -1 : 1));
  return (typed) => {
    const wanted = typed.toLowerCase();
    const found = all.filter(({ key }) => key.startsWith(wanted)).slice(0, BEST);
    return found.map(({ name, path, url }) => ({ name, path, url }));
  };
}
