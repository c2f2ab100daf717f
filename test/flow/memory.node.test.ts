// What flows through a combinator is not kept by it. The same table as in test/flow, in a process of its own.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { scaled, spaced } from "../support/stress.js";
import { subjects } from "./subjects.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

const ITEMS = scaled(90_000, 150_000);

/** Were a value kept for each item, the heap would grow by 8 bytes or more for each of the last two thirds. */
const FLAT = 7 * (ITEMS - ITEMS / 3);

test(`memory stays flat while ${spaced(ITEMS)} items go through each combinator`, async () => {
  const args = ["--expose-gc", "--import", "tsx", "test/support/flow-memory.ts", String(ITEMS)];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const kept = Object.entries(JSON.parse(stdout) as Record<string, number>);
  expect(kept.map(([name]) => name)).toEqual(subjects.map(({ name }) => name));
  expect(kept.filter(([, bytes]) => bytes > FLAT)).toEqual([]);
});
