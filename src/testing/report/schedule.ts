// A schedule as people see it: who did what with whom, in order, and who is parked where at its end. Engines make it,
// reports show it.

/** A step of a schedule. */
export interface Step {
  /** Who acts; `clock` when time passes. */
  readonly task: string;
  /** What happens, in words: `send 0 to q`. */
  readonly what: string;
  /** What each task that takes part shows in its column: `{ "prod#1": "q ! 0", "cons#0": "q ? 0" }`. */
  readonly cells: Readonly<Record<string, string>>;
  /** The other side of a rendezvous. */
  readonly peer?: string;
  readonly channel?: string;
  /** What is done with the channel. */
  readonly act?: "send" | "receive" | "close";
  /** The line of the source in which the acting task stood. */
  readonly at?: string;
}

/** A task that is parked at the end of a schedule. */
export interface Waiting {
  readonly task: string;
  /** What it waits for: `receive from wake`. */
  readonly waitsFor: string;
  /** Which of the others it waits for, as far as that is known. */
  readonly waitsOn?: readonly string[];
  /** The line of the source at which it is parked. */
  readonly at?: string;
  /** Where it was started. */
  readonly startedAt?: string;
}

/** What happened, in order, and how it ended. */
export interface Schedule {
  readonly steps: readonly Step[];
  readonly waiting: readonly Waiting[];
  /** Each waits for the next; empty when there is no circle, or none is known. */
  readonly cycle: readonly string[];
}
