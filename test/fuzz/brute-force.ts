// Random programs of few operations, run under every combination of all decisions: no alternative is left out, and none is known
// to repeat another.

import { type Channel, CLOSED, channel, go, type Routine, select, sleep } from "../../src/index.js";
import { Runs } from "../../src/testing/explore/stateless/runs.js";
import { type Strategy, seeded } from "../../src/testing/simulation/decisions.js";
import { Limits } from "../../src/testing/simulation/limits.js";
import { alone, play } from "../../src/testing/simulation/play.js";

type Program = () => Routine<string>;
type Act = (channels: readonly Channel<number>[], log: string[]) => Routine<void>;

/** Turns of tasks in all runs of one program, for either search. */
const MOST = 1500;

/** A decision at each question; the next combination after each run. */
class EveryDecision implements Strategy {
  turns = 0;
  private readonly _forks: { choice: number; options: number }[] = [];
  private _at = 0;

  private _decide(options: number): number {
    const fork = (this._forks[this._at++] ??= { choice: 0, options });
    return fork.choice;
  }

  turn(): void {
    this.turns++;
  }

  next(ready: number): number {
    return this._decide(ready);
  }

  choose(cases: number): number {
    return this._decide(cases);
  }

  preempt(): number {
    return this._decide(2);
  }

  fault(): number {
    return this._decide(2);
  }

  advance(): boolean {
    this._at = 0;
    for (let last = this._forks.at(-1); last !== undefined; last = this._forks.at(-1)) {
      if (++last.choice < last.options) return true;
      this._forks.pop();
    }
    return false;
  }
}

function actOf(below: (n: number) => number): Act {
  const [on, other, kind] = [below(2), below(2), below(9)];
  return function* (channels, log) {
    const [one, two] = [channels[on]!, channels[other]!];
    const note = (what: unknown): void => void log.push(what === CLOSED ? "closed" : String(what));
    if (kind <= 1) yield* one.send(log.length);
    else if (kind === 2) note(yield* one.receive());
    else if (kind === 3) note((yield* select({ one, two })).key);
    else if (kind === 4) note((yield* select({ one, two, three: channels[0]! }, { default: 0 })).key);
    else if (kind === 5) note((yield* select({ one: one.send(7), two }, { mode: "priority" })).key);
    else if (kind === 6) note(one.length);
    else if (kind === 7) one.close();
    else yield* sleep(on + 1);
  };
}

/** A program of two or three tasks, which returns what each has seen. */
export function smallOf(seed: number): Program {
  const below = seeded(seed);
  const capacities = [below(3), 1 + below(2)];
  const tasks = Array.from({ length: 1 + below(2) }, () => Array.from({ length: 1 + below(2) }, () => actOf(below)));
  const own = Array.from({ length: 1 + below(2) }, () => actOf(below));
  return function* main() {
    const channels = capacities.map((capacity) => channel<number>(capacity));
    const logs = tasks.map((acts) => {
      const log: string[] = [];
      go(function* () {
        for (const act of acts) yield* act(channels, log);
      });
      return log;
    });
    const log: string[] = [];
    for (const act of own) yield* act(channels, log);
    yield* sleep(5);
    return [log, ...logs].map((each) => each.join()).join(" | ");
  };
}

/** Throws if the engine finds other outcomes or failures than all decisions show; false if there are too many. */
export function compareBruteForce(seed: number): Promise<boolean> {
  const main = smallOf(seed);
  return alone(async () => {
    const found = new Set<string>();
    const every = new EveryDecision();
    do {
      const { ending } = await play(main, every, 1, { toEnd: true, untold: true });
      found.add(ending.failed === null ? ending.value : `!${ending.failed.kind}`);
      if (every.turns > MOST) return false;
    } while (every.advance());
    const runs = new Runs<string>(main, { leaks: false, watches: false, allows: () => true });
    const complete = await runs.explore(Limits.counted({ maxEvents: MOST }), true);
    const kinds = [...found].filter((each) => each.startsWith("!"));
    const shown = [...runs.outcomes.all()].sort().join("; ");
    if (kinds.length > 0) {
      const kind = `!${runs.failed?.ending.failed?.kind}`;
      if (!kinds.includes(kind)) throw new Error(`Seed ${seed}: ${kind} instead of ${kinds.join()}`);
    } else if (!complete || shown !== [...found].sort().join("; ")) {
      throw new Error(`Seed ${seed}: ${shown} instead of ${[...found].sort().join("; ")}`);
    }
    return true;
  });
}
