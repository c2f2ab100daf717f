// What holds a channel that a combinator made, as far as the scheduler and the names of tasks are concerned.

/** What ends with its holders: a channel that a combinator made. See operation/ownership.ts. */
export interface Kept {
  /** Called when a holder has ended; `value` is what it returned, if it returned. */
  left(holder: Holder, returned: boolean, value: unknown): void;
  /** Called when the scope has ended in which it was made. */
  closed(): void;
}

/** A scope, as far as channels use it that are made in it. */
export interface Home {
  /** The task that performs the scope; null if it is unknown. */
  readonly performer: Holder | null;
  /** What was made in the scope; null for nothing. */
  keeps: Set<Kept> | null;
}

/** Gets to know the task that runs in an async body; null for plain code. */
export interface Seeker {
  foundIn(task: Holder | null): void;
}

/** A task, as far as what it holds is concerned. */
export interface Holder {
  /** What the task holds; null for nothing. */
  keeps: Set<Kept> | null;
  /** The scope in which the task was started; null if it is in none. */
  readonly home: Home | null;
  readonly name: string;
  /** Whether it is over. */
  readonly happened: boolean;
}
