// The names of tasks, as reports show them.

import {
  all,
  any,
  call,
  channel,
  collect,
  DeadlockError,
  fanIn,
  first,
  forEach,
  go,
  hedge,
  latest,
  named,
  type Operation,
  pause,
  pipeline,
  type Routine,
  reduce,
  retry,
  run,
  scope,
  sleep,
  TimeoutError,
  workers,
} from "millrace";
import { expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

class Client {
  *run(): Routine<void> {}
}
const client = new Client();
const last = (name: string): string => name.split("/").at(-1)!.replace(/#\d+$/, "");

test.each<[string, () => Routine<void>, string]>([
  ["a bound method", client.run.bind(client), "run"],
  ["a method that is bound twice", client.run.bind(client).bind(null), "run"],
  [
    "an arrow function without a name",
    (
      () => () =>
        client.run()
    )(),
    "task",
  ],
  [
    "a bound function without a name",
    (
      () => () =>
        client.run()
    )().bind(null),
    "task",
  ],
  ["an arrow function with a name", named("client", () => client.run()), "client"],
  ["a method with another name", named("reader", client.run), "reader"],
])("a task of %s is named for it", async (_, body, name) => {
  using time = virtualTime();
  const task = go(body);
  await time.settle();
  expect(last(task.name)).toBe(name);
});

test("named() leaves the function as it is, and passes on arguments, `this` and the result", async () => {
  using _ = virtualTime();
  function* add(this: unknown, a: number, b: number): Routine<number> {
    yield* pause();
    return a + b + (typeof this === "number" ? this : 0);
  }
  const [one, two] = [named("one", add), named("two", add)];
  const tasks = [go(one, 1, 2), go(two, 3, 4), go(add, 5, 6)];
  expect(tasks.map(({ name }) => last(name))).toEqual(["one", "two", "add"]);
  expect(await Promise.all(tasks)).toEqual([3, 7, 11]);
  expect(await go(() => one.call(100, 1, 2))).toBe(103);
});

const dead: [string, (source: ReturnType<typeof channel<number>>) => Operation<unknown>, string[]][] = [
  ["reduce()", (source) => reduce(source, (sum, n) => sum + n, 0), ["main", "scope", "reduce"]],
  ["collect()", (source) => collect(source), ["main", "scope", "reduce"]],
  ["forEach()", (source) => forEach(source, () => {}), ["main", "scope", "forEach"]],
  ["first()", (source) => first(source), ["main", "scope", "first"]],
  [
    "call()",
    (source) =>
      call(function* question() {
        yield* source.receive();
      }),
    ["main", "question"],
  ],
  [
    "all()",
    (source) =>
      all([
        function* one() {
          yield* source.receive();
        },
      ]),
    ["main", "scope", "all", "one"],
  ],
  [
    "any()",
    (source) =>
      any([
        function* one() {
          yield* source.receive();
        },
      ]),
    ["main", "scope", "any", "one"],
  ],
  [
    "hedge()",
    (source) => hedge(() => source.receive(), { after: 1, attempts: 1 }),
    ["main", "scope", "hedge", "attempt"],
  ],
  [
    "latest()",
    (source) =>
      latest([1], function* work() {
        yield* source.receive();
      }).receive(),
    ["main", "producer", "scope", "latest", "work"],
  ],
  ["retry()", (source) => retry(() => source.receive()), ["main", "scope", "retrying"]],
  ["workers()", (source) => workers(1, source, () => {}), ["main", "scope", "worker"]],
  ["pipeline()", (source) => pipeline(1, source, (n) => n).receive(), ["main", "pipeline"]],
  [
    "fanIn()",
    (source) =>
      fanIn([
        function* stuck() {
          yield* source.receive();
        },
      ]).receive(),
    ["main", "producer", "scope", "stuck"],
  ],
  [
    "a scope with a name",
    (source) =>
      scope(
        function* body() {
          yield* source.receive();
        },
        { name: "session" },
      ),
    ["main", "session", "body"],
  ],
];

test.each(dead)("the tasks of %s have the names that the sources give them", async (_, perform, names) => {
  using _time = virtualTime();
  const error = await run(function* main(): Routine<unknown> {
    return yield* perform(channel<number>());
  }).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(error instanceof DeadlockError)) throw error;
  const all = new Set(error.tasks.flatMap(({ name }) => name.split("/").map((part) => part.replace(/#\d+$/, ""))));
  expect([...all].sort()).toEqual([...names].sort());
});

test("the error of a deadline names its scope", async () => {
  using time = virtualTime();
  const late = scope(
    function* () {
      yield* sleep(100);
    },
    { deadline: 5, name: "session" },
  ).then(undefined, (error: unknown) => error);
  await time.advance(5);
  expect(await late).toEqual(new TimeoutError("Timed out: the scope session took longer than 5 ms"));
});

test("a chain of tasks in which each starts the next one has names of bounded length", async () => {
  using _ = virtualTime();
  let name = "";
  function* generation(left: number): Routine<void> {
    yield* pause();
    if (left > 0) heir = go(generation, left - 1);
    else name = heir.name;
  }
  let heir = go(generation, 5000);
  for (let task = null; task !== heir; ) await (task = heir);
  expect(name.length).toBeLessThan(500);
  expect(name).toMatch(/^generation#\d+\/generation#0\/.*\(\d+ more\).*\/generation#0$/);
});

const failure = new Error("broken");
function* fails(): Routine<never> {
  yield* pause();
  throw failure;
}

test("Task.catch() joins the task: its failure is passed to the function, and not reported (GO-2)", async () => {
  using time = virtualTime();
  const seen: unknown[] = [];
  expect(await go(fails).catch((error) => seen.push(error))).toBe(1);
  const done = go(function* () {
    return 2;
  });
  expect(await done.catch(() => 3)).toBe(2);
  await time.settle();
  expect([seen, time.reported]).toEqual([[failure], []]);
});

test("Task.finally() joins the task, calls the function at its end, and passes on what it returned or threw (GO-2)", async () => {
  using time = virtualTime();
  let over = 0;
  const done = go(function* () {
    yield* pause();
    return 1;
  });
  expect(await done.finally(() => void over++)).toBe(1);
  await expect(go(fails).finally(() => void over++)).rejects.toBe(failure);
  await time.settle();
  expect([over, time.reported]).toEqual([2, []]);
});

test.each<[string, () => Routine<void>]>([
  ["a generator function", client.run],
  ["a named one", named("client", client.run)],
  ["a bound one", client.run.bind(client)],
])("a task of %s makes no signal", async (_, body) => {
  let made = 0;
  const { AbortController: Original } = globalThis;
  globalThis.AbortController = class extends Original {
    constructor() {
      super();
      made++;
    }
  };
  try {
    await go(body);
    await all([body]);
  } finally {
    globalThis.AbortController = Original;
  }
  expect(made).toBe(0);
});
