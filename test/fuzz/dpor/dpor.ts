// An oracle for the fuzz, independent of the searches of verify(): dynamic partial-order reduction over the events of the
// model, with source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas: Optimal Dynamic Partial Order Reduction, 2014).
//
// Schedules that differ only in the order of independent events form one trace, and one schedule of each trace is explored.
// Two events are independent if no task takes part in both and they do not use the same end of a channel's buffer. Only the
// current schedule is stored, no states.
//
// Source sets are sound for programs without `default`, plain calls and closing; any other program is searched with sleep
// sets alone. Programs with endless loops, scopes, cancelled tasks or invariants are refused (`Ineligible`).

import {
  JOIN,
  KINDS,
  PAUSE,
  READY,
  RECEIVE,
  RESUME,
  SEND,
  SLEEP,
  STRIDE,
  TIMEOUT,
  UNORDERED,
  WHEN_OVER,
} from "../../../src/testing/explore/process/cases.js";
import { PARKED } from "../../../src/testing/explore/process/local-lts.js";
import type { Properties } from "../../../src/testing/explore/search/properties.js";
import { type Found, Ineligible, type Search } from "../../../src/testing/explore/search/search.js";
import { DELAY, FIELDS } from "../../../src/testing/explore/semantics/events.js";
import type { Model } from "../../../src/testing/explore/semantics/model.js";
import { enterInitial, fire } from "../../../src/testing/explore/semantics/transition.js";
import { History } from "./happens-before.js";
import { Independence } from "./independence.js";

/** The longest schedule that is supported. */
const DEEPEST = 1000;
/** Thrown if source sets are not sound for the program: the search restarts without them. */
const RESTART: Error = new Error("Without source sets");

/** A state on the current schedule. Frames are kept by depth and overwritten. */
interface Frame {
  /** Its enabled events, as the model lists them. */
  events: Int32Array;
  /** The nodes of the tasks of each event, two each. */
  nodes: Int32Array;
  count: number;
  /** For each event whether it is in the source set, has been explored, and is in the sleep set. */
  wanted: Uint8Array;
  done: Uint8Array;
  asleep: Uint8Array;
  /** The event that is being explored, and the point to take it back to. */
  chosen: number;
  mark: number;
}

export class Traces implements Pick<Search, "states" | "events" | "found" | "explore"> {
  readonly states: number;
  /** Schedules that were explored to their end. */
  executions: number;
  events: number;
  found: Found | null;
  private readonly _model: Model;
  private readonly _properties: Properties;
  private readonly _goesOn: boolean;
  private readonly _independence: Independence;
  /** Whether source sets have all events: only sleep sets reduce the search. */
  private _wantsAll: boolean;
  private _history: History;
  private readonly _frames: Frame[];
  /** The length of the current schedule; -1 before the search has begun. */
  private _depth: number;
  private _over: boolean;
  private _steps: number;
  /** Nodes that have been checked: source sets are sound for them. */
  private _known: number;

  constructor(model: Model, judge: Properties, goesOn: boolean, wantsAll = false) {
    this.states = this.executions = this.events = 0;
    this.found = null;
    this._model = model;
    this._properties = judge;
    this._goesOn = goesOn;
    this._independence = new Independence(model);
    this._wantsAll = wantsAll;
    this._history = new History(model, (depth, one, other) => this._race(depth, one, other));
    this._frames = [];
    this._depth = -1;
    this._over = false;
    this._steps = 0;
    this._known = 0;
  }

  explore(late: () => boolean): boolean {
    try {
      return this._explore(late);
    } catch (error) {
      if (error !== RESTART) throw error;
      this._wantsAll = true;
      this._depth = -1;
      return this._explore(late);
    }
  }

  private _explore(late: () => boolean): boolean {
    if (this._depth === -1) this._begin();
    while (this._depth >= 0 && !this._over) {
      const frame = this._frames[this._depth]!;
      const at = next(frame);
      if (at === -1) this._back();
      else this._take(frame, at);
      if ((++this._steps & 255) === 0 && late()) return false;
    }
    return true;
  }

  private _begin(): void {
    const model = this._model;
    this._history = new History(model, (depth, one, other) => this._race(depth, one, other));
    this.executions = this.events = 0;
    enterInitial(model);
    model.forget();
    this._enter(0);
  }

  /** Enters a state, and makes a frame for its events. */
  private _enter(depth: number): void {
    const model = this._model;
    model.enumerate();
    const violation = this._properties.check(model);
    if (violation !== null && this.found === null) {
      this.found = { violation, schedule: this._way(depth, violation.event) };
      this._over = !this._goesOn;
    }
    if (model.lts.anyCancels) throw new Ineligible("scopes, or tasks that are cancelled");
    // One schedule of a trace need not visit all the states of the other schedules.
    if (model.unfolder.sandbox.invariants.size > 0) throw new Ineligible("invariants");
    if (model.unfolder.isCyclic) throw new Ineligible("loops that never end");
    if (!this._wantsAll) this._assertEligible();
    if (depth > DEEPEST) throw new Ineligible(`schedules of more than ${DEEPEST} events`);
    if (model.count === 0) this.executions++;
    const frame = this._frame(depth);
    if (depth > 0) this._inherit(frame, this._frames[depth - 1]!);
    const first = awake(frame);
    if (this._wantsAll) frame.wanted.fill(1, 0, frame.count);
    else if (first !== -1) frame.wanted[first] = 1;
    this._depth = depth;
  }

  /** Checks each node once. */
  private _assertEligible(): void {
    const { lts } = this._model;
    for (; this._known < lts.size; this._known++) assertNode(this._model, this._known);
  }

  private _frame(depth: number): Frame {
    const { count, events } = this._model;
    let frame = this._frames[depth];
    if (frame === undefined || frame.done.length < count) {
      const room = Math.max(8, count * 2);
      const bits = (): Uint8Array => new Uint8Array(room);
      frame = {
        events: new Int32Array(room * FIELDS),
        nodes: new Int32Array(room * 2),
        count,
        wanted: bits(),
        done: bits(),
        asleep: bits(),
        ...{ chosen: -1, mark: 0 },
      };
      this._frames[depth] = frame;
    }
    frame.count = count;
    for (let at = 0; at < count * FIELDS; at++) frame.events[at] = events[at]!;
    for (let at = 0; at < count; at++) {
      frame.wanted[at] = frame.done[at] = frame.asleep[at] = 0;
      const other = events[at * FIELDS + 3]!;
      if (events[at * FIELDS] !== DELAY) frame.nodes[at * 2] = this._model.nodeOf(events[at * FIELDS + 1]!);
      frame.nodes[at * 2 + 1] = other === -1 ? -1 : this._model.nodeOf(other);
    }
    return frame;
  }

  /** An event that has been explored before, and is independent of the chosen event, stays in the sleep set. */
  private _inherit(frame: Frame, before: Frame): void {
    for (let at = 0; at < before.count; at++) {
      if (!before.done[at] && !before.asleep[at]) continue;
      if (!this._independence.holds(before, at, before.chosen)) continue;
      const same = placeOf(frame, before.events, at * FIELDS);
      if (same !== -1) frame.asleep[same] = 1;
    }
  }

  /** Adds all enabled events that depend on a chosen event to the source set. */
  private _want(frame: Frame, chosen: number): void {
    if (this._wantsAll) return;
    for (let at = 0; at < frame.count; at++) {
      if (at === chosen || frame.wanted[at] === 1) continue;
      if (!this._independence.holds(frame, at, chosen)) frame.wanted[at] = 1;
    }
  }

  private _take(frame: Frame, at: number): void {
    const model = this._model;
    this.events++;
    this._want(frame, at);
    frame.chosen = at;
    frame.mark = model.mark();
    if (!this._wantsAll) this._history.begin(frame.events, at * FIELDS);
    try {
      fire(model, frame.events, at * FIELDS);
    } catch (error) {
      // An async task must be unfolded first; then the search tries this event again.
      this._undo(frame);
      throw error;
    }
    if (!this._wantsAll) this._history.settle(frame.events, at * FIELDS, model.started);
    this._enter(this._depth + 1);
  }

  /** All events of the state have been explored: goes back to the state before. */
  private _back(): void {
    if (--this._depth < 0) {
      this._over = true;
      return;
    }
    const frame = this._frames[this._depth]!;
    this._undo(frame);
    frame.done[frame.chosen] = 1;
  }

  private _undo(frame: Frame): void {
    this._model.takeBack(frame.mark);
    if (!this._wantsAll) this._history.end();
  }

  private _way(depth: number, event: number): Int32Array[] {
    const taken = ({ events, chosen }: Frame): Int32Array => events.slice(chosen * FIELDS, (chosen + 1) * FIELDS);
    const schedule = this._frames.slice(0, depth).map(taken);
    if (event !== -1) schedule.push(this._model.events.slice(event * FIELDS, (event + 1) * FIELDS));
    return schedule;
  }

  /** An offer races with an earlier event: the source set before that event gets an initial event of the past of the offer. */
  private _race(depth: number, one: Int32Array, other: Int32Array): void {
    const history = this._history;
    const frame = this._frames[depth]!;
    const before: number[] = [];
    let first = -1;
    for (let later = depth + 1; later < history.length; later++) {
      if (history.isPass(later) || !history.inPast(later, one, other)) continue;
      if (isInitial(history, before, later)) {
        const { events, chosen } = this._frames[later]!;
        const place = placeOf(frame, events, chosen * FIELDS);
        if (place !== -1 && (frame.wanted[place] || frame.asleep[place])) return;
        if (first === -1) first = place;
      }
      before.push(later);
    }
    if (before.length === 0) return;
    if (first !== -1) frame.wanted[first] = 1;
    else frame.wanted.fill(1);
  }
}

/** Whether an event is initial: none of the given events happened before it. */
function isInitial(history: History, before: readonly number[], later: number): boolean {
  const clock = history.clockAt(later);
  for (let at = 0; at < before.length; at++) if (history.inPast(before[at]!, clock, clock)) return false;
  return true;
}

function awake(frame: Frame): number {
  for (let at = 0; at < frame.count; at++) if (!frame.asleep[at]) return at;
  return -1;
}

function next(frame: Frame): number {
  for (let at = 0; at < frame.count; at++) if (frame.wanted[at] && !frame.done[at] && !frame.asleep[at]) return at;
  return -1;
}

function placeOf({ events, count }: Frame, other: Int32Array, from: number): number {
  for (let at = 0; at < count; at++) {
    const place = at * FIELDS;
    let field = 0;
    while (field < FIELDS && events[place + field] === other[from + field]) field++;
    if (field === FIELDS) return at;
  }
  return -1;
}

const KNOWN = new Set([SEND, RECEIVE, READY, PAUSE, RESUME, SLEEP, TIMEOUT, JOIN, WHEN_OVER]);

function assertNode({ lts, unfolder }: Model, node: number): void {
  if (lts.status(node) !== PARKED) return;
  if (lts.isPlainCall(node)) throw RESTART;
  const cases = lts.cases(node);
  for (let at = 0; at < cases.length; at += STRIDE) {
    if (!KNOWN.has(cases[at]!) || cases[at + 3] !== UNORDERED) throw RESTART;
    if (KINDS[cases[at]!]!.end !== null && unfolder.sandbox.channels[cases[at + 1]!]!.overflow !== "park")
      throw RESTART;
  }
}
