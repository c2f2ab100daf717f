// What a peer may make this side hold. Whatever a peer sends beyond a limit ends the connection.

import { assertOptions } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";

/** What a connection accepts from its peer, and how long it waits for a sign of the peer. */
export interface Limits {
  /** The length of a message of text, in characters; 1 048 576 by default. Messages that are cloned are not measured. */
  readonly message: number;
  /** The values in one frame, and the frames in one message; 4096 by default. */
  readonly items: number;
  /** The channels of the peer that are open at the same time; 1024 by default. */
  readonly channels: number;
  /** The window of a channel; 65 536 by default. */
  readonly window: number;
  /** The questions of one side that wait for their answer; 10 000 by default. */
  readonly asks: number;
  /** The length of a name, in characters; 256 by default. */
  readonly name: number;
  /** How deep arrays and objects of a message of text are nested; 64 by default. */
  readonly depth: number;
  /** The milliseconds within which the peer has to begin; 5000 by default. */
  readonly handshake: number;
  /** The milliseconds between signs of life where the port does not tell the end of the peer; 2000 by default. Three in a row may be missed. */
  readonly heartbeat: number;
}

const DEFAULTS: Limits = {
  message: 1_048_576,
  items: 4096,
  channels: 1024,
  window: 65_536,
  asks: 10_000,
  name: 256,
  depth: 64,
  handshake: 5000,
  heartbeat: 2000,
};

/** Fills in the defaults, and refuses what is no limit. */
export function limitsOf(given: Partial<Limits> | undefined): Limits {
  if (given === undefined) return DEFAULTS;
  assertOptions("connect", given);
  const limits: Record<keyof Limits, number> = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS) as (keyof Limits)[]) {
    const value = given[key];
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value >= 1)) {
      throw new RangeError(`Cannot connect: limit ${key} must be 1 or more, got ${shown(value)}`);
    }
    limits[key] = value;
  }
  return limits;
}
