// Loops in which no time passes (Zeno runs, as of timed automata): tasks that hand over for ever, or poll. By maximal progress time
// would stand still for ever, and nothing behind a sleep would be explored. So time passes beside such a loop, if the program can
// stay in it for ever. A step takes next to no time, but a run that never ends takes for ever; so
//
//   a clock that does not begin again in the loop runs down, and is due in any state of the loop
//   a clock that begins again in each round is never due, as a round takes no time: it stands still meanwhile
//
// The program can stay in a strongly connected set of states if that is fair: a task that can move there, moves there (strong
// fairness, decided by decomposition as of Streett automata: Emerson and Lei, 1987). Such a set may lie in a larger one, in
// which more clocks begin again, so both are looked at.

import { stronglyConnected } from "./state-graph.js";

/** A transition that takes no time. */
export interface Step {
  readonly to: number;
  /** The tasks that move. */
  readonly tasks: readonly number[];
  /** The components of the clocks that begin again. */
  readonly begins: ReadonlySet<number>;
}

/** A state of a loop. */
export interface Stop {
  readonly id: number;
  readonly steps: readonly Step[];
  /** The components of the clocks that run. */
  readonly clocks: ReadonlySet<number>;
}

/** States in which the program can stay for ever. */
export interface BusyLoop {
  readonly stops: readonly Stop[];
  /** The components of the clocks that begin again in it. */
  readonly begins: ReadonlySet<number>;
  /** Whether no step leads out of it. */
  readonly isClosed: boolean;
}

/** Sets of clocks that are looked at, for each strongly connected set of states. */
const MOST_SETS = 64;

/**
 * The fair loops among some states. If there are too many ways to go round, in some of them no clock stands still.
 *
 * @param uneven - Called under symmetry where it matters which of the tasks moves; not where all that can happen leads round.
 */
export function busyLoops(stops: readonly Stop[], uneven: (() => never) | null): BusyLoop[] {
  const loops: BusyLoop[] = [];
  let sets = 0;
  const look = (among: readonly Stop[], avoided: ReadonlySet<number>): void => {
    for (const component of componentsOf(among, avoided)) {
      const inside = new Set(component.map(({ id }) => id));
      const running = new Set(component.flatMap(({ clocks }) => [...clocks]));
      if (running.size === 0) continue;
      const inner = component.flatMap(({ steps }) => steps.filter((step) => isInside(step, inside, avoided)));
      const moving = new Set(inner.flatMap(({ tasks }) => tasks));
      const isFair = ({ steps }: Stop): boolean => steps.every(({ tasks }) => tasks.every((task) => moving.has(task)));
      const fair = component.filter(isFair);
      const begins = new Set(inner.flatMap((step) => [...step.begins]));
      const isClosed = component.every(({ steps }) => steps.every((step) => isInside(step, inside, avoided)));
      if (uneven !== null && !(isClosed && [...running].every((clock) => !begins.has(clock)))) uneven();
      if (fair.length < component.length) {
        look(fair, avoided);
        continue;
      }
      if ([...running].some((clock) => !begins.has(clock))) loops.push({ stops: component, begins, isClosed });
      for (const clock of running) {
        if (!begins.has(clock)) continue;
        if (++sets <= MOST_SETS) look(component, new Set([...avoided, clock]));
        else loops.push({ stops: component, begins: new Set(), isClosed: false });
      }
    }
  };
  look(stops, new Set());
  return loops;
}

function isInside(step: Step, inside: ReadonlySet<number>, avoided: ReadonlySet<number>): boolean {
  return inside.has(step.to) && ![...avoided].some((clock) => step.begins.has(clock));
}

/** The strongly connected components with a step in them. */
function componentsOf(stops: readonly Stop[], avoided: ReadonlySet<number>): Stop[][] {
  const places = new Map(stops.map(({ id }, place) => [id, place]));
  const inside = new Set(places.keys());
  const next = stops.map(({ steps }) =>
    steps.filter((step) => isInside(step, inside, avoided)).map(({ to }) => places.get(to)!),
  );
  return stronglyConnected(next.length, (place) => next[place]!)
    .filter(([first, ...more]) => more.length > 0 || next[first!]!.includes(first!))
    .map((component) => component.map((place) => stops[place]!));
}
