import { Index } from "flexsearch";
import { answer, type Engine } from "../engine.ts";

/** An index of every prefix of every word: large, and very fast to ask. */
export const flexsearch: Engine = (features) => {
  const index = new Index({ tokenize: "forward" });
  for (const { id, words, about } of features) index.add(id, `${words} ${about}`);
  return function* (question) {
    const found = index.search(question, { limit: features.length, suggest: true });
    return answer(found.map((id) => features[id as number]!));
  };
};
