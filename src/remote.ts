/**
 * Channels across ports: one connection carries many channels and questions between threads, processes, frames and sockets. The end
 * of a channel on the other side is an ordinary channel, with the same select, combinators, closing and backpressure.
 *
 * @module millrace/remote
 */

export { type AcceptOptions, type Acceptor, acceptor } from "./remote/accept.js";
export type { Handle } from "./remote/asks.js";
export { type ConnectOptions, connect } from "./remote/connect.js";
export type { AskOptions, Connection, RemoteChannelOptions, ServeOptions } from "./remote/connection.js";
export { PeerLostError } from "./remote/errors.js";
export type { Limits } from "./remote/limits.js";
export type { PortLike } from "./remote/port/port.js";
export type { PostingLike, ProcessLike, SocketLike } from "./remote/port/types.js";
export type { OpenPort } from "./remote/reconnect.js";
export type { SchemaResult, StandardSchema } from "./remote/schema.js";
export { type BroadcastLike, type Topic, type TopicOptions, topic } from "./remote/topic.js";
