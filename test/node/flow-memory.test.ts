// What flows through a combinator is not kept by it. The same table as in test/flow, in a process of its own.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { subjects } from "../flow/subjects.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A value kept for each item would be at least 8 bytes for each of 100 000. */
const FLAT = 700_000;

test("memory stays flat while 150 000 items go through each combinator", async () => {
  const args = ["--expose-gc", "--import", "tsx", "test/support/flow-memory.ts"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const kept = Object.entries(JSON.parse(stdout) as Record<string, number>);
  expect(kept.map(([name]) => name)).toEqual(subjects.map(({ name }) => name));
  expect(kept.filter(([, bytes]) => bytes > FLAT)).toEqual([]);
}, 180_000);
