// For each file of tests. The files of a worker share one scheduler, so a file that leaves a timer or a maker behind
// fails: the next file would find it among its own.
//
// When a worker of the test runner has nothing left to do, its event loop is empty. That is the end of the tests, not a
// deadlock of what they left awaiting, so the check of EN-2 is off here; test/lifetime/process.node.test.ts has it.

// In Node the package installs a maker of its own.
import "millrace";
import { nativeHost, replaceHost } from "millrace/host";
import { afterAll, expect } from "vitest";
import { scheduler } from "../../src/scheduler/scheduler.js";

replaceHost({ whenEmpty() {} });
const { maker } = scheduler;

afterAll(async () => {
  expect(scheduler.maker === maker, "this file of tests left a maker on the scheduler").toBe(true);
  let timers = 0;
  const counting = replaceHost({
    setTimer(job, ms) {
      timers++;
      return nativeHost.setTimer(job, ms);
    },
  });
  for (let turns = 0; turns < 8; turns++) await new Promise<void>((resolve) => nativeHost.turn(resolve));
  counting[Symbol.dispose]();
  expect(timers, "timers that this file of tests left behind").toBe(0);
});
