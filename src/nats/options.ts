// The options of channels and topics, checked and filled in.

import { assertSchema, type StandardSchema } from "../remote/schema.js";
import { assertFunction, assertOptions, countOrInfinity, wholeNumber } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { checkName } from "./names.js";
import type { Acknowledge, BusChannelOptions, TopicOptions } from "./types.js";

/** The options of a channel, each with its value. */
export interface ChannelSettings<T> {
  readonly capacity: number;
  readonly ack: Acknowledge;
  readonly ackWait: number;
  readonly maxDeliver: number;
  readonly deadLetter: string | undefined;
  readonly maxInFlight: number;
  readonly dedupe: ((value: T) => string) | undefined;
  readonly dedupeWindow: number;
  readonly batch: number;
  readonly schema: StandardSchema<T> | undefined;
}

const STORING = [
  "ack",
  "ackWait",
  "maxDeliver",
  "deadLetter",
  "maxInFlight",
  "dedupe",
  "dedupeWindow",
  "batch",
] as const;

export function channelSettings<T>(name: string, options: BusChannelOptions<T>): ChannelSettings<T> {
  const act = `open channel ${name}`;
  assertOptions(act, options);
  const { capacity = 0, ack = "next", deadLetter, dedupe, schema } = options;
  wholeNumber(act, "capacity", capacity, 0);
  if (capacity === 0) {
    const set = STORING.find((key) => options[key] !== undefined);
    if (set !== undefined)
      throw new TypeError(`Cannot ${act}: ${set} is for a channel that stores values, got capacity 0; give a capacity`);
  }
  if (ack !== "take" && ack !== "next" && ack !== "manual")
    throw new TypeError(`Cannot ${act}: ack must be "take", "next" or "manual", got ${shown(ack)}`);
  if (deadLetter !== undefined) {
    checkName(act, deadLetter);
    if (deadLetter === name)
      throw new TypeError(`Cannot ${act}: deadLetter must be another channel, got the channel itself`);
  }
  checkDedupe(act, dedupe);
  assertSchema(act, schema);
  const batch = wholeNumber(act, "batch", options.batch ?? 1, 1);
  if (batch > 1 && dedupe !== undefined)
    throw new TypeError(
      `Cannot ${act}: dedupe names single values, and the server stores batches, got dedupe and batch ${batch}; leave one out`,
    );
  const { maxDeliver = deadLetter === undefined ? Infinity : 5 } = options;
  return {
    capacity,
    ack,
    ackWait: wholeNumber(act, "ackWait", options.ackWait ?? 30_000, 10),
    maxDeliver: countOrInfinity(act, "maxDeliver", maxDeliver, 1),
    deadLetter,
    maxInFlight: wholeNumber(act, "maxInFlight", options.maxInFlight ?? 1024, 1),
    dedupe,
    dedupeWindow: wholeNumber(act, "dedupeWindow", options.dedupeWindow ?? 120_000, 100),
    batch,
    schema,
  };
}

export interface TopicSettings<T> {
  readonly keep: number;
  readonly dedupe: ((value: T) => string) | undefined;
  readonly dedupeWindow: number;
  readonly schema: StandardSchema<T> | undefined;
}

export function topicSettings<T>(name: string, options: TopicOptions<T>): TopicSettings<T> {
  const act = `open topic ${name}`;
  assertOptions(act, options);
  const { dedupe, schema } = options;
  checkDedupe(act, dedupe);
  assertSchema(act, schema);
  return {
    keep: countOrInfinity(act, "keep", options.keep ?? 10_000, 1),
    dedupe,
    dedupeWindow: wholeNumber(act, "dedupeWindow", options.dedupeWindow ?? 120_000, 100),
    schema,
  };
}

function checkDedupe(act: string, dedupe: unknown): void {
  if (dedupe !== undefined) assertFunction(act, "dedupe", dedupe);
}

/** The name of a value that is sent. */
export function nameOf<T>(dedupe: ((value: T) => string) | undefined, value: T, act: string): string | undefined {
  if (dedupe === undefined) return undefined;
  const id: unknown = dedupe(value);
  if (typeof id === "string" && id !== "" && id.length <= 256) return id;
  throw new TypeError(`Cannot ${act}: dedupe must return a string of 1 to 256 characters, got ${shown(id)}`);
}

/** Where a subscription begins: 0 for new values, else the first position. */
export function startOf(act: string, options: { from?: unknown }): number {
  assertOptions(act, options);
  const { from = "new" } = options;
  if (from === "new") return 0;
  if (from === "all") return 1;
  if (typeof from === "number" && Number.isSafeInteger(from) && from >= 1) return from;
  throw new RangeError(`Cannot ${act}: from must be "new", "all" or a position, 1 or more, got ${shown(from)}`);
}
