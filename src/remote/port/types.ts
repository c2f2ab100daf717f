// What a connection needs of a medium, and the media that there are.
//
// The media are described by their shape, so that no type and no code of one host is needed on another.

/** One end of a medium that carries messages both ways, in order. */
export interface Port {
  /** What it is, for reports: "thread 3", "web socket wss://…". */
  readonly name: string;
  /** What can be sent. "clone": whatever structured clone copies, with transfer. "json": plain JSON values. "text": strings. */
  readonly format: "clone" | "json" | "text";
  /** Whether the peer is part of the same program, such as a thread of its own, and may see the stacks of errors. */
  readonly trusted: boolean;
  /**
   * Whether the end of the peer is always told. If not, it has to be found out by a lock or by a heartbeat. The end of a socket is
   * told, but not where the network is cut, so this is false.
   */
  readonly tellsEnd: boolean;
  /** Sends a message. Throws what the medium throws at once, such as a `DataCloneError`. After the end a message is dropped. */
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** From now on messages and the end are told. It does not keep the process alive until `ref` is called. */
  start(listener: PortListener): void;
  /** Ends it. What was posted before still arrives. Nothing is told any more. */
  close(): void;
  /** Lets it keep the process alive, where there are processes. */
  ref(): void;
  unref(): void;
}

/** What is told of a port. */
export interface PortListener {
  message(data: unknown): void;
  /** Called once, after all messages. The cause is an error that says what is known, such as the exit code. */
  ended(cause?: Error): void;
}

/** A `MessagePort`, a `Worker`, `parentPort` or the `self` of a worker, in Node or in a browser; or a window. */
export interface PostingLike {
  postMessage(message: unknown, ...more: never[]): void;
}

/** A `ChildProcess` of `fork()`, or the `process` of a child. */
export interface ProcessLike {
  send?: ((message: never, ...more: never[]) => boolean) | undefined;
  disconnect?: (() => void) | undefined;
  on(event: "disconnect", listener: () => void): unknown;
}

/** A `WebSocket` of the browser, of Node, or of the package `ws`. */
export interface SocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** What a connection can be made over. */
export type PortLike = PostingLike | ProcessLike | SocketLike;

/** Options of a port. */
export interface PortOptions {
  /** The origin of the window, such as `"https://app.example"`. Needed for windows. */
  readonly origin?: string;
}
