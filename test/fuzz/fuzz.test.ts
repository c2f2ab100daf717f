// Random programs. All searches must find the same ends, and the scheduler must reach no other end.

import { expect, test } from "vitest";
import { channel, go } from "../../src/index.js";
import { verify } from "../../src/testing.js";
import { scaled } from "../support/stress.js";
import { compareCancelling } from "./cancelling.js";
import { compare, compareEndless, compareEnough } from "./compare.js";
import { compareGrowing } from "./growing.js";
import { lockProgramOf, lockSpecOf } from "./locks.js";
import { programOf, specOf } from "./programs.js";
import { compareSymmetric } from "./symmetric.js";
import { toolProgramOf, toolSpecOf } from "./tools.js";
import { compareWide } from "./wide.js";

const PROGRAMS = scaled(200, 4000);
const ENDLESS = scaled(70, 700);
const WIDE = scaled(4, 80);
const GROWING = scaled(16, 200);
const CANCELLING = scaled(8, 60);
const TOOLED = scaled(24, 900);
const TURNS = 5000;
const SYMMETRIC = scaled(50, 400);
const CHUNK = 200;

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
  ["run for ever", ENDLESS, compareEndless, 1],
  ["are symmetric", SYMMETRIC, compareSymmetric, 0.9],
])("where tasks %s, the reduced search finds what the search of all states finds", (_, programs, compareSeed, part) => {
  let [all, enough] = [0, 0];
  for (let seed = 1; seed <= programs; seed++) {
    const states = compareSeed(seed);
    all += states?.all ?? 0;
    enough += states?.enough ?? 0;
  }
  expect(enough).toBeGreaterThan(0);
  expect(enough).toBeLessThan(all * part);
});

test.each(["locks", "group", "scopes", "barrier", "limiter"])(
  "with %s, the search with stubborn sets comes to every state of each task",
  (tool) => {
    let [all, enough] = [0, 0];
    for (let seed = 1; seed <= TOOLED; seed++) {
      const main = tool === "locks" ? lockProgramOf(lockSpecOf(seed)) : toolProgramOf(toolSpecOf(seed, tool));
      const states = compareEnough(seed, main);
      all += states?.all ?? 0;
      enough += states?.enough ?? 0;
    }
    expect(enough).toBeGreaterThan(0);
    expect(enough).toBeLessThan(all);
  },
);

test("the model finds every outcome that a run of a random program shows", async () => {
  let compared = 0;
  for (let seed = 1; seed <= WIDE; seed++) if (await compareWide(seed)) compared++;
  expect(compared).toBeGreaterThan(WIDE * 0.5);
});

test("where tasks start tasks, every failure can be replayed by its token", async () => {
  let failed = 0;
  for (let seed = 1; seed <= GROWING; seed++) failed += await compareGrowing(seed);
  expect(failed).toBeGreaterThan(GROWING);
});

test("where tasks are cancelled, the model finds every outcome that a run shows", async () => {
  let [modelled, run] = [0, 0];
  for (let seed = 1; seed <= CANCELLING; seed++) {
    const compared = await compareCancelling(seed, TURNS);
    if (compared.modelled) modelled++;
    if (compared.run) run++;
  }
  expect(modelled).toBeGreaterThan(CANCELLING * 0.6);
  expect(run).toBeGreaterThan(CANCELLING * 0.2);
});

test("the first operation of a task counts as a possible operation of the task that starts it", () => {
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

test("no audit reports shared state in random programs that share none", async () => {
  const shared: number[] = [];
  for (let seed = 320; seed < scaled(380, 640); seed += 2) {
    const program = programOf(specOf(seed, { plain: true }), null);
    const verdict = await verify(program, { engine: "model", maxStates: 1000, leaks: false });
    if (verdict.status === "failed" && verdict.kind === "shared-state") shared.push(seed);
  }
  expect(shared).toEqual([]);
});
