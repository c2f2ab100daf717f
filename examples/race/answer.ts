/** One feature of the web platform, as a service reports it. */
export interface Hit {
  path: string;
  about: string;
  url: string;
  /** Browser to the version that brought it, or "no". */
  support: Record<string, string>;
}

/** What a service sends back. */
export interface Answer {
  hits: Hit[];
  /** How many features matched; `hits` are the best of them. */
  matches: number;
}

export function features(count: number): string {
  return count === 1 ? "1 feature" : `${count} features`;
}
