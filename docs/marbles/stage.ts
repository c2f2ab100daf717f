// Runs a scene in virtual time and records what happens on each line, and when.
//
// Inputs are written as marbles: each character is one frame of time. `-` means that nothing happens, `|` is the end, and `#`
// is a failure. Spaces are ignored. Any other character is a value. An input is a producer: it offers each value at its written
// time, or when the previous value has been taken, whichever is later. So a picture shows how long values really waited.

import {
  CLOSED,
  type Closed,
  go,
  type Operation,
  produce,
  type ReceiveChannel,
  type Routine,
  type SendChannel,
  sleep,
  type Task,
} from "millrace";
import { type VirtualTime, virtualTime } from "../../test/support/virtual.ts";

/** Milliseconds that one character of a line of marbles stands for. */
export const FRAME = 10;

/** A value. It is offered at `since` and taken at `at`, which is infinite if no receiver took it. */
export interface Value {
  at: number;
  readonly kind: "value";
  readonly value: unknown;
  readonly since: number;
}

/** The end of a line. */
export interface End {
  readonly at: number;
  readonly kind: "closed" | "failed" | "cancelled";
  readonly text: string;
}

/** Something that takes time. */
export interface Span {
  readonly at: number;
  readonly kind: "waits" | "has";
  until: number;
  readonly text: string;
}

/** Something that is drawn on a line. */
export type Mark = Value | End | Span;

/** One line of a picture. */
export interface Line {
  readonly name: string;
  readonly side: "input" | "output";
  readonly marks: Mark[];
}

/** How an output is read. */
export interface Reading {
  /** When the reader starts; at once by default. */
  readonly from?: number;
  /** How long the reader works on each value; no time by default. */
  readonly busy?: number;
  /** When the reader cancels the channel. */
  readonly leaves?: number;
  /** After how many values the reader cancels the channel. */
  readonly takes?: number;
}

/** Writes on a line. */
export interface Pen {
  /** Performs an operation. While the task is parked, the line shows that it waits. */
  wait<T>(operation: Operation<T>): Routine<T>;
  /** Holds something, or works, for `ms` milliseconds. */
  has(ms: number, text?: string): Routine<void>;
  /** Writes a value at the current time. */
  value(value: unknown): void;
  /** Writes the end of the line. */
  end(kind?: "closed" | "cancelled" | "failed", text?: string): void;
}

type Values = Readonly<Record<string, unknown>>;

/** The lines of a scene, and the tasks that write on them. */
export class Stage {
  readonly lines: Line[];
  private readonly _time: VirtualTime;
  private readonly _tasks: Task<unknown>[];

  constructor(time: VirtualTime) {
    this.lines = [];
    this._time = time;
    this._tasks = [];
  }

  /** A channel that offers the values of its marbles. */
  input<T>(name: string, marbles: string, values: Values = {}): ReceiveChannel<T> {
    return produce<T>(this.producer(name, marbles, values));
  }

  /** A producer that sends the values of its marbles. */
  producer<T>(name: string, marbles: string, values: Values = {}): (out: SendChannel<T>) => Routine<void> {
    const line = this._line(name, "input");
    const { _time: time } = this;
    const pen = this._penOf(line);
    return function* (out) {
      let left = true;
      try {
        for (const [frame, character] of [...marbles.replaceAll(" ", "")].entries()) {
          if (character === "-") continue;
          if (frame * FRAME > time.now()) yield* sleep(frame * FRAME - time.now());
          if (character === "#" || character === "|") {
            left = false;
            pen.end(character === "|" ? "closed" : "failed");
            if (character === "|") return;
            throw new Error("failed");
          }
          const value = character in values ? values[character] : plain(character);
          const mark: Value = { at: Number.POSITIVE_INFINITY, kind: "value", value, since: time.now() };
          line.marks.push(mark);
          yield* out.send(value as T);
          mark.at = time.now();
        }
        yield* sleep(1e9);
      } finally {
        if (left) pen.end("cancelled");
      }
    };
  }

  /** An iterable. Its line shows when it is asked for each value. */
  *iterable<T>(name: string, values: Iterable<T>): Generator<T> {
    const pen = this.pen(name, "input");
    let left = true;
    try {
      for (const value of values) {
        pen.value(value);
        yield value;
      }
      left = false;
      pen.end("closed");
    } finally {
      if (left) pen.end("cancelled");
    }
  }

  /** Adds a line that shows which values are received from a channel, and when. */
  output(name: string, channel: ReceiveChannel<unknown>, reading: Reading = {}): void {
    const pen = this.pen(name);
    const { from = 0, busy = 0, leaves, takes = Number.POSITIVE_INFINITY } = reading;
    const leave = (): void => {
      pen.end("cancelled");
      channel.cancel();
    };
    const reader = this.go(function* reader() {
      yield* sleep(from);
      try {
        let left = takes;
        for (let value: unknown | Closed; left > 0 && (value = yield* channel.receive()) !== CLOSED; left--) {
          pen.value(value);
          if (busy > 0) yield* sleep(busy);
        }
        if (left === 0) leave();
        else pen.end("closed");
      } catch (error) {
        pen.end("failed", reasonOf(error));
      }
    });
    if (leaves === undefined) return;
    this.at(leaves, () => {
      reader.cancel();
      leave();
    });
  }

  /** Adds a line for a task, and starts the task at time `from`. */
  task(name: string, from: number, body: (pen: Pen) => Routine<void>): Task<void> {
    const pen = this.pen(name);
    return this.go(function* actor() {
      yield* sleep(from);
      try {
        yield* body(pen);
      } catch (error) {
        pen.end("failed", reasonOf(error));
      }
    });
  }

  /** A job that returns each value after the time `ms` gives for it. Each of `n` lines shows one job at a time. */
  job<T>(name: string, n: number, ms: Readonly<Record<string, number>>): (value: T) => Routine<T> {
    const free = Array.from({ length: n }, (_, lane) => this.pen(n === 1 ? name : `${name} ${lane + 1}`));
    return function* job(value) {
      const pen = free.shift()!;
      try {
        yield* pen.has(ms[String(value)] ?? 30, String(value));
        return value;
      } finally {
        free.unshift(pen);
      }
    };
  }

  /** Adds a line and returns its pen. */
  pen(name: string, side: Line["side"] = "output"): Pen {
    return this._penOf(this._line(name, side));
  }

  /** Calls `act` at a time. */
  at(ms: number, act: () => void): void {
    this.go(function* () {
      yield* sleep(ms);
      act();
    });
  }

  /** Starts a task that is cancelled at the end of the scene. */
  go<T>(body: () => Routine<T>): Task<T> {
    const task = go(body);
    this._tasks.push(task);
    return task;
  }

  end(): void {
    for (const task of this._tasks) task.cancel();
  }

  private _penOf({ marks }: Line): Pen {
    const { _time: time } = this;
    const open = (kind: "waits" | "has", text: string): Span => {
      const span: Span = { at: time.now(), kind, until: Number.POSITIVE_INFINITY, text };
      marks.push(span);
      return span;
    };
    return {
      *wait<T>(operation: Operation<T>): Routine<T> {
        const span = open("waits", "");
        try {
          return yield* operation;
        } finally {
          span.until = time.now();
        }
      },
      *has(ms, text = "") {
        const span = open("has", text);
        try {
          yield* sleep(ms);
        } finally {
          span.until = time.now();
        }
      },
      value: (value) => void marks.push({ at: time.now(), kind: "value", value, since: time.now() }),
      end: (kind = "closed", text = kind) => void marks.push({ at: time.now(), kind, text }),
    };
  }

  private _line(name: string, side: Line["side"]): Line {
    const line: Line = { name, side, marks: [] };
    this.lines.push(line);
    return line;
  }
}

/** The part of an error message before its first colon, which is short enough for the picture. */
function reasonOf(error: unknown): string {
  return (error as Error).message.split(":")[0]!;
}

function plain(character: string): string | number {
  return /\d/.test(character) ? Number(character) : character;
}

/** Runs a scene for `length` milliseconds and returns what was recorded. */
export async function play(scene: (stage: Stage) => void, length: number): Promise<Line[]> {
  using time = virtualTime(7);
  const stage = new Stage(time);
  scene(stage);
  await time.advance(length);
  // What happens when the scene ends is not part of the picture.
  const lines = stage.lines.map(({ name, side, marks }) => ({ name, side, marks: marks.map((mark) => ({ ...mark })) }));
  stage.end();
  await time.advance(1000);
  return lines;
}
