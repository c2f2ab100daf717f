// Creating a channel. All arguments are checked here, once, so that sends and receives need no checks.

import { bound } from "../scheduler/contexts.js";
import { scheduler } from "../scheduler/scheduler.js";
import { assertCallback, assertOptions, wholeNumber } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { type Buffer, fixed } from "./buffer.js";
import { Chan } from "./chan.js";
import type { Channel, ChannelOptions, OwnedChannel, ReceiveChannel, SendChannel } from "./ends.js";
import type { Transducer } from "./transducer.js";
import { Transform } from "./transform.js";
import { TransformChan } from "./transform-chan.js";

/** The buffers that channels have: two channels on one buffer would mix their values. */
const taken = /* @__PURE__ */ new WeakSet<object>();

function bufferOf<T>(capacity: number | Buffer<T>): Buffer<T> | null {
  if (typeof capacity === "number") {
    return wholeNumber("create channel", "capacity", capacity, 0) === 0 ? null : fixed<T>(capacity);
  }
  if (typeof capacity?.push === "function" && typeof capacity.full === "boolean") {
    if (taken.has(capacity))
      throw new TypeError("Cannot create channel: a buffer must belong to one channel, got one that has a channel");
    taken.add(capacity);
    return capacity;
  }
  throw new TypeError(`Cannot create channel: capacity must be a number or a buffer, got ${shown(capacity)}`);
}

/**
 * Creates a channel. With capacity 0, the default, a send completes only when a receiver takes that very value. Otherwise a
 * send completes while there is room in the buffer.
 *
 * Never parks. When its `send` and `receive` park, see {@link SendChannel} and {@link ReceiveChannel}. Values arrive in the
 * order in which they were sent, and each value is delivered once.
 *
 * @param capacity - The number of values that the channel stores, or a buffer (`fixed`, `dropping`, `sliding`, `unbounded`, or
 *   your own).
 * @param options - The channel's name, limit and callbacks, and a transducer that is applied to each value (`transform`).
 * @returns Both ends of the channel.
 * @throws RangeError if the capacity is negative, fractional or NaN. TypeError if a transform is given with capacity 0, if the
 *   buffer belongs to another channel, or if an option has the wrong type.
 * @example
 * ```ts
 * import { channel, CLOSED, go } from "millrace";
 *
 * const numbers = channel<number>();
 * go(function* () {
 *   for (let n = 1; n <= 3; n++) yield* numbers.send(n);
 *   numbers.close();
 * });
 * let sum = 0;
 * for await (const n of numbers) sum += n;
 * console.log(sum); // 6
 * ```
 */
export function channel<T>(
  capacity: number | Buffer<T>,
  options: ChannelOptions<T> & { readonly owned: true; readonly transform?: undefined },
): Channel<T> & OwnedChannel<T>;
export function channel<In, Out>(
  capacity: number | Buffer<Out>,
  options: ChannelOptions<Out> & { readonly transform: Transducer<In, Out> },
): SendChannel<In> & ReceiveChannel<Out> & Pick<Channel<Out>, "name" | "length" | "capacity">;
export function channel<T>(
  capacity: number | Buffer<T>,
  options: ChannelOptions<T> & { readonly transform: Transducer<T, T> },
): Channel<T>;
export function channel<T>(
  capacity?: number | Buffer<T>,
  options?: ChannelOptions<T> & { readonly transform?: undefined },
): Channel<T>;
export function channel<T>(
  capacity: number | Buffer<T> = 0,
  options?: ChannelOptions<T> & { readonly transform?: Transducer<never, unknown> | undefined },
): Channel<T> {
  const buffer = bufferOf(capacity);
  if (options !== undefined) checkOptions(options);
  const { maker } = scheduler;
  if (maker === null) return create(buffer, options);
  return maker.channel(buffer, options, create) as Channel<T>;
}

function create<T>(
  buffer: Buffer<T> | null,
  options: (ChannelOptions<T> & { readonly transform?: Transducer<never, unknown> | undefined }) | undefined,
  Type: typeof Chan = Chan,
): Channel<T> {
  if (options === undefined) return new Type(buffer, null);
  const { transform } = options;
  const kept = scheduler.contexts === null ? options : inContext(options);
  if (transform === undefined) return new Type(buffer, kept);
  if (typeof transform !== "function") {
    throw new TypeError(`Cannot create channel: transform must be a transducer, got ${shown(transform)}`);
  }
  if (buffer === null) {
    throw new TypeError("Cannot create channel: a transform needs a buffer for its results, got capacity 0");
  }
  return new TransformChan(buffer, new Transform(transform, buffer as Buffer<unknown>, kept.onError), kept);
}

/** The options with hooks that run in the context of the code that creates the channel. */
function inContext<T>(options: ChannelOptions<T>): ChannelOptions<T> {
  const { onUndelivered, onCancel, onError } = options;
  return {
    ...options,
    ...(onUndelivered && { onUndelivered: bound(onUndelivered) }),
    ...(onCancel && { onCancel: bound(onCancel) }),
    ...(onError && { onError: bound(onError) }),
  };
}

function checkOptions<T>(options: ChannelOptions<T>): void {
  assertOptions("create channel", options);
  const { maxPending } = options;
  if (maxPending !== undefined && !(typeof maxPending === "number" && maxPending >= 0)) {
    throw new RangeError(`Cannot create channel: maxPending must be 0 or more, got ${shown(maxPending)}`);
  }
  for (const name of ["onUndelivered", "onCancel", "onError"] as const) {
    assertCallback("create channel", name, options[name]);
  }
}
