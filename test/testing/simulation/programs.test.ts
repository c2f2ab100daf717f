// The programs whose verdicts are known, under many schedules on the real scheduler: chance must find what is wrong with
// those that are, and nothing with the others.

import { ScheduleError, simulate } from "millrace/testing";
import { expect, test } from "vitest";
import { known } from "../../verify/programs/index.js";

const SCHEDULES = 100;
/** What goes on for ever under some schedule is no program for single schedules. */
const ending = known.filter(({ endless }) => !endless);

async function found(main: (typeof known)[number]["main"]): Promise<string> {
  try {
    await simulate(main, { leaks: true, schedules: SCHEDULES });
    return "ok";
  } catch (error) {
    return error instanceof ScheduleError ? error.kind : String(error);
  }
}

test.each(ending.map((program) => [program.name, program] as const))(
  "%s: simulate() says what verify() says",
  async (_, { main, verdict }) => {
    expect(await found(main)).toBe(verdict);
  },
);
