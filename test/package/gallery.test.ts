// The gallery of bugs shows what verify() finds; here it is written again.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { drawPage } from "../../docs/gallery/page.ts";

test("docs/goker.md shows the schedules that are found (`npm run gallery` writes it anew)", async () => {
  const page = readFileSync(new URL("../../docs/goker.md", import.meta.url), "utf8");
  expect(`${await drawPage()}\n`).toBe(page);
});
