// What a transition does: `fire` changes the vector of the model in place. The unfolder determines what a task does
// next, so firing may unfold the task.
//
// A task moves along the label (case, code): `advance`. Coming to a node, it starts tasks, timeouts and cells: `enter`. A task that
// may be cancelled makes two moves where other tasks make one: it is served, and later it resumes; in between its resumption is
// pending, and a cancellation can still take back what it was served. A task counts as such only once it is cancelled:
// then the search restarts with a refinement (`Refuted`).

import { cancelled, failure } from "../../../lifetime/scope.js";
import { CancelledError } from "../../../structures/errors.js";
import {
  ABORT_SCOPE,
  ACQUIRE,
  ARRIVE,
  CANCEL_CHANNEL,
  CANCEL_SCOPE,
  CANCEL_TASK,
  END_AUDIENCE,
  ENTER_GROUP,
  FAIL_SCOPE,
  GIVE,
  GROUP_ENDED,
  JOIN,
  JOIN_SCOPE,
  KINDS,
  READ_ABORTED,
  READ_CELL,
  READ_CLOSED,
  READ_LENGTH,
  READ_PERMITS,
  READ_TIMEOUT,
  RECEIVE,
  RELEASE,
  RETURN,
  RETURN_AFTER,
  SCOPE_ENDED,
  SEND,
  SETTLE,
  STRIDE,
  SUBSCRIBE,
  Unmodelled,
  WRITE_CELL,
} from "../process/cases.js";
import { CANCELLED, causeCode, DONE, FAILED, PARKED, valueCode } from "../process/local-lts.js";
import { BroadcastModel, HAD_SUBSCRIPTION, SubscriptionModel, WAS_OPEN } from "../process/model-broadcast.js";
import { failureOfGroup } from "../process/model-groups.js";
import { LockModel } from "../process/model-locks.js";
import { ChannelModel, TaskModel } from "../process/model-objects.js";
import { FAILURE, isEnding, RegionModel, type RegionState } from "../process/model-scopes.js";
import { APART, insideScope, Refuted } from "../process/refinements.js";
import type { ModelObject, Slot } from "../process/slots.js";
import { CLOSE, DELAY, DEQUEUE, ENQUEUE, INTERNAL, QUEUE, RECEIVE_CLOSED, RENDEZVOUS, SEND_CLOSED } from "./events.js";
import type { Model } from "./model.js";
import { ANYTHING } from "./references.js";

/** Puts the model into the initial state: `main` has been started, and nothing else has happened. */
export function enterInitial(model: Model): void {
  model.state.fill(0);
  model.started.length = model.ended.length = model.stopped.length = model.passed.length = model.begun.length = 0;
  model.forget();
  startTask(model, 0);
}

/** Fires the transition that begins at an index of an array of events. It must be enabled. */
export function fire(model: Model, events: Int32Array, first: number): void {
  if (model.moved.length > 0) model.moved.length = 0;
  model.noteAbsent(events, first);
  happen(model, events, first);
  model.noteServed();
}

function happen(model: Model, events: Int32Array, first: number): void {
  if (model.started.length > 0) model.started.length = 0;
  if (model.ended.length > 0) model.ended.length = 0;
  if (model.stopped.length > 0) model.stopped.length = 0;
  if (model.begun.length > 0) model.begun.length = 0;
  if (model.passed.length > 0) model.passed.length = 0;
  model.delivered = -1;
  const task = events[first + 1]!;
  const at = events[first + 2]!;
  const channel = events[first + 5]!;
  if (events[first] === DELAY) {
    delay(model, task, model.still(at));
    return;
  }
  startDeferred(model, task);
  switch (events[first]) {
    case RENDEZVOUS: {
      const receiver = events[first + 3]!;
      startDeferred(model, receiver);
      const value = model.lts.argumentAt(model.nodeOf(task), at);
      model.delivered = value;
      advance(model, task, at, 1);
      model.delivered = -1;
      advance(model, receiver, events[first + 4]!, valueCode(value));
      return;
    }
    case ENQUEUE:
      enqueue(model, channel, model.lts.argumentAt(model.nodeOf(task), at));
      advance(model, task, at, 1);
      return;
    case DEQUEUE: {
      const content = model.contentOf(channel);
      if (model.channel(channel).overflow !== "keep") setContent(model, channel, model.contents.shift(content));
      advance(model, task, at, valueCode(model.contents.first(content)));
      return;
    }
    case SEND_CLOSED:
      advance(model, task, at, 0);
      return;
    case RECEIVE_CLOSED:
      advance(model, task, at, closedCode(model, channel));
      return;
    case INTERNAL:
      fireInternal(model, task, at);
      return;
    case QUEUE:
      model.joinQueues(task);
      return;
    case CLOSE:
      close(model, task, at, channel, events[first + 4]!);
  }
}

/** What a transition delivers to a task: the label that the task moves along. */
export interface Delivery {
  readonly task: number;
  readonly at: number;
  readonly code: number;
}

/** What a transition will deliver to its tasks, if it fires in the current state. */
export function deliveries(model: Model, event: Int32Array): Delivery[] {
  const [kind, task, at, other, otherAt, channel] = event as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const one = (code: number): Delivery[] => [{ task, at, code }];
  switch (kind) {
    case RENDEZVOUS:
      return [...one(1), { task: other, at: otherAt, code: valueCode(model.lts.argumentAt(model.nodeOf(task), at)) }];
    case ENQUEUE:
      return one(1);
    case DEQUEUE:
      return one(valueCode(model.contents.first(model.contentOf(channel))));
    case RECEIVE_CLOSED:
      return one(closedCode(model, channel));
    case CLOSE:
      return one(model.contents.closed(model.contentOf(channel)) ? 0 : 1);
    case INTERNAL:
      return one(internalCode(model, task, at));
    case SEND_CLOSED:
      return one(0);
    default:
      return [];
  }
}

// Channels.

function setContent(model: Model, channel: number, content: number): void {
  model.set(model.component(model.ofChannel, channel), content);
}

function enqueue(model: Model, channel: number, value: number): void {
  let content = model.contentOf(channel);
  if (model.contents.length(content) >= model.capacity(channel)) {
    const { overflow } = model.channel(channel);
    if (overflow === "drop" || overflow === "keep") return;
    content = model.contents.shift(content);
  }
  setContent(model, channel, model.contents.push(content, value));
}

/** What a receive yields from a channel that is closed and drained: `CLOSED`, or the cause is thrown. */
function closedCode(model: Model, channel: number): number {
  const cause = model.contents.cause(model.contentOf(channel));
  return cause === -1 ? 0 : causeCode(cause);
}

/** Some of the tasks that offer to send were parked by now, and their sends are committed; all others will be refused. */
function close(model: Model, task: number, at: number, channel: number, committed: number): void {
  const content = model.contentOf(channel);
  if (model.contents.closed(content)) {
    advance(model, task, at, 0);
    return;
  }
  const value = model.lts.argumentAt(model.nodeOf(task), at);
  const cause = model.unfolder.values.at(value) === undefined ? -1 : value;
  setContent(model, channel, model.contents.close(content, cause));
  for (const sender of model.unfolder.taskGroup(committed)) {
    model.set(model.ofTask[sender]!, model.lts.withCommittedSend(model.nodeOf(sender), channel) + 1);
  }
  advance(model, task, at, 1);
}

/** A channel is cancelled: committed sends are not delivered either. */
function cancelChannel(model: Model, channel: number): void {
  setContent(model, channel, model.contents.discard(model.contentOf(channel)));
  eachParked(model, (task, node) => {
    if (!model.lts.committed(node)?.includes(channel)) return;
    model.set(model.ofTask[task]!, model.lts.withoutCommittedSend(node, channel) + 1);
  });
}

/** What cancelling a channel yields, if the program is called with it. */
function discardedCode(model: Model, channel: number): number {
  const { hasCallbacks, reportsUndelivered } = model.channel(channel);
  if (!hasCallbacks) return 0;
  const content = model.contentOf(channel);
  return model.lts.discardedCode(
    !model.contents.closed(content),
    reportsUndelivered ? model.contents.values(content) : [],
  );
}

// Channels that belong to tasks (`owned`).

/**
 * A task is over: a channel that belongs to no other task is released then. Has no effect on a channel that has ended, which is
 * all that the model supports.
 */
function release(model: Model, task: number): void {
  const held = model.lts.held(model.nodeOf(task));
  for (const channel of held) {
    if (!hasEnded(model, channel) && !isHeldBesides(model, channel, task))
      throw new Unmodelled("a task ends before a channel that belongs to it");
  }
  for (const { maker, index } of model.unfolder.sandbox.broadcasts) if (maker === task) assertUsed(model, index);
  for (const { owner, index } of model.unfolder.sandbox.regions) if (owner === task) releaseMadeIn(model, index);
}

function hasEnded(model: Model, channel: number): boolean {
  const content = model.contentOf(channel);
  return model.contents.closed(content) && model.contents.length(content) === 0 && !model.hasCommitted(channel, -1);
}

function isHeldBesides(model: Model, channel: number, task: number): boolean {
  for (let other = 0; other < model.ofTask.length; other++) {
    const node = model.nodeOf(other);
    if (other !== task && node !== -1 && !model.lts.isEnd(node) && model.lts.held(node).includes(channel)) return true;
  }
  return false;
}

/** A scope is over: the channels that were made in it are released. */
function releaseMadeIn(model: Model, region: number): void {
  for (const { home, index } of model.unfolder.sandbox.broadcasts) if (home === region) assertEnded(model, index);
  for (const { owned, isStored, home, index } of model.unfolder.sandbox.channels) {
    if (owned === true && !isStored && home === region && !hasEnded(model, index))
      throw new Unmodelled("a scope ends before a channel that was made in it");
  }
}

// Broadcasts: 0 before it is made, then open, then over; above that the id of the cause, and three.

const OPEN = 1;
const OVER = 2;

/** A subscription gets into the audience. */
function subscribe(model: Model, channel: number): void {
  model.set(model.component(model.ofJoined, channel), 1);
  const end = model.endOfBroadcast((model.channel(channel) as SubscriptionModel).broadcast.index);
  if (end !== OPEN) setContent(model, channel, model.contents.close(0, end - OVER - 1));
}

function endBroadcast(model: Model, broadcast: number, value: number): void {
  if (model.endOfBroadcast(broadcast) !== OPEN) return;
  const cause = model.unfolder.values.at(value) === undefined ? -1 : value;
  for (const channel of model.audience(broadcast))
    setContent(model, channel, model.contents.close(model.contentOf(channel), cause));
  model.set(model.component(model.ofBroadcast, broadcast), OVER + 1 + cause);
}

/** A broadcast is released that no task uses once its maker is over. */
function assertUsed(model: Model, broadcast: number): void {
  if (model.audience(broadcast).length === 0) assertEnded(model, broadcast);
}

function assertEnded(model: Model, broadcast: number): void {
  if (model.endOfBroadcast(broadcast) === OPEN)
    throw new Unmodelled("a task ends before a broadcast that belongs to it");
}

/** A subscription is cancelled: if it was the last one, and the maker of the broadcast is over, the broadcast is released. */
function assertStillUsed(model: Model, channel: number): void {
  const made = model.channel(channel);
  if (!(made instanceof SubscriptionModel)) return;
  const { maker, index } = made.broadcast;
  if (model.isOver(maker)) assertUsed(model, index);
}

// Time.

function delay(model: Model, ms: number, still: readonly number[]): void {
  model.noteArrivals();
  for (const component of model.ofTimer) {
    const left = component === -1 || still.includes(component) ? 0 : model.state[component]!;
    if (left > 1) model.set(component, Math.max(1, left - ms));
  }
  eachParked(model, (task, node) => {
    const longest = model.lts.longestSleep(node);
    if (longest < 0) return;
    // To sleep longer than that makes no difference.
    const component = model.component(model.ofSleep, task);
    if (!still.includes(component)) model.set(component, Math.min(longest, model.state[component]! + ms));
  });
}

function eachParked(model: Model, visit: (task: number, node: number) => void): void {
  for (let task = 0; task < model.ofTask.length; task++) {
    const node = model.nodeOf(task);
    if (node !== -1 && model.lts.status(node) === PARKED) visit(task, node);
  }
}

// Internal transitions: what each kind of case yields, and what it changes besides its own task.

interface Internal {
  /** The code of what it yields; 0 if left out. */
  code?(model: Model, task: number, target: number, argument: number): number;
  effect?(model: Model, task: number, target: number, argument: number): void;
}

const join: Internal = {
  code: (model, _task, joined) => joinCode(model, joined),
  effect(model, task, joined) {
    // If the task may still be cancelled before it resumes, it handles the failure only then.
    if (!model.task(task).isCancellable) handleFailure(model, joined);
  },
};

const INTERNALS: Readonly<Record<number, Internal>> = {
  [JOIN]: join,
  [JOIN_SCOPE]: join,
  [SCOPE_ENDED]: { code: (model, _task, region, yields) => outcomeCode(model, region, yields) },
  [READ_LENGTH]: { code: (model, _task, channel) => model.contents.length(model.contentOf(channel)) },
  [READ_CLOSED]: { code: (model, _task, channel) => (model.contents.closed(model.contentOf(channel)) ? 1 : 0) },
  [READ_TIMEOUT]: { code: (model, _task, timer) => (model.timeLeft(timer) === 1 ? 1 : 0) },
  [READ_CELL]: { code: (model, _task, cell) => model.cellValue(cell) },
  [WRITE_CELL]: { effect: (model, _task, cell, value) => model.set(model.ofCell[cell]!, value + 1) },
  [CANCEL_CHANNEL]: {
    code: (model, _task, channel) => discardedCode(model, channel),
    effect(model, _task, channel) {
      cancelChannel(model, channel);
      assertStillUsed(model, channel);
    },
  },
  // The code says whether the task cancels itself; if so, the task stops where it parks next.
  [CANCEL_TASK]: {
    code: (model, task, target) => (cancelsItself(model, task, target) ? 1 : 0),
    effect(model, task, target, reason) {
      if (cancelsItself(model, task, target)) setReason(model, task, reason);
      if (target !== task) cancelTask(model, target, reason);
    },
  },
  [CANCEL_SCOPE]: {
    code: (model, task, region) => (cancelsOwnScope(model, task, region) ? 1 : 0),
    effect(model, task, region, reason) {
      if (cancelsOwnScope(model, task, region)) setReason(model, task, reason);
      cancelScope(model, region, reason, task);
    },
  },
  [ABORT_SCOPE]: { effect: (model, task, region, reason) => cancelScope(model, region, reason, task) },
  [FAIL_SCOPE]: { effect: (model, _task, region, error) => failScope(model, region, error) },
  [ENTER_GROUP]: {
    code: (model, _task, region) => (isEnding(stateOf(model, region)) ? refusalCode(model, region) : 0),
    effect(model, task, region, lock) {
      if (isEnding(stateOf(model, region))) tell(model, region, task);
      else model.take(lock, 1);
    },
  },
  [GIVE]: {
    effect(model, _task, broadcast, value) {
      for (const channel of model.audience(broadcast)) enqueue(model, channel, value);
    },
  },
  [ARRIVE]: {
    code: (model, _task, barrier) => model.waitingAt(barrier).length,
    effect(model, task, barrier, parties) {
      if (model.task(task).isCancellable) throw new Unmodelled("a task waits at a barrier that may be cancelled");
      const waiting = model.waitingAt(barrier);
      if (waiting.length < parties - 1) return;
      for (const other of waiting) model.set(model.ofTask[other]!, model.lts.withRelease(model.nodeOf(other)) + 1);
    },
  },
  [SUBSCRIBE]: { effect: (model, _task, channel) => subscribe(model, channel) },
  [END_AUDIENCE]: {
    code(model, _task, broadcast) {
      if (model.endOfBroadcast(broadcast) !== OPEN) return 0;
      return WAS_OPEN + (model.audience(broadcast).length > 0 ? HAD_SUBSCRIPTION : 0);
    },
    effect: (model, _task, broadcast, cause) => endBroadcast(model, broadcast, cause),
  },
  [READ_ABORTED]: {
    code: (model, _task, region) => (isAborted(model, region) ? 1 : 0),
  },
  [GROUP_ENDED]: {
    code: (model, _task, region) => groupCode(model, region),
    effect: (model, task, region) => tell(model, region, task),
  },
  [ACQUIRE]: { effect: (model, _task, lock, id) => model.take(lock, permitsOf(model, id)) },
  [RELEASE]: { effect: (model, _task, lock, n) => model.take(lock, -n) },
  [READ_PERMITS]: { code: (model, _task, lock) => model.lock(lock).total - model.taken(lock) },
};

const permitsOf = (model: Model, request: number): number => model.unfolder.sandbox.requests[request]!.n;

function internalCode(model: Model, task: number, at: number): number {
  const node = model.nodeOf(task);
  const { lts } = model;
  const code = INTERNALS[lts.kindAt(node, at)]?.code;
  return code === undefined ? 0 : code(model, task, lts.targetAt(node, at), lts.argumentAt(node, at));
}

function fireInternal(model: Model, task: number, at: number): void {
  const node = model.nodeOf(task);
  const { lts } = model;
  const code = internalCode(model, task, at);
  if (lts.kindAt(node, at) === SETTLE) model.noteArrivals();
  INTERNALS[lts.kindAt(node, at)]?.effect?.(model, task, lts.targetAt(node, at), lts.argumentAt(node, at));
  advance(model, task, at, code);
}

/** What a join yields: the result of the task, or its failure is thrown. */
function joinCode(model: Model, task: number): number {
  const { lts } = model;
  const node = model.nodeOf(task);
  if (lts.status(node) === CANCELLED) return cancelledCode(model, task);
  const result = lts.resultId(node);
  return lts.status(node) === DONE ? valueCode(result) : causeCode(result);
}

function cancelledCode(model: Model, task: number): number {
  const { values, objects } = model.unfolder;
  const reason = model.reason(task);
  const cause = reason === -1 ? undefined : values.at(reason);
  // In reports what `main` makes needs no prefix; in errors it has one.
  const name = `${model.task(0).name}#0/${model.task(task).name}`;
  return causeCode(objects.madeId(new CancelledError(`Task ${name} was cancelled`, { cause })));
}

function handleFailure(model: Model, joined: number): void {
  const node = model.nodeOf(joined);
  if (model.lts.status(node) === FAILED) model.set(model.ofTask[joined]!, model.lts.withHandledFailure(node) + 1);
}

// Tasks.

function startTask(model: Model, spawn: number): void {
  const { unfolder } = model;
  const { task } = unfolder.spawns[spawn]!;
  const root = unfolder.initial(spawn);
  model.started.push(task);
  // An earlier round may have started a task of the same name.
  clear(model, model.ofReason[task]);
  if (model.task(task).isCancellable) makePending(model, task, root);
  else come(model, task, root);
}

function startTasks(model: Model, node: number): void {
  for (const spawn of model.lts.starts(node)) startTask(model, spawn);
}

/** Starts what a task has started, and releases what it has released, before the plain call that it is stopped in. */
function startDeferred(model: Model, task: number): void {
  const node = model.nodeOf(task);
  if (node === -1 || !model.lts.isPlainCall(node)) return;
  releasePermits(model, node, model.lts.immediateReleases(node), model.lts.effects(node)?.releases.length ?? 0);
  if (model.lts.defersStarts(node)) startTasks(model, node);
}

/** A case has happened to a task. */
function advance(model: Model, task: number, at: number, code: number): void {
  const { lts, unfolder } = model;
  const node = model.nodeOf(task);
  if (unfolder.sandbox.anyOrder) followOrder(model, task, at, code);
  if (lts.performsScope(node)) cancelLostScopes(model, node, at);
  if (lts.resumesAt(node) !== -1) resume(model, task, lts.resumesAt(node));
  // The code after a plain call belongs to the same turn.
  else if (!model.task(task).isCancellable || lts.isPlainCall(node))
    come(model, task, unfolder.successor(node, at, code));
  else makePending(model, task, unfolder.successor(node, at, code));
}

/** A task that sends in order takes a place with what it receives, and leaves the place once its result is delivered. */
function followOrder(model: Model, task: number, at: number, code: number): void {
  const { order } = model.task(task);
  if (order === null) return;
  const node = model.nodeOf(task);
  const kind = model.lts.kindAt(node, at);
  if (kind === SEND && model.lts.targetAt(node, at) === order.channel) model.leaveOrder(task, order);
  else if (kind === RECEIVE && code > 0 && code % 2 === 0 && model.rank(task) === 0) model.joinOrder(task, order);
}

/** A task was served, and will resume; it may be cancelled until then. */
function makePending(model: Model, task: number, node: number): void {
  model.moveTo(task, pendingAt(model, node));
}

/** The node of the resumption that leads to a node. A plain call is a transition by itself, and needs none. */
function pendingAt({ lts }: Model, node: number): number {
  return lts.isPlainCall(node) ? node : lts.resumption(node, -1);
}

/** A task resumes. */
function resume(model: Model, task: number, node: number): void {
  const { lts } = model;
  const { at } = lts.label(node) ?? { at: RETURN };
  if (at >= 0) {
    const before = lts.parent(node);
    if (KINDS[lts.kindAt(before, at)]!.joins) handleFailure(model, lts.targetAt(before, at));
  }
  const backEdge = lts.backEdge(node);
  if (backEdge !== null && lts.isPlainCall(backEdge.node))
    throw new Unmodelled("a task that may be cancelled begins a round with a plain call");
  enter(model, task, node);
}

/** A task comes to a node; to its end only later, if the end is an event of its own. */
function come(model: Model, task: number, node: number): void {
  if (model.task(task).endsApart && model.lts.isEnd(node)) makePending(model, task, node);
  else enter(model, task, node);
}

/** A task is at a node from now on. */
function enter(model: Model, task: number, node: number): void {
  const { lts } = model;
  const plain = lts.plainSuccessor(node);
  if (plain === -1) enterMaking(model, task, node);
  else model.moveTo(task, plain);
  if (plain !== -1 && plain !== node) model.passed.push(task, node);
  if (lts.isEnd(node)) taskEnded(model, task);
  else if (lts.isStopping(node) && !lts.isPlainCall(node)) stopItself(model, task, model.nodeOf(task));
}

/** A task comes to a node, and makes objects on the way; a round that is repeated makes its objects anew. */
function enterMaking(model: Model, task: number, node: number): void {
  const { lts } = model;
  let stands = withFreeObjects(model, task, node, 0);
  const begun: Begun[] = [{ node: stands, from: 0, releases: 0 }];
  for (let edge = lts.backEdge(stands); edge !== null; edge = lts.backEdge(stands)) {
    model.passed.push(task, stands);
    const { from, releases } = edge;
    stands = withFreeObjects(model, task, edge.node, from);
    if (begun.some((before) => before.node === stands)) throw new Unmodelled("a task begins rounds for ever");
    begun.push({ node: stands, from, releases });
  }
  model.moveTo(task, stands);
  for (const each of begun) begin(model, each);
}

/** A node that a task passes, and how much of what is made and released on the way to it had happened before. */
interface Begun {
  readonly node: number;
  readonly from: number;
  readonly releases: number;
}

/** What is made on the way to a node begins, and permits are released. */
function begin(model: Model, { node, from, releases }: Begun): void {
  const { lts } = model;
  const made = lts.made(node);
  const defersStarts = lts.defersStarts(node);
  releasePermits(model, node, releases, lts.immediateReleases(node));
  for (let nth = from; nth < made.length; nth++) {
    const { kind, index, begins } = made[nth]!;
    if (kind === "timer") beginTimeout(model, model.component(model.ofTimer, index), begins);
    else if (kind === "cell") model.set(model.component(model.ofCell, index), begins + 1);
    else if (kind === "channel" && begins > 0) setContent(model, index, storing(model, begins));
    else if (kind === "channel") clear(model, model.ofChannel[index]);
    if (kind === "channel" && model.isSubscription(index)) clear(model, model.ofJoined[index]);
    else if (kind === "region") clear(model, model.ofRegion[index]);
    else if (kind === "lock" && begins > 0) model.set(model.component(model.ofLock, index), begins);
    else if (kind === "broadcast") model.set(model.component(model.ofBroadcast, index), OPEN);
  }
  for (let nth = from; nth < made.length && !defersStarts; nth++) {
    if (made[nth]!.kind === "task") startTask(model, made[nth]!.begins);
  }
}

function beginTimeout(model: Model, component: number, ms: number): void {
  model.set(component, ms + 1);
  model.begun.push(component);
}

/** Releases permits that a task releases on its way to a node, from one such release to another. */
function releasePermits(model: Model, node: number, from: number, to: number): void {
  const releases = model.lts.effects(node)?.releases;
  for (let at = from; at < to; at++) model.take(releases![at]![0], -releases![at]![1]);
}

/** The content of a channel that has values from the start, and is closed behind them. */
function storing({ contents, unfolder }: Model, stored: number): number {
  const values = unfolder.stored[stored]!;
  return contents.close(
    values.reduce((content, value) => contents.push(content, value), 0),
    -1,
  );
}

function clear(model: Model, component: number | undefined): void {
  if (component !== undefined && component !== -1) model.set(component, 0);
}

/**
 * The variant of a node in which all that a task makes on the way to it, from an object on, is free: nothing refers to an earlier
 * object of the same name.
 */
function withFreeObjects(model: Model, task: number, node: number, from: number): number {
  const { lts, unfolder } = model;
  if (!unfolder.isRepeated(node)) return node;
  for (let variant = node; ; ) {
    const made = lts.made(variant);
    if (made.length <= from) return variant;
    const inUse = model.references.inUse(task, variant, from);
    const generations = made.map(({ slot }, nth) =>
      nth < from ? lts.generation(variant, nth) : freeGeneration(model, slot, inUse),
    );
    if (generations.every((generation, nth) => generation === lts.generation(variant, nth))) return variant;
    // The variant may make more.
    variant = unfolder.variant(variant, generations);
  }
}

/** The first generation of a slot that can be made anew. */
function freeGeneration(model: Model, { objects }: Slot, inUse: ReadonlySet<number>): number {
  const first = objects.findIndex((object) => isFree(model, object, inUse));
  const generation = first === -1 ? objects.length : first;
  const [object] = objects;
  // The tasks of a scope are listed once for all generations.
  const isInScope = object instanceof RegionModel || (object instanceof TaskModel && isInBody(model, object));
  if (generation > 0 && (isInScope || object instanceof LockModel || object instanceof BroadcastModel))
    throw new Refuted(APART);
  return generation;
}

/** Whether a task is one of a scope; those of a group are listed generation by generation. */
const isInBody = (model: Model, { region }: TaskModel<unknown>): boolean =>
  region !== -1 && model.scope(region).group === null;

function isFree(model: Model, object: ModelObject, inUse: ReadonlySet<number>): boolean {
  if (inUse.has(ANYTHING) || inUse.has(model.unfolder.sandbox.placeOf(object)!)) return false;
  if (object instanceof TaskModel) {
    const node = model.nodeOf(object.index);
    if (model.ended.includes(object.index)) return false;
    return node === -1 || (model.lts.isEnd(node) && model.lts.status(node) !== FAILED);
  }
  if (object instanceof SubscriptionModel && model.isJoined(object.index)) return false;
  return !(
    model.keepsUnread &&
    object instanceof ChannelModel &&
    model.contents.length(model.contentOf(object.index)) > 0
  );
}

/** A task is over. In a scope, its failure cancels the other tasks. */
function taskEnded(model: Model, task: number): void {
  const { lts } = model;
  const { region } = model.task(task);
  const node = model.nodeOf(task);
  model.ended.push(task);
  release(model, task);
  if (region === -1 || lts.status(node) === PARKED) return;
  const { group } = model.scope(region);
  if (group !== null) model.take(group.lock, -1);
  if (lts.status(node) === FAILED) {
    const error = lts.resultId(node);
    if (group?.supervises === true) return;
    if (group === null || stateOf(model, region).told) handleFailure(model, task);
    failScope(model, region, error);
  } else if (group === null && lts.status(node) === CANCELLED && model.scope(region).members[0] === task) {
    cancelScope(model, region, undefinedId(model), -1);
  }
}

// Cancelling tasks.

/** Cancels a task; the reason is the id of a value. */
function cancelTask(model: Model, task: number, reason: number): void {
  const { lts } = model;
  const node = model.nodeOf(task);
  if (node === -1 || lts.isCancelled(node) || lts.isStopping(node)) return;
  // Even a task that is over needs the refinement: with pending resumptions, it may not even have begun.
  if (!model.task(task).isCancellable) throw new Refuted(refinementFor(model, task));
  if (lts.status(node) !== PARKED) return;
  setReason(model, task, reason);
  turnBack(model, task);
}

function setReason(model: Model, task: number, reason: number): void {
  model.set(model.component(model.ofReason, task), reason + 1);
}

function refinementFor(model: Model, task: number): string {
  const { region, name } = model.task(task);
  return region === -1 ? name : insideScope(model.task(model.scope(region).owner).name);
}

/** A task that has cancelled itself parks, and is turned back there. */
function stopItself(model: Model, task: number, node: number): void {
  if (model.mayComplete(task, node)) throw new Unmodelled("a task goes on after it has cancelled itself");
  turnBack(model, task);
}

/** Makes a parked task, or a task whose resumption is pending, return instead of continuing. */
function turnBack(model: Model, task: number): void {
  const { lts, unfolder } = model;
  const node = model.nodeOf(task);
  const coming = lts.resumesAt(node) !== -1 ? lts.resumesAt(node) : lts.isPlainCall(node) ? node : -1;
  const returning = coming === -1 ? unfolder.successor(node, RETURN, 0) : undelivered(model, task, coming);
  const scopes = coming === -1 && lts.performsScope(node) ? scopesAt(model, node) : [];
  // A task that performs a scope goes on only when the scope is over; a choice leaves its cases at once.
  const after = scopes.length > 0 && lts.cases(node).length === STRIDE ? scopes[0]! : -1;
  const next = after === -1 ? pendingAt(model, returning) : lts.resumption(returning, after);
  model.moveTo(task, next);
  if (lts.isPlainCall(next)) model.stopped.push(task);
  for (const scope of scopes) cancelTask(model, scope, undefinedId(model));
}

/** Where a task returns from that was served, but is cancelled before it resumes: what it was served is not delivered. */
function undelivered({ unfolder, lts }: Model, task: number, coming: number): number {
  const before = lts.parent(coming);
  if (before === -1) return unfolder.unbegun(task);
  if (lts.isPlainCall(before)) throw new Unmodelled("a task is cancelled where an operation is always ready");
  const { at, code } = lts.label(coming)!;
  const isValue = lts.kindAt(before, at) === RECEIVE && code > 0 && code % 2 === 0;
  if (isValue && unfolder.sandbox.channels[lts.targetAt(before, at)]!.reportsUndelivered)
    throw new Unmodelled("a channel has onUndelivered, and a task is cancelled that has just received from it");
  return unfolder.successor(before, RETURN_AFTER - at, code);
}

/** Whether `cancel()` on a task, which is a plain call, cancels its caller. */
function cancelsItself(model: Model, task: number, target: number): boolean {
  return target === task && !isEndingTask(model, task);
}

/** Likewise `cancel()` on a scope. */
function cancelsOwnScope(model: Model, task: number, region: number): boolean {
  if (isEndingTask(model, task)) return false;
  return model.task(task).region === region && !isEnding(stateOf(model, region));
}

function isEndingTask(model: Model, task: number): boolean {
  const node = model.nodeOf(task);
  return model.lts.isCancelled(node) || model.lts.isStopping(node);
}

// Scopes.

const stateOf = (model: Model, region: number): RegionState => model.regionStates.at(model.regionState(region));

function setState(model: Model, region: number, state: RegionState): void {
  model.set(model.component(model.ofRegion, region), model.regionStates.idOf(state));
}

const undefinedId = (model: Model): number => model.unfolder.values.idOf(undefined);

/** A task in a scope has failed, or its deadline has passed. The first failure cancels the other tasks. */
function failScope(model: Model, region: number, error: number): void {
  const state = stateOf(model, region);
  setState(model, region, { ...state, failures: [...state.failures, error] });
  if (!isEnding(state)) cancelMembers(model, region, error, -1);
}

/** Cancels a scope. `by` is not cancelled with it. */
function cancelScope(model: Model, region: number, reason: number, by: number): void {
  const state = stateOf(model, region);
  if (model.scope(region).group !== null) assertCancellable(model, region);
  const isOver = isEnding(state) || (model.scope(region).group === null && isScopeOver(model, region));
  if (isOver) return;
  setState(model, region, { ...state, reason });
  cancelMembers(model, region, reason, by);
}

/** Whether all tasks in a scope are over. With pending resumptions, the last of them may not be over yet. */
function isScopeOver(model: Model, region: number): boolean {
  if (!model.allOver(region)) return false;
  const { members } = model.scope(region);
  const certain = members.find((task) => model.nodeOf(task) !== -1 && !model.task(task).isCancellable);
  if (certain !== undefined) throw new Refuted(refinementFor(model, certain));
  return true;
}

/** With pending resumptions, a task of a group that is over may not be over yet. */
function assertCancellable(model: Model, region: number): void {
  const certain = model
    .scope(region)
    .members.find((task) => model.nodeOf(task) !== -1 && !model.task(task).isCancellable);
  if (certain !== undefined) throw new Refuted(refinementFor(model, certain));
}

/** Whether the signal of a scope is aborted: it is ending, or it is over. */
function isAborted(model: Model, region: number): boolean {
  return isEnding(stateOf(model, region)) || (model.scope(region).group === null && model.allOver(region));
}

// Groups.

/** A task gets the failures of a group, which are handled with that. */
function tell(model: Model, region: number, task: number): void {
  const state = stateOf(model, region);
  if (state.failures.length === 0) return;
  const { owner, members } = model.scope(region);
  if (task !== owner || members.some((member) => model.task(member).starter !== owner))
    throw new Unmodelled("the failure of a group is used by several tasks");
  setState(model, region, { ...state, told: true });
  for (const member of members) if (model.nodeOf(member) !== -1) handleFailure(model, member);
}

/** What a task gets that starts another in a group that has ended. */
function refusalCode(model: Model, region: number): number {
  const { failures } = stateOf(model, region);
  return failures.length > 0 ? causeCode(failures[0]!) : cancelledGroupCode(model, region);
}

/** What the end of a group yields. */
function groupCode(model: Model, region: number): number {
  const { values, objects } = model.unfolder;
  const { failures, reason } = stateOf(model, region);
  if (failures.length > 0) return causeCode(objects.madeId(failureOfGroup(failures.map((error) => values.at(error)))));
  return reason === -1 ? valueCode(undefinedId(model)) : cancelledGroupCode(model, region);
}

function cancelledGroupCode(model: Model, region: number): number {
  const { values, objects } = model.unfolder;
  const cause = values.at(stateOf(model, region).reason);
  return causeCode(objects.madeId(new CancelledError("The group was cancelled", { cause })));
}

/** The caller may be in the scope itself: it stops where it parks next. */
function cancelMembers(model: Model, region: number, reason: number, by: number): void {
  for (const task of model.scope(region).members) if (task !== by) cancelTask(model, task, reason);
}

/** The tasks of the scopes that are performed at a node. */
function scopesAt({ lts }: Model, node: number): number[] {
  const scopes: number[] = [];
  const cases = lts.cases(node);
  for (let at = 0; at < cases.length; at += STRIDE) {
    if (KINDS[cases[at]!]!.performsScope) scopes.push(cases[at + 1]!);
  }
  return scopes;
}

/** A case has happened at a node that performs scopes besides: these have lost, and are cancelled. */
function cancelLostScopes(model: Model, node: number, at: number): void {
  for (const scope of scopesAt(model, node)) {
    if (model.lts.targetAt(node, at) !== scope) cancelTask(model, scope, undefinedId(model));
  }
}

/** What the end of a scope yields. */
function outcomeCode(model: Model, region: number, yields: number): number {
  const { values, objects } = model.unfolder;
  const { failures, reason } = stateOf(model, region);
  if (failures.length > 0) return causeCode(objects.madeId(failure(failures.map((error) => values.at(error)))));
  if (yields === FAILURE) return valueCode(undefinedId(model));
  const body = model.nodeOf(model.scope(region).members[0]!);
  if (model.lts.status(body) === DONE) return valueCode(model.lts.resultId(body));
  return causeCode(objects.madeId(cancelled(values.at(reason))));
}
