// Random programs in which tasks start tasks at any time. The token of every failure must replay it, and the reduced search must
// find what the full search finds.

import { channel, go, type Routine, select, timeout } from "../../src/index.js";
import { Properties } from "../../src/testing/explore/search/properties.js";
import { seeded } from "../../src/testing/simulation/decisions.js";
import { replay, type ScheduleError, verify } from "../../src/testing.js";
import { compareEnough, modelled } from "./compare.js";
import { Traces } from "./dpor/dpor.js";

type Body = () => Routine<void>;

const DEEPEST = 2;
/** The oracle gives up after this many times 256 steps. */
const MOST_STEPS = 100;

/** The program of a seed. */
export function growingOf(seed: number): Body {
  return function* main(): Routine<void> {
    const below = seeded(seed);
    const channels = Array.from({ length: 1 + below(3) }, () => channel<number>(below(3)));
    const bodyOf = (depth: number): Body => {
      const steps = Array.from({ length: 1 + below(3) }, () => {
        const [roll, on, value] = [below(10), channels[below(channels.length)]!, below(2)];
        return { roll, on, value, body: roll >= 7 && depth < DEEPEST ? bodyOf(depth + 1) : null };
      });
      return function* task(): Routine<void> {
        for (const { roll, on, value, body } of steps) {
          if (body !== null) {
            const started = go(body);
            if (roll === 9) yield* started;
          } else if (roll < 3) {
            yield* on.send(value);
          } else if (roll < 6) {
            if ((yield* on.receive()) === 1 && value === 1 && seed % 5 === 0) throw new Error("It got 1");
          } else if (roll === 6 && seed % 3 === 0) {
            on.close();
          } else if (roll === 6 && seed % 3 === 1) {
            yield* select({ value: on.receive(), late: timeout(1 + value) });
          }
        }
      };
    };
    const bodies = Array.from({ length: 2 + below(2) }, () => bodyOf(0));
    for (const body of bodies) go(body);
  };
}

/**
 * Throws if searches disagree, if a failure cannot be replayed, or if the reduced search misses something. Returns how many
 * searches found a failure.
 */
export async function compareGrowing(seed: number): Promise<number> {
  const main = growingOf(seed);
  // Programs with a plain call directly after another are not reduced.
  if (seed % 3 !== 0) compareEnough(seed, main);
  let failed = 0;
  const found = new Set<string>();
  const closed = seed % 4 === 0;
  const byTraces = tracesOf(main, closed);
  if (byTraces !== null) found.add(byTraces);
  for (const options of [{}, { all: true }]) {
    const limits = { maxStates: 3000, closed, engine: "model" } as const;
    const verdict = await verify(main, { ...limits, ...options }).catch(unsupported);
    if (verdict === null || verdict.status === "bounded") continue;
    found.add(verdict.status);
    if (verdict.status !== "failed") continue;
    failed++;
    const again = await replay(verdict.token, main).catch((error: unknown) => error as ScheduleError);
    const same =
      "kind" in again &&
      again.kind === verdict.kind &&
      JSON.stringify(again.schedule) === JSON.stringify(verdict.schedule);
    if (!same) throw new Error(`Seed ${seed}: ${verdict.report}\nreplayed: ${String(again)}`);
  }
  if (found.size > 1) throw new Error(`Seed ${seed}: searches disagree`);
  return failed;
}

/** The verdict of the oracle; null if it does not support the program, or takes too long. */
function tracesOf(main: Body, closed: boolean): "proved" | "failed" | null {
  return modelled(main, (model) => {
    let steps = 0;
    const traces = new Traces(model, new Properties({ closed }), false);
    if (!traces.explore(() => ++steps > MOST_STEPS)) return null;
    return traces.found === null ? "proved" : "failed";
  });
}

/** The model does not support every program. */
function unsupported(error: unknown): null {
  if (error instanceof TypeError) return null;
  throw error;
}
