// Of all states that differ only in which of several tasks that are alike stands where, the one in which they stand in order.

import { FIELDS, PASS, SHUT } from "./events.js";
import type { Model } from "./model.js";

/** Whose place each task takes, where tasks changed places. */
export type Places = Map<number, number>;

/** Lets tasks that are alike change places until they stand in order; `places`, if given, gets who took whose place. */
export function sortAlike(model: Model, places: Places | null): void {
  for (const tasks of model.learner.alike.groups) {
    // All are started in one go.
    if (model.nodeOf(tasks[0]!) !== -1) sort(model, tasks, places);
  }
}

function sort(model: Model, tasks: readonly number[], places: Places | null): void {
  for (let at = 1; at < tasks.length; at++) {
    for (let to = at; to > 0 && compare(model, tasks[to - 1]!, tasks[to]!) > 0; to--) {
      swap(model, tasks[to - 1]!, tasks[to]!, places);
    }
  }
}

function compare(model: Model, one: number, other: number): number {
  const nodes = model.nodeOf(one) - model.nodeOf(other);
  if (nodes !== 0) return nodes;
  const slept = model.slept(one) - model.slept(other);
  return slept !== 0 ? slept : model.reason(one) - model.reason(other);
}

function swap(model: Model, one: number, other: number, places: Places | null): void {
  for (const of of [model.ofTask, model.ofSleep, model.ofReason]) {
    if (!isThere(of, one) && !isThere(of, other)) continue;
    const [first, second] = [model.component(of, one), model.component(of, other)];
    const value = model.state[first]!;
    model.set(first, model.state[second]!);
    model.set(second, value);
  }
  if (places === null) return;
  const before = places.get(one) ?? one;
  places.set(one, places.get(other) ?? other);
  places.set(other, before);
}

const isThere = (of: readonly number[], task: number): boolean => of[task] !== undefined && of[task] !== -1;

/** An event of a state in which tasks took the places of others, as it is where they did not. */
export function inPlace({ learner }: Model, event: Int32Array, places: Places): Int32Array {
  const own = event.slice(0, FIELDS);
  if (own[0] === PASS) return own;
  const placed = (task: number): number => places.get(task) ?? task;
  own[1] = placed(own[1]!);
  if (own[3] !== -1) own[3] = placed(own[3]!);
  if (own[0] === SHUT) own[4] = learner.groupOf(learner.groups[own[4]!]!.map(placed).sort((a, b) => a - b));
  return own;
}
