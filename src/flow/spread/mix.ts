// Many channels into one, each of which can be muted, paused and soloed while it goes on (core.async's mix).
//
// Invariants. What is heard is read only when `out` is read, and what is paused is not read at all; so a change takes effect
// at once, and no value is ever in the hand of the mix. What is muted has a task that reads it and forgets. An input stays
// until it has ended or is removed. `_heard` is a choice among those that are heard now; whenever it is made anew
// `_version` changes, which whoever is parked at the old one waits for as well.

import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { alt } from "../../choice/select.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import { guard } from "../../operation/basic.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { shown } from "../../structures/errors.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { assertSource, type FlowOptions, release } from "../ends/release.js";
import { type Watch, watch } from "./watch.js";

/** How an input of a mix is treated. What is not said stays as it is; at first all of it is false. */
export interface MixState {
  /** Whether it is read, and what it yields forgotten. */
  readonly mute?: boolean;
  /** Whether it is not read; more than `mute`. */
  readonly pause?: boolean;
  /** Whether it is heard, whatever else is said, and those that are not soloed are not. */
  readonly solo?: boolean;
}

/** What a mix can be told. */
export interface MixOptions extends FlowOptions {
  /** What happens to the others while an input is soloed; `"mute"` by default. */
  readonly soloMode?: "mute" | "pause";
  /** Whether `out` closes when an input ends and none is left; true by default. */
  readonly close?: boolean;
}

/** What {@link mix} makes. */
export interface Mix<T> {
  /** What is heard. */
  readonly out: ReceiveChannel<T>;
  /** Adds an input, or changes one that is there. False if `out` is over; then the channel is released. */
  add: (channel: ReceiveChannel<T>, state?: MixState) => boolean;
  /** Takes an input out, and leaves it as it is. False if it was none, or has ended. */
  remove: (channel: ReceiveChannel<T>) => boolean;
  /** Changes how one input is treated, or several at once. Channels that are no inputs, or have ended, are passed over. */
  set: {
    (channel: ReceiveChannel<T>, state: MixState): void;
    (states: Iterable<readonly [channel: ReceiveChannel<T>, state: MixState]>): void;
  };
}

type Role = "heard" | "muted" | "paused";

interface Heard<T> {
  readonly input: Input<T>;
  readonly value: T | Closed;
}

class Input<T> {
  readonly channel: ReceiveChannel<T>;
  readonly next: Operation<Heard<T>>;
  state: MixState;
  /** Reads and forgets while it is muted. */
  drain: Task<void> | null;

  constructor(channel: ReceiveChannel<T>) {
    this.channel = channel;
    this.next = channel.receive().map((value) => ({ input: this, value }));
    this.state = {};
    this.drain = null;
  }

  /** Leaves its channel, if it is muted. */
  stop(): void {
    this.drain?.cancel();
    this.drain = null;
  }
}

class Mixing<T> implements Mix<T>, Feed<Heard<T> | null, T> {
  readonly out: ReceiveChannel<T>;
  closed: boolean;
  private readonly _options: MixOptions;
  private readonly _inputs: Map<ReceiveChannel<T>, Input<T>>;
  private readonly _version: Watch<number>;
  private readonly _next: Operation<Heard<T> | null>;
  private _heard: Operation<Heard<T>>;
  private _failure: unknown;

  constructor(options: MixOptions) {
    this.closed = false;
    this._options = options;
    this._inputs = new Map();
    this._version = watch(0);
    this._heard = alt();
    this._failure = undefined;
    this._next = alt(
      this._version.changed().map(() => null),
      guard(() => this._heard),
    );
    this.out = derive(this);
  }

  add(channel: ReceiveChannel<T>, state: MixState = {}): boolean {
    assertSource("add to mix", channel);
    if (this.closed) {
      release(channel, this._options);
      return false;
    }
    if (!this._inputs.has(channel)) this._inputs.set(channel, new Input(channel));
    this.set(channel, state);
    return true;
  }

  remove(channel: ReceiveChannel<T>): boolean {
    const input = this._inputs.get(channel);
    if (input === undefined) return false;
    this._drop(input);
    return true;
  }

  set(channel: ReceiveChannel<T>, state: MixState): void;
  set(states: Iterable<readonly [ReceiveChannel<T>, MixState]>): void;
  set(given: ReceiveChannel<T> | Iterable<readonly [ReceiveChannel<T>, MixState]>, state: MixState = {}): void {
    const several = Symbol.iterator in Object(given);
    const states = several ? (given as Iterable<readonly [ReceiveChannel<T>, MixState]>) : [[given, state] as const];
    for (const [channel, changes] of states) {
      assertSource("set in mix", channel);
      const input = this._inputs.get(channel as ReceiveChannel<T>);
      if (input !== undefined) input.state = { ...input.state, ...changes };
    }
    this._arrange();
  }

  next(): Operation<Heard<T> | null> {
    return this._next;
  }

  accept(heard: Heard<T> | null, to: Emitter<T>): void {
    if (heard !== null && heard.value !== CLOSED) to.emit(heard.value);
    else if (heard !== null) this._ended(heard.input);
    if (this.closed) to.end(this._failure);
  }

  /** Nothing more is read. */
  release(reason: unknown): void {
    const inputs = [...this._inputs.values()];
    this.closed = true;
    this._inputs.clear();
    this._arrange();
    for (const input of inputs) {
      input.stop();
      release(input.channel, this._options, reason);
    }
  }

  private _drop(input: Input<T>): void {
    input.stop();
    this._inputs.delete(input.channel);
    this._arrange();
  }

  private _ended(input: Input<T>): void {
    this._drop(input);
    if (this._inputs.size === 0 && this._options.close !== false) this.closed = true;
  }

  private *_forget(input: Input<T>): Routine<void> {
    const receive = input.channel.receive();
    try {
      while ((yield* receive) !== CLOSED);
      this._ended(input);
    } catch (error) {
      this._failure = error;
      this.release(error);
    }
    this._tell();
  }

  /** Everyone gets the part that all states together give it. */
  private _arrange(): void {
    const inputs = [...this._inputs.values()];
    const soloed = inputs.some(({ state }) => state.solo);
    const heard: Operation<Heard<T>>[] = [];
    for (const input of inputs) {
      const role = roleOf(input.state, soloed, this._options.soloMode);
      if (role === "heard") heard.push(input.next);
      if (role === "muted") input.drain ??= go(() => this._forget(input));
      else input.stop();
    }
    this._heard = alt(...heard);
    this._tell();
  }

  /** Whoever is parked looks again. */
  private _tell(): void {
    this._version.update((version) => version + 1);
  }
}

function roleOf({ mute, pause, solo }: MixState, soloed: boolean, soloMode: MixOptions["soloMode"]): Role {
  if (solo) return "heard";
  if (pause || (soloed && soloMode === "pause")) return "paused";
  return mute || soloed ? "muted" : "heard";
}

/**
 * One channel of everything that comes from several, which can be added and removed, muted, paused and soloed while it goes
 * on. From core.async.
 *
 * An input that is muted is read all the time, and what it yields is forgotten; one that is paused is not read. While an
 * input is soloed it is heard, even if it is muted or paused, and all that are not soloed are muted, or paused with
 * `soloMode: "pause"`. Every change takes effect at once, several given together in one step. What is heard is read only when
 * `out` is read; chosen uniformly among those that have a value.
 *
 * Closes when: an input ends and none is left, `out`; told `close: false` it stays open, as it does before the first input is
 * added. When an input fails, heard or muted, `out` ends with that cause, and the others are released. Cancelling `out`
 * releases all.
 *
 * @example
 * ```ts
 * import { channel, mix } from "millrace";
 *
 * const [singer, crowd] = [channel<string>(4), channel<string>(4)];
 * const show = mix<string>();
 * show.add(singer);
 * show.add(crowd, { pause: true });
 * crowd.trySend("boo");
 * singer.trySend("la");
 * console.log(await show.out.receive()); // la
 * show.set([[singer, { pause: true }], [crowd, { pause: false }]]);
 * console.log(await show.out.receive()); // boo
 * ```
 */
export function mix<T>(options: MixOptions = {}): Mix<T> {
  const { soloMode = "mute" } = options;
  if (soloMode === "mute" || soloMode === "pause") return new Mixing(options);
  throw new TypeError(`Cannot mix: soloMode must be "mute" or "pause", got ${shown(soloMode)}`);
}
