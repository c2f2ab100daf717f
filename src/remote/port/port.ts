// Makes a port of whatever carries messages. Everything is recognised by its shape, as it may be of another realm, of another copy
// of a package, or of a host that this file has never met.

import { shown } from "../../structures/errors.js";
import type { Emitting } from "./listening.js";
import { MessagePortPort, type Posting, ScopePort, ThreadPort, WebWorkerPort } from "./posting.js";
import { type Processing, ProcessPort } from "./process.js";
import { type Socket, SocketPort } from "./socket.js";
import type { Port, PortLike, PortOptions } from "./types.js";
import { type OwnWindow, type WindowLike, WindowPort } from "./window.js";

export type { Port, PortLike, PortListener, PortOptions, PostingLike, ProcessLike, SocketLike } from "./types.js";

const RULE =
  "port must be a MessagePort, a Worker, parentPort or self of a worker, a ChildProcess of fork(), process, a Window or a WebSocket";

/**
 * Makes a port of a medium.
 *
 * @throws TypeError for what carries no messages both ways, and for a window without an origin.
 */
export function portOf(like: PortLike, options: PortOptions = {}): Port {
  if (typeof like !== "object" || like === null) throw refusal(like);
  if (isWindow(like)) return windowPort(like as unknown as WindowLike, options.origin);
  const has = (method: string): boolean => typeof (like as never)[method] === "function";
  if (has("send") && typeof (like as Socket).readyState === "number") return new SocketPort(like as Socket);
  if (has("postMessage")) return postingPort(like as Posting, has);
  if (typeof (like as Processing).pid === "number" && has("on")) return processPort(like as Processing, has);
  // A child that could not be started has no id.
  if (has("send") && typeof (like as Processing).connected === "boolean") return new ProcessPort(like as Processing);
  throw refusal(like);
}

function postingPort(like: Posting & Emitting, has: (method: string) => boolean): Port {
  if (!has("on") && !has("addEventListener")) throw refusal(like);
  if (has("terminate")) return has("on") ? new ThreadPort(like) : new WebWorkerPort(like);
  if (has("start")) return new MessagePortPort(like);
  if ((like as { self?: unknown }).self === like) return new ScopePort(like);
  throw refusal(like);
}

function processPort(like: Processing, has: (method: string) => boolean): Port {
  if (has("send")) return new ProcessPort(like);
  throw new TypeError(`Cannot connect: a process must have a channel to its parent, as of fork(), got one without`);
}

function windowPort(like: WindowLike, origin: unknown): Port {
  const here = globalThis as unknown as OwnWindow & { readonly self?: unknown };
  if ((like as unknown) === here)
    throw new TypeError("Cannot connect: the window must be another one, got the window of this page");
  return new WindowPort(like, checkedOrigin(origin), here);
}

/** Returns an origin as events of messages have it. */
export function checkedOrigin(origin: unknown): string {
  const form = 'origin of a window must be one origin, such as "https://app.example"';
  if (typeof origin !== "string") throw new TypeError(`Cannot connect: ${form}, got ${shown(origin)}`);
  let own: string;
  try {
    own = new URL(origin).origin;
  } catch {
    throw new TypeError(`Cannot connect: ${form}, got ${shown(origin)}`);
  }
  // Some browsers say that the origin of a file is "file://", and events of messages say "null".
  const isOpaque = own === "null" || own.startsWith("file:");
  if (own === origin && !isOpaque) return own;
  const hint = isOpaque ? "" : `; write ${shown(own)}`;
  throw new TypeError(`Cannot connect: ${form}, got ${shown(origin)}${hint}`);
}

/** A window of another origin throws when most of its properties are read, but not this one. */
function isWindow(like: object): boolean {
  return (like as { window?: unknown }).window === like;
}

function refusal(like: unknown): TypeError {
  return new TypeError(`Cannot connect: ${RULE}, got ${shown(like)}${hint(like)}`);
}

function hint(like: unknown): string {
  if (like === null) return "; parentPort is null outside a thread";
  if (typeof like !== "object") return "";
  const { port, postMessage, name } = like as {
    port?: { postMessage?: unknown };
    postMessage?: unknown;
    name?: unknown;
  };
  if (typeof port?.postMessage === "function") return "; pass its port";
  if (typeof postMessage === "function" && typeof name === "string") return "; a BroadcastChannel goes to topic()";
  if (typeof postMessage === "function") return "; it has no peer of its own, so pass a MessagePort";
  return "";
}
