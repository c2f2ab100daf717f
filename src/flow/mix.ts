import type { Buffer } from "../buffer.js";
import { CLOSED, type Closed, type ReceiveChannel, type SendChannel } from "../ends.js";
import { shown } from "../errors.js";
import type { Operation, Routine } from "../operation.js";
import { alt } from "../select.js";
import { produce } from "./produce.js";
import { assertSource, type FlowOptions, release } from "./release.js";
import { type Watch, watch } from "./watch.js";

/** How an input takes part. */
export interface MixState {
  /** Read, and what is read is discarded. */
  readonly mute?: boolean;
  /** Not read. */
  readonly pause?: boolean;
  /** Read and heard, whatever else is said of it; and while any input is soloed, those that are not are muted or paused. */
  readonly solo?: boolean;
}

/** How a mix behaves. */
export interface MixOptions<T> extends FlowOptions {
  /** What becomes of the others while any is soloed: `"mute"` (default) or `"pause"`. */
  readonly soloMode?: "mute" | "pause";
  /** Whether `out` closes when all inputs have ended; true by default. */
  readonly close?: boolean;
  /** How many values `out` stores, or a buffer; none by default. */
  readonly capacity?: number | Buffer<T>;
}

interface Input<T> {
  readonly source: ReceiveChannel<T>;
  readonly came: Operation<{ readonly input: Input<T>; readonly value: T | Closed }>;
  state: MixState;
}

/** Several inputs into one channel, each of which can be muted, paused and soloed while it runs. */
export class Mix<T> {
  /** What is heard of the inputs. Cancelling it releases all of them. */
  readonly out: ReceiveChannel<T>;
  private readonly _inputs: Map<ReceiveChannel<T>, Input<T>>;
  private readonly _options: MixOptions<T>;
  /** Counts the changes, so that whoever waits for inputs looks at them anew. */
  private readonly _changes: Watch<number>;

  /** @internal Mixes are made by `mix`. */
  constructor(options: MixOptions<T>) {
    this._inputs = new Map();
    this._options = options;
    this._changes = watch(0);
    this.out = produce<T>((out) => this._run(out), {
      capacity: options.capacity ?? 0,
      release: (reason) => this._release(reason),
    });
  }

  /** Adds an input; one that is there already keeps its place, and gets the state. */
  add(source: ReceiveChannel<T>, state: MixState = {}): void {
    assertSource("mix", source);
    const known = this._inputs.get(source);
    if (known !== undefined) known.state = state;
    else this._inputs.set(source, inputOf(source, state));
    this._change();
  }

  /** Takes an input out, and leaves it as it is. */
  remove(source: ReceiveChannel<T>): void {
    if (this._inputs.delete(source)) this._change();
  }

  /**
   * Changes how an input takes part; of several, in one step. What is not said stays as it is. An input that is paused while it
   * is waited for leaves its queue at once, and nothing of it is lost.
   *
   * @throws TypeError when it is no input of this mix.
   */
  set(source: ReceiveChannel<T>, state: MixState): void;
  set(states: Iterable<readonly [ReceiveChannel<T>, MixState]>): void;
  set(source: ReceiveChannel<T> | Iterable<readonly [ReceiveChannel<T>, MixState]>, state?: MixState): void {
    const states = state === undefined ? [...(source as Iterable<readonly [ReceiveChannel<T>, MixState]>)] : null;
    const changes = states ?? [[source as ReceiveChannel<T>, state!] as const];
    const inputs = changes.map(([changed]) => this._inputs.get(changed));
    if (inputs.includes(undefined)) {
      throw new TypeError(
        "Cannot set state: the channel must be an input of the mix, got one that is not; add() it first",
      );
    }
    for (const [at, [, change]] of changes.entries()) inputs[at]!.state = { ...inputs[at]!.state, ...change };
    this._change();
  }

  private _change(): void {
    this._changes.update((n) => n + 1);
  }

  private *_run(out: SendChannel<T>): Routine<void> {
    const changed = this._changes.changed().map(() => null);
    let ended = false;
    while (!(ended && this._inputs.size === 0 && this._options.close !== false)) {
      const version = this._changes.value;
      const next = alt(changed, ...this._read().map(({ came }) => came));
      // As long as nothing changes the same choice is performed again and again.
      for (ended = false; !ended && version === this._changes.value; ) {
        const came = yield* next;
        if (came === null) break;
        const { input, value } = came;
        ended = value === CLOSED;
        if (value === CLOSED) this._inputs.delete(input.source);
        else if (this._hears(input) && !(yield* out.send(value))) return;
      }
    }
  }

  private _soloed(): boolean {
    for (const { state } of this._inputs.values()) if (state.solo) return true;
    return false;
  }

  private _read(): Input<T>[] {
    const soloed = this._soloed() && this._options.soloMode === "pause";
    return [...this._inputs.values()].filter(({ state }) => state.solo || !(soloed || state.pause));
  }

  private _hears({ state }: Input<T>): boolean {
    return state.solo || !(state.mute || this._soloed());
  }

  private _release(reason: unknown): void {
    for (const source of this._inputs.keys()) release(source, this._options, reason);
    this._inputs.clear();
  }
}

function inputOf<T>(source: ReceiveChannel<T>, state: MixState): Input<T> {
  const input: Input<T> = { source, came: source.receive().map((value) => ({ input, value })), state };
  return input;
}

/**
 * Mixes channels that come and go into one, each of which can be muted, paused and soloed at any time. From core.async.
 *
 * `out` closes when all inputs have ended, unless it is told to stay open; not before there was one. When an input fails, `out`
 * ends with that cause, and the others are released; so they are when `out` is cancelled.
 *
 * @example
 * ```ts
 * import { channel, mix } from "millrace";
 *
 * const [voice, music] = [channel<string>(2), channel<string>(2)];
 * const hall = mix<string>();
 * hall.add(voice);
 * hall.add(music, { mute: true });
 *
 * music.trySend("la");
 * voice.trySend("hello");
 * console.log(String(await hall.out.receive())); // hello
 * hall.set(music, { mute: false });
 * music.trySend("la la");
 * console.log(String(await hall.out.receive())); // la la
 * ```
 */
export function mix<T>(options: MixOptions<T> = {}): Mix<T> {
  const { soloMode = "mute" } = options;
  if (soloMode === "mute" || soloMode === "pause") return new Mix(options);
  throw new TypeError(`Cannot mix: soloMode must be "mute" or "pause", got ${shown(soloMode)}`);
}
