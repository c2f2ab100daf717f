// Each rule of docs/rules.md is shown by a test that cites it, and each rule that a test cites is there.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = readFileSync(new URL("../../docs/rules.md", import.meta.url), "utf8");
const rules = [...page.matchAll(/^<a id="[a-z]+-\d+"><\/a>\*\*([A-Z]+-\d+)\.\*\*/gm)].map(([, rule]) => rule!);
const groups = [...new Set(rules.map((rule) => rule.split("-")[0]))];

/** The rules that the tests cite, each with a file that does. */
function cited(): Map<string, string> {
  const folder = new URL("../", import.meta.url);
  const found = new Map<string, string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }))
    if (/\.[mc]?[jt]sx?$/.test(file))
      for (const [rule] of readFileSync(new URL(file.replaceAll("\\", "/"), folder), "utf8").matchAll(
        new RegExp(`\\b(?:${groups.join("|")})-\\d+\\b`, "g"),
      ))
        found.set(rule, file);
  return found;
}

test("each rule is cited by a test, and no test cites a rule that is not there", () => {
  expect(groups.length).toBeGreaterThan(10);
  const known = cited();
  expect(rules.filter((rule) => !known.has(rule))).toEqual([]);
  expect([...known].filter(([rule]) => !rules.includes(rule))).toEqual([]);
});
