// Commands: read what has happened, decide what is to happen, append it, and start again if another command was faster.

import type { Routine } from "millrace";
import type { EventStore } from "./store.ts";
import { type Appended, type AppendOptions, ConflictError, type Event } from "./types.ts";

/** The rules of one kind of stream. Two pure functions, which a test calls without a store. */
export interface Decider<S, C, E extends Event> {
  /** Names the snapshots. Choose another name when `evolve` changes. */
  readonly name: string;
  readonly initial: S;
  readonly evolve: (state: S, event: E) => S;
  /** The events that a command leads to; none if there is nothing to do. Throws if the command is to be refused. */
  readonly decide: (state: S, command: C) => readonly E[];
}

/** What has become of a stream. */
export interface Loaded<S> {
  readonly state: S;
  readonly version: number;
}

/** A snapshot is written when so many events have to be read. */
const MANY = 64;
const ATTEMPTS = 5;

/** Folds the events of a stream, from its snapshot if there is one. */
export function load<S, C, E extends Event>(
  store: EventStore<E>,
  { name, initial, evolve }: Pick<Decider<S, C, E>, "name" | "initial" | "evolve">,
  stream: string,
): Loaded<S> {
  const from = store.snapshots.find<S>(name, stream) ?? { state: initial, version: 0 };
  const events = store.read(stream, from.version);
  const state = events.reduce(evolve, from.state);
  const version = events.at(-1)?.version ?? from.version;
  if (events.length >= MANY) store.snapshots.save(name, stream, { state, version });
  return { state, version };
}

/**
 * Performs a command on a stream. Of commands that conflict, one is decided after the other.
 *
 * Yields: where its events are, or null if it led to none. Throws what `decide` throws.
 */
export function* perform<S, C, E extends Event>(
  store: EventStore<E>,
  decider: Decider<S, C, E>,
  stream: string,
  command: C,
  options: Omit<AppendOptions, "expectedVersion"> = {},
): Routine<Appended | null> {
  for (let attempt = 1; ; attempt++) {
    const { state, version } = load(store, decider, stream);
    const events = decider.decide(state, command);
    if (events.length === 0) return null;
    try {
      return yield* store.append(stream, events, { ...options, expectedVersion: version });
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === ATTEMPTS) throw error;
    }
  }
}
