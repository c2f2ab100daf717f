// The passing of time beside busy loops, and the checks of a proof of an endless program against the program itself.

import { channel, go, never, type Routine } from "millrace";
import { daemon, forever, type Verdict, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { type Allowed, sound } from "../../src/testing/explore/validation/cross-check.js";

/** The status of a verdict, or the kind of its failure. */
const said = (verdict: Verdict<unknown>): string => (verdict.status === "failed" ? verdict.kind : verdict.status);

/** Two tasks that hand over for ever; `round` is called in each round. */
function* exchange(round: () => void) {
  const c = channel<number>();
  go(forever, function* () {
    yield* c.send(1);
  });
  yield* forever(function* () {
    yield* c.receive();
    round();
  });
}

describe("a proof of an endless program is held against the program itself", () => {
  test("and stands if nothing is shared", async () => {
    expect(said(await verify(() => exchange(() => {})))).toBe("proved");
  });

  test.each([3, 50, 400])("so a hidden count that stops both tasks after %i rounds is found", async (most) => {
    const main = function* () {
      const c = channel<number>();
      let rounds = 0;
      go(forever, function* () {
        yield* c.send(1);
      });
      yield* forever(function* () {
        yield* c.receive();
        if (++rounds > most) yield* never();
      });
    };
    expect(said(await verify(main))).toBe("shared-state");
  });

  test.each([3, 50, 200])(
    "so a hidden count that stops one of several tasks after %i rounds is found",
    async (most) => {
      const main = function* () {
        let rounds = 0;
        go(exchange, () => {});
        const c = channel<number>();
        daemon(
          go(forever, function* () {
            yield* c.send(1);
          }),
        );
        yield* forever(function* () {
          yield* c.receive();
          if (++rounds > most) yield* never();
        });
      };
      expect(said(await verify(main))).toBe("shared-state");
    },
  );

  test.each([3, 50, 400])("so a hidden count that throws after %i rounds is found", async (most) => {
    const main = function* () {
      let rounds = 0;
      yield* exchange(() => {
        if (++rounds > most) throw new Error("too many");
      });
    };
    expect(said(await verify(main))).toBe("shared-state");
  });
});

describe("a cut run of an endless program", () => {
  const budget = { schedules: 1, events: 1 };
  const boom = new Error("boom");
  const allowed = (more: Partial<Allowed<unknown>> = {}): Allowed<unknown> => ({
    ...{ outcomes: [1], errors: [], leaks: true },
    ...more,
  });
  const beside = (task: () => Routine<unknown>, main: () => Routine<unknown>) =>
    function* () {
      go(exchange, () => {});
      go(task);
      return yield* main();
    };
  const nothing = function* () {};
  const one = function* () {
    return 1;
  };
  const throws = function* () {
    throw boom;
  };
  const blocks = function* () {
    return yield* channel<number>().receive();
  };

  test("agrees with the model if it returns what the model returns", async () => {
    expect(await sound(beside(nothing, one), allowed(), budget)).toBeNull();
    expect(await sound(beside(nothing, blocks), allowed(), budget)).toBeNull();
  });

  test("shows a value that main never returns in the model", async () => {
    expect(await sound(beside(nothing, one), allowed({ outcomes: [2] }), budget)).toBe("returns 1");
  });

  test("shows an error that main never throws in the model", async () => {
    expect(await sound(beside(nothing, throws), allowed(), budget)).toBe("fails (throw)");
  });

  test("shows an error that no task throws in the model", async () => {
    expect(await sound(beside(throws, one), allowed(), budget)).toBe("fails (throw)");
    expect(await sound(beside(throws, one), allowed({ errors: [boom] }), budget)).toBeNull();
  });

  test("shows a deadlock", async () => {
    expect(await sound(blocks, allowed(), budget)).toBe("fails (deadlock)");
  });
});
