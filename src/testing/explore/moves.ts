// What events do to a state. Each changes the vector of the model in place; what tasks do next is asked of the learner.

import { ALONE, END, MEET, PASS, REFUSE, SHUT, STORE, TAKE } from "./events.js";
import { JOIN, LOOK, READ, STRIDE, WRITE } from "./forms.js";
import type { Model } from "./model.js";
import { IS_CLOSED, LENGTH } from "./stand-ins.js";
import { causeCode, DONE, FAILED, PARKED, valueCode } from "./trie.js";

/** Comes to the state in which `main` has been started, and nothing has happened yet. */
export function begin(model: Model): void {
  model.state.fill(0);
  model.started.length = 0;
  model.forget();
  start(model, 0);
}

/** Lets the event at a place of `model.events` happen. */
export function happen(model: Model, events: Int32Array, place: number): void {
  if (model.started.length > 0) model.started.length = 0;
  const task = events[place + 1]!;
  const at = events[place + 2]!;
  const channel = events[place + 5]!;
  switch (events[place]) {
    case MEET: {
      const value = model.trie.cases[model.nodeOf(task)]![at * STRIDE + 2]!;
      move(model, task, at, 1);
      move(model, events[place + 3]!, events[place + 4]!, valueCode(value));
      return;
    }
    case STORE:
      store(model, channel, model.trie.cases[model.nodeOf(task)]![at * STRIDE + 2]!);
      move(model, task, at, 1);
      return;
    case TAKE: {
      const held = model.holds(channel);
      hold(model, channel, model.contents.shift(held));
      move(model, task, at, valueCode(model.contents.first(held)));
      return;
    }
    case REFUSE:
      move(model, task, at, 0);
      return;
    case END:
      move(model, task, at, endCode(model, channel));
      return;
    case ALONE: {
      const code = codeOf(model, task, at);
      touch(model, task, at);
      move(model, task, at, code);
      return;
    }
    case SHUT:
      shut(model, task, at, channel, events[place + 4]!);
      return;
    case PASS:
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
export function gains(model: Model, events: Int32Array, place: number): Gain[] {
  const [kind, task, at, other, otherAt, channel] = events.subarray(place) as unknown as [
    number,
    number,
    number,
    ...number[],
  ];
  const gain = (code: number): Gain[] => [{ task, at, code }];
  if (kind === PASS) return [];
  const operand = model.trie.cases[model.nodeOf(task)]![at * STRIDE + 2]!;
  const held = model.holds(channel!);
  if (kind === MEET) return [...gain(1), { task: other!, at: otherAt!, code: valueCode(operand) }];
  if (kind === TAKE) return gain(valueCode(model.contents.first(held)));
  if (kind === END) return gain(endCode(model, channel!));
  if (kind === SHUT) return gain(model.contents.closed(held) ? 0 : 1);
  if (kind === ALONE) return gain(codeOf(model, task, at));
  return gain(kind === STORE ? 1 : 0);
}

function endCode(model: Model, channel: number): number {
  const cause = model.contents.cause(model.holds(channel));
  return cause === -1 ? 0 : causeCode(cause);
}

function hold(model: Model, channel: number, held: number): void {
  model.set(model.component(model.ofChannel, channel), held);
}

function store(model: Model, channel: number, value: number): void {
  let held = model.holds(channel);
  if (model.contents.length(held) >= model.capacity(channel)) {
    if (model.learner.stage.channels[channel]!.overflow === "drop") return;
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
  if (cases[at * STRIDE] === JOIN) return joinCode(model, about);
  if (cases[at * STRIDE] === LOOK) return model.inCell(about);
  if (cases[at * STRIDE] !== READ) return 0;
  const what = cases[at * STRIDE + 2]!;
  if (what === LENGTH) return model.contents.length(model.holds(about));
  if (what === IS_CLOSED) return model.contents.closed(model.holds(about)) ? 1 : 0;
  return model.timer(about) === 1 ? 1 : 0;
}

function joinCode(model: Model, task: number): number {
  const node = model.nodeOf(task);
  const result = model.learner.values.idOf(model.trie.result[node]);
  return model.trie.kind[node] === DONE ? valueCode(result) : causeCode(result);
}

/** Whoever joins a task that failed has been told of it; whoever writes to a cell changes it. */
function touch(model: Model, task: number, at: number): void {
  const cases = model.trie.cases[model.nodeOf(task)]!;
  const about = cases[at * STRIDE + 1]!;
  if (cases[at * STRIDE] === WRITE) model.set(model.ofCell[about]!, cases[at * STRIDE + 2]! + 1);
  if (cases[at * STRIDE] === JOIN) hear(model, about);
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
  enter(model, task, model.learner.child(model.nodeOf(task), at, code));
}

function start(model: Model, variant: number): void {
  model.started.push(model.learner.variants[variant]!.task);
  enter(model, model.learner.variants[variant]!.task, model.learner.root(variant));
}

/** A task has come to a node: what it starts on the way begins. */
function enter(model: Model, task: number, node: number): void {
  const lands = model.trie.lands[node]!;
  if (lands === -1) arrive(model, task, node);
  else stand(model, task, lands);
}

function arrive(model: Model, task: number, node: number): void {
  const { trie } = model;
  const fold = trie.fold[node]!;
  stand(model, task, fold === null ? node : fold.node);
  affect(model, node, 0);
  make(model, node);
  if (fold !== null) affect(model, fold.node, fold.timers);
  else for (const variant of trie.effects[node]?.starts ?? []) start(model, variant);
}

function stand(model: Model, task: number, node: number): void {
  model.set(model.component(model.ofTask, task), node + 1);
  const sleep = model.ofSleep[task];
  if (sleep !== undefined && sleep !== -1) model.set(sleep, 0);
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
