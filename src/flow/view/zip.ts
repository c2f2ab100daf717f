// A row has one value of each source. The sources are polled in their order, and all missing values are awaited at the same
// time, so that the end of any source is noticed at once. If the receiver leaves, an incomplete row stays here.

import { CLOSED, type OwnedChannel } from "../../channel/ends.js";
import { type Selected, select } from "../../choice/select.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import { notify } from "../../operation/notify.js";
import type { Operation } from "../../operation/operation.js";
import type { FlowOptions } from "../ends/release.js";
import type { Input } from "../ends/source.js";
import { type Channels, type Sources, sourcesOf } from "./sources.js";

/** The options of {@link zip}. */
export interface ZipOptions<T> extends FlowOptions {
  /** Called with each value of a row that cannot be completed, because another source has ended or the zip was cancelled. */
  readonly onUndelivered?: (value: T) => void;
}

type Cases = Readonly<Record<string, Operation<unknown>>>;

class Zip implements Feed<Selected<Cases>, unknown[]> {
  private readonly _sources: Sources<ZipOptions<unknown>>;
  private readonly _receives: Operation<unknown>[];
  private readonly _fullRow: Operation<Selected<Cases>>;
  /** The next row; `CLOSED`, which is never a value, where a value is missing. */
  private _row: unknown[];
  private _missing: number;

  constructor(sources: Sources<ZipOptions<unknown>>) {
    this._sources = sources;
    this._receives = sources.list.map((source) => source.receive());
    this._row = this._receives.map(() => CLOSED);
    this._missing = this._row.length;
    this._fullRow = this._rest();
  }

  next(): Operation<Selected<Cases>> {
    return this._missing === this._row.length ? this._fullRow : this._rest();
  }

  accept({ key, value }: Selected<Cases>, to: Emitter<unknown[]>): void {
    if (value === CLOSED) {
      to.end();
      return;
    }
    const row = this._row;
    row[Number(key)] = value;
    if (--this._missing > 0) return;
    this._row = row.map(() => CLOSED);
    this._missing = row.length;
    to.emit(row);
  }

  get release(): ((reason: unknown) => void) | undefined {
    const { release, options } = this._sources;
    if (options.onUndelivered === undefined) return release;
    return (reason) => {
      release?.(reason);
      for (const value of this._row) if (value !== CLOSED) notify(options.onUndelivered, value);
    };
  }

  private _rest(): Operation<Selected<Cases>> {
    const cases: Record<string, Operation<unknown>> = {};
    this._row.forEach((value, at) => {
      if (value === CLOSED) cases[at] = this._receives[at]!;
    });
    return select(cases, { mode: "priority" });
  }
}

/**
 * Combines the values of several channels into rows: the first value of each, the second value of each, and so on. It
 * receives only on demand, and takes no more from a channel than the next row needs.
 *
 * If a receiver leaves while a row is incomplete, the values of the row are kept for the next receiver.
 *
 * Closes when: any channel has ended, since no further row can be completed; then it releases the others. Without any
 * channels it is closed at once. Values of a row that cannot be completed go to `onUndelivered`. Channels are polled in
 * their order, so no value is taken if the shortest channel comes first and no other channel is ahead of it. When a channel
 * fails, it ends with that cause and releases the others. Cancelling it releases all.
 *
 * @param sources - A list of receive channels.
 * @throws TypeError when a source is not a receive channel.
 * @example
 * ```ts
 * import { collect, from, zip } from "millrace";
 *
 * console.log(await collect(zip([from("ab"), from([1, 2, 3])]))); // [ [ "a", 1 ], [ "b", 2 ] ]
 * ```
 */
export function zip<T extends unknown[]>(sources: Channels<[...T]>, options?: ZipOptions<T[number]>): OwnedChannel<T>;
export function zip<T>(sources: Iterable<Input<T>>, options?: ZipOptions<T>): OwnedChannel<T[]>;
export function zip(sources: Iterable<Input<unknown>>, options: ZipOptions<unknown> = {}): OwnedChannel<unknown[]> {
  const all = sourcesOf("zip", sources, options);
  const rows = derive(new Zip(all));
  if (all.list.length === 0) rows.cancel();
  return rows;
}
