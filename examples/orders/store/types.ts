// What is stored: facts in streams. A stream is the history of one thing, such as an order.

/** Something that has happened. Its data is JSON. */
export interface Event {
  readonly type: string;
  readonly data: unknown;
}

/** An event with its place: in its stream, and in the log of all streams. */
export type Stored<E extends Event> = E & {
  /** 1 for the first event of the log. No number is left out. */
  readonly position: number;
  readonly stream: string;
  /** 1 for the first event of the stream. No number is left out. */
  readonly version: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly at: number;
};

export interface AppendOptions {
  /** The version that the stream must have: 0 if there must be no stream. Without it, any. */
  readonly expectedVersion?: number;
  /** Chosen by the caller for one change: an append with the key of an earlier one stores nothing, and answers as that one did. */
  readonly key?: string;
  /** What happens while as many appends wait as may: `"wait"` (default) parks, `"fail"` throws a {@link BusyError} at once. */
  readonly overload?: "wait" | "fail";
}

/** Where the last event of an append is. */
export interface Appended {
  readonly version: number;
  readonly position: number;
  /** Whether an earlier append had the same key, so that this one has stored nothing. */
  readonly repeated: boolean;
}

/** The stream has another version than was expected: somebody else appended first. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
  readonly actualVersion: number;

  constructor(stream: string, expected: number, actual: number) {
    super(`Cannot append to ${stream}: version ${expected} was expected, and it is at ${actual}`);
    this.actualVersion = actual;
  }
}

/** As many appends wait as may. Nothing was stored; try again later. */
export class BusyError extends Error {
  override readonly name = "BusyError";

  constructor(stream: string, waiting: number) {
    super(`Cannot append to ${stream}: ${waiting} appends wait already, try again later`);
  }
}
