import { CLOSED, type OwnedChannel } from "../../channel/ends.js";
import { type Selected, select } from "../../choice/select.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import type { Operation } from "../../operation/operation.js";
import type { FlowOptions } from "../ends/release.js";
import type { Input } from "../ends/source.js";
import { type Channels, type Sources, sourcesOf } from "./sources.js";

type Named = Readonly<Record<string, Input<unknown>>>;
type Cases = Record<string, Operation<unknown>>;

/** The latest value of each channel of a record. */
export type Combined<S extends Named> = S extends unknown
  ? { [K in keyof S]: S[K] extends Input<infer T> ? T : never }
  : never;

class CombineLatest<T> implements Feed<Selected<Cases>, T> {
  readonly release: ((reason: unknown) => void) | undefined;
  private readonly _shape: (latest: readonly unknown[]) => T;
  /** The latest values; `CLOSED`, which is never a value, where a channel has had none yet. */
  private readonly _latest: unknown[];
  private _missing: number;
  /** The receives of the channels that have not ended, by their index. */
  private readonly _open: Cases;
  private _choice: Operation<Selected<Cases>>;

  constructor({ list, release }: Sources<FlowOptions>, shape: (latest: readonly unknown[]) => T) {
    this.release = release;
    this._shape = shape;
    this._latest = list.map(() => CLOSED);
    this._missing = list.length;
    this._open = Object.fromEntries(list.map((source, at) => [at, source.receive()]));
    this._choice = select(this._open);
  }

  next(): Operation<Selected<Cases>> {
    return this._choice;
  }

  accept({ key, value }: Selected<Cases>, to: Emitter<T>): void {
    const at = Number(key);
    const latest = this._latest;
    const had = latest[at] !== CLOSED;
    if (value !== CLOSED) {
      latest[at] = value;
      if (!had) this._missing--;
      if (this._missing === 0) to.emit(this._shape(latest));
      return;
    }
    // A channel that ends without a value makes every combination impossible.
    delete this._open[key];
    if (had && Object.keys(this._open).length > 0) this._choice = select(this._open);
    else to.end();
  }
}

/**
 * Combines the latest value of each channel, each time one of them has a new value; the first time when all have had one. A
 * list yields tuples, a record yields records. It chooses uniformly among the channels that have a value. It receives only
 * on demand, so a slow reader gets each combination, and makes the sources wait. From Rx.
 *
 * Closes when: all channels have ended, or one has ended without a value; then it releases the others. Without any channels
 * it is closed at once. When a channel fails, it ends with that cause and releases the others. Cancelling it releases all.
 *
 * @param sources - A list or a record of receive channels.
 * @throws TypeError when a source is not a receive channel.
 * @example
 * ```ts
 * import { channel, combineLatest } from "millrace";
 *
 * const width = channel<number>(1);
 * const unit = channel<string>(1);
 * const sizes = combineLatest({ width, unit });
 * width.trySend(3);
 * unit.trySend("px");
 * console.log(await sizes.receive()); // { width: 3, unit: "px" }
 * width.trySend(4);
 * console.log(await sizes.receive()); // { width: 4, unit: "px" }
 * ```
 */
export function combineLatest<T extends unknown[]>(sources: Channels<[...T]>, options?: FlowOptions): OwnedChannel<T>;
export function combineLatest<T>(sources: Iterable<Input<T>>, options?: FlowOptions): OwnedChannel<T[]>;
export function combineLatest<S extends Named>(sources: S, options?: FlowOptions): OwnedChannel<Combined<S>>;
export function combineLatest(
  given: Iterable<Input<unknown>> | Named,
  options: FlowOptions = {},
): OwnedChannel<unknown> {
  const keys = isRecord(given) ? Object.keys(given) : null;
  const list = keys === null ? (given as Iterable<Input<unknown>>) : Object.values(given as Named);
  const sources = sourcesOf("combine latest values", list, options);
  const combined = derive(
    new CombineLatest<unknown>(sources, (latest) =>
      keys === null ? [...latest] : Object.fromEntries(keys.map((key, at) => [key, latest[at]])),
    ),
  );
  if (sources.list.length === 0) combined.cancel();
  return combined;
}

function isRecord(given: unknown): given is Named {
  return typeof given === "object" && given !== null && !("receive" in given) && !(Symbol.iterator in given);
}
