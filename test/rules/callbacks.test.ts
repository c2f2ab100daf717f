// GO-9: what a function of the user throws never leaves through the step of other code, and a function that uses the package
// itself finds everything in a consistent state.

import {
  type Buffer,
  CLOSED,
  channel,
  derive,
  dropping,
  go,
  guard,
  never,
  Operation,
  pause,
  select,
  settled,
  sleep,
  sliding,
  unbounded,
  upon,
  withNack,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

type Callback = () => void;

/** Where the exception of a callback arrives: at the host, or as the failure of what `provoke` returns. */
type Arrives = "reported" | "thrown";

interface Row {
  readonly arrives: Arrives;
  /** Makes the package call `callback` at the time 10, inside the step of other code. Returns the operations that it belongs to. */
  provoke(callback: Callback): Promise<unknown> | undefined;
}

/** Runs code at the time 10, in a task of its own. */
function at10(code: () => void): void {
  go(function* () {
    yield* sleep(10);
    code();
  });
}

/** A buffer of the user, whose methods call `callback`. */
class Own implements Buffer<number> {
  readonly values: number[] = [];
  readonly capacity = 1;
  private readonly _on: string;
  private readonly _callback: Callback;
  constructor(on: string, callback: Callback) {
    this._on = on;
    this._callback = callback;
  }
  get length() {
    return this.values.length;
  }
  get full() {
    if (this._on === "full" && this.values.length === 0) this._callback();
    return this.values.length >= 1;
  }
  push(value: number) {
    if (this._on === "push" && value === 2) this._callback();
    this.values.push(value);
  }
  shift() {
    return this.values.shift()!;
  }
}

/** An operation of the user that never completes by itself. */
class Custom extends Operation<number> {
  private readonly _on: string;
  private readonly _callback: Callback;
  constructor(on: string, callback: Callback) {
    super();
    this._on = on;
    this._callback = callback;
  }
  poll() {
    if (this._on === "poll") this._callback();
    return false;
  }
  block() {
    if (this._on === "block") this._callback();
  }
  override unblock() {
    if (this._on === "unblock") this._callback();
  }
  override discard() {
    if (this._on === "discard") this._callback();
  }
  override result(): number {
    if (this._on === "result") this._callback();
    return 1;
  }
}

const rows: Record<string, Row> = {
  "upon(), at an alarm": {
    arrives: "reported",
    provoke: (callback) => void upon(sleep(10), callback),
  },
  "upon(), at a send": {
    arrives: "reported",
    provoke(callback) {
      const ch = channel<number>();
      upon(ch.receive(), callback);
      at10(() => ch.trySend(1));
      return undefined;
    },
  },
  "upon(), at the end of a task": {
    arrives: "reported",
    provoke(callback) {
      const task = go(function* () {
        yield* sleep(10);
      });
      upon(task.whenOver(), callback);
      return undefined;
    },
  },
  "upon(), for an exception": {
    arrives: "reported",
    provoke(callback) {
      const task = go(function* () {
        yield* sleep(10);
        throw new Error("of the task");
      });
      upon(task, () => {}, callback);
      return undefined;
    },
  },
  "upon(), at a closing": {
    arrives: "reported",
    provoke(callback) {
      const ch = channel<number>();
      upon(ch.whenClosed(), callback);
      at10(() => ch.close());
      return undefined;
    },
  },
  "upon(), for what has lost a choice": {
    arrives: "reported",
    provoke(callback) {
      const lost = withNack((nack) => {
        upon(nack, callback);
        return never();
      });
      return select({ lost, late: sleep(10) }).then();
    },
  },
  "onUndelivered, at cancel()": {
    arrives: "reported",
    provoke(callback) {
      const ch = channel<number>(1, { onUndelivered: callback });
      ch.trySend(1);
      at10(() => ch.cancel());
      return undefined;
    },
  },
  "onUndelivered, of a cancelled function*": {
    arrives: "reported",
    provoke(callback) {
      const ch = channel<number>(0, { onUndelivered: callback });
      const task = go(function* () {
        yield* ch.receive();
      });
      at10(() => {
        ch.trySend(1);
        task.cancel();
      });
      return undefined;
    },
  },
  "onUndelivered, of a cancelled async function*": {
    arrives: "reported",
    provoke(callback) {
      const ch = channel<number>(0, { onUndelivered: callback });
      const task = go(async function* () {
        yield* ch.receive();
      });
      at10(() => {
        ch.trySend(1);
        task.cancel();
      });
      return undefined;
    },
  },
  onCancel: {
    arrives: "reported",
    provoke(callback) {
      const ch = channel<number>(0, { onCancel: callback });
      at10(() => ch.cancel());
      return undefined;
    },
  },
  "onDrop of dropping()": {
    arrives: "reported",
    provoke(callback) {
      const ch = channel(dropping<number>(1, callback));
      ch.trySend(1);
      at10(() => ch.trySend(2));
      return undefined;
    },
  },
  "onDrop of sliding()": {
    arrives: "reported",
    provoke(callback) {
      const ch = channel(sliding<number>(1, callback));
      ch.trySend(1);
      at10(() => ch.trySend(2));
      return undefined;
    },
  },
  "onHighWater of unbounded()": {
    arrives: "reported",
    provoke(callback) {
      const ch = channel(unbounded<number>({ highWater: 1, onHighWater: callback }));
      ch.trySend(1);
      at10(() => ch.trySend(2));
      return undefined;
    },
  },
  "push of a buffer, for a parked send": {
    arrives: "thrown",
    provoke(callback) {
      const ch = channel(new Own("push", callback));
      ch.trySend(1);
      const sent = ch.send(2).then();
      at10(() => ch.tryReceive());
      return sent;
    },
  },
  "full of a buffer, while a send is parked": {
    arrives: "reported",
    provoke(callback) {
      let parked = false;
      const ch = channel(new Own("full", () => parked && callback()));
      ch.trySend(1);
      void ch.send(2).then();
      parked = true;
      at10(() => ch.tryReceive());
      return undefined;
    },
  },
  "unblock of an operation that loses a choice": {
    arrives: "reported",
    provoke: (callback) => select({ custom: new Custom("unblock", callback), late: sleep(10) }).then(),
  },
  "unblock of an operation whose task is cancelled": {
    arrives: "reported",
    provoke(callback) {
      const task = go(function* () {
        yield* new Custom("unblock", callback);
      });
      at10(() => task.cancel());
      return undefined;
    },
  },
  "discard of an operation whose task is cancelled": {
    arrives: "reported",
    provoke(callback) {
      const custom = new Custom("discard", callback);
      const task = go(function* () {
        yield* custom;
      });
      at10(() => {
        custom.complete(1);
        task.cancel();
      });
      return undefined;
    },
  },
  "result of an operation": {
    arrives: "thrown",
    provoke(callback) {
      const custom = new Custom("result", callback);
      at10(() => custom.complete(1));
      return go(function* () {
        return yield* custom;
      }).then();
    },
  },
  "a function of map()": {
    arrives: "thrown",
    provoke(callback) {
      const ch = channel<number>();
      const mapped = ch.receive().map(callback).then();
      at10(() => ch.trySend(1));
      return mapped;
    },
  },
  "the function of guard()": {
    arrives: "thrown",
    provoke: (callback) =>
      go(function* () {
        yield* sleep(10);
        return yield* guard(() => {
          callback();
          return sleep(0);
        });
      }).then(),
  },
  "accept of a feed": {
    arrives: "thrown",
    provoke(callback) {
      const ch = channel<number>();
      const all = derive<unknown, number>({
        next: () => ch.receive(),
        accept(_, to) {
          callback();
          to.emit(1);
        },
      });
      at10(() => ch.trySend(1));
      return all.receive().then();
    },
  },
  "next of a feed, in the step of a sender": {
    arrives: "thrown",
    provoke(callback) {
      const ch = channel<number>();
      let calls = 0;
      const all = derive<unknown, number>({
        next() {
          if (calls++ === 1) callback();
          return calls > 1 ? sleep(0) : ch.receive();
        },
        accept(value, to) {
          if (value === undefined) to.emit(1);
        },
      });
      at10(() => ch.trySend(1));
      return all.receive().then();
    },
  },
  "release of a feed, at cancel()": {
    arrives: "reported",
    provoke(callback) {
      const all = derive<never, number>({ next: () => never(), accept() {}, release: callback });
      at10(() => all.cancel());
      return undefined;
    },
  },
  "a step of a transform, for a parked send": {
    arrives: "thrown",
    provoke(callback) {
      const ch = channel<number, number>(1, {
        transform: (steps) => ({
          ...steps,
          "@@transducer/step"(into, value) {
            if (value === 2) callback();
            return steps["@@transducer/step"](into, value);
          },
        }),
      });
      ch.trySend(1);
      void ch.send(2).then();
      at10(() => ch.tryReceive());
      return go(function* () {
        yield* sleep(20);
        for (;;) if ((yield* ch.receive()) === CLOSED) return;
      }).then();
    },
  },
  "a thenable": {
    arrives: "thrown",
    provoke: (callback) =>
      settled({
        then(done: () => void, failed: (error: unknown) => void) {
          upon(sleep(10), () => {
            try {
              callback();
              done();
            } catch (error) {
              failed(error);
            }
          });
        },
      } as PromiseLike<void>).then(),
  },
};

/** Code that other callbacks must not disturb: it waits in every way, for the same moment. */
function bystanders(): () => unknown[] {
  const log: unknown[] = [];
  const ch = channel<string>();
  go(function* () {
    yield* sleep(10);
    log.push("slept");
    yield* pause();
    log.push("paused");
    yield* ch.send("sent");
  });
  go(async function* () {
    log.push(yield* ch.receive());
  });
  sleep(10).then(() => log.push("plain code"));
  go(function* () {
    yield* sleep(11);
    log.push("later");
  });
  return () => log.map(String).sort();
}

const undisturbed = ["later", "paused", "plain code", "sent", "slept"];

describe.each(Object.keys(rows))("%s", (name) => {
  const { provoke, arrives } = rows[name]!;

  test(`may throw: the exception is ${arrives}, once, and all other code goes on (GO-9)`, async () => {
    using time = virtualTime();
    const error = new Error("callback");
    let calls = 0;
    const earlier = bystanders();
    const owner = provoke(() => {
      calls++;
      throw error;
    })?.then(
      () => "completed",
      (failure) => failure,
    );
    const later = bystanders();
    await time.advance(40);
    expect(calls).toBeGreaterThan(0);
    expect([earlier(), later()]).toEqual([undisturbed, undisturbed]);
    if (arrives === "reported") expect(time.reported).toEqual([error]);
    else expect([await owner, time.reported]).toEqual([error, []]);
    const next = go(function* () {
      yield* sleep(1);
      return "runs";
    });
    await time.advance(5);
    expect(await next).toBe("runs");
  });

  test("may use the package: it starts tasks, sends, receives, sleeps and cancels (GO-9)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    const other = channel<number>(4);
    const victim = go(function* () {
      yield* never();
    });
    const earlier = bystanders();
    provoke(() => {
      go(function* () {
        yield* sleep(1);
        log.push("task");
      });
      other.trySend(1);
      upon(other.receive(), (value) => log.push(value));
      victim.cancel();
      other.close();
    });
    await time.advance(40);
    expect(earlier()).toEqual(undisturbed);
    expect(log.slice(0, 1)).toEqual([1]);
    expect(log).toContain("task");
    expect([victim.status, other.closed]).toEqual(["cancelled", true]);
    expect(time.reported).toEqual([]);
  });
});
