// The queue of those parked at one end of a channel: a list as in list.ts, once more. V8 keeps what it has learned with the
// function, not with the caller; in a program that also waits for timers, tasks and selects the shared list sees links of
// ten classes, and a hand-over took twice the time. These functions see three.

import type { Link } from "./list.js";

/** The place before the first and after the last of those who wait. */
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

/** Puts one at the end. */
export function enqueue(queue: Queue, link: Link): void {
  //  … last ⇄ queue      becomes      … last ⇄ link ⇄ queue
  const last = queue.before;
  link.before = last;
  link.after = queue;
  last.after = link;
  queue.before = link;
}

/** Takes the first out; `null` when nobody waits. */
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

/** Takes one out of the middle; one that does not wait stays as it is. */
export function leave(link: Link): void {
  const { before, after } = link;
  if (before === null) return;
  //  before ⇄ link ⇄ after      becomes      before ⇄ after
  before.after = after;
  after!.before = before;
  link.before = link.after = null;
}

/** Completes all that wait, in the order of their arrival. */
export function release(queue: Queue, value: unknown): void {
  for (let at = dequeue(queue); at !== null; at = dequeue(queue)) (at as Link & Parked).complete(value);
}

interface Parked {
  complete(value: unknown): void;
}
