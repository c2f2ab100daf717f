import { element } from "../../shared/dom.ts";
import { features, type Hit } from "../answer.ts";
import type { Lap } from "../lap.ts";
import type { Outcome } from "../race.ts";
import { time } from "./scale.ts";

/** Who won, in a sentence. */
export function verdict(outcome: Outcome, laps: Lap[], deadline: number): string {
  const cancelled = laps.filter(({ end }) => end === "cancelled").length;
  if (outcome.end === "late") return `The deadline won: nobody had an answer within ${time(deadline)}.`;
  if (outcome.end === "nothing") {
    const unreachable = laps.every(({ end }) => end === "failed");
    return unreachable ? "No service could be reached." : "All answered, and nobody found anything.";
  }
  const lap = laps.find(({ service }) => service === outcome.service);
  const others =
    cancelled === 0 ? "" : cancelled === 1 ? " One other was cancelled." : ` ${cancelled} others were cancelled.`;
  return `${outcome.service.name} answered first, after ${time(lap?.ms ?? 0)}, with ${features(outcome.answer.matches)}.${others}`;
}

export function hitItem({ path, about, url, support }: Hit): HTMLLIElement {
  const cut = path.lastIndexOf(".") + 1;
  const link = element("a", "path", element("span", "area", path.slice(0, cut)), path.slice(cut));
  link.href = url;
  const versions = Object.entries(support).map(([browser, version]) =>
    element("li", version === "no" ? "version absent" : "version", `${browser} `, element("b", "", version)),
  );
  const parts = [link, ...(about === "" ? [] : [element("p", "about", about)]), element("ul", "support", ...versions)];
  return element("li", "hit", ...parts);
}
