// The one seam: makers of run(), trackLeaks(), simulate() and fault plans compose, and leave nothing behind.

import { channel, fixed, go, type Routine, run, select, settled, timeout } from "millrace";
import { assertNoLeaks, simulate, trackLeaks, verify } from "millrace/testing";
import { map } from "millrace/transducers";
import { afterEach, describe, expect, test } from "vitest";
import { Layer, type MakeChannel, type MakeTask, type Parent } from "../../src/scheduler/maker.js";
import { install, uninstall } from "../../src/scheduler/makers.js";
import { scheduler } from "../../src/scheduler/scheduler.js";

/** Notes what it is asked to make. */
class Noting extends Layer {
  readonly asked: string[] = [];

  override channel(buffer: unknown, options: unknown, make: MakeChannel): unknown {
    this.asked.push("channel");
    return super.channel(buffer, options, make);
  }

  override start(
    body: unknown,
    args: unknown,
    parent: Parent | null,
    site: string | undefined,
    make: MakeTask,
  ): unknown {
    this.asked.push("task");
    return super.start(body, args, parent, site, make);
  }
}

const before = scheduler.maker;
afterEach(() => expect(scheduler.maker).toBe(before));

function* handOver(): Routine<number> {
  const numbers = channel<number>();
  go(function* () {
    yield* numbers.send(7);
  });
  return Number(yield* numbers.receive());
}

describe("scheduler.maker", () => {
  test("asks the newest maker first, and each passes on what it does not replace", async () => {
    const [outer, inner] = [new Noting(), new Noting()];
    install(outer);
    install(inner);
    expect(await go(handOver)).toBe(7);
    // A maker can be taken out of the middle of the chain.
    uninstall(outer);
    channel();
    uninstall(inner);
    expect(outer.asked).toEqual(["task", "channel", "task"]);
    expect(inner.asked).toEqual(["task", "channel", "task", "channel"]);
  });

  test("run() composes with trackLeaks() and assertNoLeaks(), in any order of their ends", async () => {
    const leaks = trackLeaks({ onLeak: () => {} });
    const program = assertNoLeaks(() => run(handOver));
    leaks[Symbol.dispose]();
    expect(await program).toBe(7);
  });

  test("two programs at the same time share one maker, which leaves with the last of them", async () => {
    const doors: ((value: number) => void)[] = [];
    const door = (): Promise<number> => new Promise((resolve) => doors.push(resolve));
    const wait = function* (promise: Promise<number>): Routine<number> {
      return yield* settled(promise);
    };
    const [first, second] = [run(wait, door()), run(wait, door())];
    doors[0]!(1);
    expect(await first).toBe(1);
    expect(scheduler.maker).not.toBe(before);
    doors[1]!(2);
    expect(await second).toBe(2);
  });

  test("a body that is no work leaves no maker behind", async () => {
    await expect(run(5 as never)).rejects.toThrow(TypeError);
  });

  test("simulate() and verify() set aside the makers of the host, and put them back", async () => {
    const noting = new Noting();
    install(noting);
    await simulate(handOver, { schedules: 3 });
    const verdict = await verify(handOver);
    uninstall(noting);
    expect(verdict.status).toBe("proved");
    expect(noting.asked).toEqual([]);
  });
});

describe("a fault plan", () => {
  test("works on a channel with a transform", async () => {
    const { outcomes } = await simulate(
      function* () {
        const line = channel(fixed<string>(3), { name: "line", transform: map((n: number) => `<${n}>`) });
        const taken: boolean[] = [];
        for (const n of [1, 2, 3]) taken.push(yield* line.send(n));
        line.close();
        const seen: unknown[] = [];
        for (;;) {
          const { key, value } = yield* select({ line, late: timeout(10) });
          if (key === "late" || typeof value === "symbol") break;
          seen.push(value);
        }
        return `${taken} ${seen}`;
      },
      { faults: { line: { drop: 0.5 } }, schedules: 200, strategy: "random" },
    );
    expect(outcomes.has("true,true,true <1>,<2>,<3>")).toBe(true);
    expect(outcomes.has("true,true,true <2>")).toBe(true);
    expect(outcomes.size).toBe(8);
  });
});
