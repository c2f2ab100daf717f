// Actors that rest: after many others have begun, one that has nothing to do gives up its task and its mailbox.

import { channel, go, type Operation, pause, type Routine, scope, sleep } from "millrace";
import { type Actor, type ActorContext, actor, ask, type Reply, supervise } from "millrace/supervise";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scheduler } from "../../src/scheduler/scheduler.js";
import { inVirtualTime } from "./stage.js";

// An actor does not rest once some code of the process uses contexts, as other files of tests do.
const { contexts } = scheduler;
beforeAll(() => {
  scheduler.contexts = null;
});
afterAll(() => {
  scheduler.contexts = contexts;
});

/** Begins so many actors that all others that can rest do so; each is asked twice, as the first time it may have been used. */
function* beginMany(): Routine<void> {
  const others: Actor<number>[] = [];
  let handled = 0;
  const handle = (): void => {
    handled++;
  };
  for (let at = 0; at < 4_000; at++) {
    others.push(actor<number>(handle));
    others[at]!.trySend(at);
    if (at % 500 === 0) yield* pause();
  }
  while (handled < others.length) yield* pause();
}

/** Whether an actor rests. */
const rests = (target: Actor<never>): boolean => (target as unknown as { _task: unknown })._task === null;

type Message = "add" | Reply<number>;

function counter(options: object = {}): Actor<Message> {
  let count = 0;
  return actor<Message>((message) => {
    if (message === "add") count++;
    else message(count);
  }, options);
}

function count(target: Actor<Message>): Operation<number> {
  return ask(target, (reply: Reply<number>): Message => reply);
}

test("AC-15: an actor that rests handles what comes next, with the state that it had", async () => {
  const seen = await inVirtualTime(function* (): Routine<unknown[]> {
    const all = [counter(), counter(), counter(), counter(), counter()] as const;
    for (const target of all) yield* target.send("add");
    const [sent, tried, asked, closed, stopped] = all;
    // Made before the actor rests, and performed while it does.
    const early = sent.send("add");
    yield* beginMany();
    const resting = all.map(rests);
    yield* early;
    tried.trySend("add");
    const counts = [yield* count(sent), yield* count(tried), yield* count(asked)];
    const exit = closed.exited();
    closed.close();
    return [...resting, ...counts, (yield* exit).kind, (yield* stopped.stop()).kind, stopped.trySend("add")];
  });
  expect(seen).toEqual([true, true, true, true, true, 2, 2, 1, "done", "cancelled", false]);
});

test("AC-15: its context stays", async () => {
  const seen = await inVirtualTime(function* (): Routine<unknown[]> {
    const contexts = new Set<ActorContext<number>>();
    const target = actor<number>((_, context) => {
      contexts.add(context);
    });
    yield* target.send(1);
    yield* pause();
    const [{ signal }] = [...contexts] as [ActorContext<number>];
    yield* beginMany();
    const resting = [rests(target), signal.aborted];
    yield* target.send(2);
    yield* pause();
    const { size } = contexts;
    yield* target.stop();
    return [...resting, size, signal.aborted];
  });
  expect(seen).toEqual([true, false, 1, true]);
});

test("AC-15: one that is used in between, has more to do, or can be noticed does not rest", async () => {
  const seen = await inVirtualTime(function* (): Routine<unknown> {
    const gate = channel<void>();
    const replies: Reply<number>[] = [];
    const targets = {
      behaviour: actor<number>(function* (mailbox) {
        for (;;) yield* mailbox.receive();
      }),
      waiting: actor<number>(() => gate.receive()),
      owing: actor<Reply<number>>((reply) => {
        replies.push(reply);
      }),
      watched: counter(),
      restarted: counter({ restart: "transient" }),
      dropping: counter({ mailbox: 0 }),
    };
    const { behaviour, waiting, owing, watched, restarted } = targets;
    yield* behaviour.send(1);
    yield* waiting.send(1);
    const answer = go(function* () {
      return yield* ask(owing, (reply: Reply<number>) => reply);
    });
    yield* pause();
    const closing = go(function* () {
      yield* watched.whenClosed();
      return "closed";
    });
    yield* restarted.send("add");
    const inScope = yield* scope(function* (inner): Routine<boolean> {
      const target = counter({ scope: inner });
      yield* target.send("add");
      yield* beginMany();
      const resting = rests(target);
      yield* target.stop();
      return resting;
    });
    const resting = Object.entries(targets).flatMap(([name, target]) => (rests(target) ? [name] : []));
    replies[0]!(7);
    gate.close();
    watched.close();
    const outcomes = [inScope, yield* answer, yield* closing];
    for (const target of Object.values(targets)) yield* target.stop();
    return [...resting, ...outcomes];
  });
  // A mailbox without a buffer may be empty and rest, too; nothing was sent to it, so it has not begun.
  expect(seen).toEqual(["dropping", false, 7, "closed"]);
});

test("AC-15: one that rests has run, so it cannot become a child", async () => {
  await inVirtualTime(function* (): Routine<void> {
    const target = counter();
    yield* target.send("add");
    yield* beginMany();
    expect(rests(target)).toBe(true);
    expect(() => supervise({ target })).toThrow("Cannot supervise: actor actor must not run");
    yield* sleep(1);
  });
});
