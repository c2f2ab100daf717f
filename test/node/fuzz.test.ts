// Random programs, on which every way of searching must find the same ends, and the scheduler none but those.

import { expect, test } from "vitest";
import { channel, go } from "../../src/index.js";
import { verify } from "../../src/testing.js";
import { compareCancelling } from "../fuzz/cancelling.js";
import { compare, compareEndless, compareEnough } from "../fuzz/compare.js";
import { compareGrowing } from "../fuzz/growing.js";
import { programOf, specOf } from "../fuzz/programs.js";
import { compareTurning } from "../fuzz/turning.js";
import { compareWide } from "../fuzz/wide.js";

const PROGRAMS = 3000;
const ENDLESS = 500;
const WIDE = 60;
const GROWING = 150;
const CANCELLING = 50;
const RUN_MS = 40;
const TURNING = 300;
const CHUNK = 500;

test.each(Array.from({ length: PROGRAMS / CHUNK }, (_, chunk) => 1 + chunk * CHUNK))(
  "all orders, sleep sets, source sets, states and the scheduler agree on the programs from seed %d on",
  async (first) => {
    let compared = 0;
    for (let seed = first; seed < first + CHUNK; seed++) {
      if ((await compare(specOf(seed, { plain: seed % 2 === 0 }), seed)) !== null) compared++;
    }
    expect(compared).toBeGreaterThan(CHUNK * 0.9);
  },
);

test.each([
  ["go on for ever", ENDLESS, compareEndless, 1],
  ["can change places", TURNING, compareTurning, 0.9],
])("where tasks %s, the states that are enough show what all states show", (_, programs, compareSeed, part) => {
  let [all, enough] = [0, 0];
  for (let seed = 1; seed <= programs; seed++) {
    const states = compareSeed(seed);
    all += states?.all ?? 0;
    enough += states?.enough ?? 0;
  }
  expect(enough).toBeGreaterThan(0);
  expect(enough).toBeLessThan(all * part);
});

test("whatever a program returns when it is run, the model has found", async () => {
  let compared = 0;
  for (let seed = 1; seed <= WIDE; seed++) if (await compareWide(seed)) compared++;
  // Some take too long on a slow machine.
  expect(compared).toBeGreaterThan(WIDE * 0.5);
});

test("where tasks start tasks, every failure shows again by its token", async () => {
  let failed = 0;
  for (let seed = 1; seed <= GROWING; seed++) failed += await compareGrowing(seed);
  expect(failed).toBeGreaterThan(GROWING);
});

test("where tasks are cancelled, the model finds whatever happens when the program is run", async () => {
  let [modelled, run] = [0, 0];
  for (let seed = 1; seed <= CANCELLING; seed++) {
    const compared = await compareCancelling(seed, RUN_MS);
    if (compared.modelled) modelled++;
    if (compared.run) run++;
  }
  expect(modelled).toBeGreaterThan(CANCELLING * 0.6);
  expect(run).toBeGreaterThan(CANCELLING * 0.2);
});

test("what a task does first is known of whoever starts it", () => {
  const found = compareEnough(0, function* main() {
    const [gate, door] = [channel<number>(1), channel<number>()];
    go(function* () {
      if (!door.close()) yield* gate.receive();
    });
    go(function* () {
      yield* gate.send(1);
      go(function* () {
        door.close();
      });
    });
  });
  expect(found?.enough).toBeLessThanOrEqual(found!.all);
});

test("no audit finds that something is shared where nothing is", async () => {
  const shared: number[] = [];
  for (let seed = 320; seed < 480; seed += 2) {
    const program = programOf(specOf(seed, { plain: true }), null);
    const verdict = await verify(program, { engine: "model", maxStates: 1000, leaks: false });
    if (verdict.status === "failed" && verdict.kind === "shared-state") shared.push(seed);
  }
  expect(shared).toEqual([]);
});
