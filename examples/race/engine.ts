import type { Answer } from "./answer.ts";
import type { Feature } from "./feature.ts";

/**
 * A search under way: yields how much of the corpus it has read, from 0 to 1, and returns the answer.
 *
 * It yields every few milliseconds, so that its service can serve others in between and can stop it.
 */
export type Search = Generator<number, Answer, void>;

/** A way to search. What it prepares, it prepares when it is opened. */
export type Engine = (features: Feature[]) => (question: string) => Search;

const BEST = 5;

/** The answer for features that are ranked best first. */
export function answer(ranked: Feature[]): Answer {
  return { hits: ranked.slice(0, BEST).map(({ hit }) => hit), matches: ranked.length };
}

/** How long a search may hold its thread. */
const SLICE = 4;

/** Goes through the features, giving way whenever a slice of time is used up. */
export function* slices(features: Feature[], visit: (feature: Feature) => void): Generator<number, void, void> {
  let due = performance.now() + SLICE;
  for (const [index, feature] of features.entries()) {
    visit(feature);
    if (performance.now() < due) continue;
    yield (index + 1) / features.length;
    due = performance.now() + SLICE;
  }
}
