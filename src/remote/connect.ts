import { assertOptions } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { type Connection, Mux } from "./connection.js";
import { type Limits, limitsOf } from "./limits.js";
import { opened } from "./moving.js";
import { type PortLike, portOf } from "./port/port.js";
import { type OpenPort, reconnecting } from "./reconnect.js";

/** Options of {@link connect}. */
export interface ConnectOptions {
  /** The name of the other side, for reports and errors; by default that of the port. */
  readonly name?: string;
  /** The origin of the other side, if the port is a window. */
  readonly origin?: string;
  /** What this side accepts from the other one. */
  readonly limits?: Partial<Limits>;
  /**
   * The milliseconds within which a broken connection has to be there again, if `port` is a function; 30 000 by default. Both sides have
   * one; the shorter decides.
   */
  readonly within?: number;
}

const WITHIN = 30_000;

/**
 * Connects this side of a port with the other side, where `connect` is called, too.
 *
 * The port belongs to the connection from then on. Both sides are equal: either may open channels, ask and serve.
 *
 * @param port - A `MessagePort`, a `Worker` or its `parentPort` or `self`, a `ChildProcess` or its `process`, a `Window`, or a
 *   `WebSocket`. Or a function that opens a web socket to an {@link acceptor}: it is called again when the socket breaks, and the
 *   connection goes on where it was. What was not received is sent again, and nothing is received twice.
 * @throws TypeError if `port` carries no messages.
 * @example
 * ```ts
 * import { connect } from "millrace/remote";
 *
 * const { port1, port2 } = new MessageChannel();
 * const here = connect(port1);
 * const there = connect(port2);
 *
 * const words = there.channel<string>("words");
 * await here.channel<string>("words").send("hello");
 * console.log(await words.receive()); // hello
 * here.close();
 * ```
 */
export function connect(port: PortLike | OpenPort, options: ConnectOptions = {}): Connection {
  assertOptions("connect", options);
  const { origin, name } = options;
  const limits = limitsOf(options.limits);
  if (typeof port !== "function") {
    return opened(new Mux(portOf(port, origin === undefined ? {} : { origin }), limits, name));
  }
  const within = checkWithin(options.within);
  const session = reconnecting(port, { limits, within });
  return opened(new Mux(session, { ...limits, handshake: limits.handshake + within }, name));
}

/** Checks a time within which a connection has to be there again. */
export function checkWithin(within: number = WITHIN): number {
  if (typeof within === "number" && within > 0) return within;
  throw new RangeError(`Cannot connect: within must be more than 0, got ${shown(within)}`);
}
