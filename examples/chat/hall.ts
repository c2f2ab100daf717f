// All rooms of the chat. The messages of all guests are mixed into one channel, and published by room. A slow guest does not
// delay the other guests of a room: by its policy it misses messages, or is disconnected.

import {
  type Channel,
  channel,
  Latch,
  type Mix,
  mix,
  type Operation,
  type Publisher,
  pause,
  pipeline,
  publish,
  type ReceiveChannel,
  type Routine,
  type Subscription,
  unbounded,
} from "millrace";
import type { Guest } from "./guest.ts";
import type { Message } from "./message.ts";

/** How many messages are buffered for one guest before the policy applies. */
const CAPACITY = 16;

/** The presence of a guest in a room. To dispose of it is to leave the room. */
export interface Presence extends Disposable {
  readonly name: string;
  readonly messages: Subscription<Message>;
  /** Completes when the guest is too slow and its policy is to be disconnected. */
  readonly tooSlow: Operation<void>;
}

export class Hall {
  private readonly _all: Mix<Message>;
  private readonly _rooms: Publisher<Message, string>;
  private readonly _notices: Channel<Message>;
  private readonly _people: Map<string, Set<string>>;

  constructor() {
    this._all = mix();
    this._rooms = publish(this._all.out, ({ room }) => room);
    // This input of the mix never ends, so the rooms stay open after the last guest has left.
    this._notices = channel(unbounded());
    this._all.add(this._notices);
    this._people = new Map();
  }

  /**
   * Lets a guest in. Its texts come from `said`. Its messages are those of the room; the first one announces the guest
   * itself, with the names of all people in the room.
   */
  enter({ name: wanted, room, policy }: Guest, said: ReceiveChannel<string>): Presence {
    const name = this._nameFor(wanted, room);
    const tooSlow = new Latch();
    const messages = this._rooms.subscribe(room, {
      policy,
      capacity: CAPACITY,
      // This is called when the guest misses a message, even if its task is not receiving at that time.
      onMissed: () => void (policy === "disconnect" && tooSlow.countDown()),
    });
    // When many texts arrive at once, the tasks of all guests get a turn between two of them, and can take the first.
    const spoken = pipeline(said, 1, function* (text): Routine<Message> {
      yield* pause();
      return { kind: "said", room, name, text };
    });
    this._all.add(spoken);
    this._announce("joined", room, name);
    return {
      name,
      messages,
      tooSlow: tooSlow.wait(),
      [Symbol.dispose]: () => {
        this._all.remove(spoken);
        spoken.cancel();
        messages.cancel();
        this._inRoom(room).delete(name);
        this._announce("left", room, name);
      },
    };
  }

  private _announce(kind: "joined" | "left", room: string, name: string): void {
    const people = this._inRoom(room);
    if (people.size === 0) this._people.delete(room);
    this._notices.trySend({ kind, room, name, people: [...people] });
  }

  /** The name; with a number behind it, if it is taken in this room. */
  private _nameFor(wanted: string, room: string): string {
    const people = this._inRoom(room);
    let name = wanted;
    for (let n = 2; people.has(name); n++) name = `${wanted} ${n}`;
    people.add(name);
    return name;
  }

  private _inRoom(room: string): Set<string> {
    let people = this._people.get(room);
    if (people === undefined) this._people.set(room, (people = new Set()));
    return people;
  }
}
