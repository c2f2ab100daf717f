// The side that sockets come to. A socket either begins a session, goes on with one, or is a connection of its own.

import { upon } from "../operation/upon.js";
import { assertFunction, assertOptions } from "../structures/arguments.js";
import { sleep } from "../time/sleep.js";
import { type ConnectOptions, checkWithin } from "./connect.js";
import { type Connection, Mux, nonce } from "./connection.js";
import { limitsOf } from "./limits.js";
import { opened } from "./moving.js";
import { type PortLike, portOf } from "./port/port.js";
import type { Port, PortListener } from "./port/types.js";
import { Session } from "./session.js";

/** Options of {@link acceptor}. */
export interface AcceptOptions extends Pick<ConnectOptions, "limits" | "within"> {
  /** How many sessions there may be at the same time; 10 000 by default. One more is refused. */
  readonly sessions?: number;
}

/** Takes the sockets of a server. */
export interface Acceptor {
  /** Takes a new socket. */
  accept(port: PortLike): void;
}

/**
 * Makes connections of the sockets that come to a server. A client that has connected with a function, which opens a new socket when
 * one breaks, goes on with its connection: within `within` milliseconds, nothing is lost and nothing comes twice.
 *
 * @param handle - Called with each new connection, in the step in which it begins. Serve names and open channels there.
 * @example
 * ```ts
 * import { acceptor } from "millrace/remote";
 *
 * const { accept } = acceptor((connection) => {
 *   connection.serve("double", (n: number) => n * 2);
 * });
 * // With the package ws: new WebSocketServer({ port: 8080 }).on("connection", accept);
 * console.log(typeof accept); // function
 * ```
 */
export function acceptor(handle: (connection: Connection) => void, options: AcceptOptions = {}): Acceptor {
  assertFunction("accept connections", "handle", handle);
  assertOptions("accept connections", options);
  const limits = limitsOf(options.limits);
  const { sessions: most = 10_000 } = options;
  const within = checkWithin(options.within);
  const sessions = new Map<string, Session>();

  function begin(port: Port, first: string): PortListener | null {
    const [kind, token, received] = first.split(" ");
    if (kind !== "S" || token === undefined) {
      const early = new EarlyPort(port, first);
      handle(opened(new Mux(early, limits)));
      return early.listener;
    }
    const known = sessions.get(token);
    const theirs = Number(received);
    if (known === undefined ? token !== "" || sessions.size >= most : !Number.isSafeInteger(theirs)) {
      port.post("N");
      port.close();
      return null;
    }
    if (known !== undefined) {
      known.resume(port, theirs);
      return known.listenerOf(port);
    }
    const session = new Session(
      nonce(),
      { limits, within },
      () => {},
      () => sessions.delete(session.token),
    );
    sessions.set(session.token, session);
    session.resume(port, 0);
    handle(opened(new Mux(session, limits)));
    return session.listenerOf(port);
  }

  return {
    accept(like: PortLike): void {
      const port = portOf(like);
      let listener: PortListener | null = null;
      const late = upon(sleep(limits.handshake, { unref: true }), () => port.close());
      port.start({
        message(data): void {
          if (listener !== null) listener.message(data);
          else {
            late[Symbol.dispose]();
            listener = begin(port, String(data));
          }
        },
        ended(cause): void {
          late[Symbol.dispose]();
          listener?.ended(cause);
        },
      });
    },
  };
}

/** A port that has received its first message already. */
class EarlyPort implements Port {
  readonly name: string;
  readonly format: Port["format"];
  readonly trusted: boolean;
  readonly tellsEnd: boolean;
  listener: PortListener | null;
  private readonly _port: Port;
  private readonly _first: string;

  constructor(port: Port, first: string) {
    this.name = port.name;
    this.format = port.format;
    this.trusted = port.trusted;
    this.tellsEnd = port.tellsEnd;
    this.listener = null;
    this._port = port;
    this._first = first;
  }

  start(listener: PortListener): void {
    this.listener = listener;
    // After the step in which the connection begins, so that what is served there is known.
    void Promise.resolve().then(() => listener.message(this._first));
  }

  post(message: unknown, transfer?: readonly Transferable[]): void {
    this._port.post(message, transfer);
  }

  close(): void {
    this._port.close();
  }

  ref(): void {
    this._port.ref();
  }

  unref(): void {
    this._port.unref();
  }
}
