// What a channel that stores values needs of the place where they are stored.

import type { Operation } from "../operation/operation.js";
import type { ChannelStats } from "./types.js";

/** The lease of a message, which is that of all its values. */
export class Hold {
  until: number;
  /** Whether the message may have more than one value. */
  readonly shared: boolean;
  /** Whether a task has received one of its values. */
  begun: boolean;

  constructor(shared: boolean) {
    this.until = 0;
    this.shared = shared;
    this.begun = false;
  }
}

/** A value that was fetched from its store. */
export interface Message {
  readonly hold: Hold;
  readonly text: string;
  readonly id: string | undefined;
  /** What tells it from every other value of its channel. */
  readonly key: string;
  /** 1 for the first delivery. */
  readonly count: number;
  ack(): void;
  nak(ms: number): void;
  extend(): void;
  /** Never to be delivered again. */
  term(): void;
}

/** What became of a value that was to be stored. */
export type Put = "stored" | "full" | "closed" | Error;

export interface Store {
  /** The name and the place of the channel, for reports. */
  readonly place: string;
  /** Whether a value may come without that a task of this process sends one. */
  readonly external: boolean;
  /** The values that are stored in this process. */
  readonly length: number;
  /** Stores a value if that is known at once; null if `put` has to be called. */
  putNow(text: string, id: string | undefined): Put | null;
  /** Stores a value. `done` is called once, later. */
  put(text: string, id: string | undefined, done: (outcome: Put) => void): void;
  /** Finds out whether there is room for one value. `done` is called once, later. */
  askRoom(done: (room: boolean) => void): void;
  takeNow(): Message | null;
  /** How many values are wanted here. They arrive as `arrive` of the sink. */
  want(count: number): void;
  /** Gives a message to the channel of dead letters. `done` is called once: whether it is there. */
  bury(text: string, key: string, done: (buried: boolean) => void): void;
  stats(): Operation<ChannelStats>;
  close(cause: unknown): void;
  /** Closes it, and discards what is stored. */
  cancel(reason: unknown): void;
}

/** What a store calls. */
export interface Sink {
  /** A value that was wanted. */
  arrive(message: Message): void;
  /** There may be room again. */
  room(): void;
  /** The channel was closed, in any process. */
  shut(cause: unknown): void;
  /** It is closed, and no more value comes. */
  drained(): void;
  /** This process has nothing to do with the channel any more. With an error, as the medium is lost. */
  leave(error: Error | null): void;
}
