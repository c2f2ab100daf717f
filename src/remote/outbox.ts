// What this side sends. Frames are collected, and posted as one message when the code that runs now has given way: posting costs far
// more than a frame. Values of a channel that follow each other share a frame.
//
// Whether a value can cross is found out before it is accepted: a plain value can, and any other is posted alone and at once, so
// that its sender gets the exception of the medium. Over a port of text, a message is made into JSON as a whole, which takes a quarter
// of the time that its values would take one by one. Its length is estimated before, and a message that became too long is divided.

import { atNextTurn } from "../scheduler/turns.js";
import { DATA, type Frame, RICH } from "./frames.js";
import type { Limits } from "./limits.js";
import type { Port } from "./port/types.js";
import { holdsEnds, lift, type Mover } from "./refs.js";
import { isPlain, jsonOf, jsonSize } from "./values.js";

/** Where the values of one channel go. */
export interface Line {
  /** What the peer calls the channel. */
  peer: number;
  /** The frame of this message that takes more values; null if there is none. */
  batch: unknown[] | null;
  /** Called when a value that was accepted cannot cross after all, as it was changed meanwhile. */
  spoil(error: unknown): void;
}

const settled = /* @__PURE__ */ Promise.resolve();

/** A message is posted when nothing was added to it for so many microtasks: code that awaits goes on a few microtasks later. */
const QUIET = 3;
/** It is not kept back longer than this. */
const LONGEST = 64;

export class Outbox {
  /** What moves the channels that values hold. */
  mover: Mover | null;
  /** Whether a message is posted only when the host has had its turn: messages that have come may lead to further frames. */
  patient: boolean;
  private readonly _port: Port;
  private readonly _limits: Limits;
  private readonly _text: boolean;
  private readonly _json: boolean;
  private readonly _failed: (error: unknown) => void;
  private _frames: unknown[];
  /** The channels that have a frame in the message. */
  private _lines: Line[];
  /** The characters of the message so far, of a port of text. */
  private _size: number;
  private _waiting: boolean;
  /** How often something was added, and how often at the last change. */
  private _added: number;
  private _seen: number;
  /** The microtasks since then, and since the message was begun. */
  private _quiet: number;
  private _age: number;
  private readonly _hop: () => void;

  constructor(port: Port, limits: Limits, failed: (error: unknown) => void) {
    this.mover = null;
    this.patient = false;
    this._port = port;
    this._limits = limits;
    this._text = port.format === "text";
    this._json = port.format !== "clone";
    this._failed = failed;
    this._frames = [];
    this._lines = [];
    this._size = 0;
    this._waiting = false;
    this._added = this._seen = this._quiet = this._age = 0;
    this._hop = () => {
      if (this._seen !== this._added) this._quiet = 0;
      this._seen = this._added;
      if (++this._quiet <= QUIET && ++this._age < LONGEST) {
        settled.then(this._hop);
        return;
      }
      this._due();
    };
  }

  /** Whether a value can cross as a part of an error. */
  readonly crosses = (value: unknown): boolean => {
    if (!this._json) return isPlain(value);
    try {
      return value !== undefined && jsonOf("send error", value, 4096).length > 0;
    } catch {
      return false;
    }
  };

  /** Sends a frame that holds nothing of the user. */
  push(frame: Frame): void {
    this._added++;
    this._frames.push(frame);
    if (this._frames.length >= this._limits.items) this.flush();
    else if (!this._waiting) this._wait();
  }

  /**
   * Sends a value of a channel.
   *
   * @throws What the medium throws if the value cannot cross. Nothing is sent then.
   */
  value(line: Line, value: unknown, transfer: readonly Transferable[] | null, act: string): void {
    const plain = transfer === null && isPlain(value);
    if (!plain && holdsEnds(value)) {
      line.batch = null;
      this._withEnds([RICH, line.peer], value, transfer ?? [], act);
      return;
    }
    if (this._json) {
      if (value === undefined) {
        line.batch = null;
        this.push([RICH, line.peer]);
        return;
      }
      this._grow(this._sizeOf(value, act));
      this._add(line, value);
      return;
    }
    if (plain) {
      this._add(line, value);
      return;
    }
    this._alone([DATA, line.peer, [value]], transfer ?? undefined);
  }

  /** Sends a frame that ends with a value of the user; `undefined` is left out. Throws as `value` does. */
  frame(kind: number, head: Frame, value: unknown, act: string, transfer: readonly Transferable[] | null = null): void {
    const plain = transfer === null && isPlain(value);
    if (value === undefined) this.push([kind, ...head]);
    else if (!plain && holdsEnds(value)) this._withEnds([kind, ...head], value, transfer ?? [], act);
    else if (this._json) {
      this._grow(this._sizeOf(value, act));
      this.push([kind, ...head, value]);
    } else if (plain) this.push([kind, ...head, value]);
    else this._alone([kind, ...head, value], transfer ?? undefined);
  }

  /** Ends the frame of a channel: a frame of another kind follows, which must not overtake. */
  seal(line: Line): void {
    line.batch = null;
  }

  /** Posts what was collected. */
  flush(): void {
    const frames = this._frames;
    if (frames.length === 0) return;
    const lines = this._lines;
    for (const line of lines) line.batch = null;
    this._frames = [];
    this._lines = [];
    this._size = 0;
    try {
      if (!this._text) this._port.post(frames);
      else this._write(frames, lines);
    } catch (error) {
      if (frames.length === 1 && !isDivisible(frames[0] as Frame)) this._refused(frames[0] as Frame, lines, error);
      else this._divide(frames, lines);
    }
  }

  private _write(frames: readonly unknown[], lines: readonly Line[]): void {
    const text = JSON.stringify(frames);
    if (text.length > this._limits.message && (frames.length > 1 || isDivisible(frames[0] as Frame))) {
      this._divide(frames, lines);
    } else this._port.post(text);
  }

  /** Posts the frames, and the values in them, one by one. */
  private _divide(frames: readonly unknown[], lines: readonly Line[]): void {
    for (const frame of frames as Frame[]) {
      const parts = isDivisible(frame) ? (frame[2] as unknown[]).map((item) => [DATA, frame[1], [item]]) : [frame];
      for (const part of parts) {
        try {
          this._port.post(this._text ? JSON.stringify([part]) : [part]);
        } catch (error) {
          this._refused(part, lines, error);
        }
      }
    }
  }

  private _refused(frame: Frame, lines: readonly Line[], error: unknown): void {
    const line = frame[0] === DATA ? lines.find(({ peer }) => peer === frame[1]) : undefined;
    if (line === undefined) this._failed(error);
    else line.spoil(error);
  }

  private _wait(): void {
    this._waiting = true;
    this._quiet = this._age = 0;
    if (this.patient) atNextTurn(() => this._due());
    else settled.then(this._hop);
  }

  private _due(): void {
    this._waiting = false;
    this.flush();
  }

  private _add(line: Line, value: unknown): void {
    this._added++;
    const { batch } = line;
    if (batch !== null && batch.length < this._limits.items) {
      batch.push(value);
      return;
    }
    const items = [value];
    if (batch === null) this._lines.push(line);
    line.batch = items;
    this.push([DATA, line.peer, items]);
  }

  /** About how long a value is as JSON. Throws if it cannot be JSON, or is too long. */
  private _sizeOf(value: unknown, act: string): number {
    const most = this._limits.message >> 4;
    const size = jsonSize(value, most);
    return size >= 0 ? size : jsonOf(act, value, this._limits.message >> 1).length;
  }

  /** Counts the text of the message, which is posted before it gets too long. */
  private _grow(length: number): void {
    if (this._size > 0 && this._size + length > this._limits.message >> 2) this.flush();
    this._size += length;
  }

  /** Sends a frame that ends with a value whose channels cross beside it. */
  private _withEnds(head: Frame, value: unknown, transfer: readonly Transferable[], act: string): void {
    const lifted = lift(value, this.mover!);
    const refs = lifted.given.map(({ ref }) => ref);
    try {
      if (this._json) {
        this._grow(this._sizeOf(lifted.value, act));
        this.push([...head, lifted.value, refs]);
        return;
      }
      const ports = lifted.given.flatMap(({ transfer: port }) => port ?? []);
      this._alone([...head, lifted.value, refs], [...transfer, ...ports]);
    } catch (error) {
      for (const { undo } of lifted.given) undo();
      throw error;
    }
  }

  private _alone(frame: Frame, transfer: readonly Transferable[] | undefined): void {
    this.flush();
    this._port.post([frame], transfer);
  }
}

/** Whether a frame holds several values. */
function isDivisible(frame: Frame): boolean {
  return frame[0] === DATA && (frame[2] as unknown[]).length > 1;
}
