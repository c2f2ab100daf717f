import { CLOSED, type ReceiveChannel } from "../../channel/ends.js";
import { type Selected, select } from "../../choice/select.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import type { Operation } from "../../operation/operation.js";
import type { FlowOptions } from "../ends/release.js";
import { type Channels, type Sources, sourcesOf } from "./sources.js";

type Named = Readonly<Record<string, ReceiveChannel<unknown>>>;
type Cases = Record<string, Operation<unknown>>;

/** The latest value of each channel of a record. */
export type Combined<S extends Named> = {
  [K in keyof S]: S[K] extends ReceiveChannel<infer T> ? T : never;
};

class CombineLatest<T> implements Feed<Selected<Cases>, T> {
  readonly release: (reason: unknown) => void;
  private readonly _shape: (latest: readonly unknown[]) => T;
  /** `CLOSED`, which is no value, where there has been none yet. */
  private readonly _latest: unknown[];
  private _missing: number;
  /** Those that have not ended, by their places. */
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
    // Of one that had no value there will never be any, so there is nothing to combine.
    delete this._open[key];
    if (had && Object.keys(this._open).length > 0) this._choice = select(this._open);
    else to.end();
  }
}

/**
 * The latest value of each channel, together, each time one of them has a new one; for the first time when all have had one.
 * Of a list, tuples; of a record, records. Chosen uniformly among those that have a value. It reads only when it is read, so
 * a slow reader sees each combination, and makes the sources wait. From Rx.
 *
 * Closes when: all have ended, or one has without a value; without any it is closed at once. It releases the others. When
 * one fails it ends with that cause, likewise. Cancelling it releases all.
 *
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
export function combineLatest<T extends unknown[]>(sources: Channels<[...T]>, options?: FlowOptions): ReceiveChannel<T>;
export function combineLatest<T>(sources: Iterable<ReceiveChannel<T>>, options?: FlowOptions): ReceiveChannel<T[]>;
export function combineLatest<S extends Named>(sources: S, options?: FlowOptions): ReceiveChannel<Combined<S>>;
export function combineLatest(
  given: Iterable<ReceiveChannel<unknown>> | Named,
  options: FlowOptions = {},
): ReceiveChannel<unknown> {
  const keys = isRecord(given) ? Object.keys(given) : null;
  const list = keys === null ? (given as Iterable<ReceiveChannel<unknown>>) : Object.values(given as Named);
  const sources = sourcesOf("combine", list, options);
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
