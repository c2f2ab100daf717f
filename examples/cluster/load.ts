// Clients: each goes on at another node when its own is gone, and writes down when it asked what, and what the answer was.

import { type Routine, scope, sleep } from "millrace";
import { Client, type Connection } from "../client/client.ts";
import { connectTo } from "../client/tcp.ts";
import { seeded } from "../shared/seeded.ts";
import type { Operation } from "./history.ts";
import type { Answer, Request, Results } from "./protocol.ts";
import type { Line } from "./room.ts";

/** A node as clients see it. */
export interface Door {
  readonly port: number;
}

/** Milliseconds that a client waits for an answer, and without a sign of life before it asks for one. */
const TIMEOUT = 2_500;
const HEARTBEAT = 400;

/** What the clients have seen. */
export class Notes {
  /** The operations on each register. The value of a room is the id of its last line: each line is one write. */
  readonly histories: Map<string, Operation[]>;
  /** The lines that were acknowledged, by room. */
  readonly acknowledged: { readonly room: string; readonly id: string }[];
  readonly logs: { readonly room: string; readonly lines: readonly Line[] }[];
  operations: number;
  unknown: number;
  /** How often a client has connected. */
  connected: number;
  private _moment: number;

  constructor() {
    this.histories = new Map();
    this.acknowledged = [];
    this.logs = [];
    this.operations = 0;
    this.unknown = 0;
    this.connected = 0;
    this._moment = 0;
  }

  /** No two moments are the same: all clients are in one process. */
  moment(): number {
    return ++this._moment;
  }

  record(register: string, operation: Operation): void {
    const history = this.histories.get(register);
    if (history === undefined) this.histories.set(register, [operation]);
    else history.push(operation);
    this.operations++;
  }
}

/** A client of the cluster. */
export class Guest {
  readonly name: string;
  private readonly _client: Client;
  private readonly _notes: Notes;
  private _count: number;

  constructor(name: string, doors: readonly Door[], first: number, notes: Notes) {
    this.name = name;
    this._notes = notes;
    this._count = 0;
    let next = first;
    this._client = new Client({
      timeout: TIMEOUT,
      heartbeat: HEARTBEAT,
      *connect(): Routine<Connection> {
        const connection = yield* connectTo(doors[next++ % doors.length]!.port);
        notes.connected++;
        return connection;
      },
    });
  }

  run(): Routine<never> {
    return this._client.run();
  }

  /** Asks, and yields what was done; undefined if the outcome is unknown. */
  private *_ask<R extends Request>(request: R): Routine<{ readonly done: Results[R["do"]] } | undefined> {
    let answer: Answer;
    try {
      answer = JSON.parse(yield* this._client.ask(JSON.stringify(request))) as Answer;
    } catch (error) {
      answer = { unknown: String(error) };
    }
    if ("done" in answer) return answer as { done: Results[R["do"]] };
    this._notes.unknown++;
    return undefined;
  }

  private _nextId(): string {
    return `${this.name}-${++this._count}`;
  }

  /** A login whose outcome is unknown is not sent again: the next one has another session. */
  *login(user: string): Routine<void> {
    const [session, begin] = [this._nextId(), this._notes.moment()];
    const answer = yield* this._ask({ do: "login", user, session });
    const end = answer === undefined ? Infinity : this._notes.moment();
    this._notes.record(`session of ${user}`, { kind: "write", value: session, begin, end });
  }

  *whoami(user: string): Routine<void> {
    const begin = this._notes.moment();
    const answer = yield* this._ask({ do: "whoami", user });
    if (answer === undefined) return;
    const end = this._notes.moment();
    this._notes.record(`session of ${user}`, { kind: "read", value: answer.done, begin, end });
  }

  /** A line is sent until it is acknowledged, each time with the same id. */
  *say(room: string): Routine<void> {
    const [id, begin] = [this._nextId(), this._notes.moment()];
    let end = Infinity;
    try {
      while ((yield* this._ask({ do: "say", room, id, from: this.name, text: `I say ${id}` })) === undefined)
        yield* sleep(20);
      end = this._notes.moment();
      this._notes.acknowledged.push({ room, id });
    } finally {
      this._notes.record(`room ${room}`, { kind: "write", value: id, begin, end });
    }
  }

  *read(room: string): Routine<readonly Line[] | undefined> {
    const begin = this._notes.moment();
    const answer = yield* this._ask({ do: "read", room });
    if (answer === undefined) return undefined;
    const end = this._notes.moment();
    const lines = answer.done;
    this._notes.record(`room ${room}`, { kind: "read", value: lines.at(-1)?.id ?? null, begin, end });
    this._notes.logs.push({ room, lines });
    return lines;
  }
}

export interface LoadOptions {
  readonly clients: number;
  readonly users: readonly string[];
  readonly rooms: readonly string[];
  /** Milliseconds between two requests of a client, at most. */
  readonly pause: number;
  readonly seed: number;
  readonly doors: readonly Door[];
  readonly notes: Notes;
}

/** Runs the clients until `enough` says so, each to the end of what it does. */
export function* load(options: LoadOptions, enough: () => boolean): Routine<void> {
  const { users, rooms, doors, notes, pause } = options;
  const random = seeded(options.seed);
  const one = (of: readonly string[]): string => of[Math.floor(random() * of.length)]!;
  yield* scope(function* ({ go }) {
    for (let n = 0; n < options.clients; n++)
      go(function* client(): Routine<void> {
        const guest = new Guest(`guest${n}`, doors, n, notes);
        const running = go(() => guest.run());
        while (!enough()) {
          const kind = random();
          if (kind < 0.25) yield* guest.login(one(users));
          else if (kind < 0.6) yield* guest.whoami(one(users));
          else if (kind < 0.8) yield* guest.say(one(rooms));
          else yield* guest.read(one(rooms));
          yield* sleep(pause * random());
        }
        running.cancel("enough");
      });
  });
}
