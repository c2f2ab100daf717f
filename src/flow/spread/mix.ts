// Several channels merged into one, each of which can be muted, paused and soloed at run time (core.async's mix).
//
// Invariants. Active inputs are read only when `out` is read, and paused inputs are not read at all. So a change takes
// effect at once, and the mix never holds a value. A muted input has a task that reads and discards its values. An input
// stays until it has ended or is removed. `_active` is a choice among the inputs that are active now. When this choice is
// created anew, `_version` changes. A receiver that is parked at the old choice waits for `_version` as well.

import { CLOSED, type Closed, type OwnedChannel, type ReceiveChannel } from "../../channel/ends.js";
import { alt } from "../../choice/select.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import { guard } from "../../operation/basic.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { assertOptions } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { causeOf, type FlowOptions, release } from "../ends/release.js";
import { assertChannel, takeOver } from "../ends/source.js";
import { type Watch, watch } from "./watch.js";

/** How a mix treats an input. A property that is left out stays as it is; at first all of them are false. */
export interface MixState {
  /** Whether the input is read and its values are discarded. */
  readonly mute?: boolean;
  /** Whether the input is not read; takes precedence over `mute`. */
  readonly pause?: boolean;
  /** Whether the input is soloed: it reaches `out` even if it is muted or paused, and inputs that are not soloed do not. */
  readonly solo?: boolean;
}

/** The options of {@link mix}. */
export interface MixOptions extends FlowOptions {
  /** How the other inputs are treated while an input is soloed; `"mute"` by default. */
  readonly soloMode?: "mute" | "pause";
  /** Whether `out` closes when the last input ends; true by default. */
  readonly close?: boolean;
}

/** A mix, made by {@link mix}. */
export interface Mix<T> {
  /** The channel of the values of all active inputs. */
  readonly out: OwnedChannel<T>;
  /**
   * Adds an input, or changes an input that was added before. Returns false if `out` has ended; then the channel is
   * released.
   */
  add: (channel: ReceiveChannel<T>, state?: MixState) => boolean;
  /** Removes an input without releasing it. Returns false if the channel is no input, or has ended. */
  remove: (channel: ReceiveChannel<T>) => boolean;
  /** Changes how one input is treated, or several in one step. Channels that are no inputs, or have ended, are ignored. */
  set: {
    (channel: ReceiveChannel<T>, state: MixState): void;
    (states: Iterable<readonly [channel: ReceiveChannel<T>, state: MixState]>): void;
  };
}

type Role = "active" | "muted" | "paused";

interface Taken<T> {
  readonly input: Input<T>;
  readonly value: T | Closed;
}

class Input<T> {
  readonly channel: ReceiveChannel<T>;
  readonly next: Operation<Taken<T>>;
  state: MixState;
  /** The task that reads and discards the values while the input is muted. */
  drain: Task<void> | null;

  constructor(channel: ReceiveChannel<T>) {
    this.channel = channel;
    this.next = channel.receive().map((value) => ({ input: this, value }));
    this.state = {};
    this.drain = null;
  }

  /** Stops the task of a muted input. */
  stop(): void {
    this.drain?.cancel();
    this.drain = null;
  }
}

class Mixing<T> implements Mix<T>, Feed<Taken<T> | null, T> {
  readonly out: OwnedChannel<T>;
  closed: boolean;
  private readonly _options: MixOptions;
  private readonly _inputs: Map<ReceiveChannel<T>, Input<T>>;
  private readonly _version: Watch<number>;
  private readonly _next: Operation<Taken<T> | null>;
  private _active: Operation<Taken<T>>;
  private _failure: unknown;

  constructor(options: MixOptions) {
    this.closed = false;
    this._options = options;
    this._inputs = new Map();
    this._version = watch(0);
    this._active = alt();
    this._failure = undefined;
    this._next = alt(
      this._version.changed().map(() => null),
      guard(() => this._active),
    );
    this.out = derive(this);
  }

  add(channel: ReceiveChannel<T>, state: MixState = {}): boolean {
    assertChannel("add to mix", channel);
    takeOver(channel);
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
      assertChannel("set in mix", channel);
      const input = this._inputs.get(channel as ReceiveChannel<T>);
      if (input !== undefined) input.state = { ...input.state, ...changes };
    }
    this._assignRoles();
  }

  next(): Operation<Taken<T> | null> {
    return this._next;
  }

  accept(taken: Taken<T> | null, to: Emitter<T>): void {
    if (taken !== null && taken.value !== CLOSED) to.emit(taken.value);
    else if (taken !== null) this._ended(taken.input);
    if (this.closed) to.end(this._failure);
  }

  /** Ends the mix: it reads nothing more. */
  release(reason: unknown): void {
    const inputs = [...this._inputs.values()];
    this.closed = true;
    this._inputs.clear();
    this._assignRoles();
    for (const input of inputs) {
      input.stop();
      release(input.channel, this._options, reason);
    }
  }

  private _drop(input: Input<T>): void {
    input.stop();
    this._inputs.delete(input.channel);
    this._assignRoles();
  }

  private _ended(input: Input<T>): void {
    this._drop(input);
    if (this._inputs.size === 0 && this._options.close !== false) this.closed = true;
  }

  private *_discard(input: Input<T>): Routine<void> {
    const receive = input.channel.receive();
    try {
      while ((yield* receive) !== CLOSED);
      this._ended(input);
    } catch (error) {
      this._failure = causeOf(error);
      this.release(error);
    }
    this._resumeReceiver();
  }

  /** Gives each input the role that follows from the states of all inputs. */
  private _assignRoles(): void {
    const inputs = [...this._inputs.values()];
    const soloed = inputs.some(({ state }) => state.solo);
    const active: Operation<Taken<T>>[] = [];
    for (const input of inputs) {
      const role = roleOf(input.state, soloed, this._options.soloMode);
      if (role === "active") active.push(input.next);
      if (role === "muted") input.drain ??= go(() => this._discard(input));
      else input.stop();
    }
    this._active = alt(...active);
    this._resumeReceiver();
  }

  /** Resumes a receiver that is parked at the old choice. */
  private _resumeReceiver(): void {
    this._version.update((version) => version + 1);
  }
}

function roleOf({ mute, pause, solo }: MixState, soloed: boolean, soloMode: MixOptions["soloMode"]): Role {
  if (solo) return "active";
  if (pause || (soloed && soloMode === "pause")) return "paused";
  return mute || soloed ? "muted" : "active";
}

/**
 * Merges several channels into one. Inputs can be added, removed, muted, paused and soloed at any time. From core.async.
 *
 * A muted input is read all the time, and its values are discarded. A paused input is not read. While an input is soloed,
 * its values reach `out` even if it is muted or paused, and all inputs that are not soloed are muted, or paused with
 * `soloMode: "pause"`. Every change takes effect at once; several changes given together take effect in one step. Active
 * inputs are read only when `out` is read. It chooses uniformly among the active inputs that have a value.
 *
 * Closes when: the last input has ended. Then `out` closes. With `close: false` it stays open, as it does before the first input
 * is added. When an active or muted input fails, `out` ends with that cause, and the others are released. Cancelling `out`
 * releases all inputs.
 *
 * @throws TypeError when `soloMode` is neither `"mute"` nor `"pause"`.
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
  assertOptions("mix", options);
  const { soloMode = "mute" } = options;
  if (soloMode === "mute" || soloMode === "pause") return new Mixing(options);
  throw new TypeError(`Cannot mix: soloMode must be "mute" or "pause", got ${shown(soloMode)}`);
}
