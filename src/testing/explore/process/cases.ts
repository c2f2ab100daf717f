// The kinds of cases: what one alternative of an operation can be. An operation comes apart into its cases (operation-cases.ts),
// and each case is `STRIDE` numbers in an `Int32Array`:
//
//   kind      a row of the table below
//   target    the index of the channel, task, timer, cell, scope or lock that the case is about; 0 for none
//   argument  the id of a value, or a number such as milliseconds
//   group     `UNORDERED`; or, in a choice that takes its first ready case, the index of the first case of that choice
//
// Everything that differs from kind to kind is in the table, or in one of three places that switch over it: when a case is
// enabled (`Model` in semantics/model.ts), what its transition yields and changes (`INTERNAL` in semantics/transition.ts), and
// how an operation becomes a case (operation-cases.ts). The numbers of kinds have no order: no code may compare them but with
// `===`.

export const SEND = 0;
export const RECEIVE = 1;
/** `always(value)`, and anything else that is ready from the start. */
export const READY = 2;
export const PAUSE = 3;
/** A resumption that is pending: the task has been served, or cancelled, but does not run yet. See `LocalLts.resumption`. */
export const RESUME = 4;
export const SLEEP = 5;
export const TIMEOUT = 6;
export const JOIN = 7;
export const WHEN_OVER = 8;
export const WHEN_CLOSED = 9;
export const DEFAULT = 10;
export const SETTLE = 11;
export const CLOSE = 12;
export const CANCEL_CHANNEL = 13;
export const READ_LENGTH = 14;
export const READ_CLOSED = 15;
export const READ_TIMEOUT = 16;
export const READ_CELL = 17;
export const WRITE_CELL = 18;
export const CANCEL_TASK = 19;
/** Cancels a scope from inside: if its body still returns, the scope yields the result. */
export const CANCEL_SCOPE = 20;
/** Cancels a scope whose own task is cancelled: no task gets the result of the body. */
export const ABORT_SCOPE = 21;
/** Ends a scope whose deadline has passed. */
export const FAIL_SCOPE = 22;
/** The end of all tasks in a scope, for the task that the scope is. */
export const SCOPE_ENDED = 23;
/** The end of the task that a scope is, for the task that performs the scope. */
export const JOIN_SCOPE = 24;
/** A request for permits of a lock; its argument is the number of a `LockRequest`. */
export const ACQUIRE = 25;
export const RELEASE = 26;
export const READ_PERMITS = 27;
/** A place in a group, or the failure of the group; its argument is the lock whose permits are the places. */
export const ENTER_GROUP = 28;
/** The end of all tasks of a group, for a caller of `wait()`. */
export const GROUP_ENDED = 29;
/** Whether the signal of a scope is aborted. */
export const READ_ABORTED = 30;
/** Gives a value to all subscriptions of a broadcast, once none of them is behind. */
export const GIVE = 31;
/** All subscriptions of a broadcast have room for the next value. */
export const GIVEN = 32;
/** A subscription gets into the audience of its broadcast. */
export const SUBSCRIBE = 34;
/** A task arrives at a barrier; its argument is how many tasks make a round. */
export const ARRIVE = 35;
/** The last task of the round has arrived at a barrier. */
export const LEAVE_BARRIER = 36;
/** Closes all subscriptions of a broadcast. */
export const END_AUDIENCE = 33;

// Uses: in which ways a case touches a channel, a cell, a task, a scope or a lock. Partial-order reduction asks which uses lie ahead of a
// task (reduction/may-use.ts), and which uses conflict with a case.

/** Takes part in sending: the tail of a buffer. */
export const TAIL = 0;
/** Takes part in receiving: the head of a buffer. */
export const HEAD = 1;
export const CLOSES = 2;
export const AWAITS_CLOSE = 3;
export const READS_CHANNEL = 4;
export const READS_CELL = 5;
export const WRITES_CELL = 6;
export const CANCELS_TASK = 7;
export const CANCELS_SCOPE = 8;
/** `TAIL`, where no receive lies between: while a buffer is empty, only such a send can be the next use of it. */
export const FIRST_TAIL = 9;
/** `HEAD`, where no send lies between: while a buffer is full, only such a receive can be the next use of it. */
export const FIRST_HEAD = 10;
export const ACQUIRES = 11;
export const RELEASES = 12;
/** `RELEASES`, where no request lies between: while a lock is held, only such a release can be the next use of it. */
export const FIRST_RELEASES = 13;
export const READS_LOCK = 14;
/** In a choice that goes by order, looks whether a task is over. */
export const AWAITS_END = 15;
/** Takes a place in a group. */
export const ENTERS_GROUP = 16;
/** Arrives at a barrier. */
export const ARRIVES = 17;
/** Waits for the end of all tasks of a group, which a task that enters the group puts off. */
export const AWAITS_GROUP = 18;

/** All uses of a channel. */
export const CHANNEL_USES: readonly number[] = [TAIL, HEAD, CLOSES, AWAITS_CLOSE, READS_CHANNEL];

/** Names for reports. */
export interface Names {
  task(index: number): string;
  channel(index: number): string;
  scope(index: number): string;
  lock(index: number): string;
  /** What a request for permits asks for, in words: `lock mutex#0`. */
  request(lock: number, id: number): string;
  /** What it means to release permits, in words. */
  released(lock: number, n: number): string;
  /** The tasks that hold a lock, in words that follow the name of the lock. */
  holders(lock: number): string;
  value(id: number): string;
}

/** One row of the table. */
export interface CaseKind {
  /** What the target is the index of. */
  readonly target: "none" | "channel" | "task" | "timer" | "cell" | "scope" | "lock" | "broadcast" | "barrier";
  /** Whether the argument is the id of a value of the program; a plain number otherwise. */
  readonly takesValue: boolean;
  /** Whether it is a plain call, which never waits: `close()`, `length`. */
  readonly isCall: boolean;
  /**
   * When it is enabled: `always`, while its task is at it; `otherwise`, if no case of its choice is ready; `quiescent`, if no other
   * transition is enabled. The rest names a condition on the target.
   */
  readonly enabled:
    | "always"
    | "sendable"
    | "receivable"
    | "slept"
    | "due"
    | "closed"
    | "over"
    | "members over"
    | "grantable"
    | "enterable"
    | "looks at ends"
    | "caught up"
    | "released"
    | "otherwise"
    | "quiescent";
  /** What the code of its transition means to its task; see `LocalLts.valueOf`. */
  readonly yields: "nothing" | "flag" | "number" | "closed" | "value" | "outcome" | "discarded";
  /** The end of a channel that it takes part in: `TAIL`, `HEAD`, or null. */
  readonly end: typeof TAIL | typeof HEAD | null;
  /** How it uses its target. */
  readonly uses: readonly number[];
  /** Uses of its target by other tasks that change what it does, or whether it is enabled, in any state. */
  readonly conflicts: readonly number[];
  /** Whether it waits until the target is over (a task), or all tasks in the target are (a scope). */
  readonly waitsForEnd: boolean;
  /** Whether it yields the result of its target, a task, and so handles the failure of the target. */
  readonly joins: boolean;
  /** Whether it cancels the target, or all tasks in it. */
  readonly cancels: boolean;
  /** Whether its task performs a scope, and cancels the scope when another case happens instead. */
  readonly performsScope: boolean;
  /** What a parked task waits for, in words. */
  readonly waits: (names: Names, target: number, argument: number) => string;
  /** What its transition does, in words; and the same in short, for a column. Null if the kind of the event decides. */
  readonly step: ((names: Names, target: number, argument: number) => readonly [string, string]) | null;
}

/** A plain case: enabled at any time, with no target, no result and no effect on others. */
const PLAIN: CaseKind = {
  ...{ target: "none", takesValue: false, isCall: false, enabled: "always", yields: "nothing" },
  ...{ end: null, uses: [], conflicts: [], waitsForEnd: false, joins: false, cancels: false, performsScope: false },
  waits: () => "its turn",
  step: null,
};

/** A step with the same text in a column. */
const same = (text: string): readonly [string, string] => [text, text];

const join = {
  ...{ target: "task", enabled: "over", waitsForEnd: true },
  waits: (names, task) => `join ${names.task(task)}`,
  step: (names, task) => same(`join ${names.task(task)}`),
} as const satisfies Partial<CaseKind>;

const cancelScope = {
  target: "scope",
  takesValue: true,
  isCall: true,
  uses: [CANCELS_SCOPE],
  conflicts: [ENTERS_GROUP, AWAITS_GROUP],
  cancels: true,
} as const;

const readChannel = { target: "channel", isCall: true, uses: [READS_CHANNEL], conflicts: CHANNEL_USES } as const;

const ROWS: Readonly<Record<number, Partial<CaseKind>>> = {
  [SEND]: {
    ...{ target: "channel", takesValue: true, enabled: "sendable", yields: "flag", end: TAIL, uses: [TAIL] },
    waits: (names, channel, value) => `send ${names.value(value)} to ${names.channel(channel)}`,
  },
  [RECEIVE]: {
    ...{ target: "channel", enabled: "receivable", yields: "outcome", end: HEAD, uses: [HEAD] },
    waits: (names, channel) => `receive from ${names.channel(channel)}`,
  },
  [READY]: { takesValue: true, step: (names, _, value) => same(`choose ${names.value(value)}`) },
  [PAUSE]: { step: () => same("pause") },
  [RESUME]: {},
  [SLEEP]: {
    enabled: "slept",
    waits: (_names, _target, ms) => `sleep of ${ms} ms`,
    step: (_names, _target, ms) => [`wake after ${ms} ms`, "wake"],
  },
  [TIMEOUT]: {
    ...{ target: "timer", enabled: "due", yields: "closed" },
    waits: () => "timeout",
    step: () => same("timeout"),
  },
  [JOIN]: { ...join, yields: "outcome", joins: true },
  [WHEN_OVER]: join,
  [WHEN_CLOSED]: {
    ...{ target: "channel", enabled: "closed", uses: [AWAITS_CLOSE], conflicts: [CLOSES] },
    waits: (names, channel) => `${names.channel(channel)} to close`,
    step: (names, channel) => [`see ${names.channel(channel)} closed`, `${names.channel(channel)} closed`],
  },
  [DEFAULT]: { enabled: "otherwise", waits: () => "default" },
  [SETTLE]: { enabled: "quiescent", waits: () => "all others to be parked", step: () => same("settle") },
  [CLOSE]: {
    ...{ target: "channel", takesValue: true, isCall: true, yields: "flag" },
    ...{ uses: [CLOSES], conflicts: CHANNEL_USES },
    waits: (names, channel) => `close ${names.channel(channel)}`,
  },
  [CANCEL_CHANNEL]: {
    ...{ target: "channel", isCall: true, yields: "discarded", uses: [CLOSES], conflicts: CHANNEL_USES },
    step: (names, channel) => same(`cancel ${names.channel(channel)}`),
  },
  [READ_LENGTH]: {
    ...{ ...readChannel, yields: "number" },
    step: (names, channel) => [`look at the length of ${names.channel(channel)}`, `${names.channel(channel)}.length`],
  },
  [READ_CLOSED]: {
    ...{ ...readChannel, yields: "flag" },
    step: (names, channel) => [`look whether ${names.channel(channel)} is closed`, `${names.channel(channel)}.closed`],
  },
  [READ_TIMEOUT]: {
    ...{ target: "timer", isCall: true, yields: "flag" },
    step: () => ["look at a timeout", "timeout?"],
  },
  [READ_CELL]: {
    ...{ target: "cell", isCall: true, yields: "value", uses: [READS_CELL], conflicts: [WRITES_CELL] },
    step: (_names, cell) => [`look at cell ${cell}`, `cell ${cell}?`],
  },
  [WRITE_CELL]: {
    ...{ target: "cell", takesValue: true, isCall: true, uses: [WRITES_CELL], conflicts: [READS_CELL, WRITES_CELL] },
    step: (names, cell, value) => [
      `write ${names.value(value)} to cell ${cell}`,
      `cell ${cell} = ${names.value(value)}`,
    ],
  },
  [CANCEL_TASK]: {
    ...{ target: "task", takesValue: true, isCall: true, uses: [CANCELS_TASK], cancels: true },
    step: (names, task) => same(`cancel ${names.task(task)}`),
  },
  [CANCEL_SCOPE]: { ...cancelScope, step: (names, scope) => same(`cancel ${names.scope(scope)}`) },
  [ABORT_SCOPE]: { ...cancelScope, step: () => ["cancel all in it", "cancel all"] },
  [FAIL_SCOPE]: { ...cancelScope, step: () => ["cancel all in it, as it is late", "late: cancel all"] },
  [SCOPE_ENDED]: {
    ...{ target: "scope", enabled: "members over", yields: "outcome", waitsForEnd: true },
    waits: (names, scope) => `the end of all in ${names.scope(scope)}`,
    step: () => ["see all in it over", "all over"],
  },
  [JOIN_SCOPE]: { ...join, yields: "outcome", joins: true, performsScope: true },
  [ACQUIRE]: {
    ...{ target: "lock", enabled: "grantable", uses: [ACQUIRES] },
    waits: (names, lock, id) => `${names.request(lock, id)}${names.holders(lock)}`,
    step: (names, lock, id) => same(names.request(lock, id)),
  },
  [RELEASE]: {
    ...{ target: "lock", isCall: true, uses: [RELEASES, FIRST_RELEASES], conflicts: [READS_LOCK] },
    step: (names, lock, n) => same(names.released(lock, n)),
  },
  [READ_PERMITS]: {
    ...{ target: "lock", isCall: true, yields: "number", uses: [READS_LOCK], conflicts: [ACQUIRES, RELEASES] },
    step: (names, lock) => [`look at ${names.lock(lock)}`, `${names.lock(lock)}?`],
  },
  [ENTER_GROUP]: {
    ...{ target: "scope", enabled: "enterable", yields: "outcome", waitsForEnd: true },
    ...{ uses: [ENTERS_GROUP], conflicts: [ENTERS_GROUP, AWAITS_GROUP, CANCELS_SCOPE] },
    waits: (names, _, lock) => `a free place in ${names.lock(lock)}`,
    step: (names, _, lock) => same(`take a place in ${names.lock(lock)}`),
  },
  [GROUP_ENDED]: {
    ...{ target: "scope", enabled: "members over", yields: "outcome", waitsForEnd: true },
    ...{ uses: [AWAITS_GROUP], conflicts: [ENTERS_GROUP, CANCELS_SCOPE] },
    waits: () => "the end of all in a group",
    step: () => ["see all in the group over", "all over"],
  },
  [READ_ABORTED]: {
    ...{ target: "scope", isCall: true, enabled: "looks at ends", yields: "flag", conflicts: [CANCELS_SCOPE] },
    step: () => ["look whether a signal is aborted", "aborted?"],
  },
  [GIVE]: {
    ...{ target: "broadcast", takesValue: true, enabled: "caught up" },
    waits: () => "subscribers that are behind",
    step: (names, _, value) => [`give ${names.value(value)} to all subscribers`, `all ! ${names.value(value)}`],
  },
  [GIVEN]: {
    ...{ target: "broadcast", enabled: "caught up" },
    waits: () => "subscribers that are behind",
    step: () => ["see that no subscriber is behind", "none behind"],
  },
  [END_AUDIENCE]: {
    ...{ target: "broadcast", takesValue: true, isCall: true, yields: "number" },
    step: () => ["end all subscriptions", "end all"],
  },
  [SUBSCRIBE]: {
    ...{ target: "channel", isCall: true },
    step: (names, channel) => same(`subscribe with ${names.channel(channel)}`),
  },
  [ARRIVE]: {
    ...{ target: "barrier", yields: "number", uses: [ARRIVES], conflicts: [ARRIVES] },
    waits: () => "its turn at a barrier",
    step: () => same("arrive at a barrier"),
  },
  [LEAVE_BARRIER]: {
    ...{ target: "barrier", enabled: "released", conflicts: [ARRIVES] },
    waits: () => "the others at a barrier",
    step: () => same("leave a barrier"),
  },
};

/** The table: the row of each kind, at its number. */
export const KINDS: readonly CaseKind[] = Object.values(ROWS).map((row) => ({ ...PLAIN, ...row }));

/** Whether a case of this kind may cancel tasks: by itself, or because a scope cancels its tasks. */
export function involvesCancelling(kind: number): boolean {
  const { cancels, target, performsScope } = KINDS[kind]!;
  return cancels || target === "scope" || performsScope;
}

/** Numbers for each case. */
export const STRIDE = 4;

/** The group of a case that is ready or not whatever the other cases are. */
export const UNORDERED = -1;

/** In place of a case, in a transition of a task: the task is to return, as it was cancelled. */
export const RETURN = -1;
/** Likewise, after case 0 has completed undelivered; case `n` is `RETURN_AFTER - n`. */
export const RETURN_AFTER = -2;

/** Thrown for a program that the model does not support; `verify` runs it under every schedule instead. */
export class Unmodelled extends Error {}

/** Whether a choice is ordered: which case it takes depends on which cases are ready. */
export function goesByOrder(cases: Int32Array): boolean {
  for (let at = 0; at < cases.length; at += STRIDE)
    if (cases[at] === DEFAULT || cases[at + 3] !== UNORDERED) return true;
  return false;
}

/** The cases of an attempt, such as `trySend`: those of its operation, and a default. */
export function attempted(cases: Int32Array): Int32Array {
  return Int32Array.of(...cases, DEFAULT, 0, 0, 0);
}
