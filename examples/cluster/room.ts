// A room: its log is in a register, and an actor, which lives on one node at a time, appends to it.

import type { Routine } from "millrace";
import type { Bus, HostLease, Register } from "millrace/nats";
import { type Actor, actor, type Reply } from "millrace/supervise";

export interface Line {
  /** Chosen by the client, so that a message that is sent again is there once. */
  readonly id: string;
  readonly from: string;
  readonly text: string;
  /** The host that appended it, and its token. */
  readonly host: string;
  readonly token: number;
}

export interface Log {
  /** The greatest token of a host that has appended. */
  readonly token: number;
  readonly lines: readonly Line[];
}

export interface Say {
  readonly id: string;
  readonly from: string;
  readonly text: string;
  readonly reply: Reply<number>;
}

/** Thrown to a host that is none any more. */
export class FencedError extends Error {
  override name = "FencedError";
}

export const EMPTY: Log = { token: 0, lines: [] };

/** The log with a line more; the same log if the line is there already. A host with a smaller token than that of the log is refused. */
export function appended(log: Log, line: Line): Log {
  if (line.token < log.token)
    throw new FencedError(`Cannot append: the host ${line.host} has token ${line.token}, another one has ${log.token}`);
  if (log.lines.some(({ id }) => id === line.id)) return log;
  return { token: line.token, lines: [...log.lines, line] };
}

/** The register that holds the log of a room. */
export function logOf(bus: Bus, room: string): Register<Log> {
  return bus.register<Log>(`room-${room}`);
}

/** The actor of a room. It answers when the register has acknowledged, and ends if it is fenced off. */
export function roomActor(log: Register<Log>, host: string, { token }: HostLease): Actor<Say> {
  return actor<Say>(function* room(mailbox): Routine<void> {
    for (;;) {
      const message = yield* mailbox.receive();
      if (typeof message === "symbol") return;
      const { id, from, text, reply } = message;
      const { lines } = yield* log.update((now = EMPTY) => appended(now, { id, from, text, host, token }));
      reply(lines.findIndex((line) => line.id === id));
    }
  });
}
