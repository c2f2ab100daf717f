// Cancelling. A task that may be cancelled has its turns as events of their own: what it was served with may still be taken
// back before it goes on. Who that is shows only when somebody is cancelled; then a search begins anew, knowing it.

import { cancelled, failure } from "../../../lifetime/scope.js";
import { AFTER, CANCEL, RETURN, SCOPED, STRIDE, Unmodelled } from "../process/cases.js";
import { CANCELLED, causeCode, DONE, FAILED, PARKED, valueCode } from "../process/local-lts.js";
import { FAILURE, isEnding, type RegionState } from "../process/model-scopes.js";
import { Anew, inside } from "../process/sandbox.js";
import type { Model } from "./enabled.js";

/** Cancels a task, for a reason as a value. */
export function cancel(model: Model, task: number, reason: number): void {
  const { learner, trie } = model;
  const node = model.nodeOf(task);
  if (node === -1 || trie.cancelled[node] || trie.stopping[node]) return;
  // One that seems to be over may not have begun.
  if (!learner.stage.marked[task]) throw new Anew(markOf(model, task));
  if (trie.kind[node] !== PARKED) return;
  if (learner.stage.tells) throw new Unmodelled("a channel has onUndelivered and tasks are cancelled");
  model.set(model.component(model.ofReason, task), reason + 1);
  stop(model, task);
}

/** A task that has cancelled itself waits: it stops there. */
export function halt(model: Model, task: number, node: number): void {
  if (model.mayComplete(task, node)) throw new Unmodelled("a task goes on after it has cancelled itself");
  stop(model, task);
}

function markOf({ learner: { stage } }: Model, task: number): string {
  const region = stage.regionOf[task]!;
  return region === -1 ? stage.tasks[task]!.name : inside(stage.tasks[stage.regions[region]!.owner]!.name);
}

/** A task that waits, or is to have a turn, is to return instead. */
function stop(model: Model, task: number): void {
  const { learner, trie } = model;
  const node = model.nodeOf(task);
  const coming = trie.turnTo[node] !== -1 ? trie.turnTo[node]! : trie.call[node] ? node : -1;
  const back = coming === -1 ? learner.child(node, RETURN, 0) : unserved(model, task, coming);
  const scopes = coming === -1 && trie.scoped[node] ? scopesAt(model, node) : [];
  // Who performs a scope goes on only when all in it are over; a choice lets go of its cases.
  const after = scopes.length > 0 && trie.cases[node]!.length === STRIDE ? scopes[0]! : -1;
  const next = after === -1 ? turnAt(model, back) : trie.turn(back, after);
  model.stand(task, next);
  if (trie.call[next]) model.stopped.push(task);
  for (const scope of scopes) cancel(model, scope, nothing(model));
}

/** What has been given to a task that has not gone on is given back. */
function unserved({ learner, trie }: Model, task: number, coming: number): number {
  const before = trie.parent[coming]!;
  if (before === -1) return learner.unbegun(task);
  const { at, code } = trie.input[coming]!;
  return learner.child(before, AFTER - at, code);
}

/** A plain call stands for its turn itself. */
export function turnAt({ trie }: Model, node: number): number {
  return trie.call[node] ? node : trie.turn(node, -1);
}

function scopesAt({ trie }: Model, node: number): number[] {
  const scopes: number[] = [];
  const cases = trie.cases[node]!;
  for (let at = 0; at < cases.length; at += STRIDE) if (cases[at] === SCOPED) scopes.push(cases[at + 1]!);
  return scopes;
}

/** A case has happened to a task that performs scopes besides: they are for nothing. */
export function leaveScopes(model: Model, node: number, at: number): void {
  for (const scope of scopesAt(model, node)) {
    if (model.trie.cases[node]![at * STRIDE + 1] !== scope) cancel(model, scope, nothing(model));
  }
}

const nothing = (model: Model): number => model.learner.values.idOf(undefined);

const stateOf = (model: Model, region: number): RegionState => model.regionStates.at(model.become(region));

function become(model: Model, region: number, state: RegionState): void {
  model.set(model.component(model.ofRegion, region), model.regionStates.idOf(state));
}

/** Something in a scope has failed: the first failure cancels the others. */
export function failRegion(model: Model, region: number, error: number): void {
  const state = stateOf(model, region);
  become(model, region, { ...state, failures: [...state.failures, error] });
  if (!isEnding(state)) cancelAll(model, region, error, -1);
}

/** A scope is cancelled; from outside, a body that is done does not have the last word. */
export function cancelRegion(model: Model, region: number, reason: number, aborted: boolean, by: number): void {
  const state = stateOf(model, region);
  const over = model.ended(region) || isEnding(state);
  if (aborted || !over)
    become(model, region, { ...state, aborted: aborted || state.aborted, ...(!over && { reason }) });
  if (!over) cancelAll(model, region, reason, by);
}

/** Whoever cancels it may be in it, and be told so: then it stops by itself. */
function cancelAll(model: Model, region: number, reason: number, by: number): void {
  for (const task of model.learner.stage.regions[region]!.members) if (task !== by) cancel(model, task, reason);
}

/** Whether a plain call that cancels a task, or a scope, would cancel the very task that makes it. */
export function cancelsItself(model: Model, task: number, kind: number, about: number): boolean {
  const node = model.nodeOf(task);
  if (model.trie.cancelled[node] || model.trie.stopping[node]) return false;
  if (kind === CANCEL) return about === task;
  return model.learner.stage.regionOf[task] === about && !isEnding(stateOf(model, about));
}

/** A task in a scope is over. */
export function ended(model: Model, task: number): void {
  const { trie, learner } = model;
  const region = learner.stage.regionOf[task]!;
  const node = model.nodeOf(task);
  if (region === -1 || trie.kind[node] === PARKED) return;
  if (trie.kind[node] === FAILED) {
    const error = learner.values.idOf(trie.result[node]);
    model.set(model.ofTask[task]!, trie.joinedTwin(node) + 1);
    failRegion(model, region, error);
  } else if (trie.kind[node] === CANCELLED && learner.stage.regions[region]!.members[0] === task) {
    cancelRegion(model, region, nothing(model), false, -1);
  }
}

/** What a scope yields that is over. */
export function outcomeCode(model: Model, region: number, yields: number): number {
  const { values, stage } = model.learner;
  const { failures, reason, aborted } = stateOf(model, region);
  if (failures.length > 0) return causeCode(values.idOf(failure(failures.map((error) => values.at(error)))));
  if (yields === FAILURE) return valueCode(nothing(model));
  const body = model.nodeOf(stage.regions[region]!.members[0]!);
  const done = model.trie.kind[body] === DONE;
  if (done && (reason === -1 || !aborted)) return valueCode(values.idOf(model.trie.result[body]));
  return causeCode(values.idOf(cancelled(values.at(reason))));
}
