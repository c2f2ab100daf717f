// The queue of the operations that are parked at one end of a channel. It repeats list.ts, for speed: V8 keeps type feedback
// per function, not per call site. In a program that also waits for timers, tasks and selects the functions of list.ts get
// links of ten classes, and a hand-over took twice the time. The functions of this file get links of three classes.

import type { Link } from "./list.js";

/** A queue. It is itself a link: the one before the first entry and after the last. */
export class Queue implements Link {
  before: Link;
  after: Link;

  constructor() {
    this.before = this.after = this;
  }

  get empty(): boolean {
    return this.after === this;
  }
}

/** Adds a link at the end of a queue. */
export function enqueue(queue: Queue, link: Link): void {
  //  … last ⇄ queue      becomes      … last ⇄ link ⇄ queue
  const last = queue.before;
  link.before = last;
  link.after = queue;
  last.after = link;
  queue.before = link;
}

/** Removes the first link of a queue and returns it; `null` if the queue is empty. */
export function dequeue(queue: Queue): Link | null {
  const link = queue.after;
  if (link === queue) return null;
  const after = link.after!;
  //  queue ⇄ link ⇄ after      becomes      queue ⇄ after
  queue.after = after;
  after.before = queue;
  link.before = link.after = null;
  return link;
}

/** Removes a link from its queue; does nothing if the link is in no queue. */
export function leave(link: Link): void {
  const { before, after } = link;
  if (before === null) return;
  //  before ⇄ link ⇄ after      becomes      before ⇄ after
  before.after = after;
  after!.before = before;
  link.before = link.after = null;
}

/** Moves all links of a queue to a new queue, in constant time. */
export function takeAll(queue: Queue): Queue {
  const all = new Queue();
  if (queue.empty) return all;
  const { after: first, before: last } = queue;
  all.after = first;
  first.before = all;
  all.before = last;
  last.after = all;
  queue.before = queue.after = queue;
  return all;
}

/** Counts the links of a queue, up to a limit. */
export function count(queue: Queue, limit: number): number {
  let n = 0;
  for (let at = queue.after; at !== queue && n < limit; at = at.after!) n++;
  return n;
}

/** Completes all operations of a queue with a value, in the order of their arrival. */
export function release(queue: Queue, value: unknown): void {
  for (let at = dequeue(queue); at !== null; at = dequeue(queue)) (at as Link & Parked).complete(value);
}

interface Parked {
  complete(value: unknown): void;
}
