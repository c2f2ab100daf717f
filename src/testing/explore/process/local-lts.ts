// The labelled transition systems (LTS) of all tasks, as far as they have been unfolded. A local state is a number, `node`: the
// point at which a task is parked, stopped in a plain call, or over. A transition leads from node to node; its label says which
// case happened and what that yielded.
//
// What a task does next depends on nothing but what has happened to it, so a node with a label has one successor, and the nodes
// of a task form a tree, the unfolding of its generator: the path from the root is the history of the node. Besides these
// nodes there are
//
//   back edges        where a round of a loop begins in a state that it began in before: `backEdge` names the node of that round
//   resumptions       of tasks that may be cancelled: served, but not resumed yet; `resumesAt` names the node that comes next.
//                     Also before the end of a task, if that is an event of its own
//   annotated copies  of a node, with something besides that the rest of the program needs to know; `base` names the node
//   variants          of a node, in which the objects that are made on the way to it have other generations; `variantOf` names
//                     the node
//
// A settled node does not change, except for the flags of atomic sequences, which are set later and never reset.
//
// The properties stand in arrays, one for each, as searches read them for every state. Read them by the methods.

import { CLOSED } from "../../../channel/ends.js";
import { Outcomes } from "../../report/outcomes.js";
import {
  CANCEL_CHANNEL,
  CANCEL_SCOPE,
  CANCEL_TASK,
  CLOSE,
  DEFAULT,
  ENTER_GROUP,
  goesByOrder,
  involvesCancelling,
  KINDS,
  READ_ABORTED,
  RECEIVE,
  RESUME,
  RETURN_AFTER,
  SEND,
  SLEEP,
  STRIDE,
  UNORDERED,
  WHEN_OVER,
} from "./cases.js";
import type { Discarded } from "./model-objects.js";
import { Thrown } from "./operation-cases.js";
import type { Counts } from "./routine-run.js";
import type { Slot } from "./slots.js";
import { TransitionTable } from "./transition-table.js";

// The status of a node.

/** Still being unfolded; or a back edge, which is never a state of its task. */
export const UNSETTLED = -1;
/** Waits, or performs a plain call. */
export const PARKED = 0;
export const DONE = 1;
export const FAILED = 2;
/** Failed, and the failure has been handled: by a join, or by the scope that the task is in. */
export const HANDLED = 3;
export const CANCELLED = 4;

/** What a task does to the rest of the state on its way to a node. */
export interface Effects {
  /** What it makes, in order. */
  readonly made: Made[];
  /** Permits that it releases: the lock, and how many. */
  readonly releases: (readonly [lock: number, n: number])[];
  /** If it stops in a plain call: how many of these happen before other tasks may run. The others happen with the call. */
  early: number;
}

/** An object that a task makes on its way to a node. */
export interface Made {
  readonly kind: "channel" | "timer" | "cell" | "task" | "region" | "lock" | "broadcast";
  /** The index of the object among those of its kind. */
  readonly index: number;
  /** All objects that have this name, by generation: see `Sandbox.slots`. */
  readonly slot: Slot;
  /** What it begins with: the milliseconds of a timeout, the id of the value of a cell, or an index of `Unfolder.spawns` or of `Unfolder.stored`. */
  readonly begins: number;
}

/** The label of a transition. */
export interface Label {
  /** The index of the case that happened; or `RETURN`, or `RETURN_AFTER` and below. */
  readonly at: number;
  /** What the case yielded: by its kind a flag, a number, the id of a value, `valueCode` or `causeCode`. */
  readonly code: number;
}

/** Where a round of a loop begins: between two operations, on the way to a node. */
export interface RoundStart {
  readonly node: number;
  /** How many objects are made on the way to that node before the round begins. */
  readonly from: number;
  /** How often permits are released on the way to that node before the round begins. */
  readonly releases: number;
  /** How many rounds begin on the way to that node before this one. */
  readonly nth: number;
  /** What the task has made by then, and how many names it has given on the way to that node. */
  readonly counts: Counts;
  readonly named: number;
}

/** Leads back to where an earlier round of a loop began. */
export interface BackEdge extends RoundStart {
  /** How many rounds begin at the source of the edge before the one that is repeated. */
  readonly at: number;
  /** Whether objects that are made from there on get names that were given before. */
  readonly renames: boolean;
}

export class LocalLts {
  /** Whether there are atomic sequences at all; whether there are scopes, or tasks that cancel tasks. */
  anyAtomic: boolean;
  anyUrgent: boolean;
  anyCancels: boolean;
  /** Whether there are variants: some round makes an object while its object of an earlier round is still in use. */
  anyVariants: boolean;
  /** Whether a task looks whether a scope or a group has ended, or whether there is a place in a group. */
  looksAtScopes: boolean;
  private readonly _status: number[];
  private readonly _task: number[];
  private readonly _parent: number[];
  private readonly _label: (Label | null)[];
  private readonly _cases: Int32Array[];
  private readonly _isPlainCall: boolean[];
  private readonly _effects: (Effects | null)[];
  private readonly _variants: Map<string, number>;
  private readonly _variantOf: number[];
  private readonly _generations: (readonly number[])[];
  private readonly _defersStarts: boolean[];
  private readonly _gaveWay: boolean[];
  private readonly _result: unknown[];
  private readonly _resultId: number[];
  private readonly _callSite: (Error | undefined)[];
  private readonly _longestSleep: number[];
  private readonly _base: number[];
  private readonly _backEdge: (BackEdge | null)[];
  private readonly _plainSuccessor: number[];
  private readonly _committed: (readonly number[] | null)[];
  private readonly _isReleased: boolean[];
  private readonly _isAtomic: boolean[];
  private readonly _precedesAtomic: boolean[];
  private readonly _served: number[];
  private readonly _isCancelled: boolean[];
  private readonly _isStopping: boolean[];
  private readonly _performsScope: boolean[];
  private readonly _resumesAt: number[];
  private readonly _isUrgent: boolean[];
  private readonly _held: (readonly number[] | null)[];
  private readonly _discarded: { readonly first: boolean; readonly values: readonly number[] }[];
  private readonly _discardedCodes: Map<string, number>;
  private readonly _transitions: TransitionTable;
  private readonly _copies: Map<string, number>;
  private readonly _resumptions: Map<string, number>;

  constructor() {
    this.anyAtomic = this.anyUrgent = this.anyCancels = this.anyVariants = this.looksAtScopes = false;
    this._status = [];
    this._task = [];
    this._parent = [];
    this._label = [];
    this._cases = [];
    this._isPlainCall = [];
    this._effects = [];
    this._variants = new Map();
    this._variantOf = [];
    this._generations = [];
    this._defersStarts = [];
    this._gaveWay = [];
    this._result = [];
    this._resultId = [];
    this._callSite = [];
    this._longestSleep = [];
    this._base = [];
    this._backEdge = [];
    this._plainSuccessor = [];
    this._committed = [];
    this._isReleased = [];
    this._isAtomic = [];
    this._precedesAtomic = [];
    this._served = [];
    this._isCancelled = [];
    this._isStopping = [];
    this._performsScope = [];
    this._resumesAt = [];
    this._isUrgent = [];
    this._held = [];
    this._discarded = [];
    this._discardedCodes = new Map();
    this._transitions = new TransitionTable();
    this._copies = new Map();
    this._resumptions = new Map();
  }

  // A node.

  /** How many nodes there are. */
  get size(): number {
    return this._status.length;
  }

  status(node: number): number {
    return this._status[node]!;
  }

  /** Whether its task is over, in whichever way. */
  isEnd(node: number): boolean {
    const status = this._status[node];
    return status !== PARKED && status !== UNSETTLED;
  }

  /** The task that it is a state of. */
  task(node: number): number {
    return this._task[node]!;
  }

  /** The node before it; -1 for a root. */
  parent(node: number): number {
    return this._parent[node]!;
  }

  /** The label of the transition that leads to it; null for a root. */
  label(node: number): Label | null {
    return this._label[node]!;
  }

  /** What its task waits for: `STRIDE` numbers for each case. */
  cases(node: number): Int32Array {
    return this._cases[node]!;
  }

  /** One field of one of its cases. */
  kindAt(node: number, at: number): number {
    return this._cases[node]![at * STRIDE]!;
  }

  targetAt(node: number, at: number): number {
    return this._cases[node]![at * STRIDE + 1]!;
  }

  argumentAt(node: number, at: number): number {
    return this._cases[node]![at * STRIDE + 2]!;
  }

  /** Whether its task is stopped in a plain call, which never waits. */
  isPlainCall(node: number): boolean {
    return this._isPlainCall[node]!;
  }

  /** What its task makes on the way to it, in order. */
  made(node: number): readonly Made[] {
    return this._effects[node]?.made ?? NOTHING;
  }

  effects(node: number): Effects | null {
    return this._effects[node]!;
  }

  /** The tasks that are started on the way to it: indices of `Unfolder.spawns`. */
  *starts(node: number): Generator<number, void, undefined> {
    for (const { kind, begins } of this.made(node)) if (kind === "task") yield begins;
  }

  /** The generation of an object that is made on the way to it, by the order in which they are made. */
  generation(node: number, nth: number): number {
    return this._generations[node]![nth] ?? 0;
  }

  /** The node that it is a variant of; itself for all others. */
  variantOf(node: number): number {
    return this._variantOf[node]!;
  }

  /** The variant of a node with these generations; -1 if that has not been unfolded. */
  variant(node: number, generations: readonly number[]): number {
    return this._variants.get(variantKey(this._variantOf[node]!, generations)) ?? -1;
  }

  /** How many of its releases happen when its task comes to it, and not only with the plain call that it is. */
  immediateReleases(node: number): number {
    const effects = this._effects[node]!;
    if (effects === null) return 0;
    return this._isPlainCall[node] ? effects.early : effects.releases.length;
  }

  /** Whether it is a plain call, and tasks were started on the way to it: they begin with the next transition. */
  defersStarts(node: number): boolean {
    return this._defersStarts[node]!;
  }

  /** What its task returned or threw. */
  result(node: number): unknown {
    return this._result[node];
  }

  /** The id of that. */
  resultId(node: number): number {
    return this._resultId[node]!;
  }

  /** Where in the source its task stands, if that was captured. */
  callSite(node: number): Error | undefined {
    return this._callSite[node];
  }

  /** The longest sleep that it waits for, in milliseconds; -1 for none. */
  longestSleep(node: number): number {
    return this._longestSleep[node]!;
  }

  hasSleeps(): boolean {
    return this._longestSleep.some((ms) => ms >= 0);
  }

  /** The node that it is an annotated copy of; itself for all others. */
  base(node: number): number {
    return this._base[node]!;
  }

  backEdge(node: number): BackEdge | null {
    return this._backEdge[node]!;
  }

  /** The node at which a task is that has come to it, if nothing else in the state changes by that; -1 if something does. */
  plainSuccessor(node: number): number {
    return this._plainSuccessor[node]!;
  }

  /** Channels that were closed while its sends were parked there: these sends are committed, and delivered all the same. */
  committed(node: number): readonly number[] | null {
    return this._committed[node]!;
  }

  /** Whether it is a plain call right after another: no other task runs between the two (SPIN's `d_step`). */
  isAtomic(node: number): boolean {
    return this._isAtomic[node]!;
  }

  /** Whether some plain call comes right after it. */
  precedesAtomic(node: number): boolean {
    return this._precedesAtomic[node]!;
  }

  /**
   * For a plain call right after another that may release what is parked at a channel: the channel, times `WAYS`, and in which
   * way. What is released may go on between the two calls. -1 for all others.
   */
  served(node: number): number {
    return this._served[node]!;
  }

  /** Whether its task has been cancelled, and has returned from where it was parked. */
  isCancelled(node: number): boolean {
    return this._isCancelled[node]!;
  }

  /** Whether its task has cancelled itself, and is to return as soon as it parks. */
  isStopping(node: number): boolean {
    return this._isStopping[node]!;
  }

  /** Whether a scope is among its cases. */
  performsScope(node: number): boolean {
    return this._performsScope[node]!;
  }

  /** For a pending resumption: the node at which its task will be; -1 for all others. */
  resumesAt(node: number): number {
    return this._resumesAt[node]!;
  }

  /** Whether it is a plain call of a callback, which runs in the step that has completed an operation: nothing comes between. */
  isUrgent(node: number): boolean {
    return this._isUrgent[node]!;
  }

  /** The channels with `owned` that belong to its task, among others. */
  held(node: number): readonly number[] {
    const turn = this._resumesAt[node]!;
    return this._held[turn === -1 ? node : turn] ?? NONE_HELD;
  }

  /** Whether all that is known of a node is known by now: it is settled, or a back edge. */
  isKnown(node: number): boolean {
    return this._status[node] !== UNSETTLED || this._backEdge[node] !== null;
  }

  // Transitions.

  /** Where a label leads from a node; -1 if that has not been unfolded. */
  successor(node: number, at: number, code: number): number {
    return this._transitions.get(node, at, code);
  }

  connect(node: number, at: number, code: number, successor: number): void {
    this._transitions.set(node, at, code, successor);
  }

  /** What the task of a node is given when a label happens. `given` returns the value with an id. */
  valueOf(node: number, { at, code }: Label, given: (id: number) => unknown): unknown {
    if (at <= RETURN_AFTER) return this.valueOf(node, { at: RETURN_AFTER - at, code }, given);
    if (at < 0) return undefined;
    const kind = this.kindAt(node, at);
    const value = KINDS[kind]!.yields === "discarded" ? this._discardedOf(code, given) : decode(kind, code, given);
    if (!this._isPlainCall[node] || KINDS[kind]!.isCall) return value;
    // An attempt, such as `trySend`: its case, or nothing.
    return kind === DEFAULT ? null : { at, value };
  }

  /** Whether some task fails. */
  get anyFails(): boolean {
    return this._status.includes(FAILED);
  }

  private _discardedOf(code: number, given: (id: number) => unknown): Discarded | undefined {
    const discarded = this._discarded[code];
    return discarded && { first: discarded.first, values: discarded.values.map(given) };
  }

  /** The code of a cancellation: whether the channel was open, and the ids of the values that it has discarded. */
  discardedCode(first: boolean, values: readonly number[]): number {
    const key = `${first} ${values.join()}`;
    let code = this._discardedCodes.get(key);
    if (code === undefined) {
      code = this._discarded.push({ first, values }) - 1;
      this._discardedCodes.set(key, code);
    }
    return code;
  }

  /** The values that `main` returns. Nothing is unfolded that no schedule leads to, so each of its ends is an outcome. */
  outcomes(): Set<unknown> {
    const outcomes = new Outcomes<unknown>();
    for (let node = 0; node < this.size; node++) {
      if (this._task[node] === 0 && this._status[node] === DONE) outcomes.add(this._result[node]);
    }
    return outcomes.all();
  }

  /** The errors with which tasks fail. */
  errors(): Set<unknown> {
    const failed = (node: number): boolean => this._status[node] === FAILED || this._status[node] === HANDLED;
    return new Set([...this._status.keys()].filter(failed).map((node) => this._result[node]));
  }

  // Unfolding. A node is added, given effects, and then parked, ended or folded; `settle` comes last.

  add(task: number, parent: number, label: Label | null): number {
    const node = this.size;
    const afterCall = parent !== -1 && this._isPlainCall[parent]!;
    this._status.push(UNSETTLED);
    this._task.push(task);
    this._parent.push(parent);
    this._label.push(label);
    this._cases.push(NO_CASES);
    this._isPlainCall.push(false);
    this._effects.push(null);
    this._variantOf.push(node);
    this._generations.push(NO_GENERATIONS);
    this._defersStarts.push(false);
    this._gaveWay.push(false);
    this._result.push(undefined);
    this._resultId.push(-1);
    this._callSite.push(undefined);
    this._longestSleep.push(-1);
    this._base.push(node);
    this._backEdge.push(null);
    this._plainSuccessor.push(-1);
    this._committed.push(null);
    this._isReleased.push(false);
    this._isAtomic.push(false);
    this._precedesAtomic.push(false);
    this._served.push(-1);
    this._isCancelled.push(parent !== -1 && (this._isCancelled[parent]! || label!.at < 0));
    this._isStopping.push(afterCall && (this._isStopping[parent]! || this._cancelsItself(parent, label!)));
    this._performsScope.push(false);
    this._resumesAt.push(-1);
    this._isUrgent.push(false);
    this._held.push(null);
    return node;
  }

  /** Whether a plain call has cancelled the task that made it. */
  private _cancelsItself(node: number, { at, code }: Label): boolean {
    const kind = this.kindAt(node, at);
    return (kind === CANCEL_TASK || kind === CANCEL_SCOPE) && code === 1;
  }

  /** The effects of coming to a node, which can be added to while the node is unfolded. */
  effectsFor(node: number): Effects {
    return (this._effects[node] ??= { made: [], releases: [], early: 0 });
  }

  /** Adds another node with the same history, but for the generations of what is made on the way to it. */
  addVariant(node: number, generations: readonly number[]): number {
    const variant = this.add(this._task[node]!, this._parent[node]!, this._label[node]!);
    this.anyVariants = true;
    this._variantOf[variant] = this._variantOf[node]!;
    this._generations[variant] = generations;
    return variant;
  }

  /** Makes a variant known, once it has been unfolded. */
  connectVariant(variant: number): void {
    this._variants.set(variantKey(this._variantOf[variant]!, this._generations[variant]!), variant);
  }

  /** Other tasks may run between the node before a node and the node, even if both are plain calls. Called before `park`. */
  giveWayBefore(node: number): void {
    this._gaveWay[node] = true;
  }

  park(node: number, cases: Int32Array, isPlainCall: boolean, callSite: Error | undefined): void {
    this._status[node] = PARKED;
    this._cases[node] = cases;
    this._isPlainCall[node] = isPlainCall;
    this._callSite[node] = callSite;
    if (isPlainCall && this._isRightAfterCall(node)) this._continueAtomic(node, node);
    for (let at = 0; at < cases.length; at += STRIDE) {
      const kind = cases[at]!;
      if (kind === SLEEP) this._longestSleep[node] = Math.max(this._longestSleep[node]!, cases[at + 2]!);
      if (involvesCancelling(kind)) this.anyCancels = true;
      if (kind === READ_ABORTED || (kind === ENTER_GROUP && goesByOrder(cases))) this.looksAtScopes = true;
      if (KINDS[kind]!.performsScope) this._performsScope[node] = true;
    }
  }

  /** Whether the node before a node is a plain call, and no other task runs between the two. */
  private _isRightAfterCall(node: number): boolean {
    const parent = this._parent[node]!;
    return parent !== -1 && this._isPlainCall[parent]! && !this._gaveWay[node];
  }

  /** A plain call, or the pending end of the task, comes right after a plain call: an atomic sequence. `next` leads on from that. */
  private _continueAtomic(node: number, next: number): void {
    const parent = this._parent[next]!;
    this._isAtomic[node] = this._precedesAtomic[parent] = this.anyAtomic = true;
    const { at, code } = this._label[next]!;
    const how = servedBy(this.kindAt(parent, at), code);
    if (how !== -1) this._served[node] = this.targetAt(parent, at) * WAYS + how;
  }

  /** Marks a plain call of a callback. */
  hasten(node: number): void {
    this._isUrgent[node] = this.anyAtomic = this.anyUrgent = true;
  }

  /** Notes the channels that belong to the task of a node. */
  hold(node: number, channels: readonly number[]): void {
    if (channels.length > 0) this._held[node] = channels;
  }

  end(node: number, status: number, result: unknown, id: number): void {
    this._status[node] = status;
    this._result[node] = result;
    this._resultId[node] = id;
  }

  /** The end of a task that was cancelled before it began. */
  addUnbegun(task: number): number {
    const node = this.add(task, -1, null);
    this.end(node, CANCELLED, undefined, -1);
    this._isCancelled[node] = true;
    return (this._plainSuccessor[node] = node);
  }

  fold(node: number, backEdge: BackEdge): void {
    this._backEdge[node] = backEdge;
  }

  /** All is known of a node. */
  settle(node: number): void {
    const backEdge = this._backEdge[node]!;
    const effects = this._effects[node]!;
    if (effects !== null) {
      const starts = !this.starts(node).next().done;
      this._defersStarts[node] = this._isPlainCall[node]! && starts && !this._gaveWay[node]!;
    } else if (backEdge === null || backEdge.node === node) this._plainSuccessor[node] = node;
    else if (!this._repeatsEffects(backEdge)) this._plainSuccessor[node] = backEdge.node;
  }

  /** Whether the round that an edge leads to makes objects, now or later, or releases permits. */
  private _repeatsEffects({ node, from, releases, renames }: BackEdge): boolean {
    const effects = this._effects[node]!;
    if (renames || this._backEdge[node] !== null) return true;
    return effects !== null && effects.made.length + effects.releases.length > from + releases;
  }

  // Resumptions and annotated copies, made on demand.

  /**
   * The pending resumption that leads to a node: at once, or as soon as the task `after` is over if that is not -1. The end of a
   * task right after a plain call belongs to the atomic sequence.
   */
  resumption(node: number, after: number): number {
    const key = `${node} ${after}`;
    const known = this._resumptions.get(key);
    if (known !== undefined) return known;
    const pending = this.add(this._task[node]!, -1, null);
    this._status[pending] = PARKED;
    this._cases[pending] = Int32Array.of(
      ...(after === -1 ? [RESUME, 0, 0, UNORDERED] : [WHEN_OVER, after, 0, UNORDERED]),
    );
    this._isCancelled[pending] = this._isCancelled[node]!;
    this._resumesAt[pending] = node;
    if (this._isPlainCall[node]) this._isAtomic[node] = this._precedesAtomic[pending] = this.anyAtomic = true;
    else if (this.isEnd(node) && this._isRightAfterCall(node)) this._continueAtomic(pending, node);
    this.connect(pending, 0, 0, node);
    this._resumptions.set(key, pending);
    return pending;
  }

  /** The copy of a node in which its sends to one more channel are committed. */
  withCommittedSend(node: number, channel: number): number {
    const committed = this._committed[node] ?? [];
    return committed.includes(channel) ? node : this._withCommitted(node, [...committed, channel]);
  }

  /** The copy in which these sends are not committed: the channel was cancelled. */
  withoutCommittedSend(node: number, channel: number): number {
    const committed = this._committed[node]!.filter((other) => other !== channel);
    return committed.length === 0 ? this._base[node]! : this._withCommitted(node, committed);
  }

  private _withCommitted(node: number, channels: readonly number[]): number {
    return this._copy(node, `committed ${[...channels].sort().join()}`, (copy) => {
      this._committed[copy] = channels;
    });
  }

  /** Whether its task waits at a barrier that is open for it. */
  isReleased(node: number): boolean {
    return this._isReleased[node]!;
  }

  /** The copy of a node at which the barrier is open. */
  withRelease(node: number): number {
    return this._copy(node, "released", (copy) => {
      this._isReleased[copy] = true;
    });
  }

  /** The failed end of a task, with the failure handled. */
  withHandledFailure(node: number): number {
    return this._copy(node, "handled", (copy) => {
      this._status[copy] = HANDLED;
    });
  }

  private _copy(node: number, annotation: string, annotate: (copy: number) => void): number {
    const base = this._base[node]!;
    const key = `${base} ${annotation}`;
    const known = this._copies.get(key);
    if (known !== undefined) return known;
    const copy = this.add(this._task[base]!, this._parent[base]!, this._label[base]!);
    for (const column of [
      ...[
        this._status,
        this._cases,
        this._isPlainCall,
        this._result,
        this._resultId,
        this._callSite,
        this._longestSleep,
      ],
      ...[this._isCancelled, this._isStopping, this._performsScope, this._held],
    ] as unknown[][]) {
      column[copy] = column[base];
    }
    this._base[copy] = base;
    annotate(copy);
    this._copies.set(key, copy);
    return copy;
  }
}

// The ways in which a plain call releases what is parked at a channel.

/** A receive took a value: a parked send puts its value into the buffer. */
export const TOOK = 0;
/** A send put a value into the buffer: a parked receive takes it. */
export const SENT = 1;
export const CLOSED_IT = 2;
export const CANCELLED_IT = 3;
export const WAYS = 4;

/** In which way a case of a plain call has released what is parked; -1 for none. */
function servedBy(kind: number, code: number): number {
  if (kind === SEND) return code === 1 ? SENT : -1;
  // The code of a value is even; the others are of the end of the channel.
  if (kind === RECEIVE) return code > 0 && code % 2 === 0 ? TOOK : -1;
  if (kind === CLOSE) return code === 1 ? CLOSED_IT : -1;
  return kind === CANCEL_CHANNEL ? CANCELLED_IT : -1;
}

/** The code of a value that is yielded, and of a cause that is thrown. */
export const valueCode = (id: number): number => id * 2 + 2;
export const causeCode = (id: number): number => id * 2 + 1;

function decode(kind: number, code: number, given: (id: number) => unknown): unknown {
  switch (KINDS[kind]!.yields) {
    case "flag":
      return code === 1;
    case "number":
      return code;
    case "closed":
      return CLOSED;
    case "value":
      return given(code);
    case "outcome":
      if (code === 0) return CLOSED;
      return code & 1 ? new Thrown(given((code - 1) / 2)) : given((code - 2) / 2);
    default:
      return undefined;
  }
}

const NO_CASES = new Int32Array(0);
const NOTHING: readonly Made[] = [];
const NO_GENERATIONS: readonly number[] = [];

const variantKey = (node: number, generations: readonly number[]): string => `${node} ${generations.join()}`;
const NONE_HELD: readonly number[] = [];
