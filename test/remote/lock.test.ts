// Locks as death certificates, with the locks of the host where it has any.

import { expect, test } from "vitest";
import { hasLocks, holdLock, whenReleased } from "../../src/remote/port/lock.js";

const waiting = (name: string): { told: Promise<string>; stop: () => void } => {
  let stop = (): void => {};
  const told = new Promise<string>((resolve) => {
    stop = whenReleased(
      name,
      () => resolve("released"),
      () => resolve("unseen"),
    );
  });
  return { told, stop };
};

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

test.runIf(hasLocks())("whenReleased() tells the release of a lock, and not before (F9)", async () => {
  const release = holdLock("millrace/test/a");
  const log: string[] = [];
  const { told } = waiting("millrace/test/a");
  void told.then((what) => log.push(what));
  for (let n = 0; n < 5; n++) await settle();
  expect(log).toEqual([]);
  release();
  expect(await told).toBe("released");
});

test.runIf(hasLocks())("whenReleased() tells nothing once it was stopped", async () => {
  const release = holdLock("millrace/test/b");
  const log: string[] = [];
  const { told, stop } = waiting("millrace/test/b");
  void told.then((what) => log.push(what));
  await settle();
  stop();
  release();
  for (let n = 0; n < 5; n++) await settle();
  expect(log).toEqual([]);
});

test("a lock that is not held in reach is unseen, and not taken for released (F10)", async () => {
  expect(await waiting("millrace/test/none").told).toBe("unseen");
});

test("holdLock() does nothing where there are no locks", () => {
  expect(holdLock("millrace/test/c")).toBeTypeOf("function");
});
