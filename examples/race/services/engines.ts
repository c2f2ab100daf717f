// The search engines: three with an index, and two without one, which are slow.

import type lunr from "lunr";
import type { Feature } from "./features.ts";
import type { Answer } from "./service.ts";

/**
 * A search in steps: it yields its progress, from 0 to 1, every few milliseconds, and returns the answer.
 *
 * Between two steps the server can handle other requests, and can stop the search.
 */
export type Search = (question: string) => Generator<number, Answer, void>;

export interface Engine {
  /** How it searches, in a few words. */
  description: string;
  /** Whether it builds an index when it is opened. */
  hasIndex: boolean;
  open: (features: Feature[]) => Promise<Search>;
}

/** The engines, by the names of their services. */
export const ENGINES: Record<string, Engine> = {
  minisearch: { description: "index, forgives typing errors", hasIndex: true, open: openMiniSearch },
  lunr: { description: "index, English stems", hasIndex: true, open: openLunr },
  flexsearch: { description: "index of all prefixes", hasIndex: true, open: openFlexSearch },
  scan: { description: "no index, full scan", hasIndex: false, open: openScan },
  "cold lunr": { description: "builds its index when asked", hasIndex: false, open: openColdLunr },
};

/** An inverted index that forgives typing errors. */
async function openMiniSearch(features: Feature[]): Promise<Search> {
  const { default: MiniSearch } = await import("minisearch");
  const index = new MiniSearch<Feature>({
    fields: ["name", "words", "about"],
    searchOptions: { prefix: true, fuzzy: 0.2, boost: { name: 2 } },
  });
  index.addAll(features);
  return function* (question) {
    return answer(index.search(question).map(({ id }) => features[id as number]!));
  };
}

/** An index of every prefix of every word: large, and very fast. */
async function openFlexSearch(features: Feature[]): Promise<Search> {
  const { Index } = await import("flexsearch");
  const index = new Index({ tokenize: "forward" });
  for (const { id, words, about } of features) index.add(id, `${words} ${about}`);
  return function* (question) {
    const found = index.search(question, { limit: features.length, suggest: true });
    return answer(found.map((id) => features[id as number]!));
  };
}

/** An inverted index ranked by BM25, with English stemming. */
async function openLunr(features: Feature[]): Promise<Search> {
  const { default: lunr } = await import("lunr");
  const builder = lunrBuilder(lunr);
  for (const feature of features) builder.add(feature);
  const index = builder.build();
  return function* (question) {
    return answer(searchLunr(lunr, index, question, features));
  };
}

/** The same engine as `lunr`, but it builds its index for every question, and does not keep it. */
async function openColdLunr(features: Feature[]): Promise<Search> {
  const { default: lunr } = await import("lunr");
  return function* (question) {
    const builder = lunrBuilder(lunr);
    yield* inSteps(features, (feature) => builder.add(feature));
    return answer(searchLunr(lunr, builder.build(), question, features));
  };
}

function lunrBuilder({ Builder, trimmer, stopWordFilter, stemmer }: typeof lunr): lunr.Builder {
  const builder = new Builder();
  builder.pipeline.add(trimmer, stopWordFilter, stemmer);
  builder.searchPipeline.add(stemmer);
  builder.ref("id");
  builder.field("name", { boost: 2 });
  builder.field("text", {
    extractor: (document: object) => {
      const { words, about } = document as Feature;
      return `${words} ${about}`;
    },
  });
  return builder;
}

/** Searches for single words: `index.search` has a query syntax, and throws on a stray colon. */
function searchLunr({ tokenizer }: typeof lunr, index: lunr.Index, question: string, features: Feature[]): Feature[] {
  const found = index.query((query) => query.term(tokenizer(question), {}));
  return found.map(({ ref }) => features[Number(ref)]!);
}

/** No index: compares the question with every feature by the trigrams that they share, so it forgives typing errors. */
async function openScan(features: Feature[]): Promise<Search> {
  return function* (question) {
    const wanted = trigrams(question);
    const found: { feature: Feature; similarity: number }[] = [];
    yield* inSteps(features, (feature) => {
      const similarity = compare(wanted, trigrams(`${feature.words} ${feature.about} ${feature.notes}`));
      if (similarity >= 0.5) found.push({ feature, similarity });
    });
    found.sort((a, b) => b.similarity - a.similarity || a.feature.words.length - b.feature.words.length);
    return answer(found.map(({ feature }) => feature));
  };
}

/** All sequences of three letters in the words of a text. */
function trigrams(text: string): Set<string> {
  const found = new Set<string>();
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const padded = `  ${word} `;
    for (let at = 0; at + 3 <= padded.length; at++) found.add(padded.slice(at, at + 3));
  }
  return found;
}

/** The part of `wanted` that `offered` contains, from 0 to 1. */
function compare(wanted: Set<string>, offered: Set<string>): number {
  let shared = 0;
  for (const trigram of wanted) if (offered.has(trigram)) shared++;
  return wanted.size === 0 ? 0 : shared / wanted.size;
}

const MAX_HITS = 5;

/** Makes an answer of the features that match, the best one first. */
function answer(matches: Feature[]): Answer {
  return { hits: matches.slice(0, MAX_HITS).map(({ hit }) => hit), matches: matches.length };
}

/** How many milliseconds one step of a search may take. */
const STEP = 4;

/** Visits all features, and yields its progress after each step. */
function* inSteps(features: Feature[], visit: (feature: Feature) => void): Generator<number, void, void> {
  let end = performance.now() + STEP;
  for (const [index, feature] of features.entries()) {
    visit(feature);
    if (performance.now() < end) continue;
    yield (index + 1) / features.length;
    end = performance.now() + STEP;
  }
}
