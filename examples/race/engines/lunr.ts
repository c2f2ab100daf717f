import lunr from "lunr";
import { answer, type Engine } from "../engine.ts";
import type { Feature } from "../feature.ts";

/** An inverted index ranked by BM25, with English stemming. */
export const stemmed: Engine = (features) => {
  const index = builder();
  for (const feature of features) index.add(feature);
  const ready = index.build();
  return function* (question) {
    return answer(ask(ready, question, features));
  };
};

export function builder(): lunr.Builder {
  const index = new lunr.Builder();
  index.pipeline.add(lunr.trimmer, lunr.stopWordFilter, lunr.stemmer);
  index.searchPipeline.add(lunr.stemmer);
  index.ref("id");
  index.field("name", { boost: 2 });
  index.field("text", { extractor: (feature: object) => textOf(feature as Feature) });
  return index;
}

/** Asks for words, because the query syntax of `search` would throw at a stray colon. */
export function ask(index: lunr.Index, question: string, features: Feature[]): Feature[] {
  const found = index.query((query) => query.term(lunr.tokenizer(question), {}));
  return found.map(({ ref }) => features[Number(ref)]!);
}

function textOf({ words, about }: Feature): string {
  return `${words} ${about}`;
}
