import type { Feature } from "../race/services/features.ts";

/** A name that completes the typed text. */
export interface Suggestion {
  readonly name: string;
  /** The full path of the feature, as in `api.AbortSignal`. */
  readonly path: string;
  readonly url: string;
}

const SHOWN = 8;

/** Finds the features of the web platform whose names begin with the typed text, the shortest paths first. */
export function suggestions(features: readonly Feature[]): (typed: string) => Suggestion[] {
  const all = features.map(({ name, hit }) => ({ key: name.toLowerCase(), name, path: hit.path, url: hit.url }));
  all.sort((a, b) => a.path.length - b.path.length || (a.path < b.path ? -1 : 1));
  return (typed) => {
    const wanted = typed.toLowerCase();
    const found = all.filter(({ key }) => key.startsWith(wanted)).slice(0, SHOWN);
    return found.map(({ name, path, url }) => ({ name, path, url }));
  };
}
