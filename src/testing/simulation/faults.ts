// Injected faults, for channels that represent a network or another process. Each fault is a decision of the schedule, so a
// failure is shown with as few faults as possible.

import type { Channel } from "../../channel/ends.js";
import { alt } from "../../choice/select.js";
import { Mapped, type Operation, type Routine } from "../../operation/operation.js";
import { scheduler } from "../../scheduler/scheduler.js";
import { shown } from "../../structures/errors.js";
import { KILL } from "../../structures/kill.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { sleep } from "../../time/sleep.js";
import { daemon } from "../program/loop.js";

/**
 * The probability of each fault of a value that is sent, from 0 (never) to 1 (always). `kill` is for tasks, and for the children of
 * a supervisor by their ids.
 */
export interface Faults {
  /** The send yields true, and the value is lost. */
  readonly drop?: number;
  /** The value arrives twice. */
  readonly duplicate?: number;
  /** The send yields true, and the value arrives later, perhaps after values that were sent later. */
  readonly delay?: number;
  /** The longest delay in milliseconds; 100 by default. */
  readonly delayMs?: number;
  /** The channel closes, and the send yields false. */
  readonly close?: number;
  /**
   * The probability with which a task of this name is cancelled after some time, each time that it is started. A supervisor takes
   * the end of such a child for a failure, of the kind `"killed"`.
   */
  readonly kill?: number;
  /** The longest time before a task is killed, in milliseconds; 100 by default. */
  readonly killMs?: number;
}

/** Decides on the faults of one run, and records them. */
export interface Saboteur {
  /** Decides whether a fault of this probability happens. */
  strikes(probability: number): boolean;
  /** Chooses a number below n. */
  choose(n: number): number;
  /** Records a step of the schedule. */
  note(what: string): void;
}

const KINDS = ["drop", "duplicate", "delay", "close"] as const;
const DELAY_MS = 100;

/** The faults of channels, by the names with which the channels were created; and of tasks, by the names of their bodies. */
export type FaultPlan = Readonly<Record<string, Faults>>;

const WORDS = { drop: "dropped", duplicate: "sent twice", delay: "late", close: "closes" };

/** Makes the sends of a channel faulty, also those of a channel with a transform. */
export function sabotage(channel: Channel<unknown>, faults: Faults, saboteur: Saboteur): void {
  const direct = channel.send.bind(channel);
  channel.send = (value) => new FaultySend(direct, channel, value, faults, saboteur);
}

/** A send with faults. They are decided in `poll`; a send that is parked has no faults. */
class FaultySend<T> extends Mapped<boolean, boolean> {
  private readonly _direct: (value: T) => Operation<boolean>;
  private readonly _channel: Channel<T>;
  private readonly _message: T;
  private readonly _faults: Faults;
  private readonly _saboteur: Saboteur;
  /** What the send yields in place of the channel's answer; undefined without a fault. */
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
    scheduler.notices?.used(this.inner);
  }

  override poll(): boolean {
    this._instead = this._channel.closed ? undefined : this._strike();
    return this._instead !== undefined || super.poll();
  }

  override result(): boolean {
    return this._instead ?? super.result();
  }

  /** Decides on a fault, and makes it happen. Returns what the send yields, or undefined to send to the channel. */
  private _strike(): boolean | undefined {
    const { _channel: channel, _faults: faults, _message: message } = this;
    const kind = KINDS.find((kind) => (faults[kind] ?? 0) > 0 && this._saboteur.strikes(faults[kind]!));
    if (kind === undefined) return undefined;
    this._saboteur.note(`${channel.name} ! ${shown(message)}: ${WORDS[kind]}`);
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

/** Decides whether a task is killed, and when. */
export function endanger(task: Task<unknown>, faults: Faults, saboteur: Saboteur): void {
  if ((faults.kill ?? 0) <= 0 || !saboteur.strikes(faults.kill!)) return;
  const ms = 1 + saboteur.choose(Math.max(1, Math.floor(faults.killMs ?? DELAY_MS)));
  daemon(go(kill, task, ms, saboteur));
}

function* kill(task: Task<unknown>, ms: number, saboteur: Saboteur): Routine<void> {
  yield* alt(sleep(ms), task.whenOver());
  if (task.status === "done" || task.status === "failed" || task.status === "cancelled") return;
  saboteur.note(`killed ${task.name}`);
  task.cancel(KILL);
}

function* arrive<T>(direct: (value: T) => Operation<boolean>, value: T, ms: number): Routine<void> {
  yield* sleep(ms);
  yield* direct(value);
}

/** Throws if a plan has an invalid value. */
export function assertPlan(plan: Readonly<Record<string, Faults>>): void {
  for (const [name, faults] of Object.entries(plan)) {
    for (const kind of [...KINDS, "kill"] as const) {
      const chance = faults[kind] ?? 0;
      if (typeof chance === "number" && chance >= 0 && chance <= 1) continue;
      throw new RangeError(`Cannot plan faults for ${name}: ${kind} must be from 0 to 1, got ${shown(chance)}`);
    }
    for (const option of ["delayMs", "killMs"] as const) {
      const ms = faults[option] ?? DELAY_MS;
      if (!(ms > 0))
        throw new RangeError(`Cannot plan faults for ${name}: ${option} must be above 0, got ${shown(ms)}`);
    }
  }
}
