// A line: those who wait for one thing, in the order in which they came. Only the head is looked at, and it is granted as
// soon as what it asks for is there. So a large request is not starved by small ones behind it, and nobody goes past those
// who wait, even if what he asks for is there.
//
// Invariants. Between two steps the head of a line does not fit. Granting is one step: what is asked for is taken, the
// request leaves the line and completes. If its task ends before it goes on, the request gives back what it took (`discard`),
// so whatever was taken is either in somebody's hands or here.
//
// Granting one request lets a choice leave its other lines, whose heads may then fit, and so on. So the lines that are to be
// served stand in a list, and whoever serves first works it off: the stack does not grow.

import { Operation } from "../operation/operation.js";
import { append, type Link, List, shift, unlink } from "../structures/list.js";

/** What the things that are waited for can be told when they are created. */
export interface SyncOptions {
  /** Shown in reports, such as that of a deadlock. */
  readonly name?: string;
}

const due: List = /* @__PURE__ */ new List();
let serving = false;

/** Those who wait for one thing. */
export class Line implements Link {
  /** Its place among the lines that are to be served. */
  before: Link | null;
  after: Link | null;
  /** What is waited for, for reports. */
  readonly name: string;
  readonly waiting: List;
  length: number;
  /** Who has it, by what they have in hand: recorded only while a closed program runs, to find who waits for whom. */
  private _holders: Map<object, unknown> | null;

  constructor(kind: string, { name }: SyncOptions) {
    this.before = this.after = null;
    this.name = name === undefined ? kind : `${kind} ${name}`;
    this.waiting = new List();
    this.length = 0;
    this._holders = null;
  }

  /** Who waits longest; null when nobody waits. */
  get head(): Request<unknown, Line> | null {
    const { after } = this.waiting;
    return after === this.waiting ? null : (after as Request<unknown, Line>);
  }

  /** Called when somebody has joined, and when all that fits has been granted. */
  protected changed(): void {}

  join(request: Request<unknown, Line>): void {
    append(this.waiting, request);
    // What it asks for may have come back since it was looked for: by the other cases of its select as they queued up.
    if (++this.length === 1) this.serve();
    else this.changed();
  }

  /** One gives up; those behind it may fit. */
  leave(request: Request<unknown, Line>): void {
    if (request.before === null) return;
    this.remove(request);
    this.serve();
  }

  remove(request: Request<unknown, Line>): void {
    unlink(request);
    this.length--;
  }

  /** Grants from the head, while what is asked for is there. */
  serve(): void {
    if (this.before === null) append(due, this);
    if (serving) return;
    serving = true;
    try {
      for (let line = shift(due); line !== null; line = shift(due)) (line as Line)._grant();
    } finally {
      serving = false;
    }
  }

  private _grant(): void {
    for (let { head } = this; head?.take(); { head } = this) {
      this.remove(head);
      head.complete(head.value);
    }
    this.changed();
  }

  get holders(): readonly unknown[] {
    return this._holders === null ? [] : [...this._holders.values()];
  }

  /** Notes who has taken something; undefined if that is not known. */
  note(held: object, holder: unknown): void {
    if (holder !== undefined) (this._holders ??= new Map()).set(held, holder);
  }

  forget(held: object): void {
    this._holders?.delete(held);
  }
}

/** One who asks for something that there is a line for. */
export abstract class Request<T, L extends Line> extends Operation<T> {
  readonly line: L;
  private _asker: unknown;

  constructor(line: L) {
    super();
    this.line = line;
    this._asker = undefined;
  }

  /** Takes what is asked for, if it is there now; may set `value`. */
  abstract take(): boolean;

  poll(): boolean {
    return this.line.length === 0 && this.take();
  }

  block(): void {
    this._asker = this.performer;
    this.line.join(this);
  }

  override unblock(): void {
    this.line.leave(this);
  }

  override get external(): boolean {
    return false;
  }

  /** Those who have it, then the one ahead in the line. */
  override rivals(): readonly unknown[] {
    const { before, line } = this;
    return before instanceof Request ? [...line.holders, before._asker] : line.holders;
  }
}
