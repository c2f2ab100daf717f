// Programs of the Go blog and of talks about Go.

import { type Channel, CLOSED, channel, go, type Routine, select, sleep, timeout } from "millrace";
import { choose } from "millrace/testing";
import { type Known, NO_TASK } from "./program.js";

/** Pike's search race: three servers, the first answer wins, unless it is late. */
const searchRace = (capacity: number) =>
  function* main(): Routine<string> {
    const replies = channel<number>(capacity);
    for (let server = 0; server < 3; server++) {
      go(function* () {
        yield* sleep(yield* choose(10, 100));
        yield* replies.send(server);
      });
    }
    const late = timeout(80);
    const { key, value } = yield* select({ replies, late });
    return key === "replies" ? `reply ${String(value)}` : "timeout";
  };

/** The Go blog's squaring pipeline, with a reader that leaves early. */
const squaring = (cancels: boolean) =>
  function* main(): Routine<void> {
    const [done, source, out, ended] = [channel<never>(), channel<number>(), channel<number>(), channel<1>()];
    const squares = [channel<number>(), channel<number>()];
    const put = function* (to: Channel<number>, value: number): Routine<boolean> {
      if (cancels) return (yield* select({ sent: to.send(value), done })).key === "sent";
      return yield* to.send(value);
    };
    go(function* generate() {
      for (const n of [2, 3]) if (!(yield* put(source, n))) break;
      source.close();
    });
    for (const to of squares) {
      go(function* square() {
        for (let n: unknown; (n = yield* source.receive()) !== CLOSED; ) {
          if (!(yield* put(to, Number(n) ** 2))) break;
        }
        to.close();
      });
    }
    for (const from of squares) {
      go(function* output() {
        for (let n: unknown; (n = yield* from.receive()) !== CLOSED; ) if (!(yield* put(out, Number(n)))) break;
        yield* ended.send(1);
      });
    }
    go(function* closer() {
      yield* ended.receive();
      yield* ended.receive();
      out.close();
    });
    yield* out.receive();
    if (cancels) done.close();
  };

export const blog: readonly Known[] = [
  {
    name: "search race, unbuffered",
    source: "Go talk",
    main: searchRace(0),
    verdict: "leak",
    states: 114,
    events: 175,
    shortest: 8,
    note: NO_TASK,
  },
  {
    name: "search race, buffered",
    source: "Go talk",
    main: searchRace(3),
    verdict: "ok",
    states: 243,
    events: 382,
    note: NO_TASK,
  },
  {
    name: "squaring fan-in, bad",
    source: "Go blog",
    main: squaring(false),
    verdict: "leak",
    states: 191,
    events: 362,
    shortest: 12,
  },
  {
    name: "squaring fan-in with cancellation",
    source: "Go blog",
    main: squaring(true),
    verdict: "ok",
    states: 739,
    events: 1558,
  },
];
