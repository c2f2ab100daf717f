import { type AsyncRoutine, alt, channel, go, run, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

describe("an operation is busy until its value is taken (OP-1, CH-27)", () => {
  test("a receive that is awaited twice at once throws, and no value is lost (OP-1, CH-27)", async () => {
    const values = channel<number>(2);
    values.trySend(1);
    values.trySend(2);
    const once = values.receive();
    const [first, second] = await Promise.allSettled([once, once]);
    expect(first).toEqual({ status: "fulfilled", value: 1 });
    expect(second.status).toBe("rejected");
    expect(values.tryReceive()).toBe(2);
  });

  test.each(["function*", "async function*"])(
    "a receive that two selects share in %s yields each value once (OP-1, CH-27)",
    async (form) => {
      using time = virtualTime();
      const values = channel<number>();
      const shared = values.receive().map((value) => value);
      const bodies = {
        "function*": function* () {
          return yield* alt(shared, sleep(1000));
        },
        "async function*": async function* () {
          return yield* alt(shared, sleep(1000));
        },
      };
      const first = go(bodies[form as "function*"]);
      await time.settle();
      const second = go(function* () {
        // The select comes after the value has been handed to the first task, and before that task has taken it.
        yield* values.send(1);
        return yield* select({ shared }, { default: "none" });
      });
      const [one, two] = await Promise.allSettled([first, second]);
      expect(one).toEqual({ status: "fulfilled", value: 1 });
      expect(two.status).toBe("rejected");
    },
  );
});

test("run() of two async programs at once reports no deadlock while a task that may belong to either lives (EN-1)", async () => {
  using time = virtualTime();
  const main = async function* (): AsyncRoutine<number | symbol> {
    const values = channel<number>();
    await null;
    go(async function* () {
      yield* sleep(50);
      yield* values.send(7);
    });
    return yield* values.receive();
  };
  const both = Promise.all([run(main), run(main)]);
  await time.advance(100);
  expect(await both).toEqual([7, 7]);
});
