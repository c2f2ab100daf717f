// The pictures of the docs are drawn from runs of real programs; here they are drawn again.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { drawAll } from "../../docs/marbles/draw.ts";

const folder = new URL("../../docs/marbles/", import.meta.url);
const drawn = await drawAll();
const pages = readdirSync(new URL("../", folder))
  .filter((name) => name.endsWith(".md"))
  .map((name) => readFileSync(new URL(`../${name}`, folder), "utf8"))
  .join("\n");

describe("Every picture shows what happens (`npm run marbles` draws them anew)", () => {
  test.each([...drawn])("docs/marbles/%s", (name, text) => {
    expect(text).toBe(readFileSync(new URL(name, folder), "utf8"));
  });

  test("docs/marbles has no picture without a scene", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".svg"));
    expect(files.sort()).toEqual([...drawn.keys()].sort());
  });

  test.each([...drawn.keys()])("%s stands on a page", (name) => {
    expect(pages).toContain(`(marbles/${name})`);
  });
});
