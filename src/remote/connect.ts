import { assertOptions } from "../structures/arguments.js";
import { type Connection, Mux } from "./connection.js";
import { type Limits, limitsOf } from "./limits.js";
import { opened } from "./moving.js";
import { type PortLike, portOf } from "./port/port.js";

/** Options of {@link connect}. */
export interface ConnectOptions {
  /** The name of the other side, for reports and errors; by default that of the port. */
  readonly name?: string;
  /** The origin of the other side, if the port is a window. */
  readonly origin?: string;
  /** What this side accepts from the other one. */
  readonly limits?: Partial<Limits>;
}

/**
 * Connects this side of a port with the other side, where `connect` is called, too.
 *
 * The port belongs to the connection from then on. Both sides are equal: either may open channels, ask and serve.
 *
 * @param port - A `MessagePort`, a `Worker` or its `parentPort` or `self`, a `ChildProcess` or its `process`, a `Window`, or a
 *   `WebSocket`.
 * @throws TypeError if `port` carries no messages.
 * @example
 * ```ts
 * import { connect } from "millrace/remote";
 *
 * const { port1, port2 } = new MessageChannel();
 * const here = connect(port1);
 * const there = connect(port2);
 *
 * await here.channel<string>("words").send("hello");
 * console.log(await there.channel<string>("words").receive()); // hello
 * here.close();
 * ```
 */
export function connect(port: PortLike, options: ConnectOptions = {}): Connection {
  assertOptions("connect", options);
  const { origin, name, limits } = options;
  const medium = portOf(port, origin === undefined ? {} : { origin });
  return opened(new Mux(medium, limitsOf(limits), name));
}
