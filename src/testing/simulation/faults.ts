// What can go wrong on the way of a value, on purpose: for channels that stand for a network or another process. Each fault is
// a decision of the schedule, so a failure is shown with as few of them as it needs.

import type { Channel } from "../../channel/ends.js";
import { Mapped, type Operation, type Routine } from "../../operation/operation.js";
import { shown } from "../../structures/errors.js";
import { go } from "../../task/go.js";
import { sleep } from "../../time/sleep.js";
import { daemon } from "../program/loop.js";

/** How often each thing goes wrong with a value that is sent, from 0 (never) to 1 (always). */
export interface Faults {
  /** The send completes with true, and the value is lost. */
  readonly drop?: number;
  /** The value arrives, and once more. */
  readonly duplicate?: number;
  /** The send completes with true, and the value arrives later, perhaps behind others. */
  readonly delay?: number;
  /** Milliseconds by which a value is late at the most; 100 by default. */
  readonly delayMs?: number;
  /** The channel closes instead, and the send completes with false. */
  readonly close?: number;
}

/** Decides and tells, for the run that a channel is part of. */
export interface Saboteur {
  /** Whether something goes wrong that does so with this probability. */
  strikes(probability: number): boolean;
  /** A number below n. */
  choose(n: number): number;
  tell(what: string): void;
}

const KINDS = ["drop", "duplicate", "delay", "close"] as const;
const DELAY_MS = 100;

/** Which channels are faulty, by the name they were created with, and how. */
export type FaultPlan = Readonly<Record<string, Faults>>;

const WORDS = { drop: "dropped", duplicate: "sent twice", delay: "late", close: "closes" };

/** Makes the sends of a channel faulty, also where it has a transform. */
export function sabotage(channel: Channel<unknown>, faults: Faults, saboteur: Saboteur): void {
  const direct = channel.send.bind(channel);
  channel.send = (value) => new FaultySend(direct, channel, value, faults, saboteur);
}

/** A send that may go wrong. What becomes of it is decided when it is tried; once it is parked nothing happens to it. */
class FaultySend<T> extends Mapped<boolean, boolean> {
  private readonly _direct: (value: T) => Operation<boolean>;
  private readonly _channel: Channel<T>;
  private readonly _message: T;
  private readonly _faults: Faults;
  private readonly _saboteur: Saboteur;
  /** What it yields in place of what the channel says. */
  private _instead: boolean | undefined;

  constructor(
    direct: (value: T) => Operation<boolean>,
    channel: Channel<T>,
    message: T,
    faults: Faults,
    saboteur: Saboteur,
  ) {
    super(direct(message), (sent) => sent);
    this._direct = direct;
    this._channel = channel;
    this._message = message;
    this._faults = faults;
    this._saboteur = saboteur;
    this._instead = undefined;
  }

  override poll(): boolean {
    this._instead = this._channel.closed ? undefined : this._strike();
    return this._instead !== undefined || super.poll();
  }

  override result(): boolean {
    return this._instead ?? super.result();
  }

  /** Lets something go wrong, or not; answers what the send yields for it, if the channel is not to be asked. */
  private _strike(): boolean | undefined {
    const { _channel: channel, _faults: faults, _message: message } = this;
    const kind = KINDS.find((kind) => (faults[kind] ?? 0) > 0 && this._saboteur.strikes(faults[kind]!));
    if (kind === undefined) return undefined;
    this._saboteur.tell(`${channel.name} ! ${shown(message)}: ${WORDS[kind]}`);
    if (kind === "drop") return true;
    if (kind === "close") {
      channel.close();
      return false;
    }
    const ms = kind === "delay" ? 1 + this._saboteur.choose(Math.max(1, Math.floor(faults.delayMs ?? DELAY_MS))) : 0;
    daemon(go(arrive<T>, this._direct, message, ms));
    return kind === "delay" ? true : undefined;
  }
}

function* arrive<T>(direct: (value: T) => Operation<boolean>, value: T, ms: number): Routine<void> {
  yield* sleep(ms);
  yield* direct(value);
}

/** Throws if a plan makes no sense. */
export function assertPlan(plan: Readonly<Record<string, Faults>>): void {
  for (const [name, faults] of Object.entries(plan)) {
    for (const kind of KINDS) {
      const chance = faults[kind] ?? 0;
      if (typeof chance === "number" && chance >= 0 && chance <= 1) continue;
      throw new RangeError(`Cannot plan faults for ${name}: ${kind} must be from 0 to 1, got ${shown(chance)}`);
    }
    const ms = faults.delayMs ?? DELAY_MS;
    if (!(ms > 0)) throw new RangeError(`Cannot plan faults for ${name}: delayMs must be above 0, got ${shown(ms)}`);
  }
}
