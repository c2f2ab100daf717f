// All rooms. What guests say is mixed into one flow, and everybody who is in a room hears what belongs there. Nobody in it
// can hold up the others: a line for somebody who is too slow is missed, or he is disconnected, as he chose.

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
import type { Line } from "./line.ts";

/** How many lines may be waiting for one guest. */
const PATIENCE = 16;

/** A guest who is in. Disposing of it is leaving. */
export interface Presence extends Disposable {
  readonly name: string;
  readonly lines: Subscription<Line>;
  /** Completes when he has to leave, because he chose that rather than to miss anything. */
  readonly tooSlow: Operation<void>;
}

export class Hall {
  private readonly _lines: Mix<Line>;
  private readonly _rooms: Publisher<Line, string>;
  private readonly _notices: Channel<Line>;
  private readonly _people: Map<string, Set<string>>;

  constructor() {
    this._lines = mix();
    this._rooms = publish(this._lines.out, ({ room }) => room);
    // The hall's own voice; as it never ends, the rooms stay open when the last guest has gone.
    this._notices = channel(unbounded());
    this._lines.add(this._notices);
    this._people = new Map();
  }

  /** Lets a guest in, who says `said` and hears the lines of his room, beginning with his own name among those who are there. */
  enter({ name: wanted, room, policy }: Guest, said: ReceiveChannel<string>): Presence {
    const name = this._nameFor(wanted, room);
    const tooSlow = new Latch();
    const lines = this._rooms.subscribe(room, {
      policy,
      capacity: PATIENCE,
      // Who is disconnected misses a line; he need not receive to be told of it.
      onMissed: () => void (policy === "disconnect" && tooSlow.countDown()),
    });
    // However much comes at once: before the next line all who listen have a turn, to take this one.
    const spoken = pipeline(1, said, function* (text): Routine<Line> {
      yield* pause();
      return { kind: "said", room, name, text };
    });
    this._lines.add(spoken);
    this._announce("joined", room, name);
    return {
      name,
      lines,
      tooSlow: tooSlow.wait(),
      [Symbol.dispose]: () => {
        this._lines.remove(spoken);
        spoken.cancel();
        lines.cancel();
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

  /** The name, or one like it that nobody in the room has. */
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
