import { answer, type Engine, slices } from "../engine.ts";
import type { Feature } from "../feature.ts";

/** No index: compares every feature with the question by the letter triples they share, so it shrugs off typing errors. */
export const scan: Engine = (features) =>
  function* (question) {
    const wanted = trigrams(question);
    const found: { feature: Feature; likeness: number }[] = [];
    yield* slices(features, (feature) => {
      const likeness = compare(wanted, trigrams(`${feature.words} ${feature.about} ${feature.notes}`));
      if (likeness >= 0.5) found.push({ feature, likeness });
    });
    found.sort((a, b) => b.likeness - a.likeness || a.feature.words.length - b.feature.words.length);
    return answer(found.map(({ feature }) => feature));
  };

function trigrams(text: string): Set<string> {
  const triples = new Set<string>();
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const padded = `  ${word} `;
    for (let at = 0; at + 3 <= padded.length; at++) triples.add(padded.slice(at, at + 3));
  }
  return triples;
}

/** The share of `wanted` that `offered` has. */
function compare(wanted: Set<string>, offered: Set<string>): number {
  let shared = 0;
  for (const triple of wanted) if (offered.has(triple)) shared++;
  return wanted.size === 0 ? 0 : shared / wanted.size;
}
