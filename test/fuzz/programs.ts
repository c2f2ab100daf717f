// Random programs of a few tasks and channels: sends, receives, selects with and without a default, plain attempts, closing,
// sleeping and choosing. Each task logs what it received, so that two runs can be compared.

import {
  type Channel,
  CLOSED,
  channel,
  EMPTY,
  go,
  type Operation,
  type Routine,
  select,
  sleep,
} from "../../src/index.js";
import { seeded } from "../../src/testing/simulation/decisions.js";
import { choose, forever } from "../../src/testing.js";

type Step =
  | { readonly do: "send" | "trySend"; readonly on: number; readonly value: number }
  | { readonly do: "receive" | "tryReceive" | "close"; readonly on: number }
  | {
      readonly do: "select";
      readonly cases: readonly Step[];
      readonly mode: "random" | "priority";
      readonly default: boolean;
    }
  | { readonly do: "sleep" | "choose"; readonly n: number };

/** A program as data. */
export interface Spec {
  readonly capacities: readonly number[];
  readonly tasks: readonly (readonly Step[])[];
  /** For each task, whether it repeats its steps for ever, and how it ends otherwise. */
  readonly ends?: readonly (typeof ENDS)[number][];
}

/** Which steps a program may have. */
export interface Kinds {
  readonly plain: boolean;
}

/** The program of a seed. Every search supports a program without plain calls and defaults. */
export function specOf(seed: number, { plain }: Kinds): Spec {
  const below = seeded(seed);
  const pick = <T>(...options: T[]): T => options[below(options.length)]!;
  const channels = 1 + below(3);
  const capacities = Array.from({ length: channels }, () => pick(0, 0, 1, 2));
  const one = (): Step => {
    const on = below(channels);
    return below(2) === 0 ? { do: "send", on, value: below(2) } : { do: "receive", on };
  };
  const step = (): Step => {
    const roll = below(20);
    if (roll < 12) return one();
    if (roll < 16) {
      const cases = Array.from({ length: 1 + below(3) }, one);
      const mode = plain && below(4) === 0 ? "priority" : "random";
      return { do: "select", cases, mode, default: plain && below(3) === 0 };
    }
    if (roll === 16) return { do: "sleep", n: 1 + below(2) };
    if (roll === 17 || !plain) return { do: "choose", n: 2 };
    const on = below(channels);
    if (roll === 18) return { do: "close", on };
    return below(2) === 0 ? { do: "trySend", on, value: below(2) } : { do: "tryReceive", on };
  };
  const tasks = Array.from({ length: 2 + below(3) }, () => Array.from({ length: 1 + below(4) }, step));
  return { capacities, tasks };
}

const ENDS = ["never", "never", "never", "well", "badly"] as const;

/** The tasks of the same seed, without plain calls; most of them repeat their steps for ever. */
export function endlessSpecOf(seed: number): Spec {
  const { capacities, tasks } = specOf(seed, { plain: false });
  const below = seeded(seed + 1);
  return { capacities, tasks, ends: tasks.map(() => ENDS[below(ENDS.length)]!) };
}

export const shown = (value: unknown): string =>
  value === CLOSED ? "closed" : value === EMPTY ? "empty" : String(value);

/** The program of a specification with endless tasks. */
export const endlessProgramOf = ({ capacities, tasks, ends }: Spec) =>
  function* main(): Routine<void> {
    const channels = capacities.map((capacity) => channel<number>(capacity));
    for (const [nth, steps] of tasks.entries()) {
      const round = function* (): Routine<void> {
        for (const step of steps) yield* perform(step, channels);
        if (ends?.[nth] === "badly") throw new Error("It ends badly");
      };
      go(ends?.[nth] === "never" ? forever : start, round);
    }
  };

function* start(round: () => Routine<void>): Routine<void> {
  yield* round();
}

/** The program of a specification. `logs` receives what each task received, and `end` when the task ends. */
export const programOf = ({ capacities, tasks }: Spec, logs: string[][] | null) =>
  function* main(): Routine<void> {
    const channels = capacities.map((capacity) => channel<number>(capacity));
    for (const [nth, steps] of tasks.entries()) {
      go(function* task(): Routine<void> {
        for (const step of steps) {
          const entry = yield* perform(step, channels);
          logs?.[nth]?.push(entry);
        }
        logs?.[nth]?.push("end");
      });
    }
  };

function* perform(step: Step, channels: readonly Channel<number>[]): Routine<string> {
  switch (step.do) {
    case "close":
      return `0:${shown(channels[step.on]!.close())}`;
    case "trySend":
      return `t:${shown(channels[step.on]!.trySend(step.value))}`;
    case "tryReceive":
      return `t:${shown(channels[step.on]!.tryReceive())}`;
    case "sleep":
      yield* sleep(step.n);
      return "0:undefined";
    case "choose": {
      const chosen = yield* choose(...Array.from({ length: step.n }, (_, at) => at));
      return `${chosen}:undefined`;
    }
    case "select": {
      const cases = Object.fromEntries(step.cases.map((one, at) => [`c${at}`, operation(one, channels)]));
      const options = { mode: step.mode, ...(step.default && { default: undefined }) };
      const { key, value } = yield* select(cases, options);
      return key === "default" ? `${step.cases.length}:undefined` : `${key.slice(1)}:${shown(value)}`;
    }
    default:
      return `0:${shown(yield* operation(step, channels))}`;
  }
}

function operation(step: Step, channels: readonly Channel<number>[]): Operation<unknown> {
  if (step.do === "send") return channels[step.on]!.send(step.value);
  if (step.do === "receive") return channels[step.on]!.receive();
  throw new Error("No operation");
}
