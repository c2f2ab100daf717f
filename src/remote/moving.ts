// Moving an end to the other side. Where message ports can be transferred, the end gets a port of its own, so that it can be passed
// on, and lives on when the side that passed it on has died. Elsewhere it is one more channel of the same connection.

import { channel } from "../channel/channel.js";
import { type Channel, CLOSED, type Closed, type Empty } from "../channel/ends.js";
import { iterate } from "../channel/iterate.js";
import type { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { readable } from "../structures/readable.js";
import { Mux } from "./connection.js";
import type { End } from "./end.js";
import { whole } from "./frames.js";
import { serveEnd } from "./home.js";
import type { Limits } from "./limits.js";
import { portOf } from "./port/port.js";
import { type Given, isReply, type Mover } from "./refs.js";
import { Violation } from "./violation.js";

/** The kinds of references: a port of its own, or a channel of the same connection. */
const PORT = 0;
const SUB = 1;
/** What is moved. */
const CHANNEL = 0;
const REPLY = 1;

/** How far a channel may be read ahead. */
const AHEAD = 128;

/** The end of a channel that has come from the other side. It begins when it is first used, so that it can be passed on before. */
class Moved<T> implements Channel<T> {
  readonly name: string;
  private _open: (() => End<T>) | null;
  private _end: End<T> | null;
  /** The port that it has not begun to use. */
  port: MessagePort | null;
  /** How far the channel may be read ahead. */
  readonly ahead: number;

  constructor(open: () => End<T>, port: MessagePort | null, ahead: number) {
    this.name = "a channel of the other side";
    this._open = open;
    this._end = null;
    this.port = port;
    this.ahead = ahead;
    readable(this, () => (this._end === null ? "Channel of the other side" : String(this._end)));
  }

  get end(): End<T> {
    if (this._end !== null) return this._end;
    if (this._open === null) throw new TypeError("Cannot use channel: its end was sent to another side");
    this.port = null;
    this._end = this._open();
    return this._end;
  }

  /** Gives the port away; this end cannot be used any more. */
  moveOn(): MessagePort | null {
    const { port } = this;
    if (port !== null) this._open = this.port = null;
    return port;
  }

  send(value: T): Operation<boolean> {
    return this.end.send(value);
  }

  receive(): Operation<T | Closed> {
    return this.end.receive();
  }

  trySend(value: T): boolean {
    return this.end.trySend(value);
  }

  tryReceive(): T | Closed | Empty {
    return this.end.tryReceive();
  }

  close(cause?: unknown): boolean {
    return this.end.close(cause);
  }

  cancel(reason?: unknown): void {
    this.end.cancel(reason);
  }

  whenClosed(): Operation<void> {
    return this.end.whenClosed();
  }

  get closed(): boolean {
    return this.end.closed;
  }

  get length(): number {
    return this.end.length;
  }

  get capacity(): number {
    return this.end.capacity;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }
}

/** The ends that one connection moves. */
export class Ends implements Mover {
  private readonly _mux: Mux;

  constructor(mux: Mux) {
    this._mux = mux;
  }

  give(thing: object): Given {
    if (isReply(thing)) {
      const answers = channel<unknown>(1, { external: true });
      upon(
        answers.receive(),
        (answer) => {
          if (answer === CLOSED) thing.fail(new Error("The other side has given up the question"));
          else if ((answer as [boolean])[0]) thing((answer as [boolean, unknown])[1]);
          else thing.fail((answer as [boolean, unknown])[1]);
        },
        (error) => thing.fail(error),
      );
      return this._give(answers, REPLY);
    }
    const moved = thing instanceof Moved && this._mux.transfers ? thing : null;
    const port = moved?.moveOn() ?? null;
    if (port === null) return this._give(thing as Channel<unknown>, CHANNEL);
    return { ref: [PORT, CHANNEL, port, moved!.ahead], transfer: port, undo: () => port.close() };
  }

  private _give(local: Channel<unknown>, what: number): Given {
    const ahead = aheadOf(local);
    const meets = local.capacity === 0;
    if (this._mux.transfers) {
      const { port1, port2 } = new globalThis.MessageChannel();
      const mux = inner(port1, this._mux.limits, this._mux.name, true);
      const end = mux.only<unknown>(AHEAD, meets);
      mux.hold();
      serveEnd(local, end);
      return { ref: [PORT, what, port2, ahead], transfer: port2, undo: () => mux.close() };
    }
    const end = this._mux.give<unknown>(AHEAD);
    serveEnd(local, end);
    return { ref: [SUB, what, end.id, ahead, AHEAD, meets ? 1 : 0], transfer: null, undo: () => end.cancel() };
  }

  take(ref: unknown): unknown {
    if (!Array.isArray(ref)) throw new Violation("a reference that is no list");
    const [kind, what, to, ahead] = ref as unknown[];
    const window = Math.min(AHEAD, whole(ahead, 0, "a window"));
    if (what !== CHANNEL && what !== REPLY) throw new Violation("a reference to an unknown thing");
    let moved: Channel<unknown>;
    if (kind === PORT) {
      if (!isPort(to)) throw new Violation("a reference to no port");
      moved = new Moved(() => inner(to, this._mux.limits, this._mux.name, false).only(window, false), to, window);
    } else if (kind === SUB) {
      const far = whole(to, 1, "a number");
      moved = this._mux.take(far, whole(ref[4], 1, "a window"), ref[5] === 1, window);
    } else throw new Violation("a reference of an unknown kind");
    return what === REPLY ? replyTo(moved) : moved;
  }
}

/**
 * How far a channel is read ahead: not at all, as others may read it, unless it has a single reader. What a buffer holds back or
 * drops is not undone by reading much ahead.
 */
function aheadOf({ owned, capacity }: Channel<unknown>): number {
  if (owned !== true) return 0;
  return capacity === 0 || capacity === undefined ? AHEAD : Math.min(AHEAD, capacity);
}

/** A reply whose asker is on the other side. */
function replyTo(answers: Channel<unknown>): { (value: unknown): void; fail(error: unknown): void } {
  const answer = (ok: boolean, value: unknown): void => {
    if (!ok) {
      answers.close(value);
      return;
    }
    upon(
      answers.send([true, value]),
      () => answers.close(),
      (error) => answers.close(error),
    );
  };
  const reply = (value: unknown): void => answer(true, value);
  reply.fail = (error: unknown): void => answer(false, error);
  return reply;
}

/** A connection for one channel, over a port of its own. */
function inner(port: MessagePort, limits: Limits, name: string, patient: boolean): Mux {
  const own = patient ? { ...limits, handshake: Number.POSITIVE_INFINITY } : limits;
  return opened(new Mux(portOf(port), own, name));
}

/** Begins a connection that moves ends. */
export function opened(mux: Mux): Mux {
  mux.mover = new Ends(mux);
  return mux.begin();
}

function isPort(value: unknown): value is MessagePort {
  const { postMessage, close } = Object(value) as Partial<MessagePort>;
  return typeof postMessage === "function" && typeof close === "function";
}
