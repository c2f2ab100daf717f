// Random programs of symmetric tasks: in a ring, or each with channels of its own. The search that is reduced by symmetry must
// find what the full search finds.

import {
  alt,
  type Channel,
  CLOSED,
  channel,
  go,
  pause,
  type Routine,
  scope,
  select,
  sleep,
  timeout,
} from "../../src/index.js";
import { firstSeek } from "../../src/testing/explore/reduction/find-automorphisms.js";
import { StubbornSets } from "../../src/testing/explore/reduction/stubborn-sets.js";
import { BreadthFirst } from "../../src/testing/explore/search/breadth-first.js";
import { Properties } from "../../src/testing/explore/search/properties.js";
import type { Model } from "../../src/testing/explore/semantics/model.js";
import { seeded } from "../../src/testing/simulation/decisions.js";
import { Limits } from "../../src/testing/simulation/limits.js";
import { forever } from "../../src/testing.js";
import { type Enough, kindsOf, modelled } from "./compare.js";

type Channels = readonly Channel<number>[];
type Step = (channels: Channels, one: number) => Routine<number>;
type Body = (channels: Channels, one: number) => Routine<void>;

const numberOf = (value: number | typeof CLOSED): number => (value === CLOSED ? -1 : value);

function stepOf(below: (n: number) => number, endless: boolean): Step {
  const [at, other, value] = [below(3), below(3), below(2)];
  const steps: Step[] = [
    function* send(channels, one) {
      return (yield* channels[at]!.send(value * one)) ? 1 : 0;
    },
    function* receive(channels) {
      return numberOf(yield* channels[at]!.receive());
    },
    function* either(channels) {
      return numberOf(yield* alt(channels[at]!.receive(), channels[other]!.receive()));
    },
    function* orElse(channels) {
      const { key } = yield* select({ got: channels[at]!.receive() }, { default: null });
      return key === "got" ? 0 : 2;
    },
    function* attempt(channels) {
      return channels[at]!.trySend(value) ? 1 : 0;
    },
    function* shut(channels) {
      return value === 1 && channels[at]!.close() ? 1 : 0;
    },
    function* rest() {
      yield* value === 0 ? pause() : sleep(1 + at);
      return 0;
    },
    // An endless task must not do these.
    function* orLate(channels) {
      const { key } = yield* select({ got: channels[at]!.receive(), late: timeout(1 + value) });
      return key === "got" ? 1 : 0;
    },
    function* start(channels) {
      go(function* () {
        yield* channels[other]!.send(value);
      });
      return 0;
    },
  ];
  return steps[below(endless ? steps.length - 2 : steps.length)]!;
}

function bodyOf(below: (n: number) => number): Body {
  const [endless, throws] = [below(3) === 0, below(6) === 0];
  const steps = Array.from({ length: 1 + below(3) }, () => stepOf(below, endless));
  const round: Body = function* (channels, one) {
    let sum = 0;
    for (const step of steps) {
      sum += yield* step(channels, one);
      if (throws && sum > 1) throw new Error("It is too much");
    }
  };
  if (!endless) return round;
  return (channels, one) => forever(() => round(channels, one));
}

/** How task 1 differs from the other tasks, if at all. */
const ODD = ["none", "none", "none", "none", "body", "value", "capacity", "before", "after", "outside"] as const;

/** The program of a seed: two or three tasks, each with its own channel, a second or its neighbour's, and a shared one. */
export function symmetricOf(seed: number): () => Routine<number> {
  return function* main(): Routine<number> {
    if (seed % 3 > 0) return yield* symmetricTasks(seed, go);
    return yield* scope(function* (s) {
      const sum = yield* symmetricTasks(seed, (body) => s.go(body));
      if (seed % 6 === 0) s.cancel();
      return sum;
    });
  };
}

/** The body of the program; `start` starts a task. */
function* symmetricTasks(seed: number, start: (body: () => Routine<void>) => unknown): Routine<number> {
  const below = seeded(seed);
  const size = 2 + below(2);
  const ring = below(2) === 0;
  const capacities = [below(3), below(2), below(2)];
  const odd = ODD[below(ODD.length)]!;
  const capacity = (nth: number): number => (odd === "capacity" && nth === 1 ? 3 : capacities[0]!);
  const own = Array.from({ length: size }, (_, nth) => channel<number>(capacity(nth)));
  const second = Array.from({ length: size }, () => channel<number>(capacities[1]));
  const shared = channel<number>(capacities[2]);
  const bodies = Array.from({ length: 1 + below(2) }, () => bodyOf(below));
  const other = bodyOf(below);
  const merges = below(3);
  // What a task does when it is cancelled.
  const tidies = seed % 12 === 0 ? bodyOf(below) : null;
  if (odd === "before" && capacities[0]! > 0) yield* own[1]!.send(1);
  for (let nth = 0; nth < size; nth++) {
    const channels = [own[nth]!, ring ? own[(nth + 1) % size]! : second[nth]!, shared];
    for (const body of bodies) {
      const begin = odd === "outside" && nth === 1 ? go : start;
      begin(function* member() {
        try {
          yield* (nth === 1 && odd === "body" ? other : body)(channels, odd === "value" ? nth : 1);
        } finally {
          if (tidies !== null) yield* tidies(channels, 1);
        }
      });
    }
    if (odd === "after" && nth === 0) yield* own[1]!.send(1);
  }
  if (merges === 0) return 0;
  if (merges === 1) yield* shared.receive();
  return numberOf(yield* alt(...own.map((each) => each.receive())));
}

/** Throws if a reduced search finds something else than the full search; null if there are too many states. */
export function compareSymmetric(seed: number): Enough | null {
  return compareReduced(seed, symmetricOf(seed));
}

/** The same, of any program. */
export function compareReduced(seed: number, main: () => Routine<unknown>): Enough | null {
  const all = modelled(main, (model) => foundBy(model, Infinity));
  const some = symmetric(main, false);
  if (all === null || some === null) return null;
  for (const what of ["kinds", "shortest", "outcomes"] as const) {
    if (all[what] !== some[what]) throw new Error(`Seed ${seed}: ${what}: ${some[what]} instead of ${all[what]}`);
  }
  const least = symmetric(main, true);
  for (const what of ["kinds", "outcomes"] as const) {
    if (least !== null && all[what] !== least[what])
      throw new Error(`Seed ${seed}: with stubborn sets, ${what}: ${least[what]} instead of ${all[what]}`);
  }
  return { all: all.states, enough: some.states };
}

/** What a search finds that is reduced by symmetry and, if `stubborn`, by stubborn sets. */
function symmetric(main: () => Routine<unknown>, stubborn: boolean) {
  const refinements = new Set<string>();
  return modelled(main, (model) => foundBy(model, firstSeek(refinements), stubborn), refinements);
}

function foundBy(model: Model, seek: number, stubborn = false) {
  const found = kindsOf(model, { seek, ...(stubborn && { stubborn: new StubbornSets(model) }) });
  const first = new BreadthFirst(model, new Properties({}), { seek, limits: Limits.counted({ maxStates: 1000 }) });
  if (found === null || !first.explore(() => false)) return null;
  const outcomes = [...model.lts.outcomes()].sort().join();
  return { kinds: found.kinds, shortest: first.found?.schedule.length, outcomes, states: found.states };
}
