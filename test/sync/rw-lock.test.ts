import { type DeadlockError, go, type Routine, RwLock, run, sleep } from "millrace";
import { expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

function* enter(log: string[], lock: RwLock, name: string, kind: "read" | "write", ms = 10): Routine<void> {
  using _ = yield* lock[kind]();
  log.push(`${name} in`);
  yield* sleep(ms);
  log.push(`${name} out`);
}

test("RwLock is shared by readers, and a writer holds it alone", () => {
  const lock = new RwLock();
  const readers = [lock.tryRead()!, lock.tryRead()!];
  expect([lock.readers, lock.writing, lock.tryWrite()]).toEqual([2, false, undefined]);
  for (const reader of readers) reader.release();
  const writer = lock.tryWrite()!;
  expect([lock.readers, lock.writing, lock.tryRead(), lock.tryWrite()]).toEqual([0, true, undefined, undefined]);
  writer.release();
  expect([lock.readers, lock.writing]).toEqual([0, false]);
});

test("RwLock is granted in the order of the calls, and adjacent readers enter together", async () => {
  using time = virtualTime();
  const lock = new RwLock();
  const log: string[] = [];
  const kinds = { a: "read", b: "read", W: "write", c: "read", d: "read", X: "write", e: "read" } as const;
  for (const [name, kind] of Object.entries(kinds)) go(enter, log, lock, name, kind);
  await time.advance(1000);
  expect(log).toEqual(
    ["a in", "b in", "a out", "b out", "W in", "W out", "c in", "d in", "c out", "d out"].concat([
      "X in",
      "X out",
      "e in",
      "e out",
    ]),
  );
});

test("RwLock.write() that waits holds back later read() and tryRead() calls; if it is cancelled, the readers enter", async () => {
  using time = virtualTime();
  const lock = new RwLock();
  const log: string[] = [];
  const first = lock.tryRead()!;
  const writer = go(enter, log, lock, "W", "write");
  for (const name of ["a", "b"]) go(enter, log, lock, name, "read");
  await time.settle();
  expect([log, lock.readers, lock.tryRead()]).toEqual([[], 1, undefined]);
  writer.cancel();
  expect(lock.readers).toBe(3);
  await time.settle();
  expect(log).toEqual(["a in", "b in"]);
  first.release();
  await time.advance(10);
  expect([lock.readers, lock.tryWrite() !== undefined]).toEqual([0, true]);
});

test("RwLock starves neither readers nor writers", async () => {
  using time = virtualTime();
  const lock = new RwLock();
  const counts = { read: 0, write: 0 };
  function* again(kind: "read" | "write"): Routine<void> {
    for (;;) {
      using _ = yield* lock[kind]();
      counts[kind]++;
      yield* sleep(1);
    }
  }
  const tasks = (["read", "read", "read", "write", "write"] as const).map((kind) => go(again, kind));
  await time.advance(100);
  for (const task of tasks) task.cancel();
  await time.settle();
  expect(counts.read).toBeGreaterThan(30);
  expect(counts.write).toBeGreaterThan(30);
  expect([lock.readers, lock.writing]).toEqual([0, false]);
});

test("RwLock.read() repeated by a reader behind a waiting writer is a deadlock, whose report contains the cycle (EN-1)", async () => {
  using time = virtualTime();
  const stuck = run(function* main(): Routine<void> {
    const lock = new RwLock({ name: "cache" });
    const reader = go(function* reader(): Routine<void> {
      yield* lock.read();
      yield* sleep(1);
      yield* lock.read();
    });
    go(function* writer(): Routine<void> {
      yield* lock.write();
    });
    yield* reader;
  }).catch((error: unknown) => error as DeadlockError);
  await time.advance(1);
  await time.settle();
  const error = (await stuck) as DeadlockError;
  expect(error.tasks.map(({ waitsFor }) => waitsFor).slice(1)).toEqual(["read lock cache", "write lock cache"]);
  expect([...error.cycle].sort()).toEqual(["main#0/reader#0", "main#0/writer#1"]);
});
