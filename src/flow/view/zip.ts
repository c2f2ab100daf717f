// Rows are made of one value of each source. They are asked in their order, and all that are missing at the same time, so
// that the end of any of them is seen at once. A row that has begun stays here when nobody waits for it any more.

import { CLOSED, type ReceiveChannel } from "../../channel/ends.js";
import { type Selected, select } from "../../choice/select.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import type { Operation } from "../../operation/operation.js";
import type { FlowOptions } from "../ends/release.js";
import { type Channels, type Sources, sourcesOf } from "./sources.js";

/** What a zip can be told. */
export interface ZipOptions<T> extends FlowOptions {
  /** Given each value of a row that can never be whole, because another source has ended, or the zip was cancelled. */
  readonly onUndelivered?: (value: T) => void;
}

type Cases = Readonly<Record<string, Operation<unknown>>>;

class Zip implements Feed<Selected<Cases>, unknown[]> {
  private readonly _sources: Sources<ZipOptions<unknown>>;
  private readonly _receives: Operation<unknown>[];
  private readonly _whole: Operation<Selected<Cases>>;
  /** What there is of the next row; `CLOSED`, which is no value, where it is missing. */
  private _row: unknown[];
  private _missing: number;

  constructor(sources: Sources<ZipOptions<unknown>>) {
    this._sources = sources;
    this._receives = sources.list.map((source) => source.receive());
    this._row = this._receives.map(() => CLOSED);
    this._missing = this._row.length;
    this._whole = this._rest();
  }

  next(): Operation<Selected<Cases>> {
    return this._missing === this._row.length ? this._whole : this._rest();
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

  release(reason: unknown): void {
    try {
      this._sources.release(reason);
    } finally {
      for (const value of this._row) if (value !== CLOSED) this._sources.options.onUndelivered?.(value);
    }
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
 * Rows of one value from each channel: the first of each, the second of each, and so on. It reads only when it is read, and
 * never more of a channel than the next row needs.
 *
 * A receiver that leaves in the middle of a row takes nothing with it: what there is of the row is kept for the next one.
 *
 * Closes when: any of them has ended, since no more rows can be made; without any it is closed at once. It releases the
 * others. What it had taken of the row that cannot be made whole goes to `onUndelivered`; channels are asked in their order,
 * so nothing is taken if the shortest comes first and none of the others is ahead of it. When one fails it ends with that
 * cause, likewise. Cancelling it releases all.
 *
 * @example
 * ```ts
 * import { collect, from, zip } from "millrace";
 *
 * console.log(await collect(zip([from("ab"), from([1, 2, 3])]))); // [ [ "a", 1 ], [ "b", 2 ] ]
 * ```
 */
export function zip<T extends unknown[]>(sources: Channels<[...T]>, options?: ZipOptions<T[number]>): ReceiveChannel<T>;
export function zip<T>(sources: Iterable<ReceiveChannel<T>>, options?: ZipOptions<T>): ReceiveChannel<T[]>;
export function zip(
  sources: Iterable<ReceiveChannel<unknown>>,
  options: ZipOptions<unknown> = {},
): ReceiveChannel<unknown[]> {
  const all = sourcesOf("zip", sources, options);
  const rows = derive(new Zip(all));
  if (all.list.length === 0) rows.cancel();
  return rows;
}
