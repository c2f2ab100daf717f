// What the tests of channels and choice share: the forms a body can be written in, the stores a channel can have, a look
// into a channel's queues, and a model of channels and select that is too slow to be wrong.

import {
  type AsyncRoutine,
  type Buffer,
  type Channel,
  CLOSED,
  channel,
  dropping,
  type EMPTY,
  fixed,
  go,
  type Operation,
  type Routine,
  sliding,
  type Task,
  unbounded,
} from "millrace";
import type { List } from "../../src/structures/list.js";

// ---- forms: one script, performed by `yield*` in both kinds of go block, and by `await`

/** A body that is performed in every form: it asks for operations with `yield* ask(operation)`. */
export type Script<T> = Generator<Operation<unknown>, T, unknown>;

export function* ask<T>(operation: Operation<T>): Generator<Operation<unknown>, T, unknown> {
  return (yield operation) as T;
}

function* sync<T>(script: () => Script<T>): Routine<T> {
  const steps = script();
  try {
    let step = steps.next();
    while (step.done !== true) {
      let value: unknown;
      try {
        value = yield* step.value;
      } catch (error) {
        step = steps.throw(error);
        continue;
      }
      step = steps.next(value);
    }
    return step.value;
  } finally {
    steps.return(undefined as T);
  }
}

async function* async<T>(script: () => Script<T>): AsyncRoutine<T> {
  const steps = script();
  try {
    let step = steps.next();
    while (step.done !== true) {
      let value: unknown;
      try {
        value = yield* step.value;
      } catch (error) {
        step = steps.throw(error);
        continue;
      }
      step = steps.next(value);
    }
    return step.value;
  } finally {
    steps.return(undefined as T);
  }
}

async function* mixed<T>(script: () => Script<T>): AsyncRoutine<T> {
  return yield* sync(script);
}

async function plain<T>(script: () => Script<T>): Promise<T> {
  const steps = script();
  let step = steps.next();
  while (step.done !== true) {
    let value: unknown;
    try {
      value = await step.value;
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(value);
  }
  return step.value;
}

export interface Form {
  readonly form: string;
  start<T>(script: () => Script<T>): PromiseLike<T>;
}

export interface GoForm extends Form {
  start<T>(script: () => Script<T>): Task<T>;
}

/** The go blocks. */
export const goForms: readonly GoForm[] = [
  { form: "function*", start: (script) => go(sync<ReturnOf<typeof script>>, script) },
  { form: "async function*", start: (script) => go(async<ReturnOf<typeof script>>, script) },
  { form: "async function* around function*", start: (script) => go(mixed<ReturnOf<typeof script>>, script) },
];

type ReturnOf<S> = S extends () => Script<infer T> ? T : never;

/** The go blocks, and plain code. */
export const forms: readonly Form[] = [...goForms, { form: "await", start: plain }];

// ---- stores

/** A buffer as a user may write one: an array, full at n. */
export class ArrayStore<T> implements Buffer<T> {
  readonly items: T[] = [];

  constructor(readonly capacity: number) {}

  get length(): number {
    return this.items.length;
  }

  get full(): boolean {
    return this.items.length >= this.capacity;
  }

  push(value: T): void {
    this.items.push(value);
  }

  shift(): T {
    return this.items.shift() as T;
  }
}

/** Does one thing, then gives another. */
export function giving<T>(_done: unknown, value: T): T {
  return value;
}

export type Policy = "park" | "drop" | "slide";

export interface Store {
  readonly store: string;
  /** How many values it keeps. */
  readonly size: number;
  /** What becomes of one more. */
  readonly policy: Policy;
  make<T>(options?: { onUndelivered?: (value: T) => void; maxPending?: number }): Channel<T>;
}

export const sizes = [0, 1, 2, 16] as const;

/** Capacities 0, 1, 2 and 16. */
export const plainStores: readonly Store[] = sizes.map((size) => ({
  store: `channel(${size})`,
  size,
  policy: "park",
  make: <T>(options = {}) => channel<T>(size, options),
}));

function withBuffer(name: string, size: number, policy: Policy, buffer: <T>() => Buffer<T>): Store {
  return { store: name, size, policy, make: <T>(options = {}) => channel<T>(buffer<T>(), options) };
}

/** Every buffer, at sizes 1, 2 and 16. */
export const bufferStores: readonly Store[] = [1, 2, 16].flatMap((n) => [
  withBuffer(`fixed(${n})`, n, "park", () => fixed(n)),
  withBuffer(`dropping(${n})`, n, "drop", () => dropping(n)),
  withBuffer(`sliding(${n})`, n, "slide", () => sliding(n)),
  withBuffer(`a user's buffer of ${n}`, n, "park", () => new ArrayStore(n)),
]);

export const unboundedStore: Store = withBuffer("unbounded()", Number.POSITIVE_INFINITY, "park", () => unbounded());

/** Every kind of store. */
export const stores: readonly Store[] = [...plainStores, ...bufferStores, unboundedStore];

/** The stores that make a sender park when they are full. */
export const parkingStores: readonly Store[] = stores.filter(({ policy, size }) => policy === "park" && size < 1000);

/** Each of some with each form. */
export function inForms<X extends object, F extends Form>(items: readonly X[], of: readonly F[]): (X & F)[] {
  return items.flatMap((item) => of.map((form) => ({ ...item, ...form })));
}

// ---- a look inside

function count(list: List): number {
  let links = 0;
  for (let at = list.after; at !== list; at = at.after as List) links++;
  return links;
}

/** How many stand in the queues of a channel. */
export function queues(ch: object): { senders: number; receivers: number } {
  const { senders, receivers } = ch as { senders: List; receivers: List };
  return { senders: count(senders), receivers: count(receivers) };
}

export const noneParked = { senders: 0, receivers: 0 };

/** What CH-5 forbids, in words; none when all is well. `both`: a select may stand in both queues. */
export function breaches(ch: { readonly length: number; readonly capacity: number }, both = false): string[] {
  const { senders, receivers } = queues(ch);
  const found: string[] = [];
  if (!both && senders > 0 && receivers > 0) found.push(`${senders} senders and ${receivers} receivers are parked`);
  if (ch.length > 0 && receivers > 0) found.push(`${ch.length} are stored and ${receivers} receivers are parked`);
  if (!both && ch.length < ch.capacity && senders > 0) found.push(`there is room and ${senders} senders are parked`);
  return found;
}

// ---- the model

/** One way an operation can complete: a case of a select, or the whole of a lone send or receive. */
export type ModelCase =
  | { readonly on: number; readonly kind: "send"; readonly value: number }
  | { readonly on: number; readonly kind: "receive" };

export type ModelOutcome = number | boolean | typeof CLOSED | typeof EMPTY;

interface Entry {
  readonly id: number;
  readonly at: number;
  readonly value: number;
}

interface ModelChannel {
  readonly size: number;
  readonly policy: Policy;
  stored: number[];
  closed: boolean;
  senders: Entry[];
  receivers: Entry[];
}

/** What happened to a parked operation: which one, by which of its cases, with what. */
export type Completion = readonly [id: number, at: number, value: ModelOutcome];

/** Channels by the letter of the rules, with arrays. */
export class Model {
  readonly channels: ModelChannel[];
  /** What the last step completed, in order. */
  woken: Completion[] = [];
  readonly undelivered: number[] = [];

  constructor(stores: readonly { size: number; policy: Policy }[]) {
    this.channels = stores.map(({ size, policy }) => ({
      size,
      policy,
      stored: [],
      closed: false,
      senders: [],
      receivers: [],
    }));
  }

  /** Whether a case could complete now. */
  ready(what: ModelCase): boolean {
    const ch = this.channels[what.on]!;
    if (ch.closed) return true;
    if (what.kind === "receive") return ch.stored.length > 0 || ch.senders.length > 0;
    return ch.receivers.length > 0 || ch.stored.length < ch.size || ch.policy !== "park";
  }

  /** Completes a case that is ready. */
  take(what: ModelCase): ModelOutcome {
    const ch = this.channels[what.on]!;
    if (what.kind === "send") {
      if (ch.closed) return false;
      if (ch.receivers.length > 0) this._complete(ch.receivers[0]!, what.value);
      else if (ch.stored.length < ch.size) ch.stored.push(what.value);
      else if (ch.policy === "slide") ch.stored = [...ch.stored.slice(1), what.value];
      return true;
    }
    if (ch.stored.length > 0) {
      const value = ch.stored.shift()!;
      if (ch.senders.length > 0) {
        ch.stored.push(ch.senders[0]!.value);
        this._complete(ch.senders[0]!, true);
      }
      return value;
    }
    const sender = ch.senders[0];
    if (sender === undefined) return CLOSED;
    this._complete(sender, true);
    return sender.value;
  }

  park(id: number, cases: readonly ModelCase[]): void {
    cases.forEach((what, at) => {
      const ch = this.channels[what.on]!;
      if (what.kind === "send") ch.senders.push({ id, at, value: what.value });
      else ch.receivers.push({ id, at, value: 0 });
    });
  }

  withdraw(id: number): void {
    for (const ch of this.channels) {
      ch.senders = ch.senders.filter((entry) => entry.id !== id);
      ch.receivers = ch.receivers.filter((entry) => entry.id !== id);
    }
  }

  close(on: number): boolean {
    const ch = this.channels[on]!;
    if (ch.closed) return false;
    ch.closed = true;
    while (ch.receivers.length > 0) this._complete(ch.receivers[0]!, CLOSED);
    return true;
  }

  cancel(on: number): void {
    const ch = this.channels[on]!;
    ch.closed = true;
    this.undelivered.push(...ch.stored.splice(0));
    while (ch.senders.length > 0) this._complete(ch.senders[0]!, false);
    while (ch.receivers.length > 0) this._complete(ch.receivers[0]!, CLOSED);
  }

  private _complete({ id, at }: Entry, value: ModelOutcome): void {
    this.withdraw(id);
    this.woken.push([id, at, value]);
  }
}
