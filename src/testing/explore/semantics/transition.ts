// What events do to a state. Each changes the vector of the model in place; what tasks do next is asked of the learner.

import { CancelledError } from "../../../structures/errors.js";
import {
  ABORT_SCOPE,
  CANCEL_CHANNEL,
  CANCEL_SCOPE,
  CANCEL_TASK,
  FAIL_SCOPE,
  KINDS,
  READ_CELL,
  READ_CLOSED,
  READ_LENGTH,
  READ_TIMEOUT,
  RETURN,
  SCOPE_ENDED,
  STRIDE,
  Unmodelled,
  WRITE_CELL,
} from "../process/cases.js";
import { CANCELLED, causeCode, DONE, FAILED, PARKED, valueCode } from "../process/local-lts.js";
import {
  cancel,
  cancelRegion,
  cancelsItself,
  ended,
  failRegion,
  halt,
  leaveScopes,
  outcomeCode,
  turnAt,
} from "./cancellation.js";
import type { Model } from "./enabled.js";
import { CLOSE, DELAY, DEQUEUE, ENQUEUE, INTERNAL, RECEIVE_CLOSED, RENDEZVOUS, SEND_CLOSED } from "./events.js";

/** Comes to the state in which `main` has been started, and nothing has happened yet. */
export function begin(model: Model): void {
  model.state.fill(0);
  model.started.length = model.stopped.length = 0;
  model.forget();
  start(model, 0);
}

/** Lets the event at a place of `model.events` happen. */
export function happen(model: Model, events: Int32Array, place: number): void {
  if (model.started.length > 0) model.started.length = 0;
  if (model.stopped.length > 0) model.stopped.length = 0;
  const task = events[place + 1]!;
  const at = events[place + 2]!;
  const channel = events[place + 5]!;
  if (model.trie.defers[model.nodeOf(task)]) startAll(model, model.nodeOf(task));
  switch (events[place]) {
    case RENDEZVOUS: {
      const receiver = model.nodeOf(events[place + 3]!);
      if (model.trie.defers[receiver]) startAll(model, receiver);
      const value = model.trie.cases[model.nodeOf(task)]![at * STRIDE + 2]!;
      move(model, task, at, 1);
      move(model, events[place + 3]!, events[place + 4]!, valueCode(value));
      return;
    }
    case ENQUEUE:
      store(model, channel, model.trie.cases[model.nodeOf(task)]![at * STRIDE + 2]!);
      move(model, task, at, 1);
      return;
    case DEQUEUE: {
      const held = model.holds(channel);
      if (!keeps(model, channel)) hold(model, channel, model.contents.shift(held));
      move(model, task, at, valueCode(model.contents.first(held)));
      return;
    }
    case SEND_CLOSED:
      move(model, task, at, 0);
      return;
    case RECEIVE_CLOSED:
      move(model, task, at, endCode(model, channel));
      return;
    case INTERNAL: {
      const code = codeOf(model, task, at);
      touch(model, task, at, code);
      move(model, task, at, code);
      return;
    }
    case CLOSE:
      shut(model, task, at, channel, events[place + 4]!);
      return;
    case DELAY:
      pass(model, task);
  }
}

/** What a task yields when an event happens to it. */
export interface Gain {
  readonly task: number;
  readonly at: number;
  readonly code: number;
}

/** What the tasks of an event will yield, should it happen in the state that the model looks at. */
export function gains(model: Model, event: Int32Array): Gain[] {
  const kind = event[0]!;
  const task = event[1]!;
  const at = event[2]!;
  const channel = event[5]!;
  const gain = (code: number): Gain[] => [{ task, at, code }];
  if (kind === DELAY) return [];
  const operand = model.trie.cases[model.nodeOf(task)]![at * STRIDE + 2]!;
  if (kind === RENDEZVOUS) return [...gain(1), { task: event[3]!, at: event[4]!, code: valueCode(operand) }];
  if (kind === DEQUEUE) return gain(valueCode(model.contents.first(model.holds(channel))));
  if (kind === RECEIVE_CLOSED) return gain(endCode(model, channel));
  if (kind === CLOSE) return gain(model.contents.closed(model.holds(channel)) ? 0 : 1);
  if (kind === INTERNAL) return gain(codeOf(model, task, at));
  return gain(kind === ENQUEUE ? 1 : 0);
}

function endCode(model: Model, channel: number): number {
  const cause = model.contents.cause(model.holds(channel));
  return cause === -1 ? 0 : causeCode(cause);
}

function hold(model: Model, channel: number, held: number): void {
  model.set(model.component(model.ofChannel, channel), held);
}

/** Whether a channel gives what it holds to everybody. */
const keeps = (model: Model, channel: number): boolean => model.learner.stage.channels[channel]!.overflow === "keep";

function store(model: Model, channel: number, value: number): void {
  let held = model.holds(channel);
  if (model.contents.length(held) >= model.capacity(channel)) {
    const { overflow } = model.learner.stage.channels[channel]!;
    if (overflow === "drop" || overflow === "keep") return;
    held = model.contents.shift(held);
  }
  hold(model, channel, model.contents.push(held, value));
}

/** Of those who offer to send a group has been parked by then; the others come too late. */
function shut(model: Model, task: number, at: number, channel: number, parked: number): void {
  const held = model.holds(channel);
  if (model.contents.closed(held)) {
    move(model, task, at, 0);
    return;
  }
  const operand = model.trie.cases[model.nodeOf(task)]![at * STRIDE + 2]!;
  const cause = model.learner.values.at(operand) === undefined ? -1 : operand;
  hold(model, channel, model.contents.close(held, cause));
  for (const sender of model.learner.groups[parked]!) {
    model.set(model.ofTask[sender]!, model.trie.lateTwin(model.nodeOf(sender), channel) + 1);
  }
  move(model, task, at, 1);
}

function eachParked(model: Model, visit: (task: number, node: number) => void): void {
  for (let task = 0; task < model.ofTask.length; task++) {
    const node = model.nodeOf(task);
    if (node !== -1 && model.trie.kind[node] === PARKED) visit(task, node);
  }
}

/** What a case yields that needs nobody else. */
function codeOf(model: Model, task: number, at: number): number {
  const cases = model.trie.cases[model.nodeOf(task)]!;
  const about = cases[at * STRIDE + 1]!;
  const kind = cases[at * STRIDE]!;
  if (KINDS[kind]!.joins) return joinCode(model, about);
  if (kind === SCOPE_ENDED) return outcomeCode(model, about, cases[at * STRIDE + 2]!);
  if (kind === CANCEL_TASK || kind === CANCEL_SCOPE) return cancelsItself(model, task, kind, about) ? 1 : 0;
  if (kind === READ_CELL) return model.inCell(about);
  if (kind === READ_LENGTH) return model.contents.length(model.holds(about));
  if (kind === READ_CLOSED) return model.contents.closed(model.holds(about)) ? 1 : 0;
  return kind === READ_TIMEOUT && model.timer(about) === 1 ? 1 : 0;
}

function joinCode(model: Model, task: number): number {
  const node = model.nodeOf(task);
  if (model.trie.kind[node] === CANCELLED) return cancelledCode(model, task);
  const result = model.learner.values.idOf(model.trie.result[node]);
  return model.trie.kind[node] === DONE ? valueCode(result) : causeCode(result);
}

function cancelledCode(model: Model, task: number): number {
  const { values, stage } = model.learner;
  const reason = model.reason(task);
  const cause = reason === -1 ? undefined : values.at(reason);
  // In reports what `main` makes needs no prefix.
  const name = `${stage.tasks[0]!.name}#0/${stage.tasks[task]!.name}`;
  return causeCode(values.idOf(new CancelledError(`Task ${name} was cancelled`, { cause })));
}

/** Whoever joins a task that failed has been told of it; whoever writes to a cell changes it; others are cancelled. */
function touch(model: Model, task: number, at: number, code: number): void {
  const cases = model.trie.cases[model.nodeOf(task)]!;
  const kind = cases[at * STRIDE]!;
  const about = cases[at * STRIDE + 1]!;
  const operand = cases[at * STRIDE + 2]!;
  if (kind === WRITE_CELL) model.set(model.ofCell[about]!, operand + 1);
  // One that may be cancelled before it goes on hears of it only then.
  else if (KINDS[kind]!.joins && !model.learner.stage.marked[task]) hear(model, about);
  else if (kind === CANCEL_CHANNEL) discard(model, about);
  else if (KINDS[kind]!.cancels) cancelBy(model, task, kind, about, operand, code === 1);
}

/** A channel is cancelled: what was parked when it closed is not delivered either. */
function discard(model: Model, channel: number): void {
  hold(model, channel, model.contents.discard(model.holds(channel)));
  eachParked(model, (task, node) => {
    if (model.trie.late[node]?.includes(channel)) model.set(model.ofTask[task]!, model.trie.onTime(node, channel) + 1);
  });
}

/** It may cancel itself with the others: then it stops where it waits next. */
function cancelBy(model: Model, task: number, kind: number, about: number, operand: number, itself: boolean): void {
  if (itself) model.set(model.component(model.ofReason, task), operand + 1);
  if (kind === FAIL_SCOPE) failRegion(model, about, operand);
  else if (kind !== CANCEL_TASK) cancelRegion(model, about, operand, kind === ABORT_SCOPE, task);
  else if (about !== task) cancel(model, about, operand);
}

function hear(model: Model, joined: number): void {
  const node = model.nodeOf(joined);
  if (model.trie.kind[node] === FAILED) model.set(model.ofTask[joined]!, model.trie.joinedTwin(node) + 1);
}

function pass(model: Model, ms: number): void {
  for (const component of model.ofTimer) {
    const left = component === -1 ? 0 : model.state[component]!;
    if (left > 1) model.set(component, Math.max(1, left - ms));
  }
  eachParked(model, (task, node) => {
    const longest = model.trie.sleep[node]!;
    if (longest < 0) return;
    const component = model.component(model.ofSleep, task);
    model.set(component, Math.min(longest, model.state[component]! + ms));
  });
}

function move(model: Model, task: number, at: number, code: number): void {
  const { trie, learner } = model;
  const node = model.nodeOf(task);
  if (trie.scoped[node]) leaveScopes(model, node, at);
  if (!learner.stage.marked[task]) enter(model, task, learner.child(node, at, code));
  else if (trie.turnTo[node] !== -1) haveTurn(model, task, trie.turnTo[node]!);
  // What comes after a plain call is of the same turn.
  else if (trie.call[node]) enter(model, task, learner.child(node, at, code));
  else awaitTurn(model, task, learner.child(node, at, code));
}

/** A turn that was coming has come. */
function haveTurn(model: Model, task: number, node: number): void {
  const { trie } = model;
  const { at } = trie.input[node] ?? { at: RETURN };
  if (at >= 0) {
    const cases = trie.cases[trie.parent[node]!]!;
    if (KINDS[cases[at * STRIDE]!]!.joins) hear(model, cases[at * STRIDE + 1]!);
  }
  if (trie.fold[node] !== null && trie.call[trie.fold[node]!.node])
    throw new Unmodelled("a task that may be cancelled begins a round with a plain call");
  enter(model, task, node);
}

/** A task is to go on in its turn, and may be cancelled until then. */
function awaitTurn(model: Model, task: number, node: number): void {
  model.stand(task, turnAt(model, node));
}

function start(model: Model, variant: number): void {
  const { learner } = model;
  const { task } = learner.variants[variant]!;
  const root = learner.root(variant);
  model.started.push(task);
  if (learner.stage.marked[task]) awaitTurn(model, task, root);
  else enter(model, task, root);
}

/** A task has come to a node: what it starts on the way begins. */
function enter(model: Model, task: number, node: number): void {
  const { trie } = model;
  const lands = trie.lands[node]!;
  if (lands === -1) arrive(model, task, node);
  else model.stand(task, lands);
  if (trie.kind[node]! > PARKED) ended(model, task);
  else if (trie.stopping[node] && !trie.call[node]) halt(model, task, node);
}

function arrive(model: Model, task: number, node: number): void {
  const { trie } = model;
  const fold = trie.fold[node]!;
  model.stand(task, fold === null ? node : fold.node);
  affect(model, node, 0);
  make(model, node);
  if (fold !== null) affect(model, fold.node, fold.timers);
  else if (!trie.defers[node]) startAll(model, node);
}

function startAll(model: Model, node: number): void {
  for (const variant of model.trie.effects[node]?.starts ?? []) start(model, variant);
}

function make(model: Model, node: number): void {
  for (const [cell, value] of model.trie.effects[node]?.cells ?? []) {
    model.set(model.component(model.ofCell, cell), value + 1);
  }
}

/** Timeouts begin, from the so-manieth on. */
function affect(model: Model, node: number, from: number): void {
  const timers = model.trie.effects[node]?.timers;
  for (let at = from; timers !== undefined && at < timers.length; at++) {
    model.set(model.component(model.ofTimer, timers[at]![0]), timers[at]![1] + 1);
  }
}
