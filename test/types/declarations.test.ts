// What an editor and the compiler show to a user of the built package.

import { afterAll, describe, expect, test } from "vitest";
import { Project } from "../support/declarations.js";

const project = new Project();
afterAll(() => project[Symbol.dispose]());

const everything = `
  import * as all from "millrace";
  import * as transducers from "millrace/transducers";
  import * as testing from "millrace/testing";
  import * as host from "millrace/host";
  export { all, transducers, testing, host };
`;

const start = `
  import { alt, type Case, channel, CLOSED, combineLatest, go, merge, type Operation, Operation as Base, receiveAny,
    type AsyncRoutine, type Routine, run, scope, select, settled, sleep, type Task, Waiters, withTimeout } from "millrace";
  import { map } from "millrace/transducers";
  declare const numbers: ReturnType<typeof channel<number>>;
  declare const words: ReturnType<typeof channel<string>>;
  declare const task: Task<number>;
  function* worker(n: number): Routine<void> { yield* sleep(n); }
`;

describe("the shipped declarations type-check without skipLibCheck", () => {
  test.each<[what: string, lib: string[], bundled: boolean]>([
    ["in a page, without Node's types and without esnext.disposable", ["es2022", "dom"], true],
    ["with module resolution as in Node", ["es2022", "dom"], false],
    ["without DOM and without Node's types", ["es2023"], false],
  ])("%s", (_, lib, bundled) => {
    using bare = new Project(lib, bundled);
    expect(bare.allErrors(everything)).toEqual([]);
  });

  test("classes of users extend Operation, and Waiters holds them", () => {
    expect(
      project.errors(`${start}
        class Opened extends Base<string> {
          private readonly _what: string = "";
          constructor(readonly waiting: Waiters<Opened>) { super(); }
          poll(): boolean { this.value = 1; return false; }
          block(): void { this.waiting.join(this); }
          override unblock(): void { this.waiting.leave(this); }
          override discard(): void {}
          override result(): string { return String(this.value); }
          override waitsFor() { return { what: this._what, external: false, tasks: [this.performer] }; }
        }
        const waiting = new Waiters<Opened>();
        const op: Operation<string> = new Opened(waiting);
        waiting.next()?.complete("open");
        select({ op });
      `),
    ).toEqual([]);
  });
});

describe("completion shows what users need, and nothing of the internals", () => {
  const ofOperation = [
    "block",
    "complete",
    "discard",
    "map",
    "performer",
    "poll",
    "result",
    "then",
    "toJSON",
    "toString",
    "unblock",
    "waitsFor",
  ];

  test("on an operation", () => {
    expect(project.completions(`${start} numbers.receive().`)).toEqual(ofOperation);
  });

  test("on a task", () => {
    const ofTask = project.completions(`${start} task.`);
    expect(ofTask).toEqual(expect.arrayContaining([...ofOperation, "cancel", "name", "status", "whenOver"]));
    for (const name of [
      "after",
      "at",
      "before",
      "done",
      "ending",
      "flags",
      "fresh",
      "happened",
      "member",
      "next",
      "outcome",
    ]) {
      expect(ofTask).not.toContain(name);
    }
    for (const name of ["park", "path", "plain", "routine", "run", "throw", "waiter", "waiting", "wake", "withdraw"]) {
      expect(ofTask).not.toContain(name);
    }
  });

  test.each(["Waiters", "Mutex", "Condition", "RwLock", "Semaphore"])("on a %s", (name) => {
    const shown = project.completions(`import { ${name} } from "millrace"; declare const it: ${name}; it.`);
    for (const internal of ["before", "after", "waiting", "putFirst", "takeOver"])
      expect(shown).not.toContain(internal);
    expect(shown.filter((member) => member.startsWith("_"))).toEqual([]);
    expect(shown.length).toBeGreaterThan(0);
  });

  test("a task is made by go() only", () => {
    expect(project.errors(`import { Task } from "millrace"; new Task();`).join()).toContain("private");
  });
});

describe("hovers read as the docs do", () => {
  const hovers: [code: string, hover: string][] = [
    [
      "await select({ n: numbers, late: sleep(5) })",
      `{ readonly key: "n"; readonly value: number | Closed; } | { readonly key: "late"; readonly value: void; }`,
    ],
    [
      `await select({ n: numbers }, { default: "none" })`,
      `{ readonly key: "n"; readonly value: number | Closed; } | { readonly key: "default"; readonly value: string; }`,
    ],
    [
      "await receiveAny({ numbers, words })",
      `Closed | { readonly key: "numbers"; readonly value: number; } | { readonly key: "words"; readonly value: string; }`,
    ],
    [
      "merge({ numbers, words })",
      `OwnedChannel<{ readonly key: "numbers"; readonly value: number; } | { readonly key: "words"; readonly value: string; }>`,
    ],
    ["combineLatest({ numbers, words })", "OwnedChannel<{ numbers: number; words: string; }>"],
    ["numbers.receive()", "Operation<number | Closed>"],
    ["numbers.tryReceive()", "number | Closed | Empty"],
    ["go(worker, 3)", "Task<void>"],
    ["channel<number>(2, { transform: map((n) => n * 2) })", "Channel<number>"],
    ["await go(function* () { return task; })", "number"],
    ["await run(function* () { return task; })", "number"],
    ["go(function* () { return task; }).then((value) => value)", "Promise<number>"],
    ["alt(numbers.receive().map(String), sleep(5).map(() => 1n))", "Operation<string | bigint>"],
  ];
  const snippet = (code: string): string => `${start} const it = ${code};`;
  for (const [code] of hovers) project.write(snippet(code));

  test.each(hovers)("%s", (code, hover) => {
    expect(project.hover(snippet(code))).toBe(`const it: ${hover}`);
  });

  test("yield* yields a task where await yields its outcome", () => {
    const inside = (head: string): string =>
      project.hover(`${start} go(${head} () { const it = yield* go(function* () { return task; }); });`);
    expect(inside("function*")).toBe("const it: Task<number>");
    expect(inside("async function*")).toBe("const it: Task<number>");
  });
});

const plain = `Type 'Operation<boolean>' is not assignable to type '"perform operations with yield*"'`;
const iterated = `iterator expects type '"perform operations with yield*"'`;

describe("errors say what to write", () => {
  const errors: [what: string, code: string, message: string][] = [
    ["a plain yield of an operation in a go block", "go(function* () { yield numbers.send(1); });", plain],
    ["a plain yield of an operation in a routine", "function* f(): Routine<void> { yield numbers.send(1); }", plain],
    ["a plain yield in an async go block", "go(async function* () { yield numbers.send(1); });", "to type 'Parked'"],
    ["a plain yield in an async routine", "async function* f(): AsyncRoutine<void> { yield sleep(1); }", "with yield*"],
    ["a loop over an operation", "for (const value of numbers.receive()) console.log(value);", iterated],
    ["an async loop over an operation", "for await (const value of numbers.receive()) console.log(value);", iterated],
    ["an operation that is spread", "[...numbers.receive()];", iterated],
    ["an operation that is destructured", "const [value] = numbers.receive(); console.log(value);", iterated],
    ["a promise as a case of a select", "select({ answer: Promise.resolve(1) });", "settled() for a promise"],
    ["a promise as a case of an alt", "alt(Promise.resolve(1));", "settled() for a promise"],
    ["the value of an operation, read from outside", "numbers.receive().value;", "protected"],
    ["CLOSED not narrowed away", "(await numbers.receive()).toFixed();", "does not exist on type 'number | Closed'"],
    ["EMPTY not narrowed away", "const n: number = numbers.tryReceive();", "Type 'number | Closed | Empty'"],
    ["a generator in place of its function", "go(worker(3));", "Argument of type 'Routine<void>' is not assignable"],
  ];
  for (const [, code] of errors) project.write(start + code);

  test.each(errors)("%s", (_, code, message) => {
    expect(project.errors(start + code).join("\n")).toContain(message);
  });

  test("no error lists an internal member", () => {
    const errors = project.errors(
      `${start} const op: Operation<number> = {}; const t: Task<number> = {}; const c: Case = {};`,
    );
    expect(errors).toHaveLength(3);
    expect(errors.join("\n")).not.toMatch(/\b(?:before|after|done|waiter|member|ending|_\w+)\b/);
  });

  test("what is right has no error", () => {
    expect(
      project.errors(`${start}
        go(function* () {
          const value = yield* numbers.receive();
          if (value !== CLOSED) value.toFixed();
          switch (value) { case CLOSED: return; default: value.toFixed(); }
          const got = yield* select({ numbers, answer: settled(Promise.resolve("x")) });
          if (got.key === "answer") got.value.length;
          yield* worker(1);
        });
        go(async function* () { yield* worker(1); yield* numbers.send(1); });
        function* unannotated() { yield* sleep(1); return yield* numbers.send(1); }
        go(unannotated);
        withTimeout(5, scope(unannotated)).then((sent: boolean) => sent);
      `),
    ).toEqual([]);
  });
});
