// The state of an interpreted program. States share the parts that do not differ: a step copies a part before it changes it. The
// key of a state is a text, so equal states are found by comparing texts.
//
// A value is a number, a boolean or a text. `@C3` is channel 3, and likewise tasks (T), timeouts (M), cells (V), objects (O),
// locks (K), leases (L) and scopes (S).

import type { Code } from "./bytecode.js";
import type { Flavour } from "./language.js";

export type Value = number | boolean | string;

export const CLOSED = "closed";
export const EMPTY = "empty";
export const NOTHING = "-";

/** Where a task stands. */
export const START = 0;
/** It will resume with what it was given, or end if it was cancelled. */
export const READY = 1;
export const PARKED = 2;
/** It is about to try its operation: only where operations may be late. */
export const TRYING = 3;
/** It goes on with its code. */
export const BETWEEN = 4;
export const OVER = 5;

/** What entered a `finally`, and goes on at its end. */
export interface Completion {
  readonly how: "normal" | "throw" | "return" | "cancel";
  readonly error: string;
}

export interface Frame {
  readonly code: Code;
  pc: number;
  slots: Value[];
  log: string;
  /** The targets of the guards around it; those of a `finally` as -1 - target. */
  guards: number[];
  pending: Completion[];
  caught: string;
}

/** What a scope that is performed consists of, besides its task. */
export interface Region {
  readonly code: Code;
  readonly slots: readonly Value[];
  readonly deadline: number | null;
  /** 0 before the body is started, 1 while it waits for the end, 2 while it waits for the end after it was cancelled. */
  phase: number;
  body: number;
  members: number[];
  failures: string[];
  cancelled: boolean;
  aborted: boolean;
}

export interface Task {
  readonly id: number;
  readonly daemon: boolean;
  /** The scope that it is started in: the task of that scope; -1 for none. */
  readonly home: number;
  frames: Frame[];
  status: number;
  /** The case that completed; -1 for a default, -2 for none. */
  won: number;
  got: Value;
  /** Whether `got` is thrown. */
  throws: boolean;
  /** The sources of a `receiveAny` that have not ended, as bits. */
  open: number;
  /** The task of the scope that it performs; -1 for none. */
  child: number;
  cancelled: boolean;
  stopping: boolean;
  cleaning: boolean;
  forced: boolean;
  ended: "" | "done" | "failed" | "cancelled";
  result: string;
  handled: boolean;
  /** How many things of each kind it has made. */
  made: number[];
  region: Region | null;
  key: string | null;
}

export interface Chan {
  readonly id: number;
  readonly flavour: Flavour;
  readonly capacity: number;
  buffer: Value[];
  closed: boolean;
  cause: string | null;
  senders: number[];
  receivers: number[];
  /** Those that wait for its closing. */
  closers: number[];
  key: string | null;
}

export interface Lock {
  free: number;
  waiting: number[];
}

export interface Alarm {
  readonly left: number;
  /** A case of a task; or, below zero, the deadline of the scope -1 - entry. */
  readonly entry: number;
}

/** The case of a task, as it stands in queues. */
export const entryOf = (task: number, at: number): number => task * 16 + at;
export const taskOf = (entry: number): number => entry >> 4;
export const caseOf = (entry: number): number => entry & 15;

export class State {
  tasks: (Task | undefined)[] = [];
  channels: (Chan | undefined)[] = [];
  /** For each task those that wait for its end. */
  waiting: (readonly number[] | undefined)[] = [];
  alarms: readonly Alarm[] = [];
  /** What is left of each timeout. */
  timers: number[] = [];
  cells: number[] = [];
  objects: number[] = [];
  locks: (Lock | undefined)[] = [];
  /** The tasks that wait until nothing else can happen. */
  settlers: readonly number[] = [];
  invariants: readonly { readonly cell: number; readonly not: number }[] = [];
  /** Whether an invariant did not hold in the midst of the last turn. */
  violated = false;

  copy(): State {
    const next = new State();
    next.tasks = this.tasks.slice();
    next.channels = this.channels.slice();
    next.waiting = this.waiting.slice();
    next.alarms = this.alarms;
    next.timers = this.timers.slice();
    next.cells = this.cells.slice();
    next.objects = this.objects.slice();
    next.locks = this.locks.slice();
    next.settlers = this.settlers;
    next.invariants = this.invariants;
    return next;
  }

  get key(): string {
    let key = "";
    for (const task of this.tasks) key += task === undefined ? "~;" : (task.key ??= keyOfTask(task));
    for (const channel of this.channels) key += channel === undefined ? "~;" : (channel.key ??= keyOfChannel(channel));
    for (const list of this.waiting) key += list === undefined || list.length === 0 ? ";" : `${list.join()};`;
    for (const { left, entry } of this.alarms) key += `a${left},${entry}`;
    for (const lock of this.locks) if (lock !== undefined) key += `k${lock.free},${lock.waiting.join()}`;
    return `${key}|${this.timers.join()}|${this.cells.join()}|${this.objects.join()}|${this.settlers.join()}|${this.invariants.length}${this.violated ? "!" : ""}`;
  }
}

function keyOfTask(task: Task): string {
  if (task.status === OVER) return `${task.ended[0]}${task.result}${task.handled ? "h" : ""};`;
  const bits = (task.cancelled ? 1 : 0) + (task.stopping ? 2 : 0) + (task.cleaning ? 4 : 0) + (task.forced ? 8 : 0);
  let key = `${task.status},${task.won},${typeof task.got}${task.got},${task.throws ? "t" : ""}${task.open},${task.child},${bits},${task.made}`;
  for (const { code, pc, slots, log, guards, pending, caught } of task.frames) {
    key += `/${code.id},${pc},${slots.map(keyOfValue)}:${log}:${guards}:${caught}`;
    for (const { how, error } of pending) key += `${how}${error}`;
  }
  const { region } = task;
  if (region !== null) {
    const { phase, body, members, failures, cancelled, aborted } = region;
    key += `R${phase},${body},${members},${failures},${cancelled},${aborted},${region.slots.map(keyOfValue)}`;
  }
  return `${key};`;
}

function keyOfChannel({ buffer, closed, cause, senders, receivers, closers, flavour }: Chan): string {
  return `${flavour[0]}${buffer.map(keyOfValue)}${closed ? "x" : ""}${cause ?? ""}s${senders}r${receivers}c${closers};`;
}

const keyOfValue = (value: Value): string => (typeof value === "boolean" ? (value ? "+" : "!") : String(value));

export function copyTask(task: Task): Task {
  const frames = task.frames.map((frame) => ({
    ...frame,
    slots: frame.slots.slice(),
    guards: frame.guards.slice(),
    pending: frame.pending.slice(),
  }));
  const region = task.region === null ? null : { ...task.region, members: task.region.members.slice() };
  return { ...task, frames, region, made: task.made.slice(), key: null };
}

export function copyChannel(channel: Chan): Chan {
  return {
    ...channel,
    buffer: channel.buffer.slice(),
    senders: channel.senders.slice(),
    receivers: channel.receivers.slice(),
    closers: channel.closers.slice(),
    key: null,
  };
}
