// Every link of the README, of docs/ and of the other pages leads to a file, and to a heading of that file.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const home: string = repository.url.replace(/^git\+|\.git$/g, "");
const raw = home.replace("github.com", "raw.githubusercontent.com");

const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "bench/README.md"].concat(
  readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
);

/** The text of a page without its code. */
const prose = (path: string): string =>
  readFileSync(join(root, path), "utf8")
    .replace(/^```[\s\S]*?^```/gm, "")
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ""));

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(path: string): Set<string> {
  const text = readFileSync(join(root, path), "utf8").replace(/^```[\s\S]*?^```/gm, "");
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/ /g, "-"),
  );
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id!)]);
}

function linksOf(path: string): string[] {
  const text = prose(path);
  const inline = [...text.matchAll(/\]\(([^)\s]+)\)/g)];
  const defined = [...text.matchAll(/^\[[^\]]+\]: (\S+)$/gm)];
  return [...inline, ...defined].map(([, to]) => to!);
}

/** The file of the repository to which a link leads, with its anchor, or `null` for a link to elsewhere. */
function target(from: string, link: string): [file: string, anchor: string | undefined] | null {
  const inside = [`${home}/blob/main/`, `${raw}/main/`].find((start) => link.startsWith(start));
  if (inside === undefined && /^https?:/.test(link)) return null;
  const [file = "", anchor] = (inside === undefined ? link : link.slice(inside.length)).split("#");
  if (inside !== undefined) return [file, anchor];
  return [file === "" ? from : relative(root, join(root, dirname(from), file)), anchor];
}

describe("Links", () => {
  test.each(pages)("of %s lead to files of the repository and to their headings", (page) => {
    const dead = linksOf(page).filter((link) => {
      const to = target(page, link);
      if (to === null) return false;
      const [file, anchor] = to;
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && file.endsWith(".md") && !anchorsOf(file).has(anchor);
    });
    expect(dead).toEqual([]);
  });

  test("of the README name the repository of package.json, so that they work on npm's page of the package", () => {
    expect(linksOf("README.md").filter((link) => !/^(https:\/\/|#)/.test(link))).toEqual([]);
    const elsewhere = linksOf("README.md").filter(
      (link) => link.includes("millrace") && !link.includes(home.slice(18)),
    );
    expect(elsewhere).toEqual([]);
  });

  test("of the README by a word have a definition, and each definition is used", () => {
    const text = prose("README.md");
    const defined = [...text.matchAll(/^\[([^\]]+)\]: /gm)].map(([, word]) => word!).sort();
    const used = [...text.matchAll(/\]\[([^\]]+)\]/g)].map(([, word]) => word!);
    expect([...new Set(used)].sort()).toEqual(defined);
  });

  test("every page of docs/ is in the index of the docs and in the reference", () => {
    const index = linksOf("docs/README.md").map((link) => target("docs/README.md", link)?.[0]);
    const { projectDocuments } = JSON.parse(readFileSync(join(root, "typedoc.json"), "utf8"));
    const written = pages.filter((page) => page.startsWith("docs/") && page !== "docs/README.md");
    expect(written.filter((page) => !index.includes(page))).toEqual([]);
    expect(written.filter((page) => !projectDocuments.includes(page))).toEqual([]);
  });
});
