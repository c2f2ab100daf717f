// Variables that tasks share are found in the source of a program: it is run under every schedule then, and not modelled. What only
// looks like sharing is modelled.

import { channel, go, pause, type Routine, scope, sleep } from "millrace";
import { cell, forever, loop, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { sharedVariables, sharingText } from "../../src/testing/explore/source/shared-variables.js";

type Main = () => Routine<unknown>;

const namesIn = async (main: Main): Promise<string[]> => (await sharedVariables(String(main)))!.map(({ name }) => name);

const SHARING: Readonly<Record<string, Main>> = {
  *"a counter of a task that main reads"() {
    let found = 0;
    yield* go(function* count() {
      found++;
    });
    return found;
  },
  *"a counter of two tasks of one body"() {
    let found = 0;
    const add = function* (): Routine<void> {
      const before = found;
      yield* pause();
      found = before + 1;
    };
    for (const task of [go(add), go(add)]) yield* task;
  },
  *"a counter of a body that is started in a loop"() {
    let found = 0;
    for (let n = 0; n < 2; n++) {
      go(function* () {
        found += n;
      });
    }
    yield* sleep(1);
    return found;
  },
  *"an array that tasks of a map fill"() {
    const found: number[] = [];
    const tasks = [1, 2].map((n) =>
      go(function* () {
        found.push(n);
      }),
    );
    for (const task of tasks) yield* task;
  },
  *"an array that is given to a task"() {
    const found: number[] = [];
    const fill = function* (to: number[]): Routine<void> {
      to.push(1);
    };
    go(fill, found);
    yield* sleep(1);
    return found.length;
  },
  *"a field of an object"() {
    const found = { any: false };
    go(function* () {
      found.any = true;
    });
    yield* sleep(1);
    return found.any;
  },
  *"a variable that a helper changes"() {
    let found = 0;
    const note = (): void => {
      found++;
    };
    const work = function* (): Routine<void> {
      yield* pause();
      note();
    };
    go(work);
    go(work);
    yield* sleep(1);
    return found;
  },
  *"a variable of the tasks of a scope"() {
    let found = 0;
    yield* scope(function* (s) {
      for (const n of [1, 2]) {
        s.go(function* () {
          yield* pause();
          found = n;
        });
      }
    });
    return found;
  },
  *"a counter of tasks that tasks of one body start"() {
    let found = 0;
    const outer = function* (): Routine<void> {
      yield* go(function* () {
        const before = found;
        yield* pause();
        found = before + 1;
      });
    };
    for (const task of [go(outer), go(outer)]) yield* task;
  },
  *"a counter of a named body that tasks of another one start"() {
    let found = 0;
    const inner = function* (): Routine<void> {
      const before = found;
      yield* pause();
      found = before + 1;
    };
    const outer = function* (): Routine<void> {
      yield* go(inner);
    };
    for (const task of [go(outer), go(outer)]) yield* task;
  },
  *"a map"() {
    const found = new Map<number, number>();
    go(function* () {
      found.set(1, 1);
    });
    yield* sleep(1);
    return found.size;
  },
  *"a variable that is destructured into"() {
    let found = 0;
    go(function* () {
      [found] = [1];
    });
    yield* sleep(1);
    return found;
  },
  *"a variable that rounds of forever change"() {
    let found = 0;
    const jobs = channel<number>();
    go(forever, function* () {
      yield* jobs.send(1);
    });
    yield* forever(function* () {
      yield* jobs.receive();
      if (++found > 50) throw new Error("too many");
    });
  },
  *"a variable that rounds of a started loop change"() {
    let found = 0;
    go(loop, 0, function* (n: number) {
      yield* pause();
      return n + found++;
    });
  },
};

test.each(Object.entries(SHARING))("%s is shared", async (_name, main) => {
  expect(await namesIn(main)).toEqual(["found"]);
});

const APART: Readonly<Record<string, Main>> = {
  *"counters of the tasks themselves"() {
    const numbers = channel<number>();
    go(function* () {
      let n = 0;
      while (n < 3) yield* numbers.send(++n);
    });
    let sum = 0;
    for (let n = 0; n < 3; n++) sum += (yield* numbers.receive()) as number;
    return sum;
  },
  *"an array that main fills before it starts tasks"() {
    const jobs: number[] = [];
    for (let n = 0; n < 3; n++) jobs.push(n);
    const out = channel<number>(3);
    yield* go(function* () {
      for (const job of jobs) yield* out.send(job);
    });
  },
  *"a cell"() {
    const count = cell(0);
    const add = function* (): Routine<void> {
      count.value++;
    };
    for (const task of [go(add), go(add)]) yield* task;
    return count.value;
  },
  *"the variable of a loop that starts tasks"() {
    const out = channel<number>(3);
    for (let n = 0; n < 3; n++) {
      go(function* () {
        yield* out.send(n);
      });
    }
  },
  *"a list of tasks"() {
    const tasks = [];
    for (let n = 0; n < 2; n++) {
      tasks.push(
        go(function* () {
          yield* sleep(n);
        }),
      );
    }
    for (const task of tasks) yield* task;
  },
  *"a sum of what tasks return"() {
    let sum = 0;
    const one = go(function* () {
      return 1;
    });
    sum += yield* one;
    return sum;
  },
  *"a variable of the same name in each task"() {
    const out = channel<number>(2);
    const body = function* (): Routine<void> {
      let n = 0;
      n++;
      yield* out.send(n);
    };
    go(body);
    go(body);
    let n = 2;
    n++;
    return n;
  },
  *"channels that tasks close"() {
    const jobs = channel<number>();
    const stop = channel<never>();
    go(function* () {
      yield* jobs.send(1);
      stop.close();
      jobs.close();
    });
    yield* jobs.receive();
    yield* stop.receive();
  },
  *"a variable of a task that tasks of one body start"() {
    const body = function* (): Routine<void> {
      const [give, back] = [channel<number>(), channel<number>()];
      go(function* () {
        let n = 0;
        n += (yield* give.receive()) as number;
        yield* back.send(n);
      });
      yield* give.send(1);
      yield* back.receive();
    };
    for (const task of [go(body), go(body)]) yield* task;
  },
  *"the state of a loop"() {
    const lamp = channel<boolean>();
    go(loop<boolean>, false, function* (on) {
      yield* lamp.send(on);
      return !on;
    });
    yield* forever(function* () {
      yield* lamp.receive();
    });
  },
  *"what callbacks of an array change"() {
    let sum = 0;
    const all = [1, 2].map((n) => {
      sum += n;
      return n;
    });
    sum += all.length;
    yield* go(function* () {
      yield* pause();
    });
    return sum;
  },
};

describe.each(Object.entries(APART))("%s", (_name, main) => {
  test("is not shared, and the program is modelled", async () => {
    expect(await namesIn(main)).toEqual([]);
    const verdict = await verify(main);
    expect(verdict).toMatchObject({ status: "proved", engine: "model" });
    expect(verdict.status === "proved" && verdict.assumptions.join()).toContain("no variable in the source of main");
  });
});

test("a program with a shared variable is run, and the assumptions name the variable and both lines", async () => {
  const main = SHARING["a counter of two tasks of one body"]!;
  const verdict = await verify(main);
  expect(verdict).toMatchObject({ status: "proved", engine: "runs" });
  expect(verdict.status === "proved" && verdict.assumptions.join()).toMatch(
    /found: written in .*, line \d+; used in .*, line \d+; declare it with cell\(\)/,
  );
});

test("what only some orders show is found: a counter that one order of many makes 7", async () => {
  const verdict = await verify(function* () {
    let order = "";
    const note = function* (name: string): Routine<void> {
      yield* pause();
      order += name;
    };
    for (const task of [..."abcd"].map((name) => go(note, name))) yield* task;
    if (order === "dcba") throw new Error("in this order it fails");
  });
  expect(verdict).toMatchObject({ status: "failed", kind: "throw", engine: "runs" });
});

test("a variable that rounds carry makes the verdict shared-state, which names it", async () => {
  const verdict = await verify(SHARING["a variable that rounds of forever change"]!);
  expect(verdict).toMatchObject({ status: "failed", kind: "shared-state" });
  expect(verdict.status === "failed" && verdict.report).toContain("found: changed by a round of a loop");
  expect(verdict.status === "failed" && verdict.report).toContain("give it to loop() as its state");
});

test("source that cannot be read is left to the audit", async () => {
  expect(await sharedVariables("function () { [native code] }")).toBeNull();
  const bound = function* (): Routine<number> {
    return 1;
  }.bind(null);
  const verdict = await verify(bound);
  expect(verdict.status === "proved" && verdict.assumptions.join()).toContain("could not be read");
});

test("the text names each variable once", async () => {
  const shared = await sharedVariables(
    "function* main() { let a = 0, b = 0; go(function* t() { a++; b++; }); yield* sleep(1); return a + b; }",
  );
  expect(sharingText(shared!)).toBe(
    "a: written in t, line 1; used in main, line 1; declare it with cell(). b: written in t, line 1; used in main, line 1; declare it with cell()",
  );
});
