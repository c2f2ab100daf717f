// What can go wrong on the way of a value, on purpose: for channels that stand for a network or another process. Each fault is
// a decision of the schedule, so a failure is shown with as few of them as it needs.

import { Chan, type Mouth, Send } from "../../channel/chan.js";
import type { Routine } from "../../operation/operation.js";
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

/** A send on which nothing goes wrong. */
class Direct<T> extends Send<T> {
  override poll(): boolean {
    const { channel } = this;
    const { mouth } = channel;
    channel.mouth = null;
    try {
      return super.poll();
    } finally {
      channel.mouth = mouth;
    }
  }
}

/** Takes what is sent in the channel's place, and decides what becomes of it. */
class Faulty<T> implements Mouth<T> {
  private readonly _channel: Chan<T>;
  private readonly _faults: Faults;
  private readonly _saboteur: Saboteur;

  constructor(channel: Chan<T>, faults: Faults, saboteur: Saboteur) {
    this._channel = channel;
    this._faults = faults;
    this._saboteur = saboteur;
  }

  offer(value: T): boolean | undefined {
    const { _channel: channel, _faults: faults } = this;
    const kind = KINDS.find((kind) => (faults[kind] ?? 0) > 0 && this._saboteur.strikes(faults[kind]!));
    if (kind !== undefined) this._saboteur.tell(`${channel.name} ! ${shown(value)}: ${WORDS[kind]}`);
    if (kind === "drop") return true;
    if (kind === "close") {
      channel.close();
      return false;
    }
    if (kind === undefined) return this._send(value);
    const ms = kind === "delay" ? 1 + this._saboteur.choose(Math.max(1, Math.floor(faults.delayMs ?? DELAY_MS))) : 0;
    daemon(go(arrive, channel as Chan<unknown>, value, ms));
    return kind === "delay" ? true : this._send(value);
  }

  private _send(value: T): boolean | undefined {
    const send = new Direct(this._channel, value);
    return send.poll() ? (send.value as boolean) : undefined;
  }
}

const WORDS = { drop: "dropped", duplicate: "sent twice", delay: "late", close: "closes" };

function* arrive(channel: Chan<unknown>, value: unknown, ms: number): Routine<void> {
  yield* sleep(ms);
  yield* new Direct(channel, value);
}

/** Makes a channel faulty, if it is one that things are to go wrong on. */
export function sabotage(made: unknown, plan: Readonly<Record<string, Faults>>, saboteur: Saboteur): void {
  if (!(made instanceof Chan) || !Object.hasOwn(plan, made.name)) return;
  if (made.mouth !== null) throw new TypeError(`Cannot plan faults for ${made.name}: it has a transform`);
  made.mouth = new Faulty(made, plan[made.name]!, saboteur);
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
